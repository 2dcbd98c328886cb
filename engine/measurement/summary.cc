// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/summary.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/attribute.h"
#include "engine/domain/json.h"
#include "engine/measurement/group_sums.h"
#include "stats/caps.h"
#include "stats/order_statistics.h"
#include "stats/quantile.h"
#include "stats/straight_lining.h"

namespace insightloop {
namespace {

constexpr std::size_t kRowsOfOneThread = 65'536;

constexpr std::size_t kChunk = ChunkedColumn<std::int64_t>::kChunk;

using Columns = std::vector<std::span<const std::int64_t>>;

constexpr std::size_t kMostGroups = std::numeric_limits<Group>::max();

std::string ValueText(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  if (value.is_boolean()) return AttributeText(value.get<bool>());
  if (value.is_number()) return AttributeText(value.get<double>());
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Segments of the distinct attributes of a roster. Segment 0 is that of all units.
struct Segments {
  std::vector<std::string> names;                       // by segment
  std::vector<std::vector<std::size_t>> of_attributes;  // segments, by index of the attributes
  std::vector<std::string> dropped;
};

// `parsed` by index of the attributes; those of no row are null.
Segments FindSegments(const MeasurePlan& plan, const std::vector<Json>& parsed) {
  Segments segments{.names = {""}, .of_attributes = {}, .dropped = {}};
  segments.of_attributes.resize(parsed.size(), {0});
  const std::set<std::string> ids(plan.segment_attributes.begin(), plan.segment_attributes.end());
  for (const std::string& id : ids) {
    std::map<std::string, std::vector<std::size_t>> with_value;
    for (std::size_t a = 0; a < parsed.size(); ++a) {
      if (!parsed[a].is_object()) continue;
      const auto value = parsed[a].find(id);
      if (value != parsed[a].end()) with_value[ValueText(*value)].push_back(a);
    }
    if (with_value.size() > plan.max_segment_values) {
      segments.dropped.push_back(id);
      continue;
    }
    for (const auto& [value, attributes] : with_value) {
      for (const std::size_t a : attributes) {
        segments.of_attributes[a].push_back(segments.names.size());
      }
      segments.names.push_back(absl::StrCat(id, "=", value));
    }
  }
  return segments;
}

// What is known of the rows of one place of the roster.
struct PlaceStats {
  std::int64_t rows = 0, matured = 0;
  OutcomeCounts outcomes;
  QuestionnaireCounts questionnaires;
  Time first{std::numeric_limits<std::int64_t>::max()}, last{kEarliestTime};
};

// Of the rows that one thread has looked at. Late outcomes and questionnaires, which few rows have,
// are counted afterwards.
struct RowStats {
  std::vector<PlaceStats> by_place;                  // of the roster
  std::map<Time, std::vector<std::int64_t>> by_day;  // rows by start of the day, then by slot
};

class Pass {
 public:
  Pass(const Roster& roster, const Tally& tally, Time as_of);

  Measured Run();

 private:
  void FindSlots();
  void LookAtRows();
  void LookAtChunk(std::size_t chunk, RowStats& stats) const;
  void CountExposed();
  void SortDays();
  void MakeGroups();
  void PlaceRows(std::size_t first_group);
  void AddMetrics(std::size_t first_group);
  void AddMetric(std::size_t metric, std::size_t first_group, const GroupSums& sums);
  // Runs `work`, which takes pieces until none is left; where there are many rows, on a second
  // thread as well.
  void RunShared(const std::function<void()>& work) const;
  void SetAnswers(std::size_t metric);
  void AddQuantiles(std::size_t metric);
  Columns MaturedValues(std::size_t metric);
  void FindCap(std::size_t metric);

  // Calls `take` with chunk, place in it, and group of every row that has matured.
  template <class Take>
  void ForMatured(Take take) const;

  [[nodiscard]] std::size_t chunks() const { return (roster_.size() + kChunk - 1) / kChunk; }
  [[nodiscard]] std::optional<Time> MaturityOf(Time first) const;
  [[nodiscard]] std::size_t GroupsFrom(std::size_t first_group) const {
    return std::min(places_.size() - first_group, most_groups_);
  }

  const Roster& roster_;
  const Tally& tally_;
  const MeasurePlan& plan_;
  // A unit that was first seen at or after the end is none of this experiment's.
  Time end_{std::numeric_limits<std::int64_t>::max()};
  Time matured_until_{std::numeric_limits<std::int64_t>::min()};  // of first exposures
  std::optional<Duration> longest_window_;
  std::size_t most_groups_ = kMostGroups;  // in a round

  // Rows are counted by day and slot: epoch, variant and whether they are crossed. Those of
  // variants that the plan does not have are in the first.
  using SlotKey = std::tuple<std::int32_t, std::size_t, bool>;
  static constexpr std::size_t kNoSlot = 0;
  std::map<SlotKey, std::size_t> slots_;
  std::vector<std::size_t> slot_of_place_;
  std::map<Time, std::vector<std::int64_t>> rows_by_day_;  // by start of the day, then by slot

  std::vector<PlaceStats> stats_;      // by place of the roster
  std::vector<Json> attributes_;       // by index; null where no row has them
  std::vector<std::uint32_t> places_;  // by group, over all rounds
  std::vector<std::optional<std::uint32_t>> group_of_place_;
  std::vector<std::vector<std::size_t>> strata_of_group_;  // by its segments
  Measured measured_;
  GroupedRows rows_;  // those of this round

  std::vector<std::int64_t> matured_values_;  // what MaturedValues() gave last

  // By metric: the different answers to a survey, at most one more than are counted; and by stratum
  // how many units gave each, of which the last ones may be missing.
  std::vector<std::vector<std::int64_t>> answers_;
  std::vector<std::vector<std::vector<std::int64_t>>> units_by_answer_;
};

// Adds counts by place to those of longer or shorter ones.
void AddByPlace(const std::vector<std::int64_t>& counts, std::vector<std::int64_t>& sums) {
  sums.resize(std::max(sums.size(), counts.size()));
  for (std::size_t place = 0; place < counts.size(); ++place) sums[place] += counts[place];
}

void AddTo(RowStats& all, const RowStats& some) {
  for (std::size_t place = 0; place < all.by_place.size(); ++place) {
    PlaceStats& sum = all.by_place[place];
    const PlaceStats& addend = some.by_place[place];
    sum.rows += addend.rows;
    sum.matured += addend.matured;
    sum.outcomes.outcomes += addend.outcomes.outcomes;
    sum.outcomes.units += addend.outcomes.units;
    sum.first = std::min(sum.first, addend.first);
    sum.last = std::max(sum.last, addend.last);
  }
  for (const auto& [day, rows] : some.by_day) AddByPlace(rows, all.by_day[day]);
}

// By the plan's variants; absent for others.
std::optional<std::size_t> VariantIndex(const MeasurePlan& plan, const std::string& variant) {
  const auto found = std::find(plan.variants.begin(), plan.variants.end(), variant);
  if (found == plan.variants.end()) return std::nullopt;
  return static_cast<std::size_t>(found - plan.variants.begin());
}

void Merge(MetricSums& sum, const stats::JointSums& joint, const GroupCounts& counts) {
  sum.values.Merge(joint.OfVariable(0));
  sum.nonzero += counts.nonzero;
  sum.asked += counts.asked;
  sum.dismissed += counts.dismissed;
  sum.promoters += counts.promoters;
  sum.detractors += counts.detractors;
  sum.top_two += counts.top_two;
  sum.largest = sum.values.overflowed() ? 0 : std::max(sum.largest, counts.largest);
  // Of as many variables, which is all that could be wrong.
  if (sum.joint.has_value()) sum.joint->Merge(joint).IgnoreError();
}

// Of that many units, whose values are in the columns; absent where nobody has matured.
std::optional<QuantileSums> QuantileOf(std::int64_t units, const Columns& columns,
                                       double quantile) {
  const auto ranks = stats::RanksOfQuantile(units, quantile);
  if (!ranks.ok()) return std::nullopt;
  const auto values =
      stats::ValuesAtRanks(columns, std::array{ranks->lower, ranks->value, ranks->upper});
  if (!values.ok()) return std::nullopt;
  return QuantileSums{.units = units,
                      .value = (*values)[1],
                      .lower = (*values)[0],
                      .upper = (*values)[2],
                      .lower_rank = ranks->lower,
                      .upper_rank = ranks->upper};
}

Pass::Pass(const Roster& roster, const Tally& tally, Time as_of)
    : roster_(roster),
      tally_(tally),
      plan_(tally.plan()),
      rows_{.roster = roster,
            .tally = tally,
            .as_of = as_of,
            .attributes = attributes_,
            .caps = measured_.caps,
            .group_of_row = {}} {
  for (const MeasuredMetric& metric : plan_.metrics) {
    if (!metric.window.has_value()) continue;
    const Duration end{metric.window->delay.micros + metric.window->length.micros};
    longest_window_ = std::max(longest_window_.value_or(end), end);
  }
  // By what units said there are as many times more.
  if (plan_.behaviour.has_value()) most_groups_ /= kSaidValues;
  if (plan_.stop_time.has_value()) end_ = *plan_.stop_time;
  if (longest_window_.has_value()) {
    matured_until_ = as_of - *longest_window_ - plan_.lateness_allowance;
  } else if (plan_.stop_time.has_value() && *plan_.stop_time <= as_of) {
    matured_until_ = kLatestTime;
  }
}

std::optional<Time> Pass::MaturityOf(Time first) const {
  if (!longest_window_.has_value()) return plan_.stop_time;
  return first + *longest_window_ + plan_.lateness_allowance;
}

Measured Pass::Run() {
  FindSlots();
  LookAtRows();
  CountExposed();
  SortDays();
  MakeGroups();
  answers_.resize(plan_.metrics.size());
  units_by_answer_.assign(plan_.metrics.size(),
                          std::vector<std::vector<std::int64_t>>(measured_.strata.size()));
  measured_.caps.resize(plan_.metrics.size());
  for (std::size_t m = 0; m < plan_.metrics.size(); ++m) FindCap(m);
  for (std::size_t first = 0; first < places_.size(); first += most_groups_) {
    PlaceRows(first);
    AddMetrics(first);
  }
  for (std::size_t m = 0; m < plan_.metrics.size(); ++m) {
    if (plan_.metrics[m].kind == MetricKind::kQuantile) AddQuantiles(m);
    if (IsSurvey(plan_.metrics[m].kind)) SetAnswers(m);
  }
  return std::move(measured_);
}

void Pass::RunShared(const std::function<void()>& work) const {
  std::thread other;
  try {
    if (roster_.size() > kRowsOfOneThread) other = std::thread(work);
  } catch (const std::system_error&) {
    // The system has no thread left: this one does all of it.
  }
  work();
  if (other.joinable()) other.join();
}

void Pass::FindSlots() {
  slot_of_place_.resize(roster_.cells().size() * 2, kNoSlot);
  for (std::size_t c = 0; c < roster_.cells().size(); ++c) {
    const RosterCell& cell = roster_.cells()[c];
    const auto variant = VariantIndex(plan_, roster_.variant(cell));
    if (!variant.has_value()) continue;
    for (const bool crossed : {false, true}) {
      const SlotKey key(cell.epoch, *variant, crossed);
      slot_of_place_[2 * c + (crossed ? 1 : 0)] =
          slots_.try_emplace(key, kNoSlot + 1 + slots_.size()).first->second;
    }
  }
}

void Pass::LookAtRows() {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;  // guards what follows
  std::optional<RowStats> all;
  RunShared([&] {
    RowStats some{.by_place = std::vector<PlaceStats>(roster_.cells().size() * 2), .by_day = {}};
    for (std::size_t c = next++; c < chunks(); c = next++) LookAtChunk(c, some);
    const std::lock_guard lock(mutex);
    if (all.has_value()) {
      AddTo(*all, some);
    } else {
      all = std::move(some);
    }
  });
  stats_ = std::move(all->by_place);
  rows_by_day_ = std::move(all->by_day);
  for (const auto& [row, late] : tally_.late()) {
    if (roster_.first(row) >= end_) continue;
    OutcomeCounts& counts = stats_[roster_.place(row)].outcomes;
    for (const auto& [source, rows] : late) counts.late += rows;
    ++counts.units_with_late;
  }
  for (const auto& [key, questionnaire] : tally_.questionnaires()) {
    const RowNumber row = key.first;
    if (roster_.first(row) >= end_ || questionnaire.answers < stats::kLeastItems) continue;
    QuestionnaireCounts& counts = stats_[roster_.place(row)].questionnaires;
    ++counts.judged;
    counts.straight_lined += questionnaire.all_same ? 1 : 0;
  }
  for (const PlaceStats& stats : stats_) {
    measured_.outcomes += stats.outcomes.outcomes;
    measured_.late_outcomes += stats.outcomes.late;
  }
}

void Pass::LookAtChunk(std::size_t chunk, RowStats& stats) const {
  const std::span<const Time> first = roster_.first_column().Chunk(chunk);
  const std::span<const std::uint32_t> place = roster_.place_column().Chunk(chunk);
  const std::span<const std::uint32_t> outcomes = tally_.outcomes().Chunk(chunk);
  // Most rows are of the same day as the one before.
  Time day, next_day;
  std::int64_t* of_day = nullptr;
  for (std::size_t i = 0; i < first.size(); ++i) {
    if (first[i] >= end_) continue;
    if (first[i] < day || first[i] >= next_day) {
      day = StartOfDay(first[i]);
      next_day = day + Days(1);
      std::vector<std::int64_t>& rows = stats.by_day[day];
      rows.resize(kNoSlot + 1 + slots_.size());
      of_day = rows.data();
    }
    ++of_day[slot_of_place_[place[i]]];
    PlaceStats& of_place = stats.by_place[place[i]];
    ++of_place.rows;
    of_place.matured += first[i] <= matured_until_ ? 1 : 0;
    of_place.first = std::min(of_place.first, first[i]);
    of_place.last = std::max(of_place.last, first[i]);
    of_place.outcomes.outcomes += outcomes[i];
    of_place.outcomes.units += outcomes[i] > 0 ? 1 : 0;
  }
}

void Pass::CountExposed() {
  measured_.exposed_units.resize(plan_.variants.size());
  measured_.outcomes_by_variant.resize(plan_.variants.size());
  measured_.questionnaires_by_variant.resize(plan_.variants.size());
  std::map<std::int32_t, std::vector<std::int64_t>> by_epoch;
  attributes_.resize(roster_.attributes().size());
  for (std::size_t place = 0; place < stats_.size(); ++place) {
    const PlaceStats& stats = stats_[place];
    const RosterCell& cell = roster_.cells()[place / 2];
    const auto variant = VariantIndex(plan_, roster_.variant(cell));
    if (stats.rows == 0 || !variant.has_value()) continue;
    if (attributes_[cell.attributes].is_null()) {
      attributes_[cell.attributes] = Json::parse(roster_.attributes()[cell.attributes], nullptr,
                                                 /*allow_exceptions=*/false);
    }
    if (place % 2 != 0) {
      measured_.crossed_units += stats.rows;
      continue;
    }
    measured_.exposed_units[*variant] += stats.rows;
    OutcomeCounts& counts = measured_.outcomes_by_variant[*variant];
    counts.outcomes += stats.outcomes.outcomes;
    counts.late += stats.outcomes.late;
    counts.units += stats.outcomes.units;
    counts.units_with_late += stats.outcomes.units_with_late;
    QuestionnaireCounts& questionnaires = measured_.questionnaires_by_variant[*variant];
    questionnaires.judged += stats.questionnaires.judged;
    questionnaires.straight_lined += stats.questionnaires.straight_lined;
    measured_.in_flight_units += stats.rows - stats.matured;
    auto& of_epoch = by_epoch[cell.epoch];
    of_epoch.resize(plan_.variants.size());
    of_epoch[*variant] += stats.rows;
    measured_.last_maturity = std::max(measured_.last_maturity, MaturityOf(stats.last));
    measured_.first_exposure =
        std::min(measured_.first_exposure.value_or(stats.first), stats.first);
    measured_.last_exposure = std::max(measured_.last_exposure.value_or(stats.last), stats.last);
  }
  if (!plan_.stop_time.has_value()) {
    measured_.last_fact = std::max(measured_.last_exposure, tally_.last_outcome());
  }
  for (auto& [epoch, units] : by_epoch) {
    measured_.exposed_by_epoch.push_back({.epoch = epoch, .units = std::move(units)});
  }
}

void Pass::SortDays() {
  std::map<std::pair<std::int32_t, Time>, DayUnits> days;
  for (const auto& [day, rows] : rows_by_day_) {
    for (const auto& [key, slot] : slots_) {
      if (rows[slot] == 0) continue;
      const auto& [epoch, variant, crossed] = key;
      DayUnits& units = days[{epoch, day}];
      units.epoch = epoch;
      units.day = day;
      units.units.resize(plan_.variants.size());
      (crossed ? units.crossed : units.units[variant]) += rows[slot];
    }
  }
  for (auto& [key, units] : days) measured_.exposed_by_day.push_back(std::move(units));
}

void Pass::MakeGroups() {
  Segments segments = FindSegments(plan_, attributes_);
  measured_.dropped_segments = std::move(segments.dropped);
  using Key = std::tuple<std::int32_t, std::string, std::size_t, bool>;  // in the order of strata
  std::map<Key, std::vector<std::uint32_t>> groups_of;
  for (std::uint32_t place = 0; place < stats_.size(); ++place) {
    const RosterCell& cell = roster_.cells()[place / 2];
    const auto variant = VariantIndex(plan_, roster_.variant(cell));
    if (stats_[place].matured == 0 || !variant.has_value()) continue;
    const auto group = static_cast<std::uint32_t>(places_.size());
    places_.push_back(place);
    for (const std::size_t segment : segments.of_attributes[cell.attributes]) {
      groups_of[Key(cell.epoch, segments.names[segment], *variant, place % 2 != 0)].push_back(
          group);
    }
  }
  group_of_place_.resize(stats_.size());
  for (std::uint32_t g = 0; g < places_.size(); ++g) group_of_place_[places_[g]] = g;
  strata_of_group_.resize(places_.size());
  for (const auto& [key, groups] : groups_of) {
    const auto& [epoch, segment, variant, crossed] = key;
    Stratum stratum{.epoch = epoch, .variant = variant, .crossed = crossed, .segment = segment};
    for (const std::uint32_t group : groups) {
      strata_of_group_[group].push_back(measured_.strata.size());
      stratum.units += stats_[places_[group]].matured;
    }
    for (const MeasuredMetric& metric : plan_.metrics) {
      MetricSums& sums = stratum.metrics.emplace_back();
      const std::size_t variables = VariablesOf(metric);
      if (variables > 1) sums.joint.emplace(variables);
      if (metric.by_week) sums.weeks.emplace(2);
      if (!IsSurvey(metric.kind)) continue;
      if (!metric.weight.empty()) sums.weighted.emplace(2);
      if (plan_.behaviour.has_value()) sums.behaviour.resize(kSaidValues);
    }
    measured_.strata.push_back(std::move(stratum));
  }
}

void Pass::PlaceRows(std::size_t first_group) {
  rows_.groups = GroupsFrom(first_group) + 1;
  rows_.group_of_row.resize(roster_.size());
  std::vector<Group> group_of_place(stats_.size());
  for (std::size_t g = 1; g < rows_.groups; ++g) {
    group_of_place[places_[first_group + g - 1]] = static_cast<Group>(g);
  }
  std::atomic<std::size_t> next = 0;
  RunShared([&] {
    for (std::size_t c = next++; c < chunks(); c = next++) {
      const std::span<const Time> first = roster_.first_column().Chunk(c);
      const std::span<const std::uint32_t> place = roster_.place_column().Chunk(c);
      Group* const to = rows_.group_of_row.data() + c * kChunk;
      for (std::size_t i = 0; i < first.size(); ++i) {
        to[i] = first[i] <= matured_until_ && first[i] < end_ ? group_of_place[place[i]] : kNobody;
      }
    }
  });
}

template <class Take>
void Pass::ForMatured(Take take) const {
  for (std::size_t c = 0; c < chunks(); ++c) {
    const std::span<const Time> first = roster_.first_column().Chunk(c);
    const std::span<const std::uint32_t> place = roster_.place_column().Chunk(c);
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (first[i] > matured_until_ || first[i] >= end_) continue;
      if (const auto& group = group_of_place_[place[i]]) take(c, i, *group);
    }
  }
}

void Pass::AddMetrics(std::size_t first_group) {
  std::atomic<std::size_t> next = 0;
  RunShared([&] {
    for (std::size_t m = next++; m < plan_.metrics.size(); m = next++) {
      AddMetric(m, first_group, SumByGroup(rows_, m, answers_[m]));
    }
  });
}

// Touches nothing of other metrics.
void Pass::AddMetric(std::size_t metric, std::size_t first_group, const GroupSums& sums) {
  for (std::size_t g = 1; g < rows_.groups; ++g) {
    for (const std::size_t stratum : strata_of_group_[first_group + g - 1]) {
      MetricSums& total = measured_.strata[stratum].metrics[metric];
      Merge(total, sums.joint[g], sums.counts[g]);
      // Of two variables both, here and below.
      if (total.weeks.has_value()) total.weeks->Merge(sums.weeks[g]).IgnoreError();
      if (total.weighted.has_value()) total.weighted->Merge(sums.weighted[g]).IgnoreError();
      if (!sums.answers.empty()) AddByPlace(sums.answers[g], units_by_answer_[metric][stratum]);
      for (std::size_t said = 0; said < total.behaviour.size(); ++said) {
        const Group group = SaidGroup(g, Said{static_cast<int>(said)});
        total.behaviour[said].Merge(sums.behaviour[group].OfVariable(0));
      }
    }
  }
}

void Pass::SetAnswers(std::size_t metric) {
  const std::vector<std::int64_t>& answers = answers_[metric];
  if (answers.size() > kMostAnswers) return;
  for (std::size_t s = 0; s < measured_.strata.size(); ++s) {
    const std::vector<std::int64_t>& units = units_by_answer_[metric][s];
    std::vector<AnswerUnits>& sums = measured_.strata[s].metrics[metric].answers;
    for (std::size_t place = 0; place < units.size(); ++place) {
      if (units[place] > 0) sums.push_back({.answer = answers[place], .units = units[place]});
    }
    std::sort(sums.begin(), sums.end(),
              [](const AnswerUnits& a, const AnswerUnits& b) { return a.answer < b.answer; });
  }
}

void Pass::FindCap(std::size_t metric) {
  const std::optional<MeasuredCap>& cap = plan_.metrics[metric].cap;
  if (!cap.has_value()) return;
  measured_.caps[metric] = cap->steps;
  if (cap->steps.has_value()) return;
  const auto found = stats::PercentileCap(MaturedValues(metric), cap->share);
  if (found.ok()) measured_.caps[metric] = *found;
}

void Pass::AddQuantiles(std::size_t metric) {
  const Columns by_group = MaturedValues(metric);
  std::vector<Columns> by_stratum(measured_.strata.size());
  for (std::size_t g = 0; g < by_group.size(); ++g) {
    for (const std::size_t s : strata_of_group_[g]) by_stratum[s].push_back(by_group[g]);
  }
  for (std::size_t s = 0; s < by_stratum.size(); ++s) {
    Stratum& stratum = measured_.strata[s];
    MetricSums& sums = stratum.metrics[metric];
    if (sums.values.overflowed()) continue;
    sums.quantile = QuantileOf(stratum.units, by_stratum[s], plan_.metrics[metric].quantile);
  }
}

// By group, over all rounds; until the next call.
Columns Pass::MaturedValues(std::size_t metric) {
  std::vector<std::size_t> ends;
  std::size_t end = 0;
  for (const std::uint32_t place : places_) {
    ends.push_back(end);
    end += static_cast<std::size_t>(stats_[place].matured);
  }
  matured_values_.resize(end);
  ForMatured([&](std::size_t chunk, std::size_t i, std::uint32_t group) {
    matured_values_[ends[group]++] = tally_.metric(metric).value.Chunk(chunk)[i];
  });
  Columns columns;
  const std::span<const std::int64_t> all = matured_values_;
  for (std::size_t g = 0; g < places_.size(); ++g) {
    const auto units = static_cast<std::size_t>(stats_[places_[g]].matured);
    columns.push_back(all.subspan(ends[g] - units, units));
  }
  return columns;
}

}  // namespace

std::map<std::int64_t, std::int64_t> LateBySource(const Roster& roster, const Tally& tally) {
  const std::optional<Time>& stop = tally.plan().stop_time;
  std::map<std::int64_t, std::int64_t> late_rows;
  for (const auto& [row, late] : tally.late()) {
    if (stop.has_value() && roster.first(row) >= *stop) continue;
    for (const auto& [source, rows] : late) late_rows[source] += rows;
  }
  return late_rows;
}

Measured Summarise(const Roster& roster, const Tally& tally, Time as_of) {
  return Pass(roster, tally, as_of).Run();
}

}  // namespace insightloop
