// SPDX-License-Identifier: Apache-2.0
//
// Answers which variant a unit gets, and why. Reads the catalog only: no I/O, no waiting, and the
// same answer for the same unit while the experiment's allocation stands.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_ASSIGNER_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_ASSIGNER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/assignment/catalog.h"
#include "engine/domain/error.h"
#include "engine/domain/limits.h"

namespace insightloop {

// Numbered as in the contract.
enum class AssignmentReason {
  kAssigned = 1,
  kPaused = 2,
  kNotRunning = 3,
  kOutOfTraffic = 4,
  kNotEligible = 5,
  kExternal = 6,
};

struct Assignment {
  std::string variant;  // empty: the unit is not in the experiment
  AssignmentReason reason{};
  std::int32_t epoch = 0;
};

// Order: state, slot, eligibility, variant. Thread-safe.
//
// Errors: kNotFound for an unknown experiment; kInvalidArgument for a malformed unit id, or an
// attribute that is not declared or of another type.
absl::StatusOr<Assignment> Assign(const Catalog& catalog, const Limits& limits,
                                  std::string_view experiment, std::string_view unit_id,
                                  const AttributeMap& attributes);

// Rules shared with recording. Each adds what is wrong.
void CheckUnitId(std::string_view unit_id, const Limits& limits, Violations& violations);
void CheckAttributes(const Catalog& catalog, const AttributeMap& attributes, const Limits& limits,
                     Violations& violations);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_ASSIGNER_H_
