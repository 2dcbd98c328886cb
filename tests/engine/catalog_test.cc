// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/catalog.h"

#include <gtest/gtest.h>

#include "tests/engine/engine_fixture.h"
#include "tests/support/error_matchers.h"

namespace insightloop {
namespace {

class CatalogTest : public testing::EngineTest {};

TEST_F(CatalogTest, ASnapshotDoesNotChangeUnderItsReader) {
  Make("purchase", AnEvent());
  const auto before = catalog_.Current();
  Make("visit", AnEvent());
  EXPECT_EQ(before->FindEvent("events/visit"), nullptr);
  EXPECT_NE(catalog_.Current()->FindEvent("events/visit"), nullptr);
}

TEST_F(CatalogTest, LoadingGivesWhatTheChangesGave) {
  MakeDefinitions();
  const Experiment running = Running("spring", AnExperiment());
  CatalogHolder loaded;
  ASSERT_THAT(loaded.Load(*store_), testing::IsOk());
  const CatalogExperiment* experiment = loaded.Current()->FindExperiment("experiments/spring");
  ASSERT_NE(experiment, nullptr);
  EXPECT_EQ(experiment->experiment.salt, running.salt);
  EXPECT_EQ(experiment->slots.count(), 1'000U);
  EXPECT_EQ(experiment->layer_salt,
            catalog_.Current()->FindExperiment("experiments/spring")->layer_salt);
  EXPECT_TRUE(loaded.Current()->HasUnitType("unitTypes/customer"));
  EXPECT_FALSE(loaded.Current()->HasUnitType("unitTypes/device"));
}

}  // namespace
}  // namespace insightloop
