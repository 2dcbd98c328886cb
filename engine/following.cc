// SPDX-License-Identifier: Apache-2.0

#include "engine/following.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/analysis/analyst.h"
#include "engine/domain/experiment.h"
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

absl::Status Following::Update(std::string_view experiment) {
  const std::lock_guard lock(mutex_);
  const auto stored = store_.Get(experiment);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value())
    return absl::InternalError(absl::StrCat("lost ", std::string(experiment)));
  const auto now = FromStored<Experiment>(**stored);
  if (!now.ok()) return now.status();
  if (!IsFollowed(now->state)) {
    measurement_.Unfollow(now->meta.name);
    return absl::OkStatus();
  }
  const auto plan = PlanOf(*now, limits_);
  if (!plan.ok()) return plan.status();
  measurement_.Follow(*plan);
  return absl::OkStatus();
}

}  // namespace insightloop
