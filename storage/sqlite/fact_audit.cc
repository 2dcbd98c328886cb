// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/fact_audit.h"

#include <span>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "storage/sqlite/key_bytes.h"
#include "storage/sqlite/recomputation.h"
#include "storage/sqlite/statement.h"

namespace insightloop::storage {
namespace {

// A rule of the facts: how many break it, and the lowest id of one that does.
struct Rule {
  const char* fault;  // in plural
  const char* count;
};

constexpr char kPages[] = "PRAGMA page_count";
constexpr char kCheckIntegrity[] = "PRAGMA integrity_check(10)";
constexpr char kRows[] =
    "SELECT (SELECT count(*) FROM words) + (SELECT count(*) FROM units)"
    " + (SELECT count(*) FROM exposures) + (SELECT count(*) FROM outcomes)";
constexpr char kOutcomes[] = "SELECT count(*) FROM outcomes";

// Rows are found by id, and there is no other index: each rule is one pass over its table.
constexpr Rule kReferences[] = {
    {"numbers of words left out",
     "SELECT coalesce(max(id) - count(*), 0) + (coalesce(min(id), 1) < 1), max(id) FROM words"},
    {"numbers of units left out",
     "SELECT coalesce(max(id) - count(*), 0) + (coalesce(min(id), 1) < 1), max(id) FROM units"},
    {"numbers of exposures left out",
     "SELECT coalesce(max(id) - count(*), 0) + (coalesce(min(id), 1) < 1), max(id) FROM exposures"},
    {"numbers of outcomes left out",
     "SELECT coalesce(max(id) - count(*), 0) + (coalesce(min(id), 1) < 1), max(id) FROM outcomes"},
    {"units of an unknown unit type",
     "SELECT count(*), min(id) FROM units WHERE NOT EXISTS"
     " (SELECT 1 FROM words w WHERE w.id = unit_type)"},
    {"exposures of an unknown unit",
     "SELECT count(*), min(id) FROM exposures WHERE NOT EXISTS"
     " (SELECT 1 FROM units u WHERE u.id = unit)"},
    {"exposures with an unknown word",
     "SELECT count(*), min(id) FROM exposures WHERE"
     " NOT EXISTS (SELECT 1 FROM words w WHERE w.id = experiment) OR"
     " NOT EXISTS (SELECT 1 FROM words w WHERE w.id = variant)"},
    {"exposures of an unknown experiment",
     "SELECT coalesce(sum(e.rows), 0), min(e.id) FROM"
     " (SELECT experiment, count(*) AS rows, min(id) AS id FROM exposures GROUP BY experiment) e"
     " JOIN words w ON w.id = e.experiment"
     " WHERE w.text LIKE 'experiments/%' AND w.text NOT IN (SELECT name FROM resources)"},
    {"outcomes of an unknown unit",
     "SELECT count(*), min(id) FROM outcomes WHERE NOT EXISTS"
     " (SELECT 1 FROM units u WHERE u.id = unit)"},
    {"outcomes with an unknown word",
     "SELECT count(*), min(id) FROM outcomes WHERE"
     " NOT EXISTS (SELECT 1 FROM words w WHERE w.id = event) OR"
     " channel NOT IN (SELECT id FROM words) OR"
     " touchpoint NOT IN (SELECT id FROM words) OR"
     " source NOT IN (SELECT id FROM words)"},
};

constexpr Rule kUniqueness[] = {
    {"words stored twice",
     "SELECT count(*), min(id) FROM"
     " (SELECT max(id) AS id FROM words GROUP BY text HAVING count(*) > 1)"},
    {"units stored twice",
     "SELECT count(*), min(id) FROM (SELECT max(id) AS id FROM units"
     " WHERE external_id IS NOT NULL GROUP BY unit_type, external_id HAVING count(*) > 1)"},
    {"outcomes with the key of another",
     "SELECT count(*), min(id) FROM"
     " (SELECT max(id) AS id FROM outcomes GROUP BY key HAVING count(*) > 1)"},
    {"outcomes with the unit, event and outcome_id of another",
     "SELECT count(*), min(id) FROM (SELECT max(id) AS id FROM outcomes"
     " WHERE outcome_id IS NOT NULL GROUP BY unit, event, outcome_id HAVING count(*) > 1)"},
};

constexpr Rule kChains[] = {
    {"outcomes that do not name the one of their unit before them",
     "SELECT count(*), min(id) FROM (SELECT id, previous_id,"
     " lag(id) OVER (PARTITION BY unit ORDER BY id) AS before FROM outcomes)"
     " WHERE previous_id IS NOT before"},
};

constexpr char kScanIdentities[] =
    "SELECT id, unit, event, outcome_id, key FROM outcomes WHERE outcome_id IS NOT NULL";

// ?1 is ExposureSource::kAssigned, ?2 kOverride: those bind nobody.
constexpr char kScanAssigned[] =
    "SELECT experiment.text, unit.external_id, variant.text, e.epoch,"
    " e.first_epoch < e.epoch"
    " FROM (SELECT unit, experiment, variant, epoch, source,"
    " min(iif(source = ?2, NULL, epoch)) OVER (PARTITION BY experiment, unit, variant)"
    " AS first_epoch FROM exposures) e"
    " JOIN units unit ON unit.id = e.unit"
    " JOIN words experiment ON experiment.id = e.experiment"
    " JOIN words variant ON variant.id = e.variant"
    " WHERE e.source = ?1 AND unit.external_id IS NOT NULL";

absl::StatusOr<AuditResult> Check(SqliteDatabase& database, const char* rows,
                                  std::span<const Rule> rules) {
  const auto reader = database.readers().Borrow();
  if (!reader.ok()) return reader.status();
  AuditResult result;
  const auto counted = (*reader)->QueryInt(rows);
  if (!counted.ok()) return counted.status();
  result.rows = *counted;
  std::vector<std::string> found;
  for (const Rule& rule : rules) {
    auto count = (*reader)->Prepare(rule.count);
    if (!count.ok()) return count.status();
    const auto row = count->Step();
    if (!row.ok()) return row.status();
    const std::int64_t faults = count->Int(0);
    if (faults == 0) continue;
    result.faults += faults;
    found.push_back(absl::StrCat(faults, " ", rule.fault, ", such as number ", count->Int(1)));
  }
  result.detail = absl::StrJoin(found, "; ");
  return result;
}

}  // namespace

absl::StatusOr<AuditResult> SqliteFactAudit::CheckIntegrity() {
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  AuditResult result;
  const auto pages = (*reader)->QueryInt(kPages);
  if (!pages.ok()) return pages.status();
  result.rows = *pages;
  auto check = (*reader)->Prepare(kCheckIntegrity);
  if (!check.ok()) return check.status();
  std::vector<std::string> found;
  const auto status = check->ForRows([&](const Statement& row) {
    if (row.Text(0) != "ok") found.emplace_back(row.Text(0));
  });
  if (!status.ok()) return status;
  result.faults = static_cast<std::int64_t>(found.size());
  result.detail = absl::StrJoin(found, "; ");
  return result;
}

absl::StatusOr<AuditResult> SqliteFactAudit::CheckReferences() {
  return Check(database_, kRows, kReferences);
}

absl::StatusOr<AuditResult> SqliteFactAudit::CheckUniqueness() {
  return Check(database_, kRows, kUniqueness);
}

absl::StatusOr<AuditResult> SqliteFactAudit::CheckChains() {
  return Check(database_, kOutcomes, kChains);
}

absl::Status SqliteFactAudit::ScanIdentities(const std::function<void(const OutcomeRow&)>& row) {
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  auto select = (*reader)->Prepare(kScanIdentities);
  if (!select.ok()) return select.status();
  OutcomeRow outcome;
  return select->ForRows([&](const Statement& from) {
    outcome.id = from.Int(0);
    outcome.unit = from.Int(1);
    outcome.event = from.Int(2);
    outcome.outcome_id = from.Text(3);
    outcome.key = KeyOf(from.Blob(4));
    row(outcome);
  });
}

absl::Status SqliteFactAudit::ScanAssigned(const std::function<void(const AuditedExposure&)>& row) {
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  auto select = (*reader)->Prepare(kScanAssigned);
  if (!select.ok()) return select.status();
  select->BindInt(static_cast<std::int64_t>(ExposureSource::kAssigned))
      .BindInt(static_cast<std::int64_t>(ExposureSource::kOverride));
  AuditedExposure exposure;
  return select->ForRows([&](const Statement& from) {
    exposure.experiment = from.Text(0);
    exposure.unit_id = from.Text(1);
    exposure.variant = from.Text(2);
    exposure.epoch = static_cast<std::int32_t>(from.Int(3));
    exposure.is_kept = from.Int(4) != 0;
    row(exposure);
  });
}

absl::StatusOr<Measured> SqliteFactAudit::Recompute(const MeasurePlan& plan, Time as_of,
                                                    std::int64_t exposure_rows,
                                                    std::int64_t outcome_rows) {
  return storage::Recompute(database_.path(), plan, as_of,
                            {.exposures = exposure_rows, .outcomes = outcome_rows});
}

}  // namespace insightloop::storage
