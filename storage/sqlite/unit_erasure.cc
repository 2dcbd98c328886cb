// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/unit_erasure.h"

#include <cstdint>
#include <string>

#include "engine/domain/json.h"
#include "storage/sqlite/key_bytes.h"

namespace insightloop::storage {
namespace {

constexpr char kEraseName[] = "UPDATE units SET external_id = NULL WHERE id = ?";
constexpr char kFindOutcome[] =
    "SELECT id, event, occur_time, kind, value, previous_id, outcome_id FROM outcomes WHERE id = ?";
constexpr char kEraseOutcome[] =
    "UPDATE outcomes SET key = ?, outcome_id = NULL, response_id = NULL, comment = NULL"
    " WHERE id = ?";

// ?1 the unit's id as JSON, ?2 its type. Bodies are compared as the texts that the engine wrote:
// as a value, SQL would cut an id at a zero character. A request that named the unit is not known
// any more either: its digest could be tried against guessed ids.
constexpr char kCleanChanges[] = R"sql(
WITH bodies AS (
  SELECT revision, 'before' AS side, "before" AS body FROM changes
  WHERE resource LIKE 'experiments/%'
  UNION ALL
  SELECT revision, 'after', "after" FROM changes WHERE resource LIKE 'experiments/%'),
cleaned AS MATERIALIZED (
  SELECT revision, side, json_set(body, '$.overrides', (
    SELECT json_group_array(json(o.value)) FROM json_each(body, '$.overrides') o
    WHERE o.value -> '$.unit_id' <> ?1)) AS body
  FROM bodies
  WHERE body ->> '$.unit_type' = ?2 AND EXISTS (
    SELECT 1 FROM json_each(body, '$.overrides') o WHERE o.value -> '$.unit_id' = ?1))
UPDATE changes SET
  "before" = coalesce((SELECT body FROM cleaned c
    WHERE c.revision = changes.revision AND c.side = 'before'), "before"),
  "after" = coalesce((SELECT body FROM cleaned c
    WHERE c.revision = changes.revision AND c.side = 'after'), "after"),
  request_digest = iif(request_digest IS NULL, NULL, zeroblob(0))
WHERE revision IN (SELECT revision FROM cleaned)
)sql";

// Erases the texts of the outcome, if there are any left; returns the one before it.
absl::StatusOr<std::int64_t> EraseOutcome(Connection& connection, std::int64_t id,
                                          const UnitErasure& erasure) {
  OutcomeRow outcome{.id = id, .unit = erasure.number};
  std::string outcome_id;
  {
    auto select = connection.Prepare(kFindOutcome);
    if (!select.ok()) return select.status();
    const auto status = select->BindInt(id).ForRows([&](const Statement& row) {
      outcome.event = row.Int(1);
      outcome.occur_time = {row.Int(2)};
      outcome.kind = static_cast<OutcomeKind>(row.Int(3));
      outcome.value = row.Int(4);
      outcome.previous_id = row.Int(5);
      outcome_id = row.Text(6);
    });
    if (!status.ok()) return status;
  }
  outcome.outcome_id = outcome_id;
  const KeyBytes bytes = BytesOf(erasure.key_of(outcome));
  auto erase = connection.Prepare(kEraseOutcome);
  if (!erase.ok()) return erase.status();
  const auto status = erase->BindBlob({bytes.data(), bytes.size()}).BindInt(id).Run();
  if (!status.ok()) return status;
  return outcome.previous_id;
}

}  // namespace

absl::Status EraseUnit(Connection& connection, const UnitErasure& erasure) {
  if (erasure.number != 0) {
    auto erase = connection.Prepare(kEraseName);
    if (!erase.ok()) return erase.status();
    if (auto status = erase->BindInt(erasure.number).Run(); !status.ok()) return status;
  }
  for (std::int64_t id = erasure.last_outcome; id != 0;) {
    const auto previous = EraseOutcome(connection, id, erasure);
    if (!previous.ok()) return previous.status();
    id = *previous;
  }
  const std::string unit_id = Json(erasure.unit.unit_id).dump();
  auto clean = connection.Prepare(kCleanChanges);
  if (!clean.ok()) return clean.status();
  return clean->BindText(unit_id).BindText(erasure.unit.unit_type).Run();
}

}  // namespace insightloop::storage
