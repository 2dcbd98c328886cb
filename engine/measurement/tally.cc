// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/tally.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/domain/metric.h"

namespace insightloop {
namespace {

constexpr Duration kWeek = Days(7);

// What the row adds to a number that counts rows or sums values; absent: nothing. Of shares of
// units 1 when it is such a row.
std::optional<std::int64_t> AddendOf(const MeasuredMetric& metric, const StoredOutcome& outcome) {
  const bool is_value = outcome.kind == OutcomeKind::kValue;
  if (!is_value && outcome.kind != OutcomeKind::kOccurred) return std::nullopt;
  switch (metric.kind) {
    case MetricKind::kRetention:
      return 1;
    case MetricKind::kProportion:
      if (metric.event_has_value && (!is_value || outcome.value <= 0)) return std::nullopt;
      return 1;
    case MetricKind::kCount:
    case MetricKind::kRatio:
      if (!metric.event_has_value) return 1;
      break;
    default:
      break;
  }
  if (!is_value) return std::nullopt;
  return outcome.value;
}

std::optional<std::int64_t> DenominatorOf(const MeasuredMetric& metric,
                                          const StoredOutcome& outcome) {
  const bool is_value = outcome.kind == OutcomeKind::kValue;
  if (!is_value && outcome.kind != OutcomeKind::kOccurred) return std::nullopt;
  if (!metric.denominator_sums) return 1;
  if (!is_value) return std::nullopt;
  return outcome.value;
}

void AddTo(SumColumn& column, RowNumber row, MetricKind kind, std::int64_t addend) {
  if (IsShare(kind)) {
    column.Set(row, 1);
  } else {
    column.Add(row, addend);
  }
}

bool HasHistory(const MeasuredMetric& metric) {
  return metric.covariate.has_value() && metric.covariate->history > Duration{};
}

}  // namespace

void SumColumn::Add(RowNumber row, std::int64_t value) {
  std::int64_t& low = low_[row];
  const bool is_positive = value > 0;
  if (!__builtin_add_overflow(low, value, &low)) return;  // else it holds the sum modulo 2^64
  const auto carry = carries_.try_emplace(row, 0).first;
  carry->second += is_positive ? 1 : -1;
  if (carry->second == 0) carries_.erase(carry);
}

void SumColumn::CopyRow(const SumColumn& from, RowNumber from_row, RowNumber row) {
  low_[row] = from.low_[from_row];
  const auto carry = from.carries_.find(from_row);
  if (carry != from.carries_.end()) {
    carries_[row] = carry->second;
  } else if (!carries_.empty()) {
    carries_.erase(row);
  }
}

Tally::Tally(MeasurePlan plan) : plan_(std::move(plan)), metrics_(plan_.metrics.size()) {
  for (std::size_t m = 0; m < plan_.metrics.size(); ++m) {
    const MeasuredMetric& metric = plan_.metrics[m];
    uses_.push_back({.event_name = metric.event, .metric = m});
    if (metric.kind == MetricKind::kRatio) {
      uses_.push_back(
          {.event_name = metric.denominator_event, .metric = m, .is_denominator = true});
    }
    has_history_ |= HasHistory(metric);
  }
  end_ = plan_.stop_time.value_or(kLatestTime);
}

void Tally::SetWord(const std::string& event, std::int64_t event_word) {
  for (Use& use : uses_) {
    if (use.event_name == event) use.event = event_word;
  }
}

void Tally::GrowTo(std::size_t rows) {
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    const MeasuredMetric& metric = plan_.metrics[m];
    MetricColumns& columns = metrics_[m];
    columns.value.GrowTo(rows);
    if (metric.kind == MetricKind::kRatio) columns.denominator.GrowTo(rows);
    if (HasHistory(metric)) columns.history.GrowTo(rows);
    if (metric.by_week) {
      columns.week_one.GrowTo(rows);
      columns.week_two.GrowTo(rows);
    }
    if (IsSurvey(metric.kind)) columns.answer_time.GrowTo(rows);
    if (IsSurvey(metric.kind) || HasHistory(metric)) columns.marks.GrowTo(rows);
  }
  outcomes_.GrowTo(rows);
}

void Tally::Prefetch(RowNumber row, std::int64_t event) const {
  __builtin_prefetch(&outcomes_[row], 1);
  for (const Use& use : uses_) {
    if (use.event != event) continue;
    const MetricColumns& columns = metrics_[use.metric];
    (use.is_denominator ? columns.denominator : columns.value).Prefetch(row);
    if (use.is_denominator || !plan_.metrics[use.metric].by_week) continue;
    columns.week_one.Prefetch(row);
    columns.week_two.Prefetch(row);
  }
}

void Tally::Fold(RowNumber row, Time first, const StoredOutcome& outcome) {
  if (outcome.response_key != 0) FoldQuestionnaire(row, first, outcome);
  bool counts = false;
  for (const Use& use : uses_) {
    if (use.event != outcome.event || use.event == 0) continue;
    if (outcome.occur_time >= first && !outcome.late) {
      last_outcome_ = std::max(last_outcome_, std::optional(outcome.occur_time));
    }
    counts |= FoldValue(row, first, use, outcome);
    if (use.is_denominator || outcome.late) continue;
    if (HasHistory(plan_.metrics[use.metric])) FoldHistory(row, first, use.metric, outcome);
    if (plan_.metrics[use.metric].by_week) FoldWeeks(row, first, use.metric, outcome);
  }
  if (!counts) return;
  ++outcomes_[row];
  if (outcome.late) ++late_[row][outcome.source];
}

// Half-open; at the instant of the exposure counts as after it.
bool Tally::IsInside(const MeasuredMetric& metric, Time first, Time time) const {
  if (!metric.window.has_value()) return time >= first && time < end_;
  const Time from = first + metric.window->delay;
  return time >= from && time < from + metric.window->length;
}

bool Tally::IsInWindow(std::string_view event, Time first, Time time) const {
  return std::any_of(uses_.begin(), uses_.end(), [&](const Use& use) {
    return use.event_name == event && IsInside(plan_.metrics[use.metric], first, time);
  });
}

// Whether the outcome is inside the window.
bool Tally::FoldValue(RowNumber row, Time first, const Use& use, const StoredOutcome& outcome) {
  const MeasuredMetric& metric = plan_.metrics[use.metric];
  if (!IsInside(metric, first, outcome.occur_time)) return false;
  if (!metric.window.has_value()) {
    latest_without_window_ = std::max(latest_without_window_, outcome.occur_time);
  }
  if (outcome.late) return true;
  MetricColumns& columns = metrics_[use.metric];
  if (IsSurvey(metric.kind)) {
    FoldAnswer(row, use.metric, outcome);
  } else if (use.is_denominator) {
    if (const auto addend = DenominatorOf(metric, outcome)) columns.denominator.Add(row, *addend);
  } else if (const auto addend = AddendOf(metric, outcome)) {
    AddTo(columns.value, row, metric.kind, *addend);
  }
  return true;
}

// The last answer counts; of two at one instant the lower, whichever came first. An answer or a
// dismissal says too that the unit was asked.
void Tally::FoldAnswer(RowNumber row, std::size_t metric, const StoredOutcome& outcome) {
  MetricColumns& columns = metrics_[metric];
  std::uint8_t& marks = columns.marks[row];
  marks |= MetricColumns::kAsked;
  if (outcome.kind == OutcomeKind::kDismissed) marks |= MetricColumns::kDismissed;
  if (outcome.kind != OutcomeKind::kValue) return;
  Time& answered = columns.answer_time[row];
  const bool is_first = (marks & MetricColumns::kAnswered) == 0;
  if (is_first || outcome.occur_time > answered ||
      (outcome.occur_time == answered && outcome.value < columns.value[row])) {
    columns.value.Set(row, outcome.value);
    answered = outcome.occur_time;
    marks |= MetricColumns::kAnswered;
  }
}

void Tally::FoldQuestionnaire(RowNumber row, Time first, const StoredOutcome& outcome) {
  if (outcome.kind != OutcomeKind::kValue || outcome.late || outcome.occur_time < first ||
      outcome.occur_time >= plan_.stop_time.value_or(kLatestTime)) {
    return;
  }
  Questionnaire& questionnaire =
      questionnaires_
          .try_emplace({row, outcome.response_key}, Questionnaire{.answer = outcome.value})
          .first->second;
  ++questionnaire.answers;
  questionnaire.all_same &= questionnaire.answer == outcome.value;
  latest_in_questionnaire_ = std::max(latest_in_questionnaire_, outcome.occur_time);
}

// The days before the exposure's own: a clock that is a little wrong must not let what the
// treatment caused into the history.
void Tally::FoldHistory(RowNumber row, Time first, std::size_t metric,
                        const StoredOutcome& outcome) {
  const MeasuredMetric& rule = plan_.metrics[metric];
  const Time end = StartOfDay(first);
  if (outcome.occur_time >= end || outcome.occur_time < end - rule.covariate->history) return;
  MetricColumns& columns = metrics_[metric];
  columns.marks[row] |= MetricColumns::kHasHistory;
  if (const auto addend = AddendOf(rule, outcome)) {
    AddTo(columns.history, row, rule.kind, *addend);
  }
}

void Tally::FoldWeeks(RowNumber row, Time first, std::size_t metric, const StoredOutcome& outcome) {
  if (outcome.occur_time < first || outcome.occur_time >= first + kWeek + kWeek) return;
  const auto addend = AddendOf(plan_.metrics[metric], outcome);
  if (!addend.has_value()) return;
  MetricColumns& columns = metrics_[metric];
  AddTo(outcome.occur_time < first + kWeek ? columns.week_one : columns.week_two, row,
        plan_.metrics[metric].kind, *addend);
}

void Tally::CopyRow(const Tally& from, RowNumber from_row, RowNumber row) {
  for (std::size_t m = 0; m < metrics_.size(); ++m) {
    const MeasuredMetric& metric = plan_.metrics[m];
    MetricColumns& columns = metrics_[m];
    const MetricColumns& source = from.metrics_[m];
    columns.value.CopyRow(source.value, from_row, row);
    if (metric.kind == MetricKind::kRatio) {
      columns.denominator.CopyRow(source.denominator, from_row, row);
    }
    if (HasHistory(metric)) columns.history.CopyRow(source.history, from_row, row);
    if (metric.by_week) {
      columns.week_one.CopyRow(source.week_one, from_row, row);
      columns.week_two.CopyRow(source.week_two, from_row, row);
    }
    if (IsSurvey(metric.kind)) columns.answer_time[row] = source.answer_time[from_row];
    if (IsSurvey(metric.kind) || HasHistory(metric)) columns.marks[row] = source.marks[from_row];
  }
  outcomes_[row] = from.outcomes_[from_row];
  const auto late = from.late_.find(from_row);
  if (late != from.late_.end()) {
    late_[row] = late->second;
  } else if (!late_.empty()) {
    late_.erase(row);
  }
  constexpr std::int64_t kLeastKey = std::numeric_limits<std::int64_t>::min();
  questionnaires_.erase(questionnaires_.lower_bound({row, kLeastKey}),
                        questionnaires_.lower_bound({row + 1, kLeastKey}));
  for (auto from_one = from.questionnaires_.lower_bound({from_row, kLeastKey});
       from_one != from.questionnaires_.end() && from_one->first.first == from_row; ++from_one) {
    questionnaires_.try_emplace({row, from_one->first.second}, from_one->second);
  }
  latest_in_questionnaire_ = std::max(latest_in_questionnaire_, from.latest_in_questionnaire_);
  latest_without_window_ = std::max(latest_without_window_, from.latest_without_window_);
  last_outcome_ = std::max(last_outcome_, from.last_outcome_);
}

bool Tally::CanCount(Time first, Time latest) const { return has_history_ || latest >= first; }

bool Tally::Stop(Time stop_time) {
  plan_.stop_time = stop_time;
  EndAt(stop_time);
  return !HasCountedAt(stop_time) && latest_in_questionnaire_ < stop_time;
}

std::int64_t Tally::bytes_beside_rows() const {
  constexpr std::int64_t kBytesPerLateUnit = 192;  // an entry of a hash map, one or two sources
  constexpr std::size_t kBytesPerPlace = sizeof(RowNumber) + 1;
  // Nodes of a B-tree are at least half full.
  return static_cast<std::int64_t>(3 * questionnaires_.size() * sizeof(Questionnaires::value_type) +
                                   pending.capacity() * kBytesPerPlace) +
         static_cast<std::int64_t>(late_.size()) * kBytesPerLateUnit;
}

}  // namespace insightloop
