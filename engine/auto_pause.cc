// SPDX-License-Identifier: Apache-2.0

#include "engine/auto_pause.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/domain/caller.h"
#include "engine/domain/experiment.h"

namespace insightloop {
namespace {

bool Contains(const std::vector<std::string>& variants, const std::string& variant) {
  return std::find(variants.begin(), variants.end(), variant) != variants.end();
}

absl::Status Failure(const std::string& what, const absl::Status& status) {
  return {status.code(), absl::StrCat(what, ": ", status.message())};
}

}  // namespace

AutoPauses AutoPause::Run(const std::stop_token& stop) {
  AutoPauses result;
  const std::string collection(Experiment::kCollection);
  const auto experiments = resources_.store().List({.collection = collection});
  if (!experiments.ok()) {
    result.failures.push_back(Failure(collection, experiments.status()));
    return result;
  }
  for (const StoredResource& stored : *experiments) {
    if (stop.stop_requested()) break;
    auto harm = Look(stored);
    if (!harm.ok()) {
      result.failures.push_back(Failure(stored.name, harm.status()));
    } else if (!harm->empty()) {
      result.paused.push_back({.experiment = stored.name, .harm = *std::move(harm)});
    }
  }
  return result;
}

absl::StatusOr<std::vector<Reason>> AutoPause::Look(const StoredResource& stored) {
  const auto experiment = FromStored<Experiment>(stored);
  if (!experiment.ok()) return experiment.status();
  std::vector<Reason> harm;
  if (experiment->state != ExperimentState::kRunning || !experiment->plan.auto_pause) return harm;
  const auto verdict = verdicts_.Compute(stored.name);
  if (!verdict.ok()) return verdict.status();
  std::vector<std::string> variants;
  for (const Reason& reason : verdict->reasons) {
    if (reason.code != kGuardrailHarm) continue;
    if (Contains(experiment->auto_pause_variants, reason.variant)) continue;
    harm.push_back(reason);
    if (!Contains(variants, reason.variant)) variants.push_back(reason.variant);
  }
  if (harm.empty()) return harm;
  const Caller server = {.principal = "insightloopd", .method = "AutoPause"};
  const auto paused = lifecycle_.PauseForHarm(server, stored.name, experiment->meta.etag, variants);
  if (paused.ok()) return harm;
  // Somebody has changed it meanwhile: the next run looks at what it is then.
  if (absl::IsAborted(paused.status())) return std::vector<Reason>();
  return paused.status();
}

}  // namespace insightloop
