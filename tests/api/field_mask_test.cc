// SPDX-License-Identifier: Apache-2.0

#include "api/field_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/domain/error.h"
#include "insightloop/v1/experiment.pb.h"
#include "insightloop/v1/insight.pb.h"
#include "tests/support/status_matchers.h"

namespace insightloop::api {
namespace {

using google::protobuf::FieldMask;
using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

FieldMask Mask(const std::vector<std::string>& paths) {
  FieldMask mask;
  for (const std::string& path : paths) mask.add_paths(path);
  return mask;
}

v1::Experiment Update(v1::Experiment stored, const v1::Experiment& changed,
                      const std::vector<std::string>& paths) {
  const auto mask = EffectiveMask(Mask(paths), changed);
  EXPECT_THAT(mask, IsOk());
  if (mask.ok()) ReplaceFields(*mask, changed, stored);
  return stored;
}

v1::Experiment Stored() {
  v1::Experiment stored;
  stored.set_display_name("old");
  stored.set_layer("layers/a");
  stored.add_variants()->set_variant_id("one");
  stored.add_variants()->set_variant_id("two");
  stored.mutable_plan()->set_alpha(0.05);
  stored.mutable_plan()->set_planned_units(1000);
  return stored;
}

TEST(FieldMaskTest, EmptyMeansWhatIsSet) {
  v1::Experiment changed;
  changed.set_display_name("new");
  changed.add_variants()->set_variant_id("three");
  const v1::Experiment updated = Update(Stored(), changed, {});
  EXPECT_EQ(updated.display_name(), "new");
  EXPECT_EQ(updated.layer(), "layers/a");
  ASSERT_EQ(updated.variants_size(), 1);
  EXPECT_EQ(updated.variants(0).variant_id(), "three");
  EXPECT_EQ(updated.plan().alpha(), 0.05);
}

TEST(FieldMaskTest, StarMeansAll) {
  v1::Experiment changed;
  changed.set_display_name("new");
  const v1::Experiment updated = Update(Stored(), changed, {"*"});
  EXPECT_EQ(updated.DebugString(), changed.DebugString());
}

TEST(FieldMaskTest, ClearsANamedFieldThatIsNotSet) {
  const v1::Experiment updated = Update(Stored(), v1::Experiment(), {"layer", "variants"});
  EXPECT_EQ(updated.layer(), "");
  EXPECT_EQ(updated.variants_size(), 0);
  EXPECT_EQ(updated.display_name(), "old");
}

TEST(FieldMaskTest, GoesIntoAMessage) {
  v1::Experiment changed;
  changed.mutable_plan()->set_alpha(0.01);
  const v1::Experiment updated = Update(Stored(), changed, {"plan.alpha"});
  EXPECT_EQ(updated.plan().alpha(), 0.01);
  EXPECT_EQ(updated.plan().planned_units(), 1000);
}

TEST(FieldMaskTest, ReplacesAMessageAsAWhole) {
  v1::Experiment changed;
  changed.mutable_plan()->set_alpha(0.01);
  const v1::Experiment updated = Update(Stored(), changed, {"plan"});
  EXPECT_EQ(updated.plan().alpha(), 0.01);
  EXPECT_EQ(updated.plan().planned_units(), 0);
}

TEST(FieldMaskTest, RefusesPathsThatTheTypeDoesNotHave) {
  for (const std::string path : {"", "no_such", "displayName", "plan.no_such", "variants.weight",
                                 "layer.x", "plan.", "**"}) {
    const auto mask = EffectiveMask(Mask({"layer", path}), v1::Experiment());
    EXPECT_THAT(mask, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("update_mask.paths[1]: \"" + path + "\"")));
    EXPECT_EQ(DetailsOf(mask.status()).reason, "UNKNOWN_FIELD_PATH");
  }
}

}  // namespace
}  // namespace insightloop::api
