// SPDX-License-Identifier: Apache-2.0
//
// Every rule on a resource's fields: the reason, the field, the value and the remedy that a caller
// gets.

#include "engine/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/engine/engine_fixture.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class RulesTest : public testing::EngineTest {
 protected:
  void SetUp() override {
    MakeDefinitions();
    Make("rating", Event{.value_kind = ValueKind::kScore, .minimum = 0, .maximum = 10});
    Make("recommend", Metric{.kind = MetricKind::kNps, .event = "events/rating"});
    Make("region", Attribute{.value_type = ValueType::kString});
    Make("age", Attribute{.value_type = ValueType::kNumber});
    Make("spend", Event{.value_kind = ValueKind::kMoney, .currency = "EUR"});
  }

  // Revenue per purchase.
  static Metric ARatio() {
    return {.kind = MetricKind::kRatio,
            .event = "events/spend",
            .window = Window{.length = Days(7)},
            .denominator = Denominator{.event = "events/purchase"}};
  }
  static Metric AMean() {
    return {
        .kind = MetricKind::kMean, .event = "events/spend", .window = Window{.length = Days(7)}};
  }

  // A resource that is valid but for one edit.
  template <class T>
  absl::Status Edited(T resource, const std::function<void(T&)>& edit) {
    edit(resource);
    return resources_->Create<T>(By("Create"), "edited", resource).status();
  }

  template <class T>
  void ExpectRefused(T valid, const std::function<void(T&)>& edit, std::string_view reason,
                     std::string_view message) {
    EXPECT_THAT(Edited<T>(valid, edit),
                FailsWith(absl::StatusCode::kInvalidArgument, std::string(reason),
                          HasSubstr(std::string(message))));
  }
};

TEST_F(RulesTest, TheValidOnesAreValid) {
  EXPECT_THAT(Edited<Insight>(AnInsight(), [](Insight&) {}), IsOk());
  EXPECT_THAT(Edited<Hypothesis>(AHypothesis(), [](Hypothesis&) {}), IsOk());
  EXPECT_THAT(Edited<Event>(AnEvent(), [](Event&) {}), IsOk());
  EXPECT_THAT(Edited<Metric>(AMetric(), [](Metric&) {}), IsOk());
  EXPECT_THAT(Edited<Experiment>(AnExperiment(), [](Experiment&) {}), IsOk());
}

TEST_F(RulesTest, AnInsightNeedsAStatementAndSoundEvidence) {
  ExpectRefused<Insight>(
      AnInsight(), [](Insight& x) { x.statement = ""; }, "FIELD_REQUIRED", "statement: is empty");
  ExpectRefused<Insight>(
      AnInsight(), [](Insight& x) { x.why = std::string(2'001, 'w'); }, "TEXT_TOO_LONG",
      "(2001 bytes); give at most 2000 bytes");
  ExpectRefused<Insight>(
      AnInsight(), [](Insight& x) { x.why = "\xFF"; }, "INVALID_UTF8", "why");
  ExpectRefused<Insight>(
      AnInsight(), [](Insight& x) { x.evidence.emplace_back(); }, "FIELD_REQUIRED",
      "evidence[0].source_system: is not set");
  ExpectRefused<Insight>(
      AnInsight(), [](Insight& x) { x.evidence.resize(101); }, "TOO_MANY",
      "evidence: has 101 items");
  const Evidence evidence{.source_system = SourceSystem::kSurvey,
                          .data_type = DataType::kAttitudinal,
                          .finding = "They said so."};
  ExpectRefused<Insight>(
      AnInsight(),
      [&](Insight& x) {
        x.evidence = {evidence};
        x.evidence[0].segment_share = 1.5;
      },
      "OUT_OF_RANGE", "evidence[0].segment_share: is 1.5; give 0 to 1");
  ExpectRefused<Insight>(
      AnInsight(),
      [&](Insight& x) {
        x.evidence = {evidence};
        x.evidence[0].sample_size = -1;
      },
      "OUT_OF_RANGE", "evidence[0].sample_size: is -1");
}

TEST_F(RulesTest, AHypothesisNeedsItsPartsAndSoundSizes) {
  ExpectRefused<Hypothesis>(
      AHypothesis(), [](Hypothesis& x) { x.insights.clear(); }, "TOO_FEW",
      "insights: has 0 items; give 1 to 20");
  ExpectRefused<Hypothesis>(
      AHypothesis(), [](Hypothesis& x) { x.insights.push_back(x.insights[0]); }, "DUPLICATE",
      "insights[1]");
  ExpectRefused<Hypothesis>(
      AHypothesis(), [](Hypothesis& x) { x.primary_metric = ""; }, "FIELD_REQUIRED",
      "primary_metric");
  for (const double value : {0.0, -1.0, kNan, kInfinity}) {
    ExpectRefused<Hypothesis>(
        AHypothesis(),
        [&](Hypothesis& x) {
          x.smallest_effect = EffectSize{value, Scale::kRelative};
        },
        "OUT_OF_RANGE", "smallest_effect.value");
  }
  ExpectRefused<Hypothesis>(
      AHypothesis(), [](Hypothesis& x) { x.smallest_effect = EffectSize{.value = 0.1}; },
      "FIELD_REQUIRED", "smallest_effect.scale: is not set; give one such as RELATIVE");
  ExpectRefused<Hypothesis>(
      AHypothesis(), [](Hypothesis& x) { x.author_probability = kNan; }, "OUT_OF_RANGE",
      "author_probability: is nan; give 0 to 1");
  ExpectRefused<Hypothesis>(
      AHypothesis(), [](Hypothesis& x) { x.guardrails = {{.metric = "metrics/bought"}}; },
      "FIELD_REQUIRED", "guardrails[0].margin");
}

TEST_F(RulesTest, AFloorNeedsAMechanismAndAReachADelivery) {
  const auto refused = [&](const std::function<void(Hypothesis&)>& edit, std::string_view reason,
                           std::string_view message) {
    ExpectRefused<Hypothesis>(AHypothesis(), edit, reason, message);
  };
  refused([](Hypothesis& x) { x.mechanism_floor = 0.2; }, "FIELD_REQUIRED", "mechanism_metric: is");
  refused(
      [](Hypothesis& x) {
        x.mechanism_metric = "metrics/bought";
        x.mechanism_floor = 0;
      },
      "OUT_OF_RANGE", "mechanism_floor: is 0; give a finite number above 0");
  refused(
      [](Hypothesis& x) {
        x.mechanism_metric = "metrics/recommend";
        x.mechanism_floor = 5;
      },
      "METRIC_DOES_NOT_FIT", "mechanism_metric: is metrics/recommend of kind NPS");
  refused([](Hypothesis& x) { x.planned_reach = 0.8; }, "FIELD_REQUIRED", "delivery_metric: is");
  refused([](Hypothesis& x) { x.delivery_metric = "metrics/bought"; }, "FIELD_REQUIRED",
          "planned_reach: is not set");
  refused(
      [](Hypothesis& x) {
        x.delivery_metric = "metrics/bought";
        x.planned_reach = 1.1;
      },
      "OUT_OF_RANGE", "planned_reach: is 1.1; give a share above 0 and at most 1");
  refused(
      [](Hypothesis& x) {
        x.delivery_metric = "metrics/recommend";
        x.planned_reach = 0.8;
      },
      "METRIC_DOES_NOT_FIT",
      "delivery_metric: is metrics/recommend of kind NPS; give one of kind "
      "PROPORTION");
}

TEST_F(RulesTest, AnNpsTakesNoRelativeSizes) {
  ExpectRefused<Hypothesis>(
      AHypothesis(),
      [](Hypothesis& x) {
        x.primary_metric = "metrics/recommend";
        x.smallest_effect = EffectSize{0.1, Scale::kRelative};
      },
      "RELATIVE_ON_NPS", "smallest_effect.scale: is RELATIVE, but metrics/recommend is an NPS");
  ExpectRefused<Hypothesis>(
      AHypothesis(),
      [](Hypothesis& x) {
        x.guardrails = {{"metrics/recommend", EffectSize{0.1, Scale::kRelative}}};
      },
      "RELATIVE_ON_NPS", "guardrails[0].margin.scale");
}

TEST_F(RulesTest, AnEventNeedsAKindAndASoundScale) {
  ExpectRefused<Event>(
      AnEvent(), [](Event& x) { x.value_kind = {}; }, "FIELD_REQUIRED",
      "value_kind: is not set; give one such as NONE");
  ExpectRefused<Event>(
      AnEvent(), [](Event& x) { x.value_kind = ValueKind::kMoney; }, "INVALID_CURRENCY",
      "currency: is \"\"");
  ExpectRefused<Event>(
      AnEvent(), [](Event& x) { x.currency = "EUR"; }, "INVALID_CURRENCY", "EUR");
  for (const double resolution : {0.02, 10.0, -1.0, kNan}) {
    ExpectRefused<Event>(
        AnEvent(), [&](Event& x) { x.resolution = resolution; }, "OUT_OF_RANGE", "resolution");
  }
  ExpectRefused<Event>(
      AnEvent(), [](Event& x) { x.value_kind = ValueKind::kScore; }, "FIELD_REQUIRED",
      "minimum: is not set; a SCORE needs its scale");
  ExpectRefused<Event>(
      AnEvent(), [](Event& x) { x.maximum = kInfinity; }, "OUT_OF_RANGE", "maximum: is inf");
  ExpectRefused<Event>(
      AnEvent(),
      [](Event& x) {
        x.minimum = 2;
        x.maximum = 1;
      },
      "OUT_OF_RANGE", "maximum: is 1; give more than the minimum, 2");
}

TEST_F(RulesTest, AnEventGetsTheResolutionOfItsKind) {
  EXPECT_EQ(Make("a", Event{.value_kind = ValueKind::kNumber}).resolution, 0.000001);
  EXPECT_EQ(Make("b", Event{.value_kind = ValueKind::kMoney, .currency = "EUR"}).resolution, 0.01);
  EXPECT_EQ(
      Make("c", Event{.value_kind = ValueKind::kScore, .minimum = 1, .maximum = 5}).resolution, 1);
}

TEST_F(RulesTest, AMetricNeedsAnEventThatFits) {
  ExpectRefused<Metric>(
      AMetric(), [](Metric& x) { x.kind = MetricKind::kMean; }, "EVENT_DOES_NOT_FIT",
      "MEAN needs an event with a value");
  ExpectRefused<Metric>(
      AMetric(), [](Metric& x) { x.kind = MetricKind::kCsat; }, "EVENT_DOES_NOT_FIT",
      "CSAT needs SCORE");
  ExpectRefused<Metric>(
      AMetric(), [](Metric& x) { x.kind = MetricKind::kNps; }, "EVENT_DOES_NOT_FIT",
      "NPS needs SCORE from 0 to 10");
  ExpectRefused<Metric>(
      AMetric(),
      [](Metric& x) {
        x.kind = MetricKind::kCount;
        x.event = "events/rating";
      },
      "EVENT_DOES_NOT_FIT", "COUNT needs NONE or NUMBER");
  ExpectRefused<Metric>(
      AMetric(), [](Metric& x) { x.window = Window{}; }, "OUT_OF_RANGE",
      "window.length: is 0s; give more than 0s");
  ExpectRefused<Metric>(
      AMetric(), [](Metric& x) { x.window->delay = {-1}; }, "OUT_OF_RANGE", "window.delay");
  ExpectRefused<Metric>(
      AMetric(), [](Metric& x) { x.window->length = Days(367); }, "OUT_OF_RANGE", "window.length");
}

TEST_F(RulesTest, ARatioNeedsADenominatorThatFits) {
  EXPECT_THAT(Edited<Metric>(ARatio(), [](Metric&) {}), IsOk());
  ExpectRefused<Metric>(
      ARatio(), [](Metric& x) { x.denominator.reset(); }, "FIELD_REQUIRED",
      "denominator.event: is empty; give events/{id}");
  ExpectRefused<Metric>(
      ARatio(), [](Metric& x) { x.denominator->event.clear(); }, "FIELD_REQUIRED",
      "denominator.event");
  ExpectRefused<Metric>(
      ARatio(), [](Metric& x) { x.denominator->sum_values = true; }, "EVENT_DOES_NOT_FIT",
      "denominator.event: is events/purchase with values of kind NONE; leave out sum_values");
  ExpectRefused<Metric>(
      AMetric(), [](Metric& x) { x.denominator = Denominator{.event = "events/spend"}; },
      "NOT_FOR_KIND",
      "denominator: is set, but the kind is PROPORTION; leave it out, it is of RATIO");
  EXPECT_THAT(
      Edited<Metric>(ARatio(), [](Metric& x) { x.denominator->event = "events/nothing"; }),
      FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("denominator.event")));
}

TEST_F(RulesTest, AQuantileIsInsideZeroAndOneAndOfValues) {
  const Metric median = {.kind = MetricKind::kQuantile, .event = "events/spend", .quantile = 0.5};
  EXPECT_THAT(Edited<Metric>(median, [](Metric&) {}), IsOk());
  for (const double quantile : {0.0, 1.0, -0.5, kNan}) {
    ExpectRefused<Metric>(
        median, [&](Metric& x) { x.quantile = quantile; }, "OUT_OF_RANGE",
        "; give more than 0 and less than 1, such as 0.9");
  }
  ExpectRefused<Metric>(
      median, [](Metric& x) { x.event = "events/purchase"; }, "EVENT_DOES_NOT_FIT",
      "QUANTILE needs an event with a value");
  ExpectRefused<Metric>(
      AMetric(), [](Metric& x) { x.quantile = 0.5; }, "NOT_FOR_KIND",
      "quantile: is set, but the kind is PROPORTION; leave it out, it is of QUANTILE");
}

TEST_F(RulesTest, RetentionNeedsAWindowThatOpensLater) {
  Metric retention = AMetric();
  retention.kind = MetricKind::kRetention;
  retention.window->delay = Days(28);
  EXPECT_THAT(Edited<Metric>(retention, [](Metric&) {}), IsOk());
  ExpectRefused<Metric>(
      retention, [](Metric& x) { x.window->delay = {}; }, "FIELD_REQUIRED",
      "window.delay: is 0s; RETENTION needs a window that opens later");
  ExpectRefused<Metric>(
      retention, [](Metric& x) { x.window.reset(); }, "FIELD_REQUIRED", "window.delay");
}

TEST_F(RulesTest, ACapIsOneSoundLimit) {
  const auto with = [](const Cap& cap) { return [cap](Metric& x) { x.cap = cap; }; };
  for (const Cap& cap : {Cap{.value = 0.01}, Cap{.percentile = 0.99}}) {
    EXPECT_THAT(Edited<Metric>(ARatio(), with(cap)), IsOk());
    ASSERT_THAT(resources_->Delete<Metric>(By("Delete"), "metrics/edited", ""), IsOk());
  }
  ExpectRefused<Metric>(AMean(), with({}), "FIELD_REQUIRED",
                        "cap: has no limit; give either a value or a percentile");
  ExpectRefused<Metric>(AMean(), with({.value = 1, .percentile = 0.9}), "FIELD_REQUIRED",
                        "give either");
  for (const double value : {0.0, -1.0, kNan, kInfinity}) {
    ExpectRefused<Metric>(AMean(), with({.value = value}), "OUT_OF_RANGE",
                          "; give a finite number above 0");
  }
  for (const double value : {0.001, 1e14}) {
    ExpectRefused<Metric>(AMean(), with({.value = value}), "OUT_OF_RANGE",
                          "; give 1 to 1000000000000000 steps of 0.01");
  }
  for (const double percentile : {0.0, 1.0, 99.0, kNan}) {
    ExpectRefused<Metric>(AMean(), with({.percentile = percentile}), "OUT_OF_RANGE",
                          "; give more than 0 and less than 1, such as 0.99");
  }
  ExpectRefused<Metric>(AMetric(), with({.value = 1}), "NOT_FOR_KIND",
                        "leave it out, it is of COUNT, MEAN, RATIO");
}

TEST_F(RulesTest, ACovariateIsAHistoryOrANumber) {
  const auto with = [](const Covariate& covariate) {
    return [covariate](Metric& x) { x.covariate = covariate; };
  };
  for (const Covariate& covariate : {Covariate{.history = Days(1)}, Covariate{.history = Days(366)},
                                     Covariate{.attribute = "attributes/age"}}) {
    EXPECT_THAT(Edited<Metric>(AMetric(), with(covariate)), IsOk());
    ASSERT_THAT(resources_->Delete<Metric>(By("Delete"), "metrics/edited", ""), IsOk());
  }
  ExpectRefused<Metric>(AMean(), with({}), "FIELD_REQUIRED",
                        "covariate: has no source; give either a history or an attribute");
  for (const Duration history : {Duration{}, Hours(23), Days(367), Days(-1)}) {
    ExpectRefused<Metric>(AMean(), with({.history = history}), "OUT_OF_RANGE",
                          "; give 86400s to 31622400s, 1 to 366 days");
  }
  ExpectRefused<Metric>(AMean(), with({.attribute = "attributes/region"}), "WRONG_ATTRIBUTE_TYPE",
                        "covariate.attribute: is attributes/region of type STRING");
  ExpectRefused<Metric>(ARatio(), with({.attribute = "attributes/age"}), "NOT_FOR_KIND",
                        "covariate: is set, but the kind is RATIO; leave it out, it is of "
                        "PROPORTION, COUNT, MEAN");
}

TEST_F(RulesTest, AWeightIsANumberAndOfSurveys) {
  const Metric survey{.kind = MetricKind::kNps, .event = "events/rating"};
  const auto with = [](const std::string& weight) {
    return [weight](Metric& x) { x.weight = weight; };
  };
  EXPECT_THAT(Edited<Metric>(survey, with("attributes/age")), IsOk());
  ASSERT_THAT(resources_->Delete<Metric>(By("Delete"), "metrics/edited", ""), IsOk());
  ExpectRefused<Metric>(survey, with("attributes/region"), "WRONG_ATTRIBUTE_TYPE",
                        "weight: is attributes/region of type STRING");
  ExpectRefused<Metric>(AMean(), with("attributes/age"), "NOT_FOR_KIND",
                        "weight: is set, but the kind is MEAN; leave it out, it is of CSAT, NPS");
}

TEST_F(RulesTest, ASegmentNeedsConditionsOfTheRightType) {
  ExpectRefused<Segment>(
      Segment{}, [](Segment&) {}, "TOO_FEW", "conditions: has 0 items");
  ExpectRefused<Segment>(
      Segment{},
      [](Segment& x) {
        x.conditions = {{"attributes/region", 3.0}};
      },
      "WRONG_ATTRIBUTE_TYPE", "conditions[0].equals: is \"3\"; attributes/region takes a STRING");
  ExpectRefused<Segment>(
      Segment{},
      [](Segment& x) {
        x.conditions = {{"attributes/region", std::nullopt}};
      },
      "FIELD_REQUIRED", "conditions[0].equals");
}

TEST_F(RulesTest, AnExperimentNeedsOneControlAndWeights) {
  ExpectRefused<Experiment>(
      AnExperiment(), [](Experiment& x) { x.variants.resize(1); }, "TOO_FEW",
      "variants: has 1 items; give 2 to 20");
  ExpectRefused<Experiment>(
      AnExperiment(), [](Experiment& x) { x.variants[1].control = true; }, "SEVERAL_CONTROLS",
      "variants: has 2 controls; mark exactly one");
  ExpectRefused<Experiment>(
      AnExperiment(), [](Experiment& x) { x.variants[0].control = false; }, "NO_CONTROL",
      "has 0 controls");
  ExpectRefused<Experiment>(
      AnExperiment(),
      [](Experiment& x) {
        for (Variant& variant : x.variants) variant.weight = 0;
      },
      "ALL_WEIGHTS_ZERO", "variants: have only weights of 0; give the control");
  ExpectRefused<Experiment>(
      AnExperiment(), [](Experiment& x) { x.variants[1].weight = -1; }, "OUT_OF_RANGE",
      "variants[1].weight: is -1; give 0 to 1000000");
  ExpectRefused<Experiment>(
      AnExperiment(), [](Experiment& x) { x.variants[1].variant_id = "control"; }, "DUPLICATE",
      "variants[1].variant_id: is \"control\" again");
  ExpectRefused<Experiment>(
      AnExperiment(), [](Experiment& x) { x.variants[1].variant_id = std::string(65, 'v'); },
      "TEXT_TOO_LONG", "variants[1].variant_id");
}

TEST_F(RulesTest, AnExperimentNeedsUnitsOnBothSides) {
  for (const std::size_t empty : {0U, 1U}) {
    ExpectRefused<Experiment>(
        AnExperiment(), [=](Experiment& x) { x.variants[empty].weight = 0; }, "NOTHING_TO_COMPARE",
        "weights above 0");
  }
}

TEST_F(RulesTest, AnExperimentNeedsTrafficOfItsOwnOrAnotherSystem) {
  ExpectRefused<Experiment>(
      AnExperiment(), [](Experiment& x) { x.layer = ""; }, "FIELD_REQUIRED", "layer: is empty");
  for (const int slots : {0, -1, 1'001}) {
    ExpectRefused<Experiment>(
        AnExperiment(), [&](Experiment& x) { x.slot_count = slots; }, "OUT_OF_RANGE", "slot_count");
  }
  ExpectRefused<Experiment>(
      AnExperiment(), [](Experiment& x) { x.external = true; }, "NOT_FOR_EXTERNAL",
      "layer: is set, but another system assigns");
  EXPECT_THAT(Edited<Experiment>(AnExternalExperiment(), [](Experiment&) {}), IsOk());
}

TEST_F(RulesTest, GrowthBookNeedsItsSettingsAndNothingElseTakesThem) {
  Experiment valid = AnExperiment();
  valid.hash_algorithm = HashAlgorithm::kGrowthBookV2;
  valid.growthbook = GrowthBookSettings{.seed = "checkout",
                                        .coverage = 0.5,
                                        .namespace_id = "mail",
                                        .namespace_start = 0.2,
                                        .namespace_end = 0.4};
  EXPECT_THAT(Edited<Experiment>(valid, [](Experiment&) {}), IsOk());
  const auto refused = [&](const std::function<void(Experiment&)>& edit, std::string_view reason,
                           std::string_view message) {
    ExpectRefused<Experiment>(valid, edit, reason, message);
  };
  refused([](Experiment& x) { x.growthbook.reset(); }, "FIELD_REQUIRED", "growthbook: is not set");
  refused([](Experiment& x) { x.hash_algorithm = HashAlgorithm::kXxh64; }, "NOT_GROWTHBOOK",
          "growthbook: is set, but hash_algorithm is none of GrowthBook's");
  refused([](Experiment& x) { x.growthbook->seed = ""; }, "FIELD_REQUIRED",
          "growthbook.seed: is empty");
  for (const double coverage : {-0.1, 1.1, kNan}) {
    refused([&](Experiment& x) { x.growthbook->coverage = coverage; }, "OUT_OF_RANGE",
            "growthbook.coverage");
  }
  refused([](Experiment& x) { x.growthbook->namespace_end = 0.2; }, "OUT_OF_RANGE",
          "growthbook.namespace_end: is 0.2; give more than the start");
  refused([](Experiment& x) { x.growthbook->namespace_id = ""; }, "FIELD_REQUIRED",
          "growthbook.namespace_id: is empty, but a range of it is given");
  refused([](Experiment& x) { x.growthbook->namespace_start = kNan; }, "OUT_OF_RANGE",
          "growthbook.namespace_start");
}

TEST_F(RulesTest, AnOverrideNamesAUnitOnceAndAVariantThatThereIs) {
  Experiment valid = AnExperiment();
  valid.overrides = {{.unit_id = "anna", .variant = "control"},
                     {.unit_id = "binh", .variant = "reminder"}};
  EXPECT_THAT(Edited<Experiment>(valid, [](Experiment&) {}), IsOk());
  ExpectRefused<Experiment>(
      valid, [](Experiment& x) { x.overrides[1].unit_id = "anna"; }, "CONFLICTING_OVERRIDES",
      "overrides[1].unit_id: is \"anna\" again");
  ExpectRefused<Experiment>(
      valid, [](Experiment& x) { x.overrides[0].variant = "none"; }, "UNKNOWN_VARIANT",
      "overrides[0].variant: is \"none\"");
  ExpectRefused<Experiment>(
      valid, [](Experiment& x) { x.overrides[0].unit_id = ""; }, "INVALID_UNIT_ID",
      "overrides[0].unit_id");
  ExpectRefused<Experiment>(
      valid,
      [](Experiment& x) {
        x.overrides.resize(101, {"u", "control"});
      },
      "TOO_MANY", "overrides: has 101 items");
  Experiment external = AnExternalExperiment();
  external.overrides = valid.overrides;
  ExpectRefused<Experiment>(
      external, [](Experiment&) {}, "NOT_FOR_EXTERNAL", "overrides: is set");
}

TEST_F(RulesTest, AHoldoutIsAPartOfTheSlots) {
  EXPECT_THAT(Edited<Layer>({.holdout = {.slot_count = 1'000}}, [](Layer&) {}), IsOk());
  for (const std::int32_t slots : {-1, 1'001}) {
    ExpectRefused<Layer>(
        Layer{}, [=](Layer& x) { x.holdout.slot_count = slots; }, "OUT_OF_RANGE",
        "holdout.slot_count");
  }
}

TEST_F(RulesTest, AnExperimentBelongsToACampaignThatThereIs) {
  Experiment experiment = AnExperiment();
  experiment.campaign = "campaigns/autumn";
  EXPECT_THAT(Edited<Experiment>(experiment, [](Experiment&) {}),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND",
                        HasSubstr("campaign: \"campaigns/autumn\"")));
  Make("autumn", Campaign{.display_name = "Autumn"});
  EXPECT_THAT(Edited<Experiment>(experiment, [](Experiment&) {}), IsOk());
  EXPECT_THAT(
      resources_->Delete<Campaign>(By("Delete"), "campaigns/autumn", ""),
      FailsWith(absl::StatusCode::kFailedPrecondition, "IN_USE", HasSubstr("experiments/edited")));
}

TEST_F(RulesTest, APlanNeedsASoundAlphaAndDistinctMetrics) {
  for (const double alpha : {-0.1, 1e-17, 0.5, kNan, kInfinity}) {
    ExpectRefused<Experiment>(
        AnExperiment(), [&](Experiment& x) { x.plan.alpha = alpha; }, "OUT_OF_RANGE", "plan.alpha");
  }
  ExpectRefused<Experiment>(
      AnExperiment(), [](Experiment& x) { x.plan.planned_units = -1; }, "OUT_OF_RANGE",
      "plan.planned_units: is -1");
  ExpectRefused<Experiment>(
      AnExperiment(),
      [](Experiment& x) {
        x.plan.secondary_metrics = {"metrics/bought", "metrics/bought"};
      },
      "DUPLICATE", "plan.secondary_metrics[1]");
}

TEST_F(RulesTest, AMarginIsOfNonInferiority) {
  const auto with = [](Goal goal, std::optional<EffectSize> margin) {
    return [=](Experiment& x) {
      x.plan.goal = goal;
      x.plan.margin = margin;
    };
  };
  const EffectSize margin{.value = 0.02, .scale = Scale::kRelative};
  EXPECT_THAT(Edited<Experiment>(AnExperiment(), with(Goal::kNonInferiority, margin)), IsOk());
  ASSERT_THAT(resources_->Delete<Experiment>(By("Delete"), "experiments/edited", ""), IsOk());
  ExpectRefused<Experiment>(AnExperiment(), with(Goal::kNonInferiority, std::nullopt),
                            "FIELD_REQUIRED", "plan.margin: is not set; give a value and a scale");
  ExpectRefused<Experiment>(AnExperiment(),
                            with(Goal::kNonInferiority, EffectSize{-0.02, Scale::kRelative}),
                            "OUT_OF_RANGE", "plan.margin.value: is -0.02; give a finite number");
  ExpectRefused<Experiment>(AnExperiment(),
                            with(Goal::kNonInferiority, EffectSize{2, Scale::kRelative}),
                            "OUT_OF_RANGE", "plan.margin.value: is 2 and RELATIVE, a loss of all");
  ExpectRefused<Experiment>(AnExperiment(), with(Goal::kSuperiority, margin), "NOT_FOR_GOAL",
                            "plan.margin: is set, but the goal is SUPERIORITY");
  Hypothesis about_nps = AHypothesis();
  about_nps.primary_metric = "metrics/recommend";
  about_nps.smallest_effect.reset();
  Make("loyal", about_nps);
  Experiment experiment = AnExperiment();
  experiment.hypothesis = "hypotheses/loyal";
  ExpectRefused<Experiment>(experiment, with(Goal::kNonInferiority, margin), "RELATIVE_ON_NPS",
                            "plan.margin.scale: is RELATIVE, but metrics/recommend is an NPS");
}

TEST_F(RulesTest, CoPrimariesShareAlphaOrMustAllWin) {
  Make("spending", AMean());
  const auto with = [](std::vector<CoPrimary> others, CoPrimaryRule rule = {}) {
    return [=](Experiment& x) {
      x.plan.co_primaries = others;
      x.plan.co_primary_rule = rule;
    };
  };
  const auto refused = [&](std::vector<CoPrimary> others, CoPrimaryRule rule,
                           std::string_view reason, std::string_view message) {
    ExpectRefused<Experiment>(AnExperiment(), with(std::move(others), rule), reason, message);
  };
  for (const auto rule : {CoPrimaryRule::kAny, CoPrimaryRule::kCoPrimaryRuleUnspecified}) {
    EXPECT_THAT(Edited<Experiment>(AnExperiment(), with({{"metrics/recommend", 0.4}}, rule)),
                IsOk());
    ASSERT_THAT(resources_->Delete<Experiment>(By("Delete"), "experiments/edited", ""), IsOk());
    refused({{"metrics/recommend", 0}}, rule, "OUT_OF_RANGE",
            "plan.co_primaries[0].alpha_share: is 0; give the share of alpha");
    refused({{"metrics/recommend", 0.6}, {"metrics/spending", 0.5}}, rule, "ALPHA_OVERSPENT",
            "plan.co_primaries: have alpha shares that sum to 1.1; give less than 1");
  }
  refused({{"metrics/recommend", 1e-9}}, {}, "OUT_OF_RANGE",
          "leave one of the primary metrics an alpha of");
  EXPECT_THAT(
      Edited<Experiment>(AnExperiment(), with({{"metrics/recommend", 0}}, CoPrimaryRule::kAll)),
      IsOk());
  ASSERT_THAT(resources_->Delete<Experiment>(By("Delete"), "experiments/edited", ""), IsOk());
  refused({{"metrics/recommend", 0.4}}, CoPrimaryRule::kAll, "OUT_OF_RANGE",
          "is 0.4, but the rule ALL splits no alpha; leave it out");
  refused({}, CoPrimaryRule::kAll, "FIELD_REQUIRED", "plan.co_primaries: are none");
  refused({{"", 0.4}}, {}, "FIELD_REQUIRED", "plan.co_primaries[0].metric: is empty");
  refused({{"metrics/recommend", 0.4, EffectSize{0.1, Scale::kRelative}}}, {}, "RELATIVE_ON_NPS",
          "plan.co_primaries[0].smallest_effect.scale: is RELATIVE");
  refused({{AHypothesis().primary_metric, 0.4}}, {}, "DUPLICATE",
          "the primary metric of the hypothesis; name another one");
}

TEST_F(RulesTest, PowerAndMinimumDurationHaveTheirRanges) {
  for (const double power : {0.05, 1.0, -0.5, kNan}) {
    ExpectRefused<Experiment>(
        AnExperiment(), [=](Experiment& x) { x.plan.power = power; }, "OUT_OF_RANGE", "plan.power");
  }
  for (const Duration minimum : {Duration{}, Hours(23), Days(367)}) {
    ExpectRefused<Experiment>(
        AnExperiment(), [=](Experiment& x) { x.plan.minimum_duration = minimum; }, "OUT_OF_RANGE",
        "; give 86400s to 31622400s, 1 to 366 days");
  }
}

TEST_F(RulesTest, OnlyWhatThisServerAssignsAndGuardsIsPausedByItself) {
  Experiment external = AnExternalExperiment();
  external.plan.auto_pause = true;
  ExpectRefused<Experiment>(
      external, [](Experiment&) {}, "NOT_FOR_EXTERNAL",
      "plan.auto_pause: is set, but another system assigns");
  ExpectRefused<Experiment>(
      AnExperiment(), [](Experiment& x) { x.plan.auto_pause = true; }, "NO_GUARDRAIL",
      "plan.auto_pause: is set, but hypotheses/reminder has no guardrail");
}

TEST_F(RulesTest, AllMistakesAreToldAtOnce) {
  Experiment experiment = AnExperiment();
  experiment.slot_count = 0;
  experiment.plan.alpha = 2;
  const auto status = resources_->Create<Experiment>(By("Create"), "x", experiment).status();
  EXPECT_EQ(DetailsOf(status).violations.size(), 2U);
  EXPECT_THAT(std::string(status.message()), HasSubstr("; plan.alpha: is 2"));
}

}  // namespace
}  // namespace insightloop
