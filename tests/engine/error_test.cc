// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "engine/domain/resource.h"

namespace insightloop {
namespace {

TEST(QuotedTest, EscapesWhatCouldForgeALine) {
  EXPECT_EQ(Quoted("a\"b\n"), R"("a\"b\n")");
  EXPECT_EQ(Quoted("Nguyễn"), "\"Nguyễn\"");
}

TEST(QuotedTest, ShowsBytesThatAreNotUtf8AsHexadecimal) {
  EXPECT_EQ(Quoted("a\xFF"), R"("a\xff")");
}

TEST(QuotedTest, CutsBetweenCharacters) {
  std::string long_text(99, 'a');
  long_text += "ễ and more";
  EXPECT_EQ(Quoted(long_text), "\"" + std::string(99, 'a') + "…\"");
  EXPECT_TRUE(IsUtf8(Quoted(long_text)));
}

TEST(ErrorTest, CarriesItsDetails) {
  const absl::Status status = MakeError(absl::StatusCode::kAborted, "message",
                                        {.reason = "WHY",
                                         .metadata = {{"name", "x"}},
                                         .violations = {{"field", "words"}},
                                         .resource = "things/x",
                                         .retry_delay = Seconds(2)});
  const ErrorDetails details = DetailsOf(status);
  EXPECT_EQ(details.reason, "WHY");
  EXPECT_EQ(details.metadata.at("name"), "x");
  EXPECT_EQ(details.violations.at(0).description, "words");
  EXPECT_EQ(details.resource, "things/x");
  EXPECT_EQ(details.retry_delay, Seconds(2));
}

TEST(ErrorTest, AForeignStatusGetsItsCodeAsReason) {
  EXPECT_EQ(DetailsOf(absl::NotFoundError("x")).reason, "NOT_FOUND");
}

TEST(ErrorTest, SurvivesAFieldNameThatIsNotUtf8) {
  const absl::Status status = InvalidField("WHY", "attributes.\xFF", "is not declared");
  EXPECT_EQ(DetailsOf(status).reason, "WHY");
}

TEST(ViolationsTest, TheFirstReasonLeadsAndAllAreTold) {
  Violations violations;
  violations.Add("FIRST", "a", "is 1");
  violations.Add("SECOND", "b", "is 2");
  const absl::Status status = violations.ToStatus();
  EXPECT_EQ(status.message(), "a: is 1; b: is 2");
  EXPECT_EQ(DetailsOf(status).reason, "FIRST");
  EXPECT_EQ(DetailsOf(status).violations.size(), 2U);
}

}  // namespace
}  // namespace insightloop
