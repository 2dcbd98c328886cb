// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/fold.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "engine/domain/attribute.h"
#include "engine/domain/json.h"

namespace insightloop {
namespace {

// Net Promoter Score, on a scale from 0 to 10.
constexpr std::int64_t kPromoterFrom = 9;
constexpr std::int64_t kDetractorTo = 6;

std::string ValueText(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  if (value.is_boolean()) return AttributeText(value.get<bool>());
  if (value.is_number()) return AttributeText(value.get<double>());
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Fold::Fold(const MeasurePlan& plan, Time as_of, const PlanWords& words)
    : plan_(plan), as_of_(as_of), texts_(1) {
  index_of_text_.emplace(std::string(), 0);
  for (std::size_t i = 0; i < plan.variants.size(); ++i) {
    if (words.variants[i] != 0) {
      variant_of_word_.emplace(words.variants[i], static_cast<std::uint32_t>(i));
    }
  }
  const bool has_stopped = plan.stop_time.has_value() && *plan.stop_time <= as_of;
  for (std::size_t i = 0; i < plan.metrics.size(); ++i) {
    const MeasuredMetric& metric = plan.metrics[i];
    if (words.events[i] != 0) metrics_of_event_[words.events[i]].push_back(i);
    MetricRule rule{.metric = metric, .is_survey = IsSurvey(metric.kind)};
    if (metric.window.has_value()) {
      rule.from = metric.window->delay;
      rule.to = {metric.window->delay.micros + metric.window->length.micros};
      longest_window_ = std::max(longest_window_.value_or(rule.to), rule.to);
    } else {
      rule.before = has_stopped ? *plan.stop_time : as_of;
    }
    rules_.push_back(std::move(rule));
  }
  measured_.exposed_units.resize(plan.variants.size());
}

void Fold::Add(const ExposureRow& row) {
  if (row.source == ExposureSource::kOverride) return;
  if (plan_.stop_time.has_value() && row.occur_time >= *plan_.stop_time) return;
  const auto variant = variant_of_word_.find(row.variant);
  if (variant == variant_of_word_.end()) return;
  const bool has_segments = !plan_.segment_attributes.empty();
  Unit seen{.rank = has_segments ? RankOf(row.occur_time, row.attributes)
                                 : ExposureRank{.time = row.occur_time},
            .epoch = row.epoch,
            .variant = variant->second,
            .seen_epoch = row.epoch,
            .seen_variant = variant->second};
  const auto [index, is_new] =
      index_of_unit_.emplace(row.unit, static_cast<std::uint32_t>(units_.size()));
  if (is_new) {
    if (has_segments) seen.attributes = TextIndex(row.attributes);
    units_.push_back(seen);
    return;
  }

  Unit& unit = units_[index->second];
  if (unit.seen_epoch == seen.epoch) {
    unit.crossed |= unit.seen_variant != seen.variant;
  } else {
    const auto [other, is_first] =
        other_epochs_.emplace(std::pair(row.unit, seen.epoch), seen.variant);
    unit.crossed |= other->second != seen.variant;
  }
  const auto order = [](const Unit& u) {
    return std::tuple(u.rank.time, u.epoch, u.variant, u.rank.attributes);
  };
  if (order(seen) < order(unit)) {
    unit.rank = seen.rank;
    unit.epoch = seen.epoch;
    unit.variant = seen.variant;
    if (has_segments) unit.attributes = TextIndex(row.attributes);
  }
}

std::uint32_t Fold::TextIndex(const std::string& attributes) {
  const auto [index, is_new] =
      index_of_text_.emplace(attributes, static_cast<std::uint32_t>(texts_.size()));
  if (is_new) texts_.push_back(attributes);
  return index->second;
}

void Fold::Add(const OutcomeRow& row) {
  const auto metrics = metrics_of_event_.find(row.event);
  if (metrics == metrics_of_event_.end()) return;
  const auto index = index_of_unit_.find(row.unit);
  if (index == index_of_unit_.end()) return;
  if (numbers_.empty()) numbers_.resize(units_.size() * rules_.size());
  const Time first = units_[index->second].rank.time;
  bool counts = false;
  for (const std::size_t m : metrics->second) {
    const MetricRule& rule = rules_[m];
    // Half-open; at the instant of the exposure counts as after it.
    const bool is_inside =
        row.occur_time >= first + rule.from &&
        row.occur_time < (rule.before.has_value() ? *rule.before : first + rule.to);
    counts |= is_inside;
    if (is_inside && !row.late) AddTo(numbers_[index->second * rules_.size() + m], rule, row);
  }
  if (counts) ++measured_.outcomes;
  if (counts && row.late) ++measured_.late_outcomes;
}

void Fold::AddTo(Number& number, const MetricRule& rule, const OutcomeRow& row) const {
  if (rule.is_survey) {
    number.asked = true;  // also by an answer or a dismissal, of what it was asked
    if (row.kind != OutcomeKind::kValue) return;
    // The last answer counts; of two at one instant the lower, whichever came first.
    if (!number.answered || row.occur_time > number.answer_time ||
        (row.occur_time == number.answer_time && row.value < number.value)) {
      number.value = row.value;
      number.answer_time = row.occur_time;
      number.answered = true;
    }
    return;
  }
  const bool is_value = row.kind == OutcomeKind::kValue;
  const bool has_occurred = is_value || row.kind == OutcomeKind::kOccurred;
  switch (rule.metric.kind) {
    case MetricKind::kProportion:
      if (rule.metric.event_has_value ? is_value && row.value > 0 : has_occurred) number.value = 1;
      break;
    case MetricKind::kCount:
      if (!rule.metric.event_has_value && has_occurred) number.value += 1;
      if (rule.metric.event_has_value && is_value) number.value += row.value;
      break;
    case MetricKind::kMean:
      if (is_value) number.value += row.value;
      break;
    default:
      break;
  }
}

void Fold::AddTo(MetricSums& sums, const MetricRule& rule, const Number& number) const {
  const absl::int128 value = number.value;
  if (rule.is_survey) {
    sums.asked += number.asked ? 1 : 0;
    if (!number.answered) return;
    if (rule.metric.kind == MetricKind::kNps) {
      sums.promoters += value >= absl::int128(kPromoterFrom) * rule.metric.steps_per_unit ? 1 : 0;
      sums.detractors += value <= absl::int128(kDetractorTo) * rule.metric.steps_per_unit ? 1 : 0;
    } else {
      sums.top_two += value >= rule.metric.top_two_from ? 1 : 0;
    }
  }
  sums.nonzero += value != 0 ? 1 : 0;
  if (value < std::numeric_limits<std::int64_t>::min() ||
      value > std::numeric_limits<std::int64_t>::max()) {
    sums.values.MarkOverflowed();
  } else {
    sums.values.Add(static_cast<std::int64_t>(value));
  }
}

std::optional<Time> Fold::MaturityOf(const Unit& unit) const {
  if (!longest_window_.has_value()) return plan_.stop_time;
  return unit.rank.time + *longest_window_ + plan_.lateness_allowance;
}

Fold::Cells Fold::MakeCells() const {
  Cells cells{.names = {""}, .of_text = {}, .dropped = {}};
  cells.of_text.resize(texts_.size(), {0});
  if (plan_.segment_attributes.empty()) return cells;

  std::vector<bool> is_used(texts_.size());  // by the first exposure of some unit
  for (const Unit& unit : units_) is_used[unit.attributes] = true;
  std::vector<Json> parsed(texts_.size());
  for (std::size_t t = 0; t < texts_.size(); ++t) {
    if (is_used[t]) parsed[t] = Json::parse(texts_[t], nullptr, /*allow_exceptions=*/false);
  }
  const std::set<std::string> attributes(plan_.segment_attributes.begin(),
                                         plan_.segment_attributes.end());
  for (const std::string& attribute : attributes) {
    std::map<std::string, std::vector<std::size_t>> texts_of_value;
    for (std::size_t t = 0; t < texts_.size(); ++t) {
      if (!parsed[t].is_object()) continue;
      const auto value = parsed[t].find(attribute);
      if (value != parsed[t].end()) texts_of_value[ValueText(*value)].push_back(t);
    }
    if (texts_of_value.size() > plan_.max_segment_values) {
      cells.dropped.push_back(attribute);
      continue;
    }
    for (const auto& [value, texts] : texts_of_value) {
      for (const std::size_t t : texts) cells.of_text[t].push_back(cells.names.size());
      cells.names.push_back(absl::StrCat(attribute, "=", value));
    }
  }
  return cells;
}

Measured Fold::Finish() {
  numbers_.resize(units_.size() * rules_.size());
  Cells cells = MakeCells();
  measured_.dropped_segments = std::move(cells.dropped);

  using StratumKey = std::tuple<std::int32_t, std::size_t, std::uint32_t, bool>;
  absl::flat_hash_map<StratumKey, std::size_t> index_of_stratum;
  std::map<std::int32_t, std::vector<std::int64_t>> exposed_by_epoch;
  for (std::size_t u = 0; u < units_.size(); ++u) {
    const Unit& unit = units_[u];
    const std::optional<Time> maturity = MaturityOf(unit);
    const bool is_matured = maturity.has_value() && *maturity <= as_of_;
    if (unit.crossed) {
      ++measured_.crossed_units;
    } else {
      ++measured_.exposed_units[unit.variant];
      auto& of_epoch = exposed_by_epoch[unit.epoch];
      of_epoch.resize(plan_.variants.size());
      ++of_epoch[unit.variant];
      if (!is_matured) ++measured_.in_flight_units;
      measured_.last_maturity = std::max(measured_.last_maturity, maturity);
      const Time first = unit.rank.time;
      measured_.first_exposure = std::min(measured_.first_exposure.value_or(first), first);
      measured_.last_exposure = std::max(measured_.last_exposure.value_or(first), first);
    }
    if (!is_matured) continue;
    for (const std::size_t cell : cells.of_text[unit.attributes]) {
      const auto [index, is_new] = index_of_stratum.emplace(
          StratumKey(unit.epoch, cell, unit.variant, unit.crossed), measured_.strata.size());
      if (is_new) {
        measured_.strata.push_back(Stratum{.epoch = unit.epoch,
                                           .variant = unit.variant,
                                           .crossed = unit.crossed,
                                           .segment = cells.names[cell],
                                           .metrics = std::vector<MetricSums>(rules_.size())});
      }
      Stratum& stratum = measured_.strata[index->second];
      ++stratum.units;
      for (std::size_t m = 0; m < rules_.size(); ++m) {
        AddTo(stratum.metrics[m], rules_[m], numbers_[u * rules_.size() + m]);
      }
    }
  }
  for (auto& [epoch, units] : exposed_by_epoch) {
    measured_.exposed_by_epoch.push_back({.epoch = epoch, .units = std::move(units)});
  }
  std::sort(measured_.strata.begin(), measured_.strata.end(),
            [](const Stratum& a, const Stratum& b) {
              return std::tie(a.epoch, a.segment, a.variant, a.crossed) <
                     std::tie(b.epoch, b.segment, b.variant, b.crossed);
            });
  return std::move(measured_);
}

}  // namespace insightloop
