// SPDX-License-Identifier: Apache-2.0
//
// Experiments whose plan asks to be paused on harm, and units that are harmed.

#ifndef INSIGHTLOOP_TESTS_ENGINE_HARM_FIXTURE_H_
#define INSIGHTLOOP_TESTS_ENGINE_HARM_FIXTURE_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/auto_pause.h"
#include "gtest/gtest.h"
#include "tests/engine/engine_fixture.h"
#include "tests/support/kept.h"
#include "tests/support/recording.h"

namespace insightloop::testing {

inline constexpr char kSpring[] = "experiments/spring";
inline constexpr int kFew = 30, kMany = 150;  // of 200 units

class HarmTest : public EngineTest {
 protected:
  // Complaints guard hypotheses/guarded.
  void SetUp() override {
    MakeDefinitions();
    Make("complaint", AnEvent());
    Metric complained = AMetric();
    complained.event = "events/complaint";
    complained.desired_direction = Direction::kDecrease;
    Make("complained", complained);
    Hypothesis hypothesis = AHypothesis();
    hypothesis.guardrails = {
        {.metric = "metrics/complained", .margin = EffectSize{0.01, Scale::kAbsolute}}};
    Make("guarded", hypothesis);
  }

  // With the treatments `reminder` and `call`.
  static Experiment AnAutoPaused() {
    Experiment experiment = AnExperiment();
    experiment.hypothesis = "hypotheses/guarded";
    experiment.variants.push_back({.variant_id = "call", .weight = 1});
    experiment.plan.auto_pause = true;
    return experiment;
  }

  // So many units now, of whom the first `complaints` complain.
  void Expose(const std::string& variant, int complaints, int units = 200) {
    std::vector<SubmittedExposure> exposures;
    std::vector<SubmittedOutcome> outcomes;
    for (int unit = 0; unit < units; ++unit) {
      const std::string id = absl::StrCat(variant, exposed_++);
      exposures.push_back(
          {.experiment = kSpring, .unit_id = id, .variant = variant, .occur_time = clock_.Now()});
      if (unit >= complaints) continue;
      outcomes.push_back({.outcome_id = "o",
                          .unit = {.unit_id = Kept(id)},
                          .event = "events/complaint",
                          .occur_time = clock_.Now()});
    }
    ExpectAccepted(RecordExposures(*recorder_, exposures));
    ExpectAccepted(RecordOutcomes(*recorder_, outcomes));
  }

  // Has many complain of `reminder` in experiments/spring, which runs, until all windows closed.
  void PlayHarm() {
    Expose("control", kFew);
    Expose("reminder", kMany);
    Expose("call", kFew);
    Mature();
  }

  // Until all windows have closed.
  void Mature() { clock_.Advance(Days(9)); }

  Experiment Spring() { return *resources_->Get<Experiment>(kSpring); }

  AutoPause auto_pause_{*resources_, *lifecycle_, *verdicts_};

 private:
  int exposed_ = 0;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_ENGINE_HARM_FIXTURE_H_
