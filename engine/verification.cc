// SPDX-License-Identifier: Apache-2.0

#include "engine/verification.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/assignment/assigner.h"
#include "engine/domain/error.h"
#include "engine/domain/experiment.h"
#include "engine/following.h"
#include "engine/measurement/identity.h"

namespace insightloop {
namespace {

Finding FindingOf(CheckKind check, const AuditResult& result) {
  return {.check = check,
          .status = result.faults == 0 ? FindingStatus::kOk : FindingStatus::kFail,
          .rows = result.rows,
          .detail = result.detail};
}

// What broke the store is a finding; other errors end the verification.
absl::StatusOr<Finding> Unreadable(CheckKind check, const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return status;
  return Finding{
      .check = check, .status = FindingStatus::kFail, .detail = std::string(status.message())};
}

std::string CellOf(const MeasurePlan& plan, const Stratum& stratum) {
  return absl::StrCat("epoch ", stratum.epoch, ", variant ", plan.variants[stratum.variant],
                      stratum.segment.empty() ? "" : ", segment ", stratum.segment,
                      stratum.crossed ? ", crossed units" : "");
}

// Counts of rejected rows only ever grow.
bool HasAtLeast(const std::vector<RejectedRows>& all, const std::vector<RejectedRows>& some) {
  return std::all_of(some.begin(), some.end(), [&](const RejectedRows& rows) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const auto& a) { return a.reason == rows.reason; });
    return found != all.end() && found->without_variant >= rows.without_variant &&
           std::equal(rows.by_variant.begin(), rows.by_variant.end(), found->by_variant.begin(),
                      std::less_equal<>());
  });
}

// Which of the figures differ, in a few words each.
std::vector<std::string> Differences(const MeasurePlan& plan, const Measured& said,
                                     const Measured& computed) {
  std::vector<std::string> found;
  const auto compare = [&found](const std::string& name, std::int64_t a, std::int64_t b) {
    if (a != b) found.push_back(absl::StrCat(name, ": measured ", a, ", by SQL ", b));
  };
  for (std::size_t v = 0; v < plan.variants.size(); ++v) {
    compare(absl::StrCat("exposed units of ", plan.variants[v]), said.exposed_units[v],
            computed.exposed_units[v]);
    const OutcomeCounts& a = said.outcomes_by_variant[v];
    const OutcomeCounts& b = computed.outcomes_by_variant[v];
    compare(absl::StrCat("outcomes in ", plan.variants[v]), a.outcomes, b.outcomes);
    compare(absl::StrCat("late outcomes in ", plan.variants[v]), a.late, b.late);
    compare(absl::StrCat("units with outcomes in ", plan.variants[v]), a.units, b.units);
    compare(absl::StrCat("units with late outcomes in ", plan.variants[v]), a.units_with_late,
            b.units_with_late);
    const QuestionnaireCounts& measured = said.questionnaires_by_variant[v];
    const QuestionnaireCounts& by_sql = computed.questionnaires_by_variant[v];
    compare(absl::StrCat("questionnaires in ", plan.variants[v]), measured.judged, by_sql.judged);
    compare(absl::StrCat("straight-lined questionnaires in ", plan.variants[v]),
            measured.straight_lined, by_sql.straight_lined);
  }
  compare("crossed units", said.crossed_units, computed.crossed_units);
  compare("units in flight", said.in_flight_units, computed.in_flight_units);
  compare("outcomes", said.outcomes, computed.outcomes);
  compare("late outcomes", said.late_outcomes, computed.late_outcomes);
  compare("cells", static_cast<std::int64_t>(said.strata.size()),
          static_cast<std::int64_t>(computed.strata.size()));
  for (std::size_t s = 0; s < std::min(said.strata.size(), computed.strata.size()); ++s) {
    const Stratum& a = said.strata[s];
    const Stratum& b = computed.strata[s];
    if (a == b) continue;
    for (std::size_t m = 0; m < plan.metrics.size(); ++m) {
      if (a.metrics[m] == b.metrics[m]) continue;
      found.push_back(absl::StrCat("sums of ", plan.metrics[m].event, " (metric ", m + 1, ") in ",
                                   CellOf(plan, a)));
    }
    compare(absl::StrCat("units in ", CellOf(plan, a)), a.units, b.units);
  }
  if (found.empty()) found.emplace_back("times, caps, epochs, segments or rejected rows");
  return found;
}

}  // namespace

absl::StatusOr<std::vector<Finding>> Verifier::Verify(std::string_view experiment) {
  if (!experiment.empty()) {
    const auto found = resources_.Get<Experiment>(experiment);
    if (absl::IsNotFound(found.status())) return NotFound("experiment", experiment);
    if (!found.ok()) return found.status();
  }
  std::vector<Finding> findings;
  const auto add = [&](CheckKind check, const absl::StatusOr<AuditResult>& result) {
    auto finding = result.ok() ? FindingOf(check, *result) : Unreadable(check, result.status());
    if (finding.ok()) findings.push_back(*std::move(finding));
    return finding.status();
  };
  absl::Status status = add(CheckKind::kIntegrity, audit_.CheckIntegrity());
  if (status.ok()) status = add(CheckKind::kReferences, audit_.CheckReferences());
  if (status.ok()) status = add(CheckKind::kUniqueness, audit_.CheckUniqueness());
  if (status.ok()) status = add(CheckKind::kIdentities, CheckIdentities());
  if (status.ok()) status = add(CheckKind::kChains, audit_.CheckChains());
  if (!status.ok()) return status;

  auto assignments = CheckAssignments(experiment);
  if (!assignments.ok()) return assignments.status();
  findings.insert(findings.end(), assignments->begin(), assignments->end());

  const auto plans = PlansOfStarted(resources_.store(), resources_.limits());
  if (!plans.ok()) return plans.status();
  for (const MeasurePlan& plan : *plans) {
    if (!experiment.empty() && plan.experiment != experiment) continue;
    auto figures = CheckFigures(plan);
    if (!figures.ok()) return figures.status();
    findings.push_back(*std::move(figures));
  }
  return findings;
}

absl::StatusOr<AuditResult> Verifier::CheckIdentities() {
  const auto secret = audit_.Secret();
  if (!secret.ok()) return secret.status();
  KeyedHash hash(*secret);
  AuditResult result;
  std::int64_t first = 0;
  const auto status = audit_.ScanIdentities([&](const OutcomeRow& row) {
    ++result.rows;
    if (hash.OfOutcome(row.unit, row.event, row.outcome_id) == row.key) return;
    if (result.faults++ == 0) first = row.id;
  });
  if (!status.ok()) return status;
  if (result.faults > 0) {
    result.detail = absl::StrCat(result.faults,
                                 " outcomes with a key that is not the hash of their "
                                 "unit, event and outcome_id, such as number ",
                                 first);
  }
  return result;
}

absl::StatusOr<std::vector<Finding>> Verifier::CheckAssignments(std::string_view experiment) {
  struct Counts {
    std::int64_t rows = 0, kept = 0, other = 0, without_epoch = 0;
    std::string example;             // of the others
    std::int32_t missing_epoch = 0;  // of those without, the first
  };
  std::map<std::string, Counts> by_experiment;
  std::shared_ptr<const Catalog> catalog;
  const auto status = audit_.ScanAssigned([&](const AuditedExposure& row) {
    if (!experiment.empty() && row.experiment != experiment) return;
    // Taken once rows are read, so that it knows every epoch that these can name.
    if (catalog == nullptr) catalog = catalog_.Current();
    // Of holdouts only the latest epoch is known.
    const ReadyExperiment* const found = catalog->FindExperiment(row.experiment).experiment;
    if (found == nullptr) return;
    Counts& counts = by_experiment[row.experiment];
    ++counts.rows;
    const Epoch* const epoch = found->FindEpoch(row.epoch);
    if (epoch == nullptr) {
      if (counts.without_epoch++ == 0) counts.missing_epoch = row.epoch;
      return;
    }
    if (HashedVariant(*found, *epoch, row.unit_id) == row.variant) return;
    if (row.is_kept) {
      ++counts.kept;
    } else if (counts.other++ == 0) {
      counts.example = absl::StrCat(row.variant, " in epoch ", row.epoch);
    }
  });
  std::vector<Finding> findings;
  if (!status.ok()) {
    auto finding = Unreadable(CheckKind::kAssignments, status);
    if (!finding.ok()) return finding.status();
    findings.push_back(*std::move(finding));
    return findings;
  }
  for (const auto& [name, counts] : by_experiment) {
    Finding finding{.check = CheckKind::kAssignments,
                    .subject = name,
                    .status = counts.without_epoch > 0 ? FindingStatus::kFail
                              : counts.other > 0       ? FindingStatus::kWarn
                                                       : FindingStatus::kOk,
                    .rows = counts.rows};
    std::vector<std::string> notes;
    if (counts.without_epoch > 0) {
      notes.push_back(absl::StrCat(counts.without_epoch,
                                   " exposures name an epoch that the experiment has not had, such"
                                   " as ",
                                   counts.missing_epoch));
    }
    if (counts.other > 0) {
      notes.push_back(absl::StrCat(counts.other,
                                   " exposures are not to the variant that the hash gives, such as"
                                   " one to ",
                                   counts.example,
                                   "; that is right only where units were shown something else"));
    }
    if (counts.kept > 0) {
      notes.push_back(absl::StrCat(counts.kept, " keep the variant of an earlier epoch"));
    }
    finding.detail = absl::StrJoin(notes, "; ");
    findings.push_back(std::move(finding));
  }
  return findings;
}

absl::StatusOr<Finding> Verifier::CheckFigures(const MeasurePlan& plan) {
  constexpr std::size_t kMostTold = 5;
  const Time as_of = resources_.clock().Now();
  const auto said = measurement_.Measure(plan, as_of);
  auto computed =
      said.ok() ? audit_.Recompute(plan, as_of, said->exposure_rows, said->outcome_rows) : said;
  if (!computed.ok()) {
    auto finding = Unreadable(CheckKind::kFigures, computed.status());
    if (finding.ok()) finding->subject = plan.experiment;
    return finding;
  }
  Finding finding{.check = CheckKind::kFigures,
                  .subject = plan.experiment,
                  .status = FindingStatus::kOk,
                  .rows = said->exposure_rows + said->outcome_rows};
  // Some may have come since.
  if (HasAtLeast(computed->rejected, said->rejected)) computed->rejected = said->rejected;
  if (*said == *computed) return finding;
  finding.status = FindingStatus::kFail;
  std::vector<std::string> found = Differences(plan, *said, *computed);
  const std::size_t all = found.size();
  if (all > kMostTold) {
    found.resize(kMostTold);
    found.push_back(absl::StrCat("and ", all - kMostTold, " more"));
  }
  finding.detail =
      absl::StrCat("what is measured is not what the rows say: ", absl::StrJoin(found, "; "));
  return finding;
}

}  // namespace insightloop
