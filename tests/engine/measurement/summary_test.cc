// SPDX-License-Identifier: Apache-2.0
//
// Of more rows than one thread adds up: the sums of units added one by one.

#include "engine/measurement/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/measurement/roster.h"
#include "engine/measurement/tally.h"
#include "engine/ports/fact_log.h"
#include "engine/ports/measurement.h"

namespace insightloop {
namespace {

using ::testing::Each;
using ::testing::SizeIs;

constexpr Time kStart{1'790'000'000'000'000 / 86'400'000'000 * 86'400'000'000};
constexpr std::int64_t kRows = 150'000;
constexpr std::int64_t kDays = 30;
constexpr std::int64_t kOrder = 1, kVisit = 2, kSurvey = 3;  // words
constexpr std::array<const char*, 3> kCountries = {"fr", "us", "vn"};

MeasurePlan ThePlan() {
  const Window week{.length = Days(7)};
  return {.experiment = "experiments/spring",
          .variants = {"control", "reminder"},
          .metrics =
              {{.event = "order", .kind = MetricKind::kMean, .window = week, .find_largest = true},
               {.event = "visit", .kind = MetricKind::kProportion, .window = week},
               {.event = "survey", .kind = MetricKind::kNps, .window = week}},
          .segment_attributes = {"country"},
          .max_segment_values = 10};
}

// What the unit of a row did.
struct Deeds {
  explicit Deeds(std::int64_t row)
      : variant(static_cast<std::size_t>(row % 2)),
        country(kCountries[static_cast<std::size_t>(row % 3)]),
        day(row % kDays),
        order(row % 5 == 0 ? 0 : row),
        visits(row % 7 == 0),
        answer(row % 4 == 0 ? std::nullopt : std::optional(row % 11)) {}

  std::size_t variant;
  std::string country;
  std::int64_t day;
  std::int64_t order;
  bool visits;
  std::optional<std::int64_t> answer;
};

class SummaryTest : public ::testing::Test {
 protected:
  SummaryTest() : tally_(ThePlan()) {
    tally_.SetWord("order", kOrder);
    tally_.SetWord("visit", kVisit);
    tally_.SetWord("survey", kSurvey);
    for (std::int64_t row = 0; row < kRows; ++row) AddRow(row);
  }

  void AddRow(std::int64_t number) {
    const Deeds deeds(number);
    const ExposureRow exposure{.unit = number + 1,
                               .epoch = 1,
                               .variant = static_cast<std::int64_t>(deeds.variant) + 1,
                               .occur_time = kStart + Days(deeds.day) + Hours(1),
                               .attributes = absl::StrCat(R"({"country":")", deeds.country, "\"}")};
    const RowNumber row =
        *roster_.Add(std::nullopt, exposure, ThePlan().variants[deeds.variant]).row;
    tally_.GrowTo(roster_.size());
    const auto fold = [&](std::int64_t event, OutcomeKind kind, std::int64_t value) {
      tally_.Fold(row, exposure.occur_time,
                  {.unit = exposure.unit,
                   .event = event,
                   .occur_time = exposure.occur_time + Hours(1),
                   .kind = kind,
                   .value = value});
    };
    fold(kOrder, OutcomeKind::kValue, deeds.order);
    if (deeds.visits) fold(kVisit, OutcomeKind::kOccurred, 0);
    if (deeds.answer.has_value()) fold(kSurvey, OutcomeKind::kValue, *deeds.answer);
  }

  Roster roster_;
  Tally tally_;
};

TEST_F(SummaryTest, OfManyRowsIsThatOfUnitsAddedOneByOne) {
  struct Expected {
    stats::ExactSums orders, visits;
    std::int64_t units = 0, largest = 0, promoters = 0, detractors = 0;
    std::map<std::int64_t, std::int64_t> answers;
  };
  std::map<std::pair<std::size_t, std::string>, Expected> expected;
  for (std::int64_t row = 0; row < kRows; ++row) {
    const Deeds deeds(row);
    for (const std::string& segment : {std::string(), "country=" + deeds.country}) {
      Expected& sums = expected[{deeds.variant, segment}];
      ++sums.units;
      sums.orders.Add(deeds.order);
      sums.visits.Add(deeds.visits ? 1 : 0);
      sums.largest = std::max(sums.largest, deeds.order);
      if (!deeds.answer.has_value()) continue;
      ++sums.answers[*deeds.answer];
      sums.promoters += *deeds.answer >= 9 ? 1 : 0;
      sums.detractors += *deeds.answer <= 6 ? 1 : 0;
    }
  }

  const Measured measured = Summarise(roster_, tally_, kStart + Days(60));
  ASSERT_THAT(measured.strata, SizeIs(expected.size()));
  for (const Stratum& stratum : measured.strata) {
    SCOPED_TRACE(absl::StrCat(stratum.variant, " ", stratum.segment));
    const Expected& sums = expected.at({stratum.variant, stratum.segment});
    EXPECT_EQ(stratum.units, sums.units);
    ASSERT_THAT(stratum.metrics, SizeIs(3));
    EXPECT_EQ(stratum.metrics[0].values, sums.orders);
    EXPECT_EQ(stratum.metrics[0].largest, sums.largest);
    EXPECT_EQ(stratum.metrics[1].values, sums.visits);
    EXPECT_EQ(stratum.metrics[2].promoters, sums.promoters);
    EXPECT_EQ(stratum.metrics[2].detractors, sums.detractors);
    std::map<std::int64_t, std::int64_t> answers;
    for (const AnswerUnits& units : stratum.metrics[2].answers) answers[units.answer] = units.units;
    EXPECT_EQ(answers, sums.answers);
  }
}

TEST_F(SummaryTest, CountsManyRowsByVariantAndDay) {
  const Measured measured = Summarise(roster_, tally_, kStart + Days(60));
  EXPECT_THAT(measured.exposed_units, Each(kRows / 2));
  EXPECT_EQ(measured.first_exposure, kStart + Hours(1));
  EXPECT_EQ(measured.last_exposure, kStart + Days(kDays - 1) + Hours(1));
  ASSERT_THAT(measured.exposed_by_day, SizeIs(kDays));
  for (std::int64_t day = 0; day < kDays; ++day) {
    const DayUnits& units = measured.exposed_by_day[static_cast<std::size_t>(day)];
    EXPECT_EQ(units.day, kStart + Days(day));
    // A day has rows of the one parity that it has itself.
    EXPECT_EQ(units.units[static_cast<std::size_t>(day % 2)], kRows / kDays);
    EXPECT_EQ(units.units[static_cast<std::size_t>(1 - day % 2)], 0);
  }
}

}  // namespace
}  // namespace insightloop
