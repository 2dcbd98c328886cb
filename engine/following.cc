// SPDX-License-Identifier: Apache-2.0

#include "engine/following.h"

#include <string>
#include <utility>

#include "engine/analysis/analyst.h"
#include "engine/resources.h"
#include "engine/sealing.h"

namespace insightloop {
namespace {

bool IsFollowed(ExperimentState state) {
  return state == ExperimentState::kRunning || state == ExperimentState::kPaused ||
         state == ExperimentState::kStopped;
}

absl::StatusOr<MeasurePlan> PlanOf(const Experiment& experiment, const Limits& limits) {
  const auto sealed = ReadSealedPlan(experiment.sealed_plan);
  if (!sealed.ok()) return sealed.status();
  return MakeMeasurePlan(*sealed, experiment, limits);
}

bool IsStarted(ExperimentState state) {
  return IsFollowed(state) || state == ExperimentState::kConcluded;
}

absl::StatusOr<std::vector<MeasurePlan>> PlansIn(bool (*is_wanted)(ExperimentState),
                                                 ResourceStore& store, const Limits& limits) {
  const auto stored = store.List({.collection = std::string(Experiment::kCollection)});
  if (!stored.ok()) return stored.status();
  std::vector<MeasurePlan> plans;
  for (const StoredResource& resource : *stored) {
    const auto experiment = FromStored<Experiment>(resource);
    if (!experiment.ok()) return experiment.status();
    if (!is_wanted(experiment->state)) continue;
    auto plan = PlanOf(*experiment, limits);
    if (!plan.ok()) return plan.status();
    plans.push_back(*std::move(plan));
  }
  return plans;
}

}  // namespace

absl::StatusOr<std::vector<MeasurePlan>> PlansToFollow(ResourceStore& store, const Limits& limits) {
  return PlansIn(IsFollowed, store, limits);
}

absl::StatusOr<std::vector<MeasurePlan>> PlansOfStarted(ResourceStore& store,
                                                        const Limits& limits) {
  return PlansIn(IsStarted, store, limits);
}

absl::Status Follow(const Experiment& experiment, const Limits& limits, Measurement& measurement) {
  if (!IsFollowed(experiment.state)) {
    measurement.Unfollow(experiment.meta.name);
    return absl::OkStatus();
  }
  const auto plan = PlanOf(experiment, limits);
  if (!plan.ok()) return plan.status();
  measurement.Follow(*plan);
  return absl::OkStatus();
}

}  // namespace insightloop
