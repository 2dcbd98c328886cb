// SPDX-License-Identifier: Apache-2.0
//
// Verdicts read every day for four weeks, of experiments without any effect: how often do they name
// one, or call healthy data invalid? From units and outcomes to the decision everything is the
// engine's own. Bounds are those of docs/statistics.md, section "How it is checked".

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/domain/metric.h"
#include "tests/calibration/simulated_experiment.h"
#include "tests/calibration/worlds.h"
#include "tests/engine/analysis/builders.h"

namespace insightloop::calibration {
namespace {

constexpr std::uint64_t kSeed = 20261126;
constexpr int kExperiments = 2'000;
constexpr double kAlpha = 0.05;  // the default
constexpr int kDays = 28;

// The first tenth of the simulations where there is no time for all.
int Fewer(int simulations) {
  return std::getenv("INSIGHTLOOP_TENTH_OF_SIMULATIONS") == nullptr ? simulations
                                                                    : simulations / 10;
}

// The defaults, with a window, without which no unit is read before the end. Money is capped, as it
// must be where the split is uneven; what a ratio adds up is orders.
SealedPlan PlanOf(MetricKind kind, Duration window) {
  SealedPlan plan = testing::PlanBuilder().Primary("outcome", kind).AlwaysValid().Build();
  plan.external = false;
  plan.metrics.front().window = Window{.length = window};
  if (kind == MetricKind::kMean) plan.metrics.front().cap = Cap{.percentile = 0.99};
  if (kind == MetricKind::kRatio) plan.events.front().value_kind = ValueKind::kNone;
  return plan;
}

// Whether it was ever said of an experiment that …
struct Said {
  bool effect = false;      // there is one: SHIP or DO_NOT_SHIP
  bool invalid = false;     // the data are INVALID
  bool by_plain_z = false;  // there is one, by |z| > 1.96 and enough data
};

// In what share of experiments that was.
struct Shares {
  double effect = 0, invalid = 0, by_plain_z = 0;
};

bool IsPlainlySignificant(const Verdict& verdict) {
  for (const Reason& reason : verdict.reasons) {
    if (reason.code == "NOT_ENOUGH_DATA") return false;
  }
  const Result& primary = verdict.results.front();
  return primary.absolute_effect && primary.standard_error &&
         std::abs(*primary.absolute_effect) > 1.96 * *primary.standard_error;
}

Said WatchOne(const Scenario& scenario, Random& random) {
  Said said;
  RunDaily(scenario, random, [&said](const Reading& reading) {
    const Verdict verdict = Judge(reading);
    said.effect |= verdict.decision == Decision::kShip || verdict.decision == Decision::kDoNotShip;
    said.invalid |= verdict.decision == Decision::kInvalid;
    said.by_plain_z |= IsPlainlySignificant(verdict);
  });
  return said;
}

Shares Watch(const Scenario& scenario, int experiments) {
  Random random(kSeed);
  std::vector<Said> all(static_cast<std::size_t>(Fewer(experiments)));
  for (Said& said : all) said = WatchOne(scenario, random);
  const auto share = [&all](bool Said::*what) {
    const auto times =
        std::count_if(all.begin(), all.end(), [=](const Said& s) { return s.*what; });
    return static_cast<double>(times) / static_cast<double>(all.size());
  };
  const Shares shares = {share(&Said::effect), share(&Said::invalid), share(&Said::by_plain_z)};
  std::printf("said of %zu experiments: effect %.4f, invalid %.4f, effect by plain z %.4f\n",
              all.size(), shares.effect, shares.invalid, shares.by_plain_z);
  return shares;
}

// -------------------------------------------------------------------------------------------------
// Error

using Acts = std::vector<Act>;

// A metric, and what every unit does in it, treated or not.
struct Subject {
  std::string name;
  MetricKind kind{};
  void (*act)(Random&, Acts&) = nullptr;
  std::vector<std::int32_t> weights = {};
};

void Convert(Random& random, Acts& acts) {
  if (DrawBool(random, 0.1)) acts.push_back({});
}

// More orders are ever less likely; 1.5 on average.
void Order(Random& random, Acts& acts) {
  acts.resize(static_cast<std::size_t>(std::geometric_distribution<int>(0.4)(random)));
}

// 3 of 10 units, for log-normal amounts.
void Buy(Random& random, Acts& acts) {
  if (!DrawBool(random, 0.3)) return;
  acts.push_back({.kind = OutcomeKind::kValue, .value = DrawCents(random, 3, 1)});
}

// Four times on average, and units differ in how often a visit ends with an order.
void Visit(Random& random, Acts& acts) {
  const double rate = DrawBool(random, 0.5) ? 0.4 : 0.2;
  for (int visits = 1 + std::geometric_distribution<int>(0.25)(random); visits > 0; --visits) {
    acts.push_back({.is_denominator = true});
    if (DrawBool(random, rate)) acts.push_back({});
  }
}

// All are asked and 3 of 10 answer: 45 % of these promoters, 30 % passives, 25 % detractors.
void Recommend(Random& random, Acts& acts) {
  acts.push_back({.kind = OutcomeKind::kAsked});
  if (!DrawBool(random, 0.3)) return;
  const int score = DrawBool(random, 0.45) ? 10 : DrawBool(random, 0.3 / 0.55) ? 8 : 3;
  acts.push_back({.kind = OutcomeKind::kValue, .value = score});
}

std::string NameOf(const Subject& subject) {
  return absl::StrCat(subject.name,
                      subject.weights[0] == subject.weights[1] ? "Halves" : "NineToOne");
}

void PrintTo(const Subject& subject, std::ostream* stream) { *stream << NameOf(subject); }

std::vector<Subject> AllSubjects() {
  std::vector<Subject> subjects;
  for (const std::vector<std::int32_t>& weights : {std::vector{1, 1}, std::vector{9, 1}}) {
    subjects.push_back({"Conversion", MetricKind::kProportion, Convert, weights});
    subjects.push_back({"Orders", MetricKind::kCount, Order, weights});
    subjects.push_back({"Revenue", MetricKind::kMean, Buy, weights});
    subjects.push_back({"OrdersPerVisit", MetricKind::kRatio, Visit, weights});
    subjects.push_back({"Recommendation", MetricKind::kNps, Recommend, weights});
  }
  return subjects;
}

class ErrorTest : public ::testing::TestWithParam<Subject> {};

TEST_P(ErrorTest, IsBelowAlphaWhereThatOfAPlainTestIsNot) {
  const Subject& subject = GetParam();
  const Shares said = Watch({.plan = PlanOf(subject.kind, Days(1)),
                             .stages = {{kDays, subject.weights}},
                             .act = [&subject](const Arrival&, Random& random,
                                               Acts& acts) { subject.act(random, acts); }},
                            kExperiments);
  EXPECT_LE(said.effect, kAlpha);
  EXPECT_LE(said.invalid, 0.01);
  EXPECT_GT(said.by_plain_z, 3 * kAlpha);
}

INSTANTIATE_TEST_SUITE_P(Metrics, ErrorTest, ::testing::ValuesIn(AllSubjects()),
                         [](const auto& subject) { return NameOf(subject.param); });

// -------------------------------------------------------------------------------------------------
// Epochs and windows

// 6 % of units convert while a tenth is treated, 4 % of those that come when half are. (What adding
// them up raw would say is in strata_test.cc.)
TEST(EpochsTest, KeepTheErrorWhenSplitAndBaselineChangeTogether) {
  const Scenario scenario = {.plan = PlanOf(MetricKind::kProportion, Days(1)),
                             .stages = {{kDays / 2, {9, 1}}, {kDays / 2, {1, 1}}},
                             .act = [](const Arrival& arrival, Random& random, Acts& acts) {
                               const double rate = arrival.epoch == 1 ? 0.06 : 0.04;
                               if (DrawBool(random, rate)) acts.push_back({});
                             }};
  EXPECT_LE(Watch(scenario, kExperiments).effect, kAlpha);
}

// A tenth of all units buy within a week; treated ones on the first days of it.
Scenario FasterBuyers() {
  return {.plan = PlanOf(MetricKind::kProportion, Days(7)),
          .stages = {{kDays, {1, 1}}},
          .act = [](const Arrival& arrival, Random& random, Acts& acts) {
            if (!DrawBool(random, 0.1)) return;
            const Duration latest = arrival.variant == 1 ? Days(2) : Days(7);
            acts.push_back({.after = {std::uniform_int_distribution<std::int64_t>(
                                0, latest.micros - 1)(random)}});
          }};
}

TEST(WindowsTest, KeepTheErrorWhenBuyersBuySoonerButNotMore) {
  EXPECT_LE(Watch(FasterBuyers(), kExperiments).effect, kAlpha);
}

// Not what the engine does, but what it would be wrong to do: such a world is needed above.
TEST(WindowsTest, ReadBeforeTheyCloseCallThatAnEffect) {
  Scenario scenario = FasterBuyers();
  scenario.limits.lateness_allowance = {-Days(7).micros};  // units count from their exposure on
  EXPECT_GT(Watch(scenario, 400).effect, 3 * kAlpha);
}

// -------------------------------------------------------------------------------------------------
// Sample ratio

struct Ramp {
  std::vector<Stage> stages;
  std::int64_t units_per_day = 0;
  double loss = 0;  // share of the treatment's units that are never seen
};

bool IsEverInvalid(const Ramp& ramp, Random& random) {
  const auto draw = [&random](std::int64_t units, double share) {
    return std::binomial_distribution<std::int64_t>(units, share)(random);
  };
  const SealedPlan plan = PlanOf(MetricKind::kProportion, Days(1));
  Experiment experiment = testing::Running();
  testing::MeasuredBuilder measured(2);
  Time now = testing::Start();
  bool is_invalid = false;
  for (const Stage& stage : ramp.stages) {
    experiment = testing::WithEpochs(experiment, {stage.weights});
    measured.InEpoch(experiment.epochs.back().epoch);
    for (int day = 0; day < stage.days; ++day) {
      const std::int64_t treated = draw(ramp.units_per_day, TreatedShare(stage));
      const std::int64_t control = ramp.units_per_day - treated;
      const std::int64_t seen = draw(treated, 1 - ramp.loss);
      measured.Arm(0, control, {testing::Share(0, control)});
      measured.Arm(1, seen, {testing::Share(0, seen)});
      now = now + Days(1);
      const Verdict verdict = Judge({plan, experiment, measured.Build(), now});
      is_invalid |= verdict.decision == Decision::kInvalid;
    }
  }
  return is_invalid;
}

// The share of ramps that were ever called INVALID.
double ShareInvalid(const Ramp& ramp, int ramps) {
  Random random(kSeed);
  ramps = Fewer(ramps);
  int invalid = 0;
  for (int i = 0; i < ramps; ++i) invalid += IsEverInvalid(ramp, random) ? 1 : 0;
  std::printf("invalid are %d of %d ramps\n", invalid, ramps);
  return static_cast<double>(invalid) / ramps;
}

TEST(SampleRatioTest, IsNeverCalledWrongInHealthyRamps) {
  const Ramp ramp = {.stages = {{9, {9, 1}}, {9, {1, 1}}, {10, {1, 1}}}, .units_per_day = 5'000};
  EXPECT_EQ(ShareInvalid(ramp, 1'000), 0);
}

TEST(SampleRatioTest, IsCalledWrongWhenUnitsOfOneArmGetLost) {
  Ramp ramp = {.stages = {{kDays, {1, 1}}}, .units_per_day = 400'000 / kDays, .loss = 0.02};
  EXPECT_GE(ShareInvalid(ramp, 200), 0.9);
  ramp.loss = 0.03;
  EXPECT_EQ(ShareInvalid(ramp, 200), 1);
}

}  // namespace
}  // namespace insightloop::calibration
