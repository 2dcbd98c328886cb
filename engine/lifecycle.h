// SPDX-License-Identifier: Apache-2.0
//
// The life of an experiment: DRAFT → RUNNING ⇄ PAUSED → STOPPED → CONCLUDED, moved by methods only.

#ifndef INSIGHTLOOP_ENGINE_LIFECYCLE_H_
#define INSIGHTLOOP_ENGINE_LIFECYCLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/caller.h"
#include "engine/domain/experiment.h"
#include "engine/following.h"
#include "engine/resources.h"

namespace insightloop {

// kChange: of the traffic or the weights; the state stays.
enum class Move { kStart, kPause, kResume, kStop, kConclude, kChange };

// The state after a move, from the one table of legal moves; absent when the move is not legal.
std::optional<ExperimentState> StateAfter(ExperimentState state, Move move);

// kFailedPrecondition (WRONG_STATE), naming the state and the legal ones, unless the move is legal.
absl::Status CheckMove(const Experiment& experiment, Move move);

// Each move is one change: see Resources::Change. `etag` empty: any.
//
// Errors: kInvalidArgument, kNotFound, kAborted (STALE_ETAG), kFailedPrecondition (WRONG_STATE and,
// for a start, what the rules below ask for).
class Lifecycle {
 public:
  // Both outlive this object.
  Lifecycle(Resources& resources, Following& following)
      : resources_(resources), following_(following) {}

  // Takes `slot_count` free slots of the layer at random, draws a salt and seals the plan.
  // `start_time` only for external experiments, not in the future; now when absent.
  //
  // Also kFailedPrecondition: LAYER_FULL (says how many slots are free), NO_WINDOW (an internal
  // experiment's metric without one), CONFLICTING_OVERRIDES (another running experiment of the
  // layer has one for the same unit); kInvalidArgument: NOT_EXTERNAL, TIME_IN_FUTURE for
  // start_time.
  absl::StatusOr<Experiment> Start(const Caller& caller, std::string_view name,
                                   std::string_view etag, std::optional<Time> start_time);
  absl::StatusOr<Experiment> Pause(const Caller& caller, std::string_view name,
                                   std::string_view etag);
  // Also notes the treatments that are harmed, for which AutoPause (auto_pause.h) pauses it.
  absl::StatusOr<Experiment> PauseForHarm(const Caller& caller, std::string_view name,
                                          std::string_view etag,
                                          const std::vector<std::string>& variants);
  absl::StatusOr<Experiment> Resume(const Caller& caller, std::string_view name,
                                    std::string_view etag);
  // Gives the slots back.
  absl::StatusOr<Experiment> Stop(const Caller& caller, std::string_view name,
                                  std::string_view etag);

  // Changes how many slots it holds; see ResizeSlots. Also kInvalidArgument: OUT_OF_RANGE,
  // NOT_FOR_EXTERNAL; kFailedPrecondition: LAYER_FULL.
  absl::StatusOr<Experiment> Ramp(const Caller& caller, std::string_view name,
                                  std::string_view etag, std::int32_t slot_count);
  // Gives back the slots that it gave up and keeps reserved.
  absl::StatusOr<Experiment> ReleaseSlots(const Caller& caller, std::string_view name,
                                          std::string_view etag);
  // Opens an epoch with other weights, by variant_id; variants not named keep theirs. The same
  // weights as now open none. Also kInvalidArgument: UNKNOWN_VARIANT, NOT_FOR_EXTERNAL and the
  // rules of weights; kFailedPrecondition: TOO_MANY_EPOCHS.
  absl::StatusOr<Experiment> Reallocate(const Caller& caller, std::string_view name,
                                        std::string_view etag,
                                        const std::map<std::string, std::int32_t>& weights);

 private:
  Resources& resources_;
  Following& following_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_LIFECYCLE_H_
