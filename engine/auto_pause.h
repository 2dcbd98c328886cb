// SPDX-License-Identifier: Apache-2.0
//
// Pauses experiments whose plan asks for it as soon as a treatment harms a guardrail. The bounds of
// harm hold at all readings together, so it may look as often as it likes. It pauses and never
// stops: what becomes of the experiment is for people to decide.

#ifndef INSIGHTLOOP_ENGINE_AUTO_PAUSE_H_
#define INSIGHTLOOP_ENGINE_AUTO_PAUSE_H_

#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/verdict.h"
#include "engine/lifecycle.h"
#include "engine/ports/resource_store.h"
#include "engine/resources.h"
#include "engine/verdicts.h"

namespace insightloop {

struct AutoPaused {
  std::string experiment;
  std::vector<Reason> harm;  // for which it was paused
};

// What came of one look at all experiments.
struct AutoPauses {
  std::vector<AutoPaused> paused;
  std::vector<absl::Status> failures;  // each names what could not be looked at or paused
};

// Safe for concurrent calls.
class AutoPause {
 public:
  // All outlive this object.
  AutoPause(Resources& resources, Lifecycle& lifecycle, Verdicts& verdicts)
      : resources_(resources), lifecycle_(lifecycle), verdicts_(verdicts) {}

  // Looks at every RUNNING experiment whose plan has `auto_pause`, and pauses it where a treatment
  // that is not yet among its `auto_pause_variants` harms a guardrail: on those that are, whoever
  // resumed it has decided. Where health fails, figures say nothing, and nothing is paused. Each
  // pause is one change, by `insightloopd` with the method `AutoPause`. Once told to stop, it looks
  // at no further experiment.
  AutoPauses Run(const std::stop_token& stop = {});

 private:
  // The harm for which it was paused; empty: it was not.
  absl::StatusOr<std::vector<Reason>> Look(const StoredResource& stored);

  Resources& resources_;
  Lifecycle& lifecycle_;
  Verdicts& verdicts_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_AUTO_PAUSE_H_
