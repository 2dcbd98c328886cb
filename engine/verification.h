// SPDX-License-Identifier: Apache-2.0
//
// Checks that what is stored is whole, that every fact counts once, that assignments follow from
// their hashes, and that the figures of experiments are those of the stored rows, computed once
// more by other means.

#ifndef INSIGHTLOOP_ENGINE_VERIFICATION_H_
#define INSIGHTLOOP_ENGINE_VERIFICATION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/assignment/catalog_holder.h"
#include "engine/ports/fact_audit.h"
#include "engine/ports/measurement.h"
#include "engine/resources.h"

namespace insightloop {

// The order is that of the contract, server.proto.
enum class CheckKind {
  kIntegrity = 1,
  kReferences,
  kUniqueness,
  kIdentities,
  kChains,
  kAssignments,
  kFigures
};

enum class FindingStatus { kOk = 1, kWarn, kFail };

struct Finding {
  CheckKind check{};
  std::string subject;  // name of the experiment; empty: the whole database
  FindingStatus status{};
  std::int64_t rows = 0;  // looked at
  std::string detail;     // one sentence or several; empty when nothing is to be said
};

// Safe for concurrent calls; holds up nobody who records.
class Verifier {
 public:
  // All outlive this object.
  Verifier(Resources& resources, const CatalogHolder& catalog, Measurement& measurement,
           FactAudit& audit)
      : resources_(resources), catalog_(catalog), measurement_(measurement), audit_(audit) {}

  // Every check, in the order of their kinds; with `experiment`, of assignments and figures only
  // those of that one. Figures are those of experiments that were started. What cannot be read
  // because it is broken is a finding too.
  //
  // Errors: kInvalidArgument, kNotFound for the experiment; kUnavailable from the store.
  absl::StatusOr<std::vector<Finding>> Verify(std::string_view experiment);

 private:
  absl::StatusOr<std::vector<Finding>> CheckAssignments(std::string_view experiment);
  absl::StatusOr<AuditResult> CheckIdentities();
  absl::StatusOr<Finding> CheckFigures(const MeasurePlan& plan);

  Resources& resources_;
  const CatalogHolder& catalog_;
  Measurement& measurement_;
  FactAudit& audit_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_VERIFICATION_H_
