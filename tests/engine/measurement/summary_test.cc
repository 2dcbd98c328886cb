// SPDX-License-Identifier: Apache-2.0
//
// Summaries of more rows than one thread adds up, and of more groups than are added up at once,
// have the sums of units added one by one.

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
#include "stats/exact_sums.h"
#include "stats/joint_sums.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using ::insightloop::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr Time kStart = StartOfDay(Time{1'790'000'000'000'000});
constexpr std::int64_t kDays = 30;
constexpr std::int64_t kCap = 100'000;
constexpr std::int64_t kOrder = 1, kVisit = 2, kSurvey = 3;  // words
constexpr std::array<const char*, 3> kCountries = {"fr", "us", "vn"};

MeasurePlan ThePlan() {
  const Window fortnight{.length = Days(14)};
  return {.experiment = "experiments/spring",
          .variants = {"control", "reminder"},
          .metrics = {{.event = "order",
                       .kind = MetricKind::kMean,
                       .window = fortnight,
                       .cap = MeasuredCap{.steps = kCap},
                       .by_week = true,
                       .find_largest = true},
                      {.event = "visit", .kind = MetricKind::kProportion, .window = fortnight},
                      {.event = "survey", .kind = MetricKind::kNps, .window = fortnight}},
          .segment_attributes = {"country"},
          .behaviour = 0,
          .max_segment_values = 10};
}

// What the unit of a row did; few days have rows of more than two chunks.
struct Deeds {
  Deeds(std::int64_t row, std::int64_t rows)
      : variant(static_cast<std::size_t>(row % 2)),
        country(kCountries[static_cast<std::size_t>(row % 3)]),
        day(row * kDays / rows),
        order(row % 5 == 0 ? 0 : row),
        order_again(row % 6),
        visits(row % 7 == 0),
        is_asked(row % 4 != 0),
        answer(row % 4 == 1 ? std::nullopt : std::optional(row % 11)) {}

  std::size_t variant;
  std::string country;
  std::int64_t day;
  std::int64_t order, order_again;  // in the first and second week
  bool visits;
  bool is_asked;
  std::optional<std::int64_t> answer;  // of who is asked
};

Said SaidIn(const Deeds& deeds) {
  if (!deeds.answer.has_value()) return Said::kNothing;
  if (*deeds.answer >= 9) return Said::kGood;
  return *deeds.answer <= 6 ? Said::kBad : Said::kMiddling;
}

// Of the units of one variant and segment.
struct Expected {
  std::int64_t units = 0;
  stats::ExactSums orders, visits;
  std::int64_t buyers = 0, largest = 0;
  stats::JointSums weeks{2};
  std::int64_t asked = 0, promoters = 0, detractors = 0;
  stats::ExactSums answer_sums;
  std::map<std::int64_t, std::int64_t> answers;
  std::vector<stats::ExactSums> behaviour = std::vector<stats::ExactSums>(kSaidValues);

  void Add(const Deeds& deeds) {
    ++units;
    const std::int64_t order = std::min(deeds.order + deeds.order_again, kCap);
    orders.Add(order);
    visits.Add(deeds.visits ? 1 : 0);
    buyers += order != 0 ? 1 : 0;
    largest = std::max(largest, order);
    EXPECT_THAT(weeks.Add(std::array{deeds.order, deeds.order_again}), IsOk());
    if (!deeds.is_asked) return;
    ++asked;
    behaviour[static_cast<std::size_t>(SaidIn(deeds))].Add(order);
    if (!deeds.answer.has_value()) return;
    ++answers[*deeds.answer];
    answer_sums.Add(*deeds.answer);
    promoters += SaidIn(deeds) == Said::kGood ? 1 : 0;
    detractors += SaidIn(deeds) == Said::kBad ? 1 : 0;
  }
};

class SummaryTest : public ::testing::Test {
 protected:
  SummaryTest() : tally_(ThePlan()) {
    tally_.SetWord("order", kOrder);
    tally_.SetWord("visit", kVisit);
    tally_.SetWord("survey", kSurvey);
  }

  // With `own_attributes` no two units have the same, which makes a group of each.
  void AddRows(std::int64_t rows, bool own_attributes) {
    rows_ = rows;
    for (std::int64_t number = 0; number < rows; ++number) {
      const Deeds deeds(number, rows);
      const std::string own = own_attributes ? absl::StrCat(R"(,"number":)", number) : "";
      AddRow(deeds, {.unit = number + 1,
                     .epoch = 1,
                     .variant = static_cast<std::int64_t>(deeds.variant) + 1,
                     .occur_time = kStart + Days(deeds.day) + Hours(1),
                     .attributes = absl::StrCat(R"({"country":")", deeds.country, "\"", own, "}")});
    }
  }

  void AddRow(const Deeds& deeds, const ExposureRow& exposure) {
    const RowNumber row =
        *roster_.Add(std::nullopt, exposure, tally_.plan().variants[deeds.variant]).row;
    tally_.GrowTo(roster_.size());
    const auto fold = [&](std::int64_t event, OutcomeKind kind, std::int64_t value,
                          Duration after = Hours(1)) {
      tally_.Fold(row, exposure.occur_time,
                  {.unit = exposure.unit,
                   .event = event,
                   .occur_time = exposure.occur_time + after,
                   .kind = kind,
                   .value = value});
    };
    fold(kOrder, OutcomeKind::kValue, deeds.order);
    fold(kOrder, OutcomeKind::kValue, deeds.order_again, Days(8));
    if (deeds.visits) fold(kVisit, OutcomeKind::kOccurred, 0);
    if (!deeds.is_asked) return;
    fold(kSurvey, OutcomeKind::kAsked, 0);
    if (deeds.answer.has_value()) fold(kSurvey, OutcomeKind::kValue, *deeds.answer);
  }

  void ExpectSumsOfUnits(const Measured& measured) const {
    std::map<std::pair<std::size_t, std::string>, Expected> expected;
    for (std::int64_t row = 0; row < rows_; ++row) {
      const Deeds deeds(row, rows_);
      expected[{deeds.variant, ""}].Add(deeds);
      expected[{deeds.variant, "country=" + deeds.country}].Add(deeds);
    }
    ASSERT_THAT(measured.strata, SizeIs(expected.size()));
    for (const Stratum& stratum : measured.strata) {
      SCOPED_TRACE(absl::StrCat("variant ", stratum.variant, ", segment ", stratum.segment));
      ASSERT_THAT(stratum.metrics, SizeIs(3));
      ExpectEqual(stratum, expected.at({stratum.variant, stratum.segment}));
    }
  }

  static void ExpectEqual(const Stratum& stratum, const Expected& expected) {
    EXPECT_EQ(stratum.units, expected.units);
    const MetricSums& orders = stratum.metrics[0];
    const MetricSums& visits = stratum.metrics[1];
    const MetricSums& survey = stratum.metrics[2];
    EXPECT_EQ(orders.values, expected.orders);
    EXPECT_EQ(orders.nonzero, expected.buyers);
    EXPECT_EQ(orders.largest, expected.largest);
    EXPECT_EQ(orders.weeks, expected.weeks);
    EXPECT_EQ(visits.values, expected.visits);
    EXPECT_EQ(survey.values, expected.answer_sums);
    EXPECT_EQ(survey.asked, expected.asked);
    EXPECT_EQ(survey.promoters, expected.promoters);
    EXPECT_EQ(survey.detractors, expected.detractors);
    EXPECT_EQ(survey.behaviour, expected.behaviour);
    std::map<std::int64_t, std::int64_t> answers;
    for (const AnswerUnits& units : survey.answers) answers[units.answer] = units.units;
    EXPECT_EQ(answers, expected.answers);
  }

  std::int64_t rows_ = 0;
  Roster roster_;
  Tally tally_;
};

TEST_F(SummaryTest, OfManyRowsHasTheSumsOfUnits) {
  AddRows(150'000, /*own_attributes=*/false);
  ExpectSumsOfUnits(Summarise(roster_, tally_, kStart + Days(60)));
}

TEST_F(SummaryTest, OfManyGroupsHasTheSumsOfUnits) {
  // At once are added up 2^16 / kSaidValues.
  AddRows(40'000, /*own_attributes=*/true);
  ExpectSumsOfUnits(Summarise(roster_, tally_, kStart + Days(60)));
}

TEST_F(SummaryTest, CountsManyRowsByVariantAndDay) {
  constexpr std::int64_t kRows = 150'000;
  AddRows(kRows, /*own_attributes=*/false);
  const Measured measured = Summarise(roster_, tally_, kStart + Days(60));
  EXPECT_THAT(measured.exposed_units, ElementsAre(kRows / 2, kRows / 2));
  EXPECT_EQ(measured.first_exposure, kStart + Hours(1));
  EXPECT_EQ(measured.last_exposure, kStart + Days(kDays - 1) + Hours(1));
  ASSERT_THAT(measured.exposed_by_day, SizeIs(kDays));
  for (std::int64_t day = 0; day < kDays; ++day) {
    const DayUnits& units = measured.exposed_by_day[static_cast<std::size_t>(day)];
    EXPECT_EQ(units.day, kStart + Days(day));
    EXPECT_THAT(units.units, ElementsAre(kRows / kDays / 2, kRows / kDays / 2));
  }
  // Two orders of every unit; visits, questions and answers besides.
  std::int64_t outcomes = 0;
  for (std::int64_t row = 0; row < kRows; ++row) {
    const Deeds deeds(row, kRows);
    outcomes += 2 + (deeds.visits ? 1 : 0);
    if (deeds.is_asked) outcomes += 1 + (deeds.answer.has_value() ? 1 : 0);
  }
  EXPECT_EQ(measured.outcomes, outcomes);
  ASSERT_THAT(measured.outcomes_by_variant, SizeIs(2));
  for (const OutcomeCounts& counts : measured.outcomes_by_variant) {
    EXPECT_EQ(counts.units, kRows / 2);
  }
}

}  // namespace
}  // namespace insightloop
