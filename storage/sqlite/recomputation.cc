// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/recomputation.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/attribute.h"
#include "engine/domain/json.h"
#include "engine/domain/metric.h"
#include "storage/sqlite/statement.h"

namespace insightloop::storage {
namespace {

// Parameters are numbered in the order in which they are bound. Kinds of outcomes: 0 occurred,
// 1 value, 2 asked, 3 dismissed; an exposure of source 3 is an override.

constexpr char kMakeTables[] = R"sql(
PRAGMA query_only = OFF; -- for temporary tables; the file itself is open for reading only
-- Units by their first exposure.
CREATE TEMP TABLE starts (
  unit INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  variant TEXT NOT NULL,
  crossed INTEGER NOT NULL, -- 1: seen in two variants of one epoch
  attributes TEXT
) STRICT;
-- When outcomes of an event count, from a unit's first exposure on; NULL: until the end.
CREATE TEMP TABLE spans (event INTEGER NOT NULL, opens INTEGER NOT NULL, closes INTEGER) STRICT;
)sql";

// ?1 exposures, ?2 experiment, ?3 end. Where exposures differ in nothing but attributes, some of
// these are taken: see kOtherAttributes.
constexpr char kFillStarts[] = R"sql(
WITH seen AS MATERIALIZED (
  SELECT e.unit, e.epoch, w.text AS variant, e.occur_time AS time, e.attributes
  FROM exposures e JOIN words w ON w.id = e.variant
  WHERE e.id <= ?1 AND e.experiment = (SELECT id FROM words WHERE text = ?2) AND e.source <> 3),
crossed AS MATERIALIZED (
  SELECT unit FROM seen GROUP BY unit, epoch HAVING count(DISTINCT variant) > 1),
ranked AS (
  SELECT *, row_number() OVER (
    PARTITION BY unit ORDER BY time, epoch, variant, attributes IS NULL) AS place
  FROM seen)
INSERT INTO temp.starts
SELECT unit, time, epoch, variant, unit IN (SELECT unit FROM crossed), attributes
FROM ranked WHERE place = 1 AND time < ?3
)sql";

// ?1 exposures, ?2 experiment: attributes of exposures that are as first as the one taken.
constexpr char kOtherAttributes[] = R"sql(
SELECT s.unit, s.attributes, e.attributes
FROM exposures e CROSS JOIN temp.starts s ON s.unit = e.unit JOIN words w ON w.id = e.variant
WHERE e.id <= ?1 AND e.experiment = (SELECT id FROM words WHERE text = ?2) AND e.source <> 3
  AND e.occur_time = s.time AND e.epoch = s.epoch AND w.text = s.variant
  AND e.attributes IS NOT NULL AND e.attributes IS NOT s.attributes
)sql";
constexpr char kSetAttributes[] = "UPDATE temp.starts SET attributes = ?1 WHERE unit = ?2";

constexpr char kUnits[] =
    "SELECT unit, time, epoch, variant, crossed FROM temp.starts ORDER BY unit";

// ?1 attribute. Of units that have it: its type and its JSON. SQLite would end a text at a NUL.
constexpr char kAttribute[] = R"sql(
WITH known AS (
  SELECT unit, attributes AS json, '$."' || ?1 || '"' AS path FROM temp.starts
  WHERE json_valid(attributes))
SELECT unit, json_type(json, path), json -> path
FROM known WHERE json_type(json, path) IS NOT NULL ORDER BY unit
)sql";

// ?1 opens, ?2 closes, ?3 event.
constexpr char kAddSpan[] =
    "INSERT INTO temp.spans (opens, closes, event) SELECT ?1, ?2, id FROM words WHERE text = ?3";
// ?1 outcomes, ?2 end.
constexpr char kCountOutcomes[] = R"sql(
SELECT s.variant, s.crossed, count(*), sum(o.late <> 0), count(DISTINCT o.unit),
  count(DISTINCT iif(o.late <> 0, o.unit, NULL))
FROM outcomes o CROSS JOIN temp.starts s ON s.unit = o.unit
WHERE o.id <= ?1 AND EXISTS (
  SELECT 1 FROM temp.spans p WHERE p.event = o.event AND o.occur_time >= s.time + p.opens
    AND o.occur_time < coalesce(s.time + p.closes, ?2))
GROUP BY s.variant, s.crossed
)sql";
// As above: the late ones by source.
constexpr char kCountLate[] = R"sql(
SELECT coalesce(w.text, ''), count(*)
FROM outcomes o CROSS JOIN temp.starts s ON s.unit = o.unit LEFT JOIN words w ON w.id = o.source
WHERE o.id <= ?1 AND o.late <> 0 AND EXISTS (
  SELECT 1 FROM temp.spans p WHERE p.event = o.event AND o.occur_time >= s.time + p.opens
    AND o.occur_time < coalesce(s.time + p.closes, ?2))
GROUP BY 1 ORDER BY 1
)sql";

// ?1 outcomes, ?2 stop. Questionnaires of four answers or more by variant, and those of them with
// one value throughout.
constexpr char kCountQuestionnaires[] = R"sql(
SELECT variant, count(*), sum(least = most) FROM (
  SELECT s.variant, min(o.value) AS least, max(o.value) AS most
  FROM outcomes o CROSS JOIN temp.starts s ON s.unit = o.unit
  WHERE o.id <= ?1 AND o.response_key IS NOT NULL AND o.kind = 1 AND o.late = 0
    AND o.occur_time >= s.time AND o.occur_time < ?2 AND s.crossed = 0
  GROUP BY o.unit, o.response_key HAVING count(*) >= 4)
GROUP BY variant
)sql";

// ?1 outcomes.
constexpr char kLastOutcome[] = R"sql(
SELECT o.occur_time FROM outcomes o CROSS JOIN temp.starts s ON s.unit = o.unit
WHERE o.id <= ?1 AND o.late = 0 AND o.occur_time >= s.time
  AND o.event IN (SELECT event FROM temp.spans)
ORDER BY o.occur_time DESC LIMIT 1
)sql";

// ?1 experiment.
constexpr char kRejected[] = R"sql(
SELECT reason, variant, rows, day FROM rejections WHERE experiment = ?1 ORDER BY reason
)sql";

// ?1 outcomes, ?2 event, ?3 what a row adds: 0 one, 1 one if its value is above 0, 2 its value;
// ?4 opens, ?5 closes, ?6 end, ?7 history. One row for each unit that has any outcome of the event.
// Sums come in two halves, of which neither can overflow: sums of the values' high and low 32 bits.
constexpr char kNumbers[] = R"sql(
WITH outcome AS (
  SELECT s.unit, s.time AS start, o.occur_time AS time, o.kind,
    s.time - ((s.time % 86400000000) + 86400000000) % 86400000000 AS day,
    CASE ?3 WHEN 0 THEN iif(o.kind IN (0, 1), 1, NULL)
            WHEN 1 THEN iif(o.kind = 1 AND o.value > 0, 1, NULL)
            ELSE iif(o.kind = 1, o.value, NULL) END AS addend
  FROM outcomes o CROSS JOIN temp.starts s ON s.unit = o.unit
  WHERE o.id <= ?1 AND o.event = (SELECT id FROM words WHERE text = ?2) AND o.late = 0),
placed AS (
  SELECT unit, kind, addend >> 32 AS high, addend & 4294967295 AS low,
    time >= start + ?4 AND time < coalesce(start + ?5, ?6) AS inside,
    time >= day - ?7 AND time < day AS before,
    time >= start AND time < start + 604800000000 AS week_one,
    time >= start + 604800000000 AND time < start + 1209600000000 AS week_two
  FROM outcome)
SELECT unit, max(inside), max(before),
  sum(iif(inside, high, NULL)), sum(iif(inside, low, NULL)),
  sum(iif(before, high, NULL)), sum(iif(before, low, NULL)),
  sum(iif(week_one, high, NULL)), sum(iif(week_one, low, NULL)),
  sum(iif(week_two, high, NULL)), sum(iif(week_two, low, NULL)),
  max(inside AND kind = 3)
FROM placed GROUP BY unit ORDER BY unit
)sql";

// ?1 outcomes, ?2 event, ?3 opens, ?4 closes, ?5 end: the last answer of each unit that answered.
constexpr char kAnswers[] = R"sql(
SELECT unit, value FROM (
  SELECT s.unit, o.value,
    row_number() OVER (PARTITION BY s.unit ORDER BY o.occur_time DESC, o.value) AS place
  FROM outcomes o CROSS JOIN temp.starts s ON s.unit = o.unit
  WHERE o.id <= ?1 AND o.event = (SELECT id FROM words WHERE text = ?2) AND o.late = 0
    AND o.kind = 1 AND o.occur_time >= s.time + ?3
    AND o.occur_time < coalesce(s.time + ?4, ?5))
WHERE place = 1 ORDER BY unit
)sql";

// What a row adds, as kNumbers has it.
enum Addend : std::int64_t { kOne = 0, kOneIfPositive = 1, kValue = 2 };

Addend AddendOf(const MeasuredMetric& metric) {
  switch (metric.kind) {
    case MetricKind::kRetention:
      return kOne;
    case MetricKind::kProportion:
      return metric.event_has_value ? kOneIfPositive : kOne;
    case MetricKind::kCount:
    case MetricKind::kRatio:
      return metric.event_has_value ? kValue : kOne;
    default:
      return kValue;
  }
}

// A sum that may not fit 64 bits.
struct Sum {
  std::int64_t low = 0;  // the sum, modulo 2^64
  bool fits = true;
};

Sum SumOf(const Statement& row, int high_column) {
  const absl::int128 sum =
      absl::int128(row.Int(high_column)) * (std::int64_t{1} << 32) + row.Int(high_column + 1);
  const auto low = static_cast<std::int64_t>(absl::Int128Low64(sum));
  return {.low = low, .fits = absl::int128(low) == sum};
}

// The least rank, from 1, at or below which that share of the values is. A share such as 0.07 is no
// binary number; its rounding must not turn the 7th of 100 into the 8th.
std::int64_t RankOf(std::int64_t values, double share) {
  constexpr long double kRounding = 2 * std::numeric_limits<double>::epsilon();
  const long double exact = static_cast<long double>(values) * static_cast<long double>(share);
  const auto rank = static_cast<std::int64_t>(std::ceil(exact * (1 - kRounding)));
  return std::clamp<std::int64_t>(rank, 1, values);
}

// What an answer counts in its metric's score: 1, 0 or -1.
int ScoreOf(const MeasuredMetric& metric, std::int64_t answer) {
  constexpr std::int64_t kPromoterFrom = 9;  // of 10
  constexpr std::int64_t kDetractorTo = 6;
  if (metric.kind == MetricKind::kCsat) return answer >= metric.top_two_from ? 1 : 0;
  if (answer >= kPromoterFrom * metric.steps_per_unit) return 1;
  return answer <= kDetractorTo * metric.steps_per_unit ? -1 : 0;
}

struct Unit {
  std::int64_t unit = 0;
  Time first;
  std::int32_t epoch = 0;
  std::size_t variant = 0;
  bool is_crossed = false;
  bool is_matured = false;
  std::vector<std::size_t> strata;  // of a matured one
};

// A unit's numbers in one metric.
struct Numbers {
  Sum value, denominator, history, week_one, week_two;
  std::int64_t covariate = 0, weight = 0;  // 0: none
  bool has_covariate = false, is_asked = false, is_answered = false, is_dismissed = false;
};

class Recomputation {
 public:
  Recomputation(Connection& connection, const MeasurePlan& plan, Time as_of, FactsThrough through)
      : connection_(connection),
        plan_(plan),
        as_of_(as_of),
        through_(through),
        end_(std::min(plan.stop_time.value_or(kLatestTime), as_of)) {}

  absl::StatusOr<Measured> Run();

 private:
  using TakeOfUnit = std::function<void(std::size_t unit, const Statement&)>;

  absl::Status FindStarts();
  absl::Status ReadUnits();
  void CountUnits();
  absl::Status CountOutcomes();
  absl::Status CountQuestionnaires();
  absl::Status FindLastFact();
  absl::Status CountRejected();
  absl::Status AddSpan(const std::string& event, const MeasuredMetric& metric);
  absl::Status FindStrata();
  absl::Status AddMetric(std::size_t metric);
  absl::Status ReadNumbers(const MeasuredMetric& metric, const std::string& event, Addend addend,
                           const TakeOfUnit& take);
  // Of units that have a number as that attribute, in steps.
  absl::Status ReadAttribute(
      const std::string& attribute,
      const std::function<void(std::size_t unit, std::int64_t number)>& take);
  void CountAnswers(std::size_t metric, const std::vector<Numbers>& numbers);
  // What the behaviour's numbers are, by what units said.
  void CompareWithBehaviour();
  void FindCap(std::size_t metric, const std::vector<Numbers>& numbers);
  void Add(std::size_t metric, const Unit& unit, const Numbers& numbers, MetricSums& sums);
  void FindQuantiles(std::size_t metric, const std::vector<Numbers>& numbers);

  // By the plan's variants; absent for others.
  [[nodiscard]] std::optional<std::size_t> VariantIndex(std::string_view variant) const;
  // Of a statement that gives units in their order in its first column; those of no variant of the
  // plan are passed over.
  absl::Status ForUnits(Statement& statement, const TakeOfUnit& take);
  static void BindSpan(Statement& statement, const MeasuredMetric& metric);

  Connection& connection_;
  const MeasurePlan& plan_;
  const Time as_of_;
  const FactsThrough through_;
  const Time end_;           // of metrics without a window
  std::vector<Unit> units_;  // in the order of their numbers
  // By metric, of surveys and of the behaviour, where there is one.
  std::map<std::size_t, std::vector<Numbers>> kept_;
  Measured measured_;
};

absl::StatusOr<Measured> Recomputation::Run() {
  measured_.exposure_rows = through_.exposures;
  measured_.outcome_rows = through_.outcomes;
  absl::Status status = FindStarts();
  if (status.ok()) status = ReadUnits();
  if (!status.ok()) return status;
  CountUnits();
  status = CountOutcomes();
  if (status.ok()) status = CountQuestionnaires();
  if (status.ok()) status = FindLastFact();
  if (status.ok()) status = CountRejected();
  if (status.ok()) status = FindStrata();
  measured_.caps.resize(plan_.metrics.size());
  for (std::size_t m = 0; status.ok() && m < plan_.metrics.size(); ++m) status = AddMetric(m);
  if (!status.ok()) return status;
  if (plan_.behaviour.has_value()) CompareWithBehaviour();
  return std::move(measured_);
}

std::optional<std::size_t> Recomputation::VariantIndex(std::string_view variant) const {
  const auto found = std::find(plan_.variants.begin(), plan_.variants.end(), variant);
  if (found == plan_.variants.end()) return std::nullopt;
  return static_cast<std::size_t>(found - plan_.variants.begin());
}

absl::Status Recomputation::ForUnits(Statement& statement, const TakeOfUnit& take) {
  std::size_t at = 0;
  return statement.ForRows([&](const Statement& row) {
    while (at < units_.size() && units_[at].unit < row.Int(0)) ++at;
    if (at < units_.size() && units_[at].unit == row.Int(0)) take(at, row);
  });
}

absl::Status Recomputation::FindStarts() {
  if (auto status = connection_.RunScript(kMakeTables); !status.ok()) return status;
  auto fill = connection_.Prepare(kFillStarts);
  if (!fill.ok()) return fill.status();
  const Time stop = plan_.stop_time.value_or(Time{std::numeric_limits<std::int64_t>::max()});
  auto status =
      fill->BindInt(through_.exposures).BindText(plan_.experiment).BindInt(stop.micros).Run();
  if (!status.ok()) return status;

  // SQL has no such digest: of exposures that differ in attributes only, the lowest counts.
  std::map<std::int64_t, std::string> best;
  const auto digest = [](std::string_view json) { return XXH64(json.data(), json.size(), 0); };
  auto others = connection_.Prepare(kOtherAttributes);
  if (!others.ok()) return others.status();
  others->BindInt(through_.exposures).BindText(plan_.experiment);
  status = others->ForRows([&](const Statement& row) {
    std::string& known = best.try_emplace(row.Int(0), row.Text(1)).first->second;
    if (digest(row.Text(2)) < digest(known)) known = row.Text(2);
  });
  if (!status.ok()) return status;
  auto set = connection_.Prepare(kSetAttributes);
  if (!set.ok()) return set.status();
  for (const auto& [unit, attributes] : best) {
    if (status = set->BindText(attributes).BindInt(unit).Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Recomputation::ReadUnits() {
  auto select = connection_.Prepare(kUnits);
  if (!select.ok()) return select.status();
  return select->ForRows([&](const Statement& row) {
    const auto variant = VariantIndex(row.Text(3));
    if (!variant.has_value()) return;
    units_.push_back({.unit = row.Int(0),
                      .first = {row.Int(1)},
                      .epoch = static_cast<std::int32_t>(row.Int(2)),
                      .variant = *variant,
                      .is_crossed = row.Int(4) != 0});
  });
}

void Recomputation::CountUnits() {
  std::optional<Duration> longest;
  for (const MeasuredMetric& metric : plan_.metrics) {
    if (!metric.window.has_value()) continue;
    longest = std::max(longest.value_or(Duration{}),
                       Duration{metric.window->delay.micros + metric.window->length.micros});
  }
  measured_.exposed_units.resize(plan_.variants.size());
  measured_.outcomes_by_variant.resize(plan_.variants.size());
  std::map<std::int32_t, std::vector<std::int64_t>> by_epoch;
  std::map<std::pair<std::int32_t, Time>, DayUnits> by_day;
  for (Unit& unit : units_) {
    const Time day = StartOfDay(unit.first);
    DayUnits& of_day = by_day[{unit.epoch, day}];
    of_day.epoch = unit.epoch;
    of_day.day = day;
    of_day.units.resize(plan_.variants.size());
    ++(unit.is_crossed ? of_day.crossed : of_day.units[unit.variant]);
    // Absent: never, as far as is known.
    const std::optional<Time> maturity =
        longest.has_value() ? unit.first + *longest + plan_.lateness_allowance : plan_.stop_time;
    unit.is_matured = maturity.has_value() && *maturity <= as_of_;
    if (unit.is_crossed) {
      ++measured_.crossed_units;
      continue;
    }
    ++measured_.exposed_units[unit.variant];
    auto& of_epoch = by_epoch[unit.epoch];
    of_epoch.resize(plan_.variants.size());
    ++of_epoch[unit.variant];
    measured_.in_flight_units += unit.is_matured ? 0 : 1;
    measured_.last_maturity = std::max(measured_.last_maturity, maturity);
    measured_.first_exposure = std::min(measured_.first_exposure.value_or(unit.first), unit.first);
    measured_.last_exposure = std::max(measured_.last_exposure.value_or(unit.first), unit.first);
  }
  for (auto& [epoch, units] : by_epoch) {
    measured_.exposed_by_epoch.push_back({.epoch = epoch, .units = std::move(units)});
  }
  for (auto& [key, units] : by_day) measured_.exposed_by_day.push_back(std::move(units));
}

void Recomputation::BindSpan(Statement& statement, const MeasuredMetric& metric) {
  if (metric.window.has_value()) {
    statement.BindInt(metric.window->delay.micros)
        .BindInt(metric.window->delay.micros + metric.window->length.micros);
  } else {
    statement.BindInt(0).BindNull();
  }
}

absl::Status Recomputation::AddSpan(const std::string& event, const MeasuredMetric& metric) {
  auto add = connection_.Prepare(kAddSpan);
  if (!add.ok()) return add.status();
  BindSpan(*add, metric);
  return add->BindText(event).Run();
}

absl::Status Recomputation::CountOutcomes() {
  for (const MeasuredMetric& metric : plan_.metrics) {
    absl::Status status = AddSpan(metric.event, metric);
    if (status.ok() && metric.kind == MetricKind::kRatio) {
      status = AddSpan(metric.denominator_event, metric);
    }
    if (!status.ok()) return status;
  }
  auto count = connection_.Prepare(kCountOutcomes);
  if (!count.ok()) return count.status();
  count->BindInt(through_.outcomes).BindInt(end_.micros);
  absl::Status status = count->ForRows([&](const Statement& row) {
    measured_.outcomes += row.Int(2);
    measured_.late_outcomes += row.Int(3);
    const auto variant = VariantIndex(row.Text(0));
    if (!variant.has_value() || row.Int(1) != 0) return;
    measured_.outcomes_by_variant[*variant] = {.outcomes = row.Int(2),
                                               .late = row.Int(3),
                                               .units = row.Int(4),
                                               .units_with_late = row.Int(5)};
  });
  if (!status.ok()) return status;
  auto late = connection_.Prepare(kCountLate);
  if (!late.ok()) return late.status();
  late->BindInt(through_.outcomes).BindInt(end_.micros);
  return late->ForRows([&](const Statement& row) {
    measured_.late_by_source.push_back({.source = std::string(row.Text(0)), .rows = row.Int(1)});
  });
}

absl::Status Recomputation::CountQuestionnaires() {
  measured_.questionnaires_by_variant.resize(plan_.variants.size());
  auto count = connection_.Prepare(kCountQuestionnaires);
  if (!count.ok()) return count.status();
  count->BindInt(through_.outcomes).BindInt(plan_.stop_time.value_or(kLatestTime).micros);
  return count->ForRows([&](const Statement& row) {
    const auto variant = VariantIndex(row.Text(0));
    if (!variant.has_value()) return;
    measured_.questionnaires_by_variant[*variant] = {.judged = row.Int(1),
                                                     .straight_lined = row.Int(2)};
  });
}

absl::Status Recomputation::FindLastFact() {
  if (plan_.stop_time.has_value()) return absl::OkStatus();
  measured_.last_fact = measured_.last_exposure;
  auto select = connection_.Prepare(kLastOutcome);
  if (!select.ok()) return select.status();
  return select->BindInt(through_.outcomes).ForRows([&](const Statement& row) {
    measured_.last_fact = std::max(measured_.last_fact, std::optional(Time{row.Int(0)}));
  });
}

absl::Status Recomputation::CountRejected() {
  auto select = connection_.Prepare(kRejected);
  if (!select.ok()) return select.status();
  std::map<std::string, std::map<std::int64_t, std::int64_t>> days;  // rows, by reason and day
  const absl::Status status = select->BindText(plan_.experiment).ForRows([&](const Statement& row) {
    std::vector<RejectedRows>& all = measured_.rejected;
    if (all.empty() || all.back().reason != row.Text(0)) {
      all.push_back({.reason = std::string(row.Text(0)),
                     .by_variant = std::vector<std::int64_t>(plan_.variants.size())});
    }
    const auto variant = VariantIndex(row.Text(1));
    (variant.has_value() ? all.back().by_variant[*variant] : all.back().without_variant) +=
        row.Int(2);
    days[std::string(row.Text(0))][row.Int(3)] += row.Int(2);
  });
  for (RejectedRows& rejected : measured_.rejected) {
    for (const auto& [day, rows] : days[rejected.reason]) {
      rejected.by_day.push_back({.day = {day}, .rows = rows});
    }
  }
  return status;
}

absl::Status Recomputation::FindStrata() {
  // Segments of each unit; that of all units is the empty one.
  std::vector<std::vector<std::string>> segments(units_.size(), {""});
  const std::set<std::string> ids(plan_.segment_attributes.begin(), plan_.segment_attributes.end());
  for (const std::string& id : ids) {
    auto select = connection_.Prepare(kAttribute);
    if (!select.ok()) return select.status();
    select->BindText(id);
    std::map<std::string, std::vector<std::size_t>> units_with;
    const auto status = ForUnits(*select, [&](std::size_t unit, const Statement& row) {
      std::string text(row.Text(2));
      double number = 0;
      const bool is_number = row.Text(1) == "integer" || row.Text(1) == "real";
      if (is_number && absl::SimpleAtod(text, &number)) text = AttributeText(number);
      if (row.Text(1) == "text") {
        const Json parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
        if (parsed.is_string()) text = parsed.get<std::string>();
      }
      units_with[text].push_back(unit);
    });
    if (!status.ok()) return status;
    if (units_with.size() > plan_.max_segment_values) {
      measured_.dropped_segments.push_back(id);
      continue;
    }
    for (const auto& [value, units] : units_with) {
      for (const std::size_t unit : units) segments[unit].push_back(absl::StrCat(id, "=", value));
    }
  }
  using Key = std::tuple<std::int32_t, std::string, std::size_t, bool>;  // in the order of strata
  std::map<Key, std::vector<std::size_t>> units_of;
  for (std::size_t u = 0; u < units_.size(); ++u) {
    if (!units_[u].is_matured) continue;
    for (std::string& segment : segments[u]) {
      units_of[Key(units_[u].epoch, std::move(segment), units_[u].variant, units_[u].is_crossed)]
          .push_back(u);
    }
  }
  for (const auto& [key, units] : units_of) {
    for (const std::size_t u : units) units_[u].strata.push_back(measured_.strata.size());
    const auto& [epoch, segment, variant, crossed] = key;
    measured_.strata.push_back({.epoch = epoch,
                                .variant = variant,
                                .crossed = crossed,
                                .segment = segment,
                                .units = static_cast<std::int64_t>(units.size()),
                                .metrics = std::vector<MetricSums>(plan_.metrics.size())});
  }
  return absl::OkStatus();
}

absl::Status Recomputation::ReadNumbers(const MeasuredMetric& metric, const std::string& event,
                                        Addend addend, const TakeOfUnit& take) {
  auto select = connection_.Prepare(kNumbers);
  if (!select.ok()) return select.status();
  select->BindInt(through_.outcomes).BindText(event).BindInt(addend);
  BindSpan(*select, metric);
  select->BindInt(end_.micros)
      .BindInt(metric.covariate.has_value() ? metric.covariate->history.micros : 0);
  return ForUnits(*select, take);
}

absl::Status Recomputation::ReadAttribute(
    const std::string& attribute,
    const std::function<void(std::size_t unit, std::int64_t number)>& take) {
  constexpr double kMost = 1e15;  // steps, either way
  auto select = connection_.Prepare(kAttribute);
  if (!select.ok()) return select.status();
  select->BindText(attribute);
  return ForUnits(*select, [&](std::size_t unit, const Statement& row) {
    double number = 0;
    const bool is_number = row.Text(1) == "integer" || row.Text(1) == "real";
    if (!is_number || !absl::SimpleAtod(std::string(row.Text(2)), &number)) return;
    take(unit, std::llround(std::clamp(number / kAttributeResolution, -kMost, kMost)));
  });
}

absl::Status Recomputation::AddMetric(std::size_t metric) {
  const MeasuredMetric& rule = plan_.metrics[metric];
  std::vector<Numbers> numbers(units_.size());
  const auto number = [&rule](const Statement& row, int column) {
    const Sum sum = SumOf(row, column);
    return IsShare(rule.kind) ? Sum{.low = std::min<std::int64_t>(sum.low, 1)} : sum;
  };
  absl::Status status =
      ReadNumbers(rule, rule.event, AddendOf(rule), [&](std::size_t unit, const Statement& row) {
        Numbers& of_unit = numbers[unit];
        of_unit.is_asked = row.Int(1) != 0;
        of_unit.is_dismissed = row.Int(11) != 0;
        of_unit.value = number(row, 3);
        if (rule.covariate.has_value() && rule.covariate->history > Duration{}) {
          of_unit.has_covariate = row.Int(2) != 0;
          of_unit.history = number(row, 5);
          of_unit.covariate = of_unit.history.low;
        }
        of_unit.week_one = number(row, 7);
        of_unit.week_two = number(row, 9);
      });
  if (status.ok() && rule.kind == MetricKind::kRatio) {
    status = ReadNumbers(
        rule, rule.denominator_event, rule.denominator_sums ? kValue : kOne,
        [&](std::size_t unit, const Statement& row) { numbers[unit].denominator = SumOf(row, 3); });
  }
  if (status.ok() && rule.covariate.has_value() && rule.covariate->history == Duration{}) {
    status =
        ReadAttribute(rule.covariate->attribute, [&](std::size_t unit, std::int64_t covariate) {
          numbers[unit].covariate = covariate;
          numbers[unit].has_covariate = true;
        });
  }
  if (status.ok() && !rule.weight.empty()) {
    status = ReadAttribute(rule.weight, [&](std::size_t unit, std::int64_t weight) {
      numbers[unit].weight = std::max<std::int64_t>(weight, 0);
    });
  }
  if (status.ok() && IsSurvey(rule.kind)) {
    for (Numbers& of_unit : numbers) of_unit.value = {};
    auto select = connection_.Prepare(kAnswers);
    if (!select.ok()) return select.status();
    select->BindInt(through_.outcomes).BindText(rule.event);
    BindSpan(*select, rule);
    select->BindInt(end_.micros);
    status = ForUnits(*select, [&](std::size_t unit, const Statement& row) {
      numbers[unit].value.low = row.Int(1);
      numbers[unit].is_answered = true;
    });
  }
  if (!status.ok()) return status;
  FindCap(metric, numbers);
  for (Stratum& stratum : measured_.strata) {
    MetricSums& sums = stratum.metrics[metric];
    const std::size_t variables =
        1 + (rule.kind == MetricKind::kRatio ? 1U : 0U) + (rule.covariate.has_value() ? 2U : 0U);
    if (variables > 1) sums.joint.emplace(variables);
    if (rule.by_week) sums.weeks.emplace(2);
  }
  for (std::size_t u = 0; u < units_.size(); ++u) {
    for (const std::size_t stratum : units_[u].strata) {
      Add(metric, units_[u], numbers[u], measured_.strata[stratum].metrics[metric]);
    }
  }
  if (rule.kind == MetricKind::kQuantile) FindQuantiles(metric, numbers);
  if (IsSurvey(rule.kind)) CountAnswers(metric, numbers);
  if (IsSurvey(rule.kind) || plan_.behaviour == metric) kept_[metric] = std::move(numbers);
  return absl::OkStatus();
}

void Recomputation::CountAnswers(std::size_t metric, const std::vector<Numbers>& numbers) {
  const MeasuredMetric& rule = plan_.metrics[metric];
  std::set<std::int64_t> different;
  std::vector<std::map<std::int64_t, std::int64_t>> units_by_answer(measured_.strata.size());
  for (std::size_t s = 0; s < measured_.strata.size(); ++s) {
    if (!rule.weight.empty()) measured_.strata[s].metrics[metric].weighted.emplace(2);
  }
  for (std::size_t u = 0; u < units_.size(); ++u) {
    const std::int64_t answer = numbers[u].value.low, weight = numbers[u].weight;
    if (!numbers[u].is_answered || units_[u].strata.empty()) continue;
    different.insert(answer);
    for (const std::size_t stratum : units_[u].strata) {
      ++units_by_answer[stratum][answer];
      if (weight == 0) continue;
      // As many values as variables, which is all that could be wrong.
      measured_.strata[stratum]
          .metrics[metric]
          .weighted->Add({{weight * ScoreOf(rule, answer), weight}})
          .IgnoreError();
    }
  }
  if (different.size() > kMostAnswers) return;
  for (std::size_t s = 0; s < measured_.strata.size(); ++s) {
    for (const auto& [answer, units] : units_by_answer[s]) {
      measured_.strata[s].metrics[metric].answers.push_back({.answer = answer, .units = units});
    }
  }
}

void Recomputation::CompareWithBehaviour() {
  const std::vector<Numbers>& did = kept_.at(*plan_.behaviour);
  const std::optional<std::int64_t> cap = measured_.caps[*plan_.behaviour];
  for (const auto& [metric, said] : kept_) {
    const MeasuredMetric& rule = plan_.metrics[metric];
    if (!IsSurvey(rule.kind)) continue;
    for (Stratum& stratum : measured_.strata) stratum.metrics[metric].behaviour.resize(kSaidValues);
    for (std::size_t u = 0; u < units_.size(); ++u) {
      if (!said[u].is_asked) continue;
      Said what = Said::kNothing;
      if (said[u].is_answered) {
        const int score = ScoreOf(rule, said[u].value.low);
        const bool two_classes = rule.kind == MetricKind::kCsat;
        what = score > 0 ? Said::kGood : (score < 0 || two_classes ? Said::kBad : Said::kMiddling);
      }
      const Sum& number = did[u].value;
      for (const std::size_t stratum : units_[u].strata) {
        stats::ExactSums& sums =
            measured_.strata[stratum].metrics[metric].behaviour[static_cast<std::size_t>(what)];
        if (number.fits) {
          sums.Add(std::min(number.low, cap.value_or(number.low)));
        } else {
          sums.MarkOverflowed();
        }
      }
    }
  }
}

void Recomputation::FindCap(std::size_t metric, const std::vector<Numbers>& numbers) {
  const std::optional<MeasuredCap>& cap = plan_.metrics[metric].cap;
  if (!cap.has_value()) return;
  measured_.caps[metric] = cap->steps;
  if (cap->steps.has_value()) return;
  std::vector<std::int64_t> values;
  for (std::size_t u = 0; u < units_.size(); ++u) {
    const std::int64_t value = numbers[u].value.low;
    if (units_[u].is_matured && value != 0) values.push_back(value);
  }
  if (values.empty()) return;
  std::sort(values.begin(), values.end());
  measured_.caps[metric] = values[static_cast<std::size_t>(
      RankOf(static_cast<std::int64_t>(values.size()), cap->share) - 1)];
}

// Adds what a matured unit did.
void Recomputation::Add(std::size_t metric, const Unit& unit, const Numbers& numbers,
                        MetricSums& sums) {
  const MeasuredMetric& rule = plan_.metrics[metric];
  if (rule.by_week && (!numbers.week_one.fits || !numbers.week_two.fits)) {
    sums.weeks->MarkOverflowed();
  } else if (rule.by_week && unit.first <= as_of_ - Days(14) - plan_.lateness_allowance) {
    // As many values as variables, which is all that could be wrong.
    sums.weeks->Add({{numbers.week_one.low, numbers.week_two.low}}).IgnoreError();
  }
  if (!numbers.value.fits || !numbers.denominator.fits || !numbers.history.fits) {
    sums.values.MarkOverflowed();
    sums.largest = 0;
    if (sums.joint.has_value()) sums.joint->MarkOverflowed();
    sums.nonzero += !numbers.value.fits || numbers.value.low != 0 ? 1 : 0;
    return;
  }
  std::int64_t value = numbers.value.low;
  if (IsSurvey(rule.kind)) {
    sums.asked += numbers.is_asked ? 1 : 0;
    if (!numbers.is_answered) {
      sums.dismissed += numbers.is_dismissed ? 1 : 0;
      return;
    }
    const int score = ScoreOf(rule, value);
    const bool is_nps = rule.kind == MetricKind::kNps;
    sums.promoters += is_nps && score > 0 ? 1 : 0;
    sums.detractors += is_nps && score < 0 ? 1 : 0;
    sums.top_two += !is_nps && score > 0 ? 1 : 0;
  }
  if (measured_.caps[metric].has_value()) value = std::min(value, *measured_.caps[metric]);
  sums.values.Add(value);
  sums.nonzero += value != 0 ? 1 : 0;
  if (rule.find_largest) {
    sums.largest = sums.values.overflowed() ? 0 : std::max(sums.largest, value);
  }
  if (!sums.joint.has_value()) return;
  std::vector<std::int64_t> variables = {value};
  if (rule.kind == MetricKind::kRatio) variables.push_back(numbers.denominator.low);
  if (rule.covariate.has_value()) {
    variables.insert(variables.end(), {numbers.covariate, numbers.has_covariate ? 0 : 1});
  }
  sums.joint->Add(variables).IgnoreError();  // as above
}

void Recomputation::FindQuantiles(std::size_t metric, const std::vector<Numbers>& numbers) {
  constexpr double kErrors = 1.96;  // standard errors of the rank, to the numbers around it
  std::vector<std::vector<std::int64_t>> values(measured_.strata.size());
  for (std::size_t u = 0; u < units_.size(); ++u) {
    for (const std::size_t stratum : units_[u].strata) {
      values[stratum].push_back(numbers[u].value.low);
    }
  }
  for (std::size_t s = 0; s < values.size(); ++s) {
    MetricSums& sums = measured_.strata[s].metrics[metric];
    const auto units = static_cast<std::int64_t>(values[s].size());
    if (sums.values.overflowed()) continue;
    std::sort(values[s].begin(), values[s].end());
    const double quantile = plan_.metrics[metric].quantile;
    const double exact = static_cast<double>(units) * quantile;
    const double reach = kErrors * std::sqrt(exact * (1 - quantile));
    const auto rank = [units](double exactly) {
      return std::clamp<std::int64_t>(std::llround(exactly), 1, units);
    };
    const auto at = [&](std::int64_t place) {
      return values[s][static_cast<std::size_t>(place - 1)];
    };
    sums.quantile = QuantileSums{.units = units,
                                 .value = at(RankOf(units, quantile)),
                                 .lower = at(rank(exact - reach)),
                                 .upper = at(rank(exact + reach)),
                                 .lower_rank = rank(exact - reach),
                                 .upper_rank = rank(exact + reach)};
  }
}

}  // namespace

absl::StatusOr<Measured> Recompute(const std::string& path, const MeasurePlan& plan, Time as_of,
                                   FactsThrough through) {
  const auto connection = Connection::Open(path, Connection::Mode::kRead);
  if (!connection.ok()) return connection.status();
  return Recomputation(**connection, plan, as_of, through).Run();
}

}  // namespace insightloop::storage
