// SPDX-License-Identifier: Apache-2.0
//
// The check of the check: each way to break a promise is found, and named.

#include "tests/faults/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/faults/engine.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using storage::TestFolder;
using testing::Engine;
using testing::Findings;
using ::testing::HasSubstr;
using testing::History;
using testing::IsOk;
using testing::kOrder;
using testing::kStartOfHistory;

const UnitKey kAnna{.unit_type = "unitTypes/customer", .unit_id = "anna"};

Outcome Order(std::string_view id, std::int64_t value = 100) {
  return {.outcome_id = id,
          .unit = kAnna,
          .event = kOrder,
          .occur_time = kStartOfHistory + Hours(1),
          .receive_time = kStartOfHistory + Hours(1),
          .kind = OutcomeKind::kValue,
          .value = value};
}

Exposure Exposed() {
  return {.unit = kAnna,
          .experiment = "experiments/spring",
          .epoch = 1,
          .variant = "control",
          .occur_time = kStartOfHistory,
          .receive_time = kStartOfHistory,
          .source = ExposureSource::kExternal};
}

FactFates Accepted(const FactRows& rows) {
  const RowFate accepted{.fate = Fate::kAccepted};
  return {.exposures = std::vector<RowFate>(rows.exposures.size(), accepted),
          .outcomes = std::vector<RowFate>(rows.outcomes.size(), accepted)};
}

class HistoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto engine = Engine::Open(folder_.File());
    ASSERT_THAT(engine, IsOk());
    engine_ = *std::move(engine);
  }
  void Store(const FactRows& rows) { ASSERT_THAT(engine_->measurement().Record(rows), IsOk()); }
  void Promise(const FactRows& rows) {
    history_.Attempt(rows);
    history_.Acknowledge(rows, Accepted(rows));
  }
  Findings Check() { return engine_->Check(history_); }

  const TestFolder folder_;
  History history_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(HistoryTest, NothingIsWrongWithKeptPromisesAndUnansweredCalls) {
  const FactRows kept{.exposures = {Exposed()}, .outcomes = {Order("a"), Order("b")}};
  Store(kept);
  Promise(kept);
  const FactRows unanswered{.outcomes = {Order("c")}};
  history_.Attempt(unanswered);
  EXPECT_TRUE(Check().clean()) << Check();
  Store(unanswered);
  EXPECT_TRUE(Check().clean()) << Check();
  EXPECT_EQ(history_.acknowledged(), 3);
}

TEST_F(HistoryTest, FindsLostFacts) {
  Promise({.exposures = {Exposed()}, .outcomes = {Order("a")}});
  const Findings findings = Check();
  EXPECT_EQ(findings.lost, 2);
  EXPECT_THAT(findings.detail, HasSubstr("acknowledged and lost: a"));
}

TEST_F(HistoryTest, FindsInventedFacts) {
  Store({.exposures = {Exposed()}, .outcomes = {Order("a")}});
  EXPECT_EQ(Check().invented, 2);
}

TEST_F(HistoryTest, FindsOtherContent) {
  Store({.outcomes = {Order("a", 1)}});
  Promise({.outcomes = {Order("a", 2)}});
  EXPECT_EQ(Check().invented, 1);
}

TEST_F(HistoryTest, FindsPartsOfCalls) {
  Store({.outcomes = {Order("a")}});
  history_.Attempt({.outcomes = {Order("a"), Order("b")}});
  EXPECT_EQ(Check().torn, 1);
}

TEST_F(HistoryTest, FindsRowsThatAreAcceptedTwice) {
  const FactRows rows{.outcomes = {Order("a")}};
  Store(rows);
  Promise(rows);
  Promise(rows);
  EXPECT_EQ(Check().repeated, 1);
}

TEST_F(HistoryTest, FindsFiguresThatDiffer) {
  const FactRows stored{.exposures = {Exposed()}, .outcomes = {Order("a")}};
  Store(stored);
  Promise(stored);
  EXPECT_TRUE(Check().clean());
  // Lost, and then missing from the figures as well.
  Promise({.outcomes = {Order("b")}});
  const Findings findings = Check();
  EXPECT_EQ(findings.wrong, 1);
  EXPECT_THAT(findings.detail, HasSubstr("figures: control"));
}

}  // namespace
}  // namespace insightloop
