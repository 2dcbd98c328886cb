// SPDX-License-Identifier: Apache-2.0

#include "engine/resources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/engine/engine_fixture.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

using ::testing::AllOf;
using testing::FailsWith;
using ::testing::HasSubstr;
using testing::IsOk;

class ResourcesTest : public testing::EngineTest {};

TEST_F(ResourcesTest, CreatesAndGetsWithNameTimesAndEtag) {
  const Insight created = Make("reminder", AnInsight());
  EXPECT_EQ(created.meta.name, "insights/reminder");
  EXPECT_EQ(created.meta.create_time, clock_.Now());
  EXPECT_FALSE(created.meta.etag.empty());
  const auto read = resources_->Get<Insight>("insights/reminder");
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->statement, AnInsight().statement);
  EXPECT_EQ(read->meta.etag, created.meta.etag);
}

TEST_F(ResourcesTest, MakesAnIdWhenNoneIsGiven) {
  EXPECT_TRUE(IsNameIn("insights", Make("", AnInsight()).meta.name));
}

TEST_F(ResourcesTest, TheDefaultUnitTypeAlwaysExists) {
  EXPECT_THAT(resources_->Get<UnitType>("unitTypes/customer"), IsOk());
  EXPECT_THAT(resources_->Delete<UnitType>(By("Delete"), "unitTypes/customer", ""),
              FailsWith(absl::StatusCode::kFailedPrecondition, "IN_USE", HasSubstr("default")));
}

TEST_F(ResourcesTest, RefusesMalformedAndUnknownNames) {
  EXPECT_THAT(resources_->Get<Insight>("insights/No Such"),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_NAME",
                        AllOf(HasSubstr("\"insights/No Such\""), HasSubstr("insights/{id}"))));
  EXPECT_THAT(resources_->Get<Insight>("insights/none"),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND",
                        HasSubstr("\"insights/none\" does not exist")));
  EXPECT_THAT(resources_->Create<Insight>(By("Create"), "Bad Id", AnInsight()),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_ID", HasSubstr("\"Bad Id\"")));
  EXPECT_THAT(resources_->Create<Insight>(By("Create"), std::string(64, 'a'), AnInsight()),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_ID", HasSubstr("1 to 63")));
}

TEST_F(ResourcesTest, RefusesATakenId) {
  Make("reminder", AnInsight());
  EXPECT_THAT(resources_->Create<Insight>(By("Create"), "reminder", AnInsight()),
              FailsWith(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS",
                        HasSubstr("insights/reminder exists already")));
}

TEST_F(ResourcesTest, RefusesAReferenceToNothing) {
  Metric metric = AMetric();
  EXPECT_THAT(resources_->Create<Metric>(By("Create"), "bought", metric),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND",
                        HasSubstr("event: \"events/purchase\" does not exist")));
  metric.event = "purchase";
  EXPECT_THAT(resources_->Create<Metric>(By("Create"), "bought", metric),
              FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_NAME",
                        HasSubstr("event: is \"purchase\"; give events/{id}")));
}

TEST_F(ResourcesTest, ListsInPagesByName) {
  for (const char* id : {"c", "a", "b"}) Make(id, AnInsight());
  const auto first = resources_->List<Insight>("", 2);
  ASSERT_THAT(first, IsOk());
  ASSERT_EQ(first->items.size(), 2U);
  EXPECT_EQ(first->items[1].meta.name, "insights/b");
  EXPECT_EQ(first->next, "insights/b");
  const auto second = resources_->List<Insight>(first->next, 2);
  ASSERT_EQ(second->items.size(), 1U);
  EXPECT_EQ(second->items[0].meta.name, "insights/c");
  EXPECT_EQ(second->next, "");
}

TEST_F(ResourcesTest, AnUpdateChangesTheEtagAndKeepsTheCreateTime) {
  const Insight before = Make("reminder", AnInsight());
  clock_.Advance(Hours(1));
  const auto after = resources_->Update<Insight>(By("Update"), before.meta.name, before.meta.etag,
                                                 [](Insight& insight) {
                                                   insight.why = "They forget.";
                                                   return absl::OkStatus();
                                                 });
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->why, "They forget.");
  EXPECT_NE(after->meta.etag, before.meta.etag);
  EXPECT_EQ(after->meta.create_time, before.meta.create_time);
  EXPECT_EQ(after->meta.update_time, clock_.Now());
}

TEST_F(ResourcesTest, RefusesAStaleEtag) {
  const Insight before = Make("reminder", AnInsight());
  const auto edit = [](Insight& insight) {
    insight.why += "!";
    return absl::OkStatus();
  };
  ASSERT_THAT(resources_->Update<Insight>(By("Update"), before.meta.name, "", edit), IsOk());
  EXPECT_THAT(resources_->Update<Insight>(By("Update"), before.meta.name, before.meta.etag, edit),
              FailsWith(absl::StatusCode::kAborted, "STALE_ETAG", HasSubstr("read it again")));
  EXPECT_THAT(resources_->Delete<Insight>(By("Delete"), before.meta.name, before.meta.etag),
              FailsWith(absl::StatusCode::kAborted, "STALE_ETAG", HasSubstr("read it again")));
}

TEST_F(ResourcesTest, KeepsWhatTheServerSets) {
  Insight made_up = AnInsight();
  made_up.verdict = "experiments/x/verdicts/v1";
  EXPECT_EQ(Make("reminder", made_up).verdict, "");
  const Layer layer = Make("mail", Layer{.salt = "mine"});
  EXPECT_NE(layer.salt, "mine");
  const auto after =
      resources_->Update<Layer>(By("Update"), layer.meta.name, "", [](Layer& edited) {
        edited.salt = "mine";
        return absl::OkStatus();
      });
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->salt, layer.salt);
}

TEST_F(ResourcesTest, RefusesToDeleteWhatIsUsed) {
  Make("purchase", AnEvent());
  Make("bought", AMetric());
  EXPECT_THAT(resources_->Delete<Event>(By("Delete"), "events/purchase", ""),
              FailsWith(absl::StatusCode::kFailedPrecondition, "IN_USE",
                        HasSubstr("used by metrics/bought")));
  ASSERT_THAT(resources_->Delete<Metric>(By("Delete"), "metrics/bought", ""), IsOk());
  EXPECT_THAT(resources_->Delete<Event>(By("Delete"), "events/purchase", ""), IsOk());
  EXPECT_EQ(catalog_.Current()->FindEvent("events/purchase"), nullptr);
}

TEST_F(ResourcesTest, RefusesToDeleteWhatAMetricNeedsBesideItsEvent) {
  Make("purchase", AnEvent());
  Make("visit", AnEvent());
  Make("age", Attribute{.value_type = ValueType::kNumber});
  Make("per-visit", Metric{.kind = MetricKind::kRatio,
                           .event = "events/purchase",
                           .denominator = Denominator{.event = "events/visit"}});
  Make("bought", Metric{.kind = MetricKind::kProportion,
                        .event = "events/purchase",
                        .covariate = Covariate{.attribute = "attributes/age"}});
  EXPECT_THAT(resources_->Delete<Event>(By("Delete"), "events/visit", ""),
              FailsWith(absl::StatusCode::kFailedPrecondition, "IN_USE",
                        HasSubstr("used by metrics/per-visit")));
  EXPECT_THAT(resources_->Delete<Attribute>(By("Delete"), "attributes/age", ""),
              FailsWith(absl::StatusCode::kFailedPrecondition, "IN_USE",
                        HasSubstr("used by metrics/bought")));
}

TEST_F(ResourcesTest, WhatASealedPlanCopiedStaysEvenWhenTheHypothesisMovesOn) {
  MakeDefinitions();
  Make("visit", AnEvent());
  Metric visited = AMetric();
  visited.event = "events/visit";
  Make("visited", visited);
  Running("spring", AnExperiment());
  ASSERT_THAT(resources_->Update<Hypothesis>(By("Update"), "hypotheses/reminder", "",
                                             [](Hypothesis& hypothesis) {
                                               hypothesis.primary_metric = "metrics/visited";
                                               return absl::OkStatus();
                                             }),
              IsOk());
  EXPECT_THAT(resources_->Delete<Metric>(By("Delete"), "metrics/bought", ""),
              FailsWith(absl::StatusCode::kFailedPrecondition, "IN_USE",
                        HasSubstr("used by experiments/spring")));
}

TEST_F(ResourcesTest, ARepeatedRequestGetsTheFirstAnswerAndChangesNothing) {
  const Caller caller = By("Create", "2f1b1a52-9c7e-4c11-8f57-0f4f8f6a2f10", "digest");
  const auto first = resources_->Create<Insight>(caller, "", AnInsight());
  ASSERT_THAT(first, IsOk());
  clock_.Advance(Hours(1));
  ASSERT_THAT(resources_->Update<Insight>(By("Update"), first->meta.name, "",
                                          [](Insight& insight) {
                                            insight.why = "later";
                                            return absl::OkStatus();
                                          }),
              IsOk());
  const auto again = resources_->Create<Insight>(caller, "", AnInsight());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->meta.name, first->meta.name);
  EXPECT_EQ(again->meta.etag, first->meta.etag);
  EXPECT_EQ(again->why, "");
  EXPECT_EQ(resources_->List<Insight>("", 10)->items.size(), 1U);
}

TEST_F(ResourcesTest, ARequestIdWithAnotherRequestIsRefused) {
  const std::string id = "2f1b1a52-9c7e-4c11-8f57-0f4f8f6a2f10";
  ASSERT_THAT(resources_->Create<Insight>(By("Create", id, "one"), "a", AnInsight()), IsOk());
  EXPECT_THAT(resources_->Create<Insight>(By("Create", id, "two"), "b", AnInsight()),
              FailsWith(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED", HasSubstr(id)));
  EXPECT_THAT(resources_->Delete<Insight>(By("Delete", id, "one"), "insights/a", ""),
              FailsWith(absl::StatusCode::kInvalidArgument, "REQUEST_ID_REUSED", HasSubstr(id)));
}

TEST_F(ResourcesTest, ARefusedRequestDoesNotUseUpItsId) {
  const Caller caller = By("Create", "2f1b1a52-9c7e-4c11-8f57-0f4f8f6a2f10", "digest");
  ASSERT_FALSE(resources_->Create<Insight>(caller, "a", Insight{}).ok());
  EXPECT_THAT(resources_->Create<Insight>(caller, "a", AnInsight()), IsOk());
}

TEST_F(ResourcesTest, EveryChangeIsLoggedWithBeforeAndAfter) {
  const auto before = store_->Changes(0, 100);
  ASSERT_THAT(before, IsOk());
  const std::int64_t last = before->back().revision;
  Make("reminder", AnInsight());
  ASSERT_THAT(resources_->Delete<Insight>(By("Delete"), "insights/reminder", ""), IsOk());
  const auto changes = store_->Changes(last, 100);
  ASSERT_THAT(changes, IsOk());
  ASSERT_EQ(changes->size(), 2U);
  EXPECT_EQ((*changes)[0].actor, "tester");
  EXPECT_EQ((*changes)[0].method, "Create");
  EXPECT_EQ((*changes)[0].resource, "insights/reminder");
  EXPECT_FALSE((*changes)[0].before.has_value());
  EXPECT_THAT(*(*changes)[0].after, HasSubstr("Reminders bring"));
  EXPECT_EQ((*changes)[1].before, (*changes)[0].after);
  EXPECT_FALSE((*changes)[1].after.has_value());
  EXPECT_EQ((*changes)[1].revision, (*changes)[0].revision + 1);
}

TEST_F(ResourcesTest, ConcurrentChangesReachTheCatalogInTheirOrder) {
  Make("purchase", AnEvent());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        EXPECT_THAT(resources_->Update<Event>(By("Update"), "events/purchase", "",
                                              [](Event& event) {
                                                event.description += "x";
                                                return absl::OkStatus();
                                              }),
                    IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(catalog_.Current()->FindEvent("events/purchase")->event.description.size(), 100U);
}

TEST_F(ResourcesTest, AnUpdateThatClearsAFieldGetsItsDefault) {
  Make("purchase", AnEvent());
  const auto updated =
      resources_->Update<Event>(By("Update"), "events/purchase", "", [](Event& event) {
        event = {.value_kind = ValueKind::kNone, .description = "replaced as a whole"};
        return absl::OkStatus();
      });
  ASSERT_THAT(updated, IsOk());
  EXPECT_EQ(updated->resolution, 0.000001);
}

TEST_F(ResourcesTest, ImmutableFieldsOfDefinitionsCannotChange) {
  Make("purchase", AnEvent());
  EXPECT_THAT(resources_->Update<Event>(By("Update"), "events/purchase", "",
                                        [](Event& event) {
                                          event.resolution = 0.01;
                                          return absl::OkStatus();
                                        }),
              FailsWith(absl::StatusCode::kFailedPrecondition, "IMMUTABLE_FIELD",
                        HasSubstr("resolution cannot change")));
  const auto edited = [this](std::string_view id, void (*edit)(Metric&)) {
    return resources_->Update<Metric>(By("Update"), "metrics/" + std::string(id), "",
                                      [edit](Metric& metric) {
                                        edit(metric);
                                        return absl::OkStatus();
                                      });
  };
  Make("visit", AnEvent());
  Make("spend", Event{.value_kind = ValueKind::kMoney, .currency = "EUR"});
  Make("ratio", Metric{.kind = MetricKind::kRatio,
                       .event = "events/purchase",
                       .denominator = Denominator{.event = "events/visit"}});
  Make("median", Metric{.kind = MetricKind::kQuantile, .event = "events/spend", .quantile = 0.5});
  EXPECT_THAT(edited("ratio", [](Metric& x) { x.denominator->event = "events/spend"; }),
              FailsWith(absl::StatusCode::kFailedPrecondition, "IMMUTABLE_FIELD",
                        HasSubstr("denominator cannot change")));
  EXPECT_THAT(edited("median", [](Metric& x) { x.quantile = 0.9; }),
              FailsWith(absl::StatusCode::kFailedPrecondition, "IMMUTABLE_FIELD",
                        HasSubstr("quantile cannot change")));
  EXPECT_THAT(edited("ratio", [](Metric& x) { x.cap = Cap{.percentile = 0.9}; }), IsOk());
}

}  // namespace
}  // namespace insightloop
