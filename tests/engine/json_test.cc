// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace insightloop {

enum class Colour { kUnspecified, kRed };
template <>
struct EnumNames<Colour> {
  static constexpr std::string_view kNames[] = {"COLOUR_UNSPECIFIED", "RED"};
};

struct Part {
  std::string label;
};
template <class V>
void Fields(V& v, Part& x) {
  v("label", x.label);
}

struct Whole {
  std::string text;
  bool flag = false;
  std::int32_t small = 0;
  std::int64_t large = 0;
  double number = 0;
  std::optional<double> maybe;
  Time time;
  Duration duration;
  Colour colour{};
  std::vector<Part> parts;
  std::optional<Part> part;
  std::map<std::string, AttributeValue> attributes;
};
template <class V>
void Fields(V& v, Whole& x) {
  v("text", x.text);
  v("flag", x.flag);
  v("small", x.small);
  v("large", x.large);
  v("number", x.number);
  v("maybe", x.maybe);
  v("time", x.time);
  v("duration", x.duration);
  v("colour", x.colour);
  v("parts", x.parts);
  v("part", x.part);
  v("attributes", x.attributes);
}

namespace {

using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

TEST(JsonTest, WritesKeysSortedAndLeavesDefaultsOut) {
  EXPECT_EQ(ToJson(Whole{}).dump(), "{}");
  const Whole whole{.text = "t", .flag = true, .small = -1, .maybe = 0.0, .colour = Colour::kRed};
  EXPECT_EQ(ToJson(whole).dump(),
            R"({"colour":"RED","flag":true,"maybe":0.0,"small":-1,"text":"t"})");
}

TEST(JsonTest, ReadsWhatItWrites) {
  const Whole whole{.text = "é",
                    .flag = true,
                    .small = 7,
                    .large = 9'007'199'254'740'993,  // no double holds it
                    .number = 0.1,
                    .maybe = -0.5,
                    .time = {1'772'438'400'500'000},
                    .duration = {1'500'000},
                    .colour = Colour::kRed,
                    .parts = {{"a"}, {}, {"c"}},
                    .part = Part{},
                    .attributes = {{"a", "x"}, {"b", 1.5}, {"c", false}}};
  const auto read = FromJsonText<Whole>(ToJson(whole).dump());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToJson(*read), ToJson(whole));
  EXPECT_EQ(read->large, whole.large);
  EXPECT_EQ(read->parts.size(), 3U);
  EXPECT_TRUE(read->part.has_value());
}

TEST(JsonTest, ReadsSixtyFourBitIntegersFromStringsToo) {
  EXPECT_EQ(FromJsonText<Whole>(R"({"large":"-12"})")->large, -12);
}

TEST(JsonTest, NamesThePathOfAWrongValue) {
  EXPECT_THAT(FromJsonText<Whole>(R"({"parts":[{"label":"a"},{"label":3}]})"),
              StatusIs(absl::StatusCode::kInvalidArgument, "parts[1].label: expected a string"));
  EXPECT_THAT(FromJsonText<Whole>(R"({"number":"NaN"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("number: expected a finite")));
  EXPECT_THAT(FromJsonText<Whole>(R"({"large":"12x"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("large")));
  EXPECT_THAT(FromJsonText<Whole>(R"({"colour":"BLUE"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("colour")));
  EXPECT_THAT(FromJsonText<Whole>(R"({"time":"yesterday"})"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("time")));
  EXPECT_THAT(FromJsonText<Whole>("{"), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace insightloop
