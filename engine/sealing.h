// SPDX-License-Identifier: Apache-2.0
//
// Sealing: copies every definition that an experiment uses into one text, once, at its start.

#ifndef INSIGHTLOOP_ENGINE_SEALING_H_
#define INSIGHTLOOP_ENGINE_SEALING_H_

#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/domain/sealed_plan.h"
#include "engine/ports/resource_store.h"

namespace insightloop {

// Every metric that the two name.
std::set<std::string> MetricsOf(const Hypothesis& hypothesis, const AnalysisPlan& plan);

// Says what a plan means that leaves out its method or alpha.
void FillPlanDefaults(AnalysisPlan& plan);

// Reads every definition the experiment uses. Errors: kNotFound for one that is gone.
absl::StatusOr<SealedPlan> MakeSealedPlan(const Experiment& experiment,
                                          ResourceStore::Transaction& store);

// Canonical JSON: keys sorted, defaults left out, no blanks.
std::string CanonicalText(const SealedPlan& plan);

// The plan of a sealed text. Error: kInternal for a text that is none, or of a newer version.
absl::StatusOr<SealedPlan> ReadSealedPlan(std::string_view text);

// SHA-256 in lower-case hexadecimal.
std::string Sha256Hex(std::string_view text);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_SEALING_H_
