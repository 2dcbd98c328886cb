// SPDX-License-Identifier: Apache-2.0

#include "engine/sealing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/domain/json.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

// FIPS 180-4, example "abc".
TEST(SealingTest, DigestsAreSha256) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(SealingTest, TheCanonicalTextHasSortedKeysAndNoBlanks) {
  const SealedPlan plan{.experiment = "experiments/x",
                        .variants = {{.variant_id = "c", .control = true, .weight = 1}}};
  EXPECT_EQ(CanonicalText(plan), R"({"experiment":"experiments/x","plan_version":1,)"
                                 R"("variants":[{"control":true,"variant_id":"c","weight":1}]})");
}

TEST(SealingTest, ReadsWhatItSealed) {
  const SealedPlan plan{.experiment = "experiments/x", .unit_type = "unitTypes/customer"};
  const auto read = ReadSealedPlan(CanonicalText(plan));
  ASSERT_THAT(read, testing::IsOk());
  EXPECT_EQ(CanonicalText(*read), CanonicalText(plan));
}

TEST(SealingTest, RefusesAPlanOfAnotherVersion) {
  EXPECT_THAT(ReadSealedPlan(R"({"plan_version":2})"),
              testing::StatusIs(absl::StatusCode::kInternal, ::testing::HasSubstr("version 2")));
  EXPECT_THAT(ReadSealedPlan("{"), testing::StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace insightloop
