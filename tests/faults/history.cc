// SPDX-License-Identifier: Apache-2.0

#include "tests/faults/history.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/domain/absl_view.h"
#include "stats/exact_sums.h"

namespace insightloop::testing {
namespace {

constexpr Duration kWindow = Days(7);

// Counts one and keeps the first as an example.
void Find(std::int64_t& count, Findings& findings, std::string_view rule, std::string_view fact) {
  if (count++ == 0)
    absl::StrAppend(&findings.detail, "\n  ", std::string(rule), ": ", std::string(fact));
}

void Must(const absl::Status& status, std::string_view what, Findings& findings) {
  if (!status.ok()) Find(findings.wrong, findings, what, status.ToString());
}

std::tuple<std::string, std::string, std::string> KeyOf(const Outcome& row) {
  return {std::string(row.unit.unit_id), std::string(row.event), std::string(row.outcome_id)};
}

// A unit's numbers under the plan.
struct Numbers {
  std::int64_t revenue = 0, visits = 0;
};

struct Figures {
  std::int64_t units = 0;
  stats::ExactSums revenue, visits, visited;

  void Add(const Numbers& unit) {
    ++units;
    revenue.Add(unit.revenue);
    visits.Add(unit.visits);
    visited.Add(unit.visits > 0 ? 1 : 0);
  }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Findings& findings) {
  return out << findings.lost << " lost, " << findings.repeated << " repeated, "
             << findings.invented << " invented, " << findings.torn << " torn, " << findings.wrong
             << " wrong" << findings.detail;
}

MeasurePlan PlanOfHistory() {
  const Window window{.delay = {}, .length = kWindow};
  return {.experiment = "experiments/spring",
          .variants = {"control", "reminder"},
          .metrics = {{.event = kOrder,
                       .kind = MetricKind::kMean,
                       .event_has_value = true,
                       .window = window},
                      {.event = kVisit, .kind = MetricKind::kCount, .window = window},
                      {.event = kVisit, .kind = MetricKind::kProportion, .window = window}},
          .max_segment_values = 100};
}

void History::Attempt(const FactRows& rows) {
  const std::lock_guard lock(mutex_);
  ++calls_;
  for (const Exposure& row : rows.exposures) {
    exposures_.try_emplace({row.unit.unit_id, row.variant, row.occur_time.micros},
                           Fact{.call = calls_});
  }
  for (const Outcome& row : rows.outcomes) {
    outcomes_.try_emplace(KeyOf(row),
                          Fact{.call = calls_, .time = row.occur_time.micros, .value = row.value});
  }
}

void History::AcknowledgeOne(Fact& fact, const RowFate& fate, const std::string& name) {
  if (fate.fate == Fate::kAccepted) {
    if (fact.is_acknowledged) Find(fates_.repeated, fates_, "accepted again", name);
    fact.is_accepted = true;
  } else if (fate.fate != Fate::kDuplicate) {
    Find(fates_.wrong, fates_, "neither accepted nor a duplicate",
         fate.fault == nullptr
             ? name
             : absl::StrCat(name, ", ", fate.fault->reason, " ", fate.fault->detail));
    return;
  }
  fact.is_acknowledged = true;
}

void History::Acknowledge(const FactRows& rows, const FactFates& fates) {
  const std::lock_guard lock(mutex_);
  if (fates.exposures.size() != rows.exposures.size() ||
      fates.outcomes.size() != rows.outcomes.size()) {
    Find(fates_.wrong, fates_, "not one fate per row", "");
    return;
  }
  for (std::size_t i = 0; i < rows.exposures.size(); ++i) {
    const Exposure& row = rows.exposures[i];
    AcknowledgeOne(exposures_.at({row.unit.unit_id, row.variant, row.occur_time.micros}),
                   fates.exposures[i], absl::StrCat("exposure of ", row.unit.unit_id));
  }
  for (std::size_t i = 0; i < rows.outcomes.size(); ++i) {
    const Outcome& row = rows.outcomes[i];
    Fact& fact = outcomes_.at(KeyOf(row));
    if (!fact.is_acknowledged && fates.outcomes[i].fate == Fate::kDuplicate) ++stored_unanswered_;
    AcknowledgeOne(fact, fates.outcomes[i], absl::StrCat("outcome ", AbslView(row.outcome_id)));
  }
}

std::int64_t History::acknowledged() const {
  const std::lock_guard lock(mutex_);
  const auto is_acknowledged = [](const auto& entry) { return entry.second.is_acknowledged; };
  return std::count_if(outcomes_.begin(), outcomes_.end(), is_acknowledged) +
         std::count_if(exposures_.begin(), exposures_.end(), is_acknowledged);
}

std::int64_t History::stored_unanswered() const {
  const std::lock_guard lock(mutex_);
  return stored_unanswered_;
}

// What the log holds, with names in place of numbers.
struct History::Stored {
  struct Row {
    OutcomeKey key;
    std::int64_t time = 0, value = 0;
  };
  std::vector<Row> outcomes;
  std::vector<ExposureKey> exposures;
  std::set<OutcomeKey> outcome_keys;
  std::set<ExposureKey> exposure_keys;

  Stored(FactLog& log, FactAudit& audit, Findings& findings) {
    std::map<std::int64_t, std::string> words;
    std::map<std::int64_t, std::string> units;
    std::map<std::int64_t, Row> rows;
    Must(log.ScanWords([&](const WordRow& row) { words[row.id] = row.text; }), "words", findings);
    Must(log.ScanUnits([&](const UnitRow& row) { units[row.id] = row.external_id; }), "units",
         findings);
    Must(log.ScanExposures(std::nullopt,
                           [&](const ExposureRow& row) {
                             exposures.emplace_back(units[row.unit], words[row.variant],
                                                    row.occur_time.micros);
                           }),
         "exposures", findings);
    Must(log.ScanOutcomes([&](const StoredOutcome& row) {
      rows[row.id] = {.time = row.occur_time.micros, .value = row.value};
    }),
         "outcomes", findings);
    // Only the audit reads the texts.
    Must(audit.ScanIdentities([&](const OutcomeRow& row) {
      rows[row.id].key = {units[row.unit], words[row.event], std::string(row.outcome_id)};
    }),
         "identities", findings);
    for (auto& [id, row] : rows) outcomes.push_back(std::move(row));
    for (const Row& row : outcomes) outcome_keys.insert(row.key);
    exposure_keys.insert(exposures.begin(), exposures.end());
  }
};

void History::CheckOutcomes(const Stored& stored, Findings& findings) const {
  std::set<OutcomeKey> seen;
  for (const Stored::Row& row : stored.outcomes) {
    const std::string& name = std::get<2>(row.key);
    const auto fact = outcomes_.find(row.key);
    if (fact == outcomes_.end()) {
      Find(findings.invented, findings, "stored and never attempted", name);
    } else if (fact->second.time != row.time || fact->second.value != row.value) {
      Find(findings.invented, findings, "stored with other content", name);
    }
    if (!seen.insert(row.key).second) Find(findings.repeated, findings, "stored twice", name);
  }
  std::map<std::int64_t, std::pair<bool, bool>> calls;  // has stored ones, has others
  for (const auto& [key, fact] : outcomes_) {
    const bool is_stored = stored.outcome_keys.contains(key);
    if (fact.is_acknowledged && !is_stored) {
      Find(findings.lost, findings, "acknowledged and lost", std::get<2>(key));
    }
    (is_stored ? calls[fact.call].first : calls[fact.call].second) = true;
  }
  for (const auto& [call, has] : calls) {
    if (has.first && has.second) {
      Find(findings.torn, findings, "stored in part", absl::StrCat("call ", call));
    }
  }
}

void History::CheckExposures(const Stored& stored, Findings& findings) const {
  std::set<ExposureKey> seen;
  std::map<std::pair<std::string, std::string>, std::int64_t> earliest;  // by unit and variant
  for (const ExposureKey& key : stored.exposures) {
    const auto& [unit, variant, time] = key;
    if (!exposures_.contains(key)) {
      Find(findings.invented, findings, "exposure stored and never attempted", unit);
    }
    if (!seen.insert(key).second) {
      Find(findings.repeated, findings, "exposure stored twice", unit);
    }
    const auto [first, is_new] = earliest.try_emplace({unit, variant}, time);
    first->second = std::min(first->second, time);
  }
  for (const auto& [key, fact] : exposures_) {
    if (!fact.is_acknowledged) continue;
    const auto& [unit, variant, time] = key;
    // One that says nothing new need not be stored.
    const auto first = earliest.find({unit, variant});
    const bool is_known = first != earliest.end() && first->second <= time;
    if (!is_known || (fact.is_accepted && !stored.exposure_keys.contains(key))) {
      Find(findings.lost, findings, "exposure acknowledged and lost", unit);
    }
  }
}

// From what was acknowledged or, where no answer came, is stored.
void History::CheckFigures(const Stored& stored, Measurement& measurement,
                           Findings& findings) const {
  const MeasurePlan plan = PlanOfHistory();
  struct Unit {
    std::int64_t first = 0;
    std::size_t variant = 0;
    bool is_crossed = false;
    Numbers numbers;
  };
  std::map<std::string, Unit> units;
  for (const auto& [key, fact] : exposures_) {
    if (!fact.is_acknowledged && !stored.exposure_keys.contains(key)) continue;
    const auto& [name, variant_name, time] = key;
    const std::size_t variant = variant_name == plan.variants[0] ? 0 : 1;
    const auto [found, is_new] = units.try_emplace(name, Unit{.first = time, .variant = variant});
    Unit& unit = found->second;
    unit.is_crossed |= unit.variant != variant;
    unit.first = std::min(unit.first, time);
  }
  for (const auto& [key, fact] : outcomes_) {
    if (!fact.is_acknowledged && !stored.outcome_keys.contains(key)) continue;
    const auto& [name, event, outcome_id] = key;
    const auto found = units.find(name);
    if (found == units.end()) continue;
    Unit& unit = found->second;
    if (fact.time < unit.first || fact.time >= unit.first + kWindow.micros) continue;
    if (event == kOrder) unit.numbers.revenue += fact.value;
    if (event == kVisit) ++unit.numbers.visits;
  }
  Figures expected[2];
  std::int64_t crossed = 0;
  for (const auto& [name, unit] : units) {
    if (unit.is_crossed) {
      ++crossed;
    } else {
      expected[unit.variant].Add(unit.numbers);
    }
  }

  measurement.Follow(plan);
  const auto measured = measurement.Measure(plan, kEndOfHistory);
  measurement.Unfollow(plan.experiment);
  const auto from_log = measurement.Measure(plan, kEndOfHistory);
  Must(measured.status(), "measuring", findings);
  Must(from_log.status(), "measuring from the log", findings);
  if (!measured.ok() || !from_log.ok()) return;
  if (*measured != *from_log) {
    Find(findings.wrong, findings, "figures", "followed and not followed differ");
  }
  if (measured->crossed_units != crossed) {
    Find(findings.wrong, findings, "figures", absl::StrCat("crossed units, expected ", crossed));
  }
  for (std::size_t variant = 0; variant < plan.variants.size(); ++variant) {
    const Figures& figures = expected[variant];
    Figures found;
    for (const Stratum& stratum : measured->strata) {
      if (stratum.variant != variant || stratum.crossed || !stratum.segment.empty()) continue;
      found.units += stratum.units;
      found.revenue.Merge(stratum.metrics.at(0).values);
      found.visits.Merge(stratum.metrics.at(1).values);
      found.visited.Merge(stratum.metrics.at(2).values);
    }
    if (found.units != figures.units || found.revenue != figures.revenue ||
        found.visits != figures.visits || found.visited != figures.visited) {
      Find(findings.wrong, findings, "figures",
           absl::StrCat(plan.variants[variant], " has ", found.units, " units, expected ",
                        figures.units, ", or other sums"));
    }
  }
}

Findings History::Check(FactLog& log, FactAudit& audit, Measurement& measurement) const {
  const std::lock_guard lock(mutex_);
  Findings findings = fates_;
  Must(measurement.WaitUntilReady(), "reading the log", findings);
  const Stored stored(log, audit, findings);
  CheckOutcomes(stored, findings);
  CheckExposures(stored, findings);
  CheckFigures(stored, measurement, findings);
  for (const auto& audited : {audit.CheckIntegrity(), audit.CheckReferences(),
                              audit.CheckUniqueness(), audit.CheckChains()}) {
    Must(audited.status(), "the audit", findings);
    if (audited.ok() && audited->faults > 0) {
      Find(findings.wrong, findings, "the audit", audited->detail);
    }
  }
  return findings;
}

}  // namespace insightloop::testing
