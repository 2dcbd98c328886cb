// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/group_sums.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "engine/domain/attribute.h"
#include "stats/caps.h"

namespace insightloop {
namespace {

// Net Promoter Score, on a scale from 0 to 10.
constexpr std::int64_t kPromoterFrom = 9;
constexpr std::int64_t kDetractorTo = 6;

constexpr Duration kTwoWeeks = Days(14);

constexpr std::size_t kChunk = ChunkedColumn<std::int64_t>::kChunk;

// Place of an answer among the different ones; adds it unless there are enough to know that they
// are too many.
std::size_t PlaceOf(std::int64_t answer, std::vector<std::int64_t>& answers) {
  const auto found = std::find(answers.begin(), answers.end(), answer);
  const auto place = static_cast<std::size_t>(found - answers.begin());
  if (found == answers.end() && answers.size() <= kMostAnswers) answers.push_back(answer);
  return std::min(place, kMostAnswers);
}

// What an answer says.
Said SaidBy(const MeasuredMetric& metric, std::int64_t answer) {
  if (metric.kind == MetricKind::kCsat) {
    return answer >= metric.top_two_from ? Said::kGood : Said::kBad;
  }
  if (answer >= kPromoterFrom * metric.steps_per_unit) return Said::kGood;
  return answer <= kDetractorTo * metric.steps_per_unit ? Said::kBad : Said::kMiddling;
}

// What it counts in the metric's score.
std::int64_t ScoreOf(const MeasuredMetric& metric, std::int64_t answer) {
  const Said said = SaidBy(metric, answer);
  if (said == Said::kGood) return 1;
  return said == Said::kBad && metric.kind == MetricKind::kNps ? -1 : 0;
}

// What a unit that was asked says.
Said SaidIn(const MeasuredMetric& metric, std::uint8_t marks, std::int64_t answer) {
  const bool answered = (marks & MetricColumns::kAnswered) != 0;
  return answered ? SaidBy(metric, answer) : Said::kNothing;
}

class Summing {
 public:
  Summing(const GroupedRows& rows, std::size_t metric, std::vector<std::int64_t>& answers);

  GroupSums Run();

 private:
  void AddChunk(std::size_t chunk);
  std::span<const Group> CountAnswers(std::size_t chunk);
  void AddWeighted(std::size_t chunk);
  void ReadCovariates(std::size_t chunk);
  std::span<const std::int64_t> Capped(std::size_t metric, std::span<const std::int64_t> values);
  void AddWeeks();
  void AddBehaviour();
  void MarkOverflows(const SumColumn& column, std::vector<stats::JointSums>& sums) const;

  // By index of the attributes: the number, in steps.
  using Numbers = std::vector<std::optional<std::int64_t>>;
  [[nodiscard]] Numbers NumbersOf(const std::string& attribute) const;

  [[nodiscard]] std::size_t chunks() const {
    return (rows_.group_of_row.size() + kChunk - 1) / kChunk;
  }
  [[nodiscard]] std::span<const Group> GroupsOf(std::size_t chunk) const;
  [[nodiscard]] std::span<const std::uint32_t> PlacesOf(std::size_t chunk) const {
    return rows_.roster.place_column().Chunk(chunk);
  }

  const GroupedRows& rows_;
  const MeasurePlan& plan_;
  const std::size_t metric_;
  const MeasuredMetric& rule_;
  const MetricColumns& columns_;
  std::vector<std::int64_t>& different_answers_;
  Numbers numbers_;  // of the covariate or weight
  GroupSums sums_;

  // Of the chunk at hand.
  std::vector<std::int64_t> capped_, covariate_, missing_;
  std::vector<std::int64_t> weighted_, weights_;
  std::vector<Group> answered_, said_;
};

Summing::Summing(const GroupedRows& rows, std::size_t metric, std::vector<std::int64_t>& answers)
    : rows_(rows),
      plan_(rows.tally.plan()),
      metric_(metric),
      rule_(plan_.metrics[metric]),
      columns_(rows.tally.metric(metric)),
      different_answers_(answers) {
  if (rule_.covariate.has_value()) numbers_ = NumbersOf(rule_.covariate->attribute);
  if (!rule_.weight.empty()) numbers_ = NumbersOf(rule_.weight);
}

GroupSums Summing::Run() {
  sums_.joint.assign(rows_.groups, stats::JointSums(VariablesOf(rule_)));
  sums_.counts.resize(rows_.groups);
  if (IsSurvey(rule_.kind)) sums_.answers.resize(rows_.groups);
  if (!rule_.weight.empty()) sums_.weighted.assign(rows_.groups, stats::JointSums(2));
  for (std::size_t c = 0; c < chunks(); ++c) AddChunk(c);
  MarkOverflows(columns_.value, sums_.joint);
  MarkOverflows(columns_.denominator, sums_.joint);
  MarkOverflows(columns_.history, sums_.joint);
  for (const auto& [row, carry] : columns_.value.carries()) {
    // A multiple of 2^64.
    if (columns_.value[row] == 0) ++sums_.counts[rows_.group_of_row[row]].nonzero;
  }
  if (rule_.by_week) AddWeeks();
  if (IsSurvey(rule_.kind) && plan_.behaviour.has_value()) AddBehaviour();
  return std::move(sums_);
}

Summing::Numbers Summing::NumbersOf(const std::string& attribute) const {
  constexpr double kMost = 1e15;  // steps, either way
  Numbers numbers(rows_.attributes.size());
  for (std::size_t a = 0; a < rows_.attributes.size(); ++a) {
    if (!rows_.attributes[a].is_object()) continue;
    const auto value = rows_.attributes[a].find(attribute);
    if (value == rows_.attributes[a].end() || !value->is_number()) continue;
    numbers[a] =
        std::llround(std::clamp(value->get<double>() / kAttributeResolution, -kMost, kMost));
  }
  return numbers;
}

std::span<const Group> Summing::GroupsOf(std::size_t chunk) const {
  const std::size_t first_row = chunk * kChunk;
  return std::span(rows_.group_of_row)
      .subspan(first_row, std::min(kChunk, rows_.group_of_row.size() - first_row));
}

void Summing::AddChunk(std::size_t chunk) {
  std::span<const Group> groups = GroupsOf(chunk);
  if (IsSurvey(rule_.kind)) groups = CountAnswers(chunk);
  if (!rule_.weight.empty()) AddWeighted(chunk);
  const std::span<const std::int64_t> values = Capped(metric_, columns_.value.Chunk(chunk));
  std::vector<std::span<const std::int64_t>> variables = {values};
  if (rule_.kind == MetricKind::kRatio) variables.push_back(columns_.denominator.Chunk(chunk));
  if (rule_.covariate.has_value()) {
    ReadCovariates(chunk);
    variables.insert(variables.end(), {covariate_, missing_});
  }
  // The columns are as long as the groups and as many as the sums have variables.
  stats::AddColumns(groups, variables, sums_.joint).IgnoreError();
  GroupCounts* const counts = sums_.counts.data();
  // Without a branch, which would go either way at random.
  for (std::size_t i = 0; i < groups.size(); ++i) {
    counts[groups[i]].nonzero += values[i] != 0 ? 1 : 0;
  }
  if (!rule_.find_largest) return;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::int64_t& largest = sums_.counts[groups[i]].largest;
    largest = std::max(largest, values[i]);
  }
}

// Sums that do not fit their column: those of their groups are of no use.
void Summing::MarkOverflows(const SumColumn& column, std::vector<stats::JointSums>& sums) const {
  for (const auto& [row, carry] : column.carries()) {
    sums[rows_.group_of_row[row]].MarkOverflowed();
  }
}

// Only units that answered have a value.
std::span<const Group> Summing::CountAnswers(std::size_t chunk) {
  const std::span<const Group> groups = GroupsOf(chunk);
  const std::span<const std::uint8_t> marks = columns_.marks.Chunk(chunk);
  const std::span<const std::int64_t> values = columns_.value.Chunk(chunk);
  answered_.assign(groups.size(), kNobody);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    GroupCounts& counts = sums_.counts[groups[i]];
    counts.asked += (marks[i] & MetricColumns::kAsked) != 0 ? 1 : 0;
    if ((marks[i] & MetricColumns::kAnswered) == 0) {
      counts.dismissed += (marks[i] & MetricColumns::kDismissed) != 0 ? 1 : 0;
      continue;
    }
    answered_[i] = groups[i];
    if (groups[i] == kNobody) continue;
    const std::size_t place = PlaceOf(values[i], different_answers_);
    std::vector<std::int64_t>& answers = sums_.answers[groups[i]];
    if (place >= answers.size()) answers.resize(place + 1);
    ++answers[place];
    const Said said = SaidBy(rule_, values[i]);
    if (rule_.kind == MetricKind::kCsat) {
      counts.top_two += said == Said::kGood ? 1 : 0;
    } else {
      counts.promoters += said == Said::kGood ? 1 : 0;
      counts.detractors += said == Said::kBad ? 1 : 0;
    }
  }
  return answered_;
}

// After CountAnswers() of the same chunk.
void Summing::AddWeighted(std::size_t chunk) {
  const std::span<const std::int64_t> values = columns_.value.Chunk(chunk);
  const std::span<const std::uint32_t> place = PlacesOf(chunk);
  std::vector<Group> groups = answered_;
  weighted_.assign(groups.size(), 0);
  weights_.assign(groups.size(), 0);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::int64_t weight = numbers_[rows_.roster.cells()[place[i] / 2].attributes].value_or(0);
    if (weight <= 0) groups[i] = kNobody;
    if (groups[i] == kNobody) continue;
    weights_[i] = weight;
    weighted_[i] = weight * ScoreOf(rule_, values[i]);
  }
  const std::vector<std::span<const std::int64_t>> variables = {weighted_, weights_};
  stats::AddColumns(groups, variables, sums_.weighted).IgnoreError();  // as in AddChunk
}

std::span<const std::int64_t> Summing::Capped(std::size_t metric,
                                              std::span<const std::int64_t> values) {
  if (!rows_.caps[metric].has_value()) return values;
  capped_.assign(values.begin(), values.end());
  stats::ApplyCap(*rows_.caps[metric], capped_);
  return capped_;
}

void Summing::ReadCovariates(std::size_t chunk) {
  const std::size_t rows = GroupsOf(chunk).size();
  missing_.assign(rows, 0);
  if (rule_.covariate->history > Duration{}) {
    const std::span<const std::int64_t> history = columns_.history.Chunk(chunk);
    const std::span<const std::uint8_t> marks = columns_.marks.Chunk(chunk);
    covariate_.assign(history.begin(), history.end());
    for (std::size_t i = 0; i < rows; ++i) {
      missing_[i] = (marks[i] & MetricColumns::kHasHistory) == 0 ? 1 : 0;
    }
    return;
  }
  const std::span<const std::uint32_t> place = PlacesOf(chunk);
  covariate_.assign(rows, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::optional<std::int64_t>& number =
        numbers_[rows_.roster.cells()[place[i] / 2].attributes];
    covariate_[i] = number.value_or(0);
    missing_[i] = number.has_value() ? 0 : 1;
  }
}

// Of matured units that have two weeks behind them.
void Summing::AddWeeks() {
  sums_.weeks.assign(rows_.groups, stats::JointSums(2));
  const Time until = rows_.as_of - kTwoWeeks - plan_.lateness_allowance;
  std::vector<Group> old_enough;
  for (std::size_t c = 0; c < chunks(); ++c) {
    const std::span<const Time> first = rows_.roster.first_column().Chunk(c);
    const std::span<const Group> all = GroupsOf(c);
    old_enough.assign(all.begin(), all.end());
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (first[i] > until) old_enough[i] = kNobody;
    }
    const std::vector<std::span<const std::int64_t>> weeks = {columns_.week_one.Chunk(c),
                                                              columns_.week_two.Chunk(c)};
    stats::AddColumns(old_enough, weeks, sums_.weeks).IgnoreError();  // as in AddChunk
  }
  MarkOverflows(columns_.week_one, sums_.weeks);
  MarkOverflows(columns_.week_two, sums_.weeks);
}

// The behaviour's numbers of the units that were asked, by what they said.
void Summing::AddBehaviour() {
  const MetricColumns& did = rows_.tally.metric(*plan_.behaviour);
  sums_.behaviour.assign((rows_.groups - 1) * kSaidValues + 1, stats::JointSums(1));
  for (std::size_t c = 0; c < chunks(); ++c) {
    const std::span<const Group> all = GroupsOf(c);
    const std::span<const std::uint8_t> marks = columns_.marks.Chunk(c);
    const std::span<const std::int64_t> answers = columns_.value.Chunk(c);
    said_.assign(all.size(), kNobody);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i] == kNobody || (marks[i] & MetricColumns::kAsked) == 0) continue;
      said_[i] = SaidGroup(all[i], SaidIn(rule_, marks[i], answers[i]));
    }
    const std::vector<std::span<const std::int64_t>> numbers = {
        Capped(*plan_.behaviour, did.value.Chunk(c))};
    stats::AddColumns(said_, numbers, sums_.behaviour).IgnoreError();  // as in AddChunk
  }
  for (const auto& [row, carry] : did.value.carries()) {
    const Group group = rows_.group_of_row[row];
    const std::uint8_t marks = columns_.marks.Chunk(row / kChunk)[row % kChunk];
    if (group == kNobody || (marks & MetricColumns::kAsked) == 0) continue;
    sums_.behaviour[SaidGroup(group, SaidIn(rule_, marks, columns_.value[row]))].MarkOverflowed();
  }
}

}  // namespace

std::size_t VariablesOf(const MeasuredMetric& metric) {
  return 1 + (metric.kind == MetricKind::kRatio ? 1U : 0U) +
         (metric.covariate.has_value() ? 2U : 0U);
}

GroupSums SumByGroup(const GroupedRows& rows, std::size_t metric,
                     std::vector<std::int64_t>& answers) {
  return Summing(rows, metric, answers).Run();
}

}  // namespace insightloop
