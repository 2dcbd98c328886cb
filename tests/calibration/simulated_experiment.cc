// SPDX-License-Identifier: Apache-2.0

#include "tests/calibration/simulated_experiment.h"

#include <algorithm>
#include <optional>

#include "engine/analysis/analyst.h"
#include "engine/measurement/roster.h"
#include "engine/measurement/summary.h"
#include "engine/measurement/tally.h"
#include "engine/sealing.h"
#include "tests/calibration/simulation.h"

namespace insightloop::calibration {
namespace {

constexpr Time kStart{1'790'000'000'000'000};  // 2026-09-21

constexpr int kUnitsPerDay = 500;

// Words of the two events.
constexpr std::int64_t kOutcome = 1, kDenominator = 2;

class Run {
 public:
  Run(const Scenario& scenario, Random& random)
      : scenario_(scenario),
        random_(random),
        plan_(PlanOf(scenario)),
        experiment_{
            .state = ExperimentState::kRunning, .start_time = kStart, .plan_digest = Sha256Hex("")},
        tally_(MakeMeasurePlan(plan_, experiment_, scenario.limits)) {
    const MeasuredMetric& metric = tally_.plan().metrics.front();
    tally_.SetWord(metric.event, kOutcome);
    tally_.SetWord(metric.denominator_event, kDenominator);
  }

  void ReadDaily(const std::function<void(const Reading&)>& read) {
    for (const Stage& stage : scenario_.stages) {
      const auto epoch = static_cast<std::int32_t>(experiment_.epochs.size()) + 1;
      experiment_.epochs.push_back({.epoch = epoch, .start_time = now_, .weights = stage.weights});
      for (int day = 0; day < stage.days; ++day) {
        ExposeUnits(epoch, TreatedShare(stage));
        now_ = now_ + Days(1);
        Fold();
        read({.plan = plan_,
              .experiment = experiment_,
              .measured = Summarise(roster_, tally_, now_),
              .data_through = now_});
      }
    }
  }

 private:
  struct Deed {
    RowNumber row = 0;
    Time time;
    Act act;
  };

  static SealedPlan PlanOf(const Scenario& scenario) {
    SealedPlan plan = scenario.plan;
    for (std::size_t v = 0; v < plan.variants.size(); ++v) {
      plan.variants[v].weight = scenario.stages.front().weights[v];
    }
    return plan;
  }

  // Evenly over the day that begins now.
  void ExposeUnits(std::int32_t epoch, double treated) {
    for (int unit = 0; unit < kUnitsPerDay; ++unit) {
      const Arrival arrival = {.epoch = epoch, .variant = DrawBool(random_, treated) ? 1U : 0U};
      Expose(arrival, now_ + Duration{Days(1).micros * unit / kUnitsPerDay});
    }
  }

  void Expose(const Arrival& arrival, Time time) {
    exposure_.unit = static_cast<std::int64_t>(roster_.size()) + 1;
    exposure_.epoch = arrival.epoch;
    exposure_.variant = static_cast<std::int64_t>(arrival.variant) + 1;
    exposure_.occur_time = time;
    const RowNumber row =
        *roster_.Add(std::nullopt, exposure_, plan_.variants[arrival.variant].variant_id).row;
    acts_.clear();
    scenario_.act(arrival, random_, acts_);
    for (const Act& act : acts_) future_.push_back({row, time + act.after, act});
  }

  // What has happened by now; the engine cannot know what comes.
  void Fold() {
    tally_.GrowTo(roster_.size());
    const auto past = std::partition(future_.begin(), future_.end(),
                                     [this](const Deed& deed) { return deed.time >= now_; });
    for (auto deed = past; deed != future_.end(); ++deed) {
      outcome_.event = deed->act.is_denominator ? kDenominator : kOutcome;
      outcome_.occur_time = deed->time;
      outcome_.kind = deed->act.kind;
      outcome_.value = deed->act.value;
      tally_.Fold(deed->row, roster_.first(deed->row), outcome_);
    }
    future_.erase(past, future_.end());
  }

  const Scenario& scenario_;
  Random& random_;
  const SealedPlan plan_;
  Experiment experiment_;
  Roster roster_;
  Tally tally_;
  Time now_ = kStart;
  std::vector<Deed> future_;

  // To be filled anew each time.
  ExposureRow exposure_ = {.source = ExposureSource::kAssigned};
  StoredOutcome outcome_;
  std::vector<Act> acts_;
};

}  // namespace

double TreatedShare(const Stage& stage) {
  return static_cast<double>(stage.weights[1]) / (stage.weights[0] + stage.weights[1]);
}

Verdict Judge(const Reading& reading) {
  return Must(
      MakeVerdict(reading.plan, reading.experiment, reading.measured, reading.data_through));
}

void RunDaily(const Scenario& scenario, Random& random,
              const std::function<void(const Reading&)>& read) {
  Run(scenario, random).ReadDaily(read);
}

}  // namespace insightloop::calibration
