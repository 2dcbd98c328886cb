// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/fact_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/measurement/fact_memory.h"
#include "engine/measurement/identity.h"
#include "engine/measurement/outcome_identities.h"
#include "tests/engine/measurement/measurement_fixture.h"

namespace insightloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::ExposureOf;
using ::testing::Field;
using ::testing::IsEmpty;
using testing::kDayOne;
using testing::OutcomeOf;

using Outcomes = std::vector<Outcome>;

class FactStageTest : public ::testing::Test {
 protected:
  std::vector<Fate> Add(FactStage& stage, Outcomes outcomes) {
    std::vector<RowFate> rows;
    stage.Add(outcomes, rows);
    std::vector<Fate> fates;
    for (const RowFate& row : rows) fates.push_back(row.fate);
    return fates;
  }

  FactMemory memory_;
  OutcomeIdentities identities_;
  KeyedHash hash_{std::array<std::uint8_t, 16>{1, 2, 3}};
  FactStage base_{memory_, nullptr, identities_, hash_};
  FactStage top_{memory_, &base_, identities_, hash_};
};

TEST_F(FactStageTest, WhatIsOnItsWayIsKnown) {
  Add(base_, {OutcomeOf("anna").Value(3)});
  base_.Add(ExposureOf("anna", "control"));
  EXPECT_THAT(Add(top_, {OutcomeOf("anna").Value(3), OutcomeOf("anna").Value(4)}),
              ElementsAre(Fate::kDuplicate, Fate::kRejected));
  EXPECT_EQ(top_.Add(ExposureOf("anna", "control")).fate, Fate::kDuplicate);
  EXPECT_EQ(top_.Add(ExposureOf("anna", "control").At(kDayOne + Days(1))).fate, Fate::kDuplicate);
  EXPECT_TRUE(top_.empty());
  EXPECT_EQ(top_.Add(ExposureOf("anna", "control").At(kDayOne - Days(1))).fate, Fate::kAccepted);
  EXPECT_EQ(top_.Add(ExposureOf("anna", "reminder").At(kDayOne + Days(1))).fate, Fate::kAccepted);
}

TEST_F(FactStageTest, NumbersAndChainsGoOnWhereThoseOnTheirWayEnd) {
  FactStage first(memory_, nullptr, identities_, hash_);
  Add(first, {OutcomeOf("anna"), OutcomeOf("ben")});
  memory_.Add(first.batch());
  Add(base_, {OutcomeOf("anna").Id("o-2"), OutcomeOf("carl").Event("events/visit")});
  Add(top_,
      {OutcomeOf("anna").Id("o-3"), OutcomeOf("ben").Id("o-2"),
       OutcomeOf("carl").Id("o-2").Event("events/visit"), OutcomeOf("dora").Event("events/call")});
  const auto row = [](std::int64_t id, std::int64_t unit, std::int64_t event,
                      std::int64_t previous_id) {
    return AllOf(Field("id", &OutcomeRow::id, id), Field("unit", &OutcomeRow::unit, unit),
                 Field("event", &OutcomeRow::event, event),
                 Field("previous_id", &OutcomeRow::previous_id, previous_id));
  };
  // Words: the unit type is 1, then come the events.
  EXPECT_THAT(base_.batch().outcomes, ElementsAre(row(3, 1, 2, 1), row(4, 3, 3, 0)));
  EXPECT_THAT(top_.batch().outcomes,
              ElementsAre(row(5, 1, 2, 3), row(6, 2, 2, 2), row(7, 3, 3, 4), row(8, 4, 4, 0)));
  EXPECT_THAT(top_.batch().units, ElementsAre(Field("id", &UnitRow::id, 4)));
  EXPECT_THAT(top_.batch().words, ElementsAre(Field("id", &WordRow::id, 4)));
}

// Recent words are kept by the length and the last letter of the text.
TEST_F(FactStageTest, TextsOfTheSameLengthAndLastLetterAreDifferentWords) {
  Add(top_, {OutcomeOf("anna").Event("events/visit"), OutcomeOf("anna").Event("events/limit"),
             OutcomeOf("ben").Event("events/visit"), OutcomeOf("ben").Event("events/limit")});
  const auto of = [](std::int64_t event) { return Field("event", &OutcomeRow::event, event); };
  EXPECT_THAT(top_.batch().outcomes, ElementsAre(of(2), of(3), of(2), of(3)));
}

TEST_F(FactStageTest, WhatWasOnItsWayIsInMemoryOnceBothAreAdded) {
  Add(base_, {OutcomeOf("anna")});
  Add(top_, {OutcomeOf("anna").Id("o-2"), OutcomeOf("ben")});
  memory_.Add(base_.batch());
  memory_.Add(top_.batch());
  EXPECT_EQ(memory_.last_outcome(), 3);
  FactStage later(memory_, nullptr, identities_, hash_);
  EXPECT_THAT(Add(later, {OutcomeOf("anna"), OutcomeOf("anna").Id("o-2"), OutcomeOf("ben")}),
              ElementsAre(Fate::kDuplicate, Fate::kDuplicate, Fate::kDuplicate));
  EXPECT_THAT(later.batch().units, IsEmpty());
  EXPECT_THAT(later.batch().words, IsEmpty());
}

TEST_F(FactStageTest, WhatIsWithdrawnIsNew) {
  Add(base_, {OutcomeOf("anna")});
  EXPECT_THAT(Add(top_, {OutcomeOf("anna"), OutcomeOf("anna").Id("o-2"), OutcomeOf("ben")}),
              ElementsAre(Fate::kDuplicate, Fate::kAccepted, Fate::kAccepted));
  top_.Withdraw();
  FactStage again(memory_, &base_, identities_, hash_);
  EXPECT_THAT(Add(again, {OutcomeOf("anna"), OutcomeOf("anna").Id("o-2"), OutcomeOf("ben")}),
              ElementsAre(Fate::kDuplicate, Fate::kAccepted, Fate::kAccepted));
}

// They are looked up some at once, others while the former are judged.
TEST_F(FactStageTest, OfManyRowsEachIsJudgedByThoseBeforeIt) {
  constexpr int kUnits = 7;
  Outcomes outcomes;
  std::vector<Fate> expected;
  std::vector<int> sent;
  for (int i = 0; i < 1'000; ++i) {
    const bool is_new = i % 3 != 2;
    if (is_new) sent.push_back(i);
    const std::size_t ago = static_cast<std::size_t>(i) % std::min<std::size_t>(sent.size(), 50);
    const int number = is_new ? i : sent[sent.size() - 1 - ago];
    outcomes.push_back(OutcomeOf("unit-" + std::to_string(number % kUnits))
                           .Id(std::to_string(number))
                           .Event("events/e" + std::to_string(number / 100)));
    expected.push_back(is_new ? Fate::kAccepted : Fate::kDuplicate);
  }
  EXPECT_EQ(Add(top_, outcomes), expected);

  std::map<std::int64_t, std::int64_t> last_of_unit;
  std::int64_t id = 0;
  for (const OutcomeRow& row : top_.batch().outcomes) {
    EXPECT_EQ(row.id, ++id);
    EXPECT_EQ(row.previous_id, last_of_unit[row.unit]);
    last_of_unit[row.unit] = row.id;
  }
  EXPECT_EQ(last_of_unit.size(), kUnits);
  EXPECT_EQ(top_.batch().units.size(), kUnits);
}

}  // namespace
}  // namespace insightloop
