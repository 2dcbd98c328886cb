// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/fact_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/append.h"
#include "tests/support/kept.h"
#include "tests/support/status_matchers.h"

namespace insightloop::storage {
namespace {

using ::insightloop::testing::Append;
using ::insightloop::testing::IsOk;
using ::insightloop::testing::IsOkAndHolds;
using ::insightloop::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

OutcomeRow Outcome(std::int64_t id) {
  return {.id = id,
          .unit = 1,
          .event = 1,
          .outcome_id = testing::Kept(absl::StrCat("o-", id)),
          .key = absl::MakeUint128(static_cast<std::uint64_t>(id), 7)};
}

class FactLogTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen(std::int64_t max_bytes = 0) {
    log_.reset();
    database_.reset();
    auto opened = OpenWith({.path = folder_.File(), .max_bytes = max_bytes});
    ASSERT_THAT(opened, IsOk());
    database_ = *std::move(opened);
    log_ = std::make_unique<SqliteFactLog>(*database_);
  }

  std::vector<WordRow> Words() {
    std::vector<WordRow> rows;
    EXPECT_THAT(log_->ScanWords([&](const WordRow& row) { rows.push_back(row); }), IsOk());
    return rows;
  }
  std::vector<UnitRow> Units() {
    std::vector<UnitRow> rows;
    EXPECT_THAT(log_->ScanUnits([&](const UnitRow& row) { rows.push_back(row); }), IsOk());
    return rows;
  }
  std::vector<ExposureRow> Exposures(std::optional<std::int64_t> experiment = std::nullopt) {
    std::vector<ExposureRow> rows;
    EXPECT_THAT(
        log_->ScanExposures(experiment, [&](const ExposureRow& row) { rows.push_back(row); }),
        IsOk());
    return rows;
  }
  std::vector<StoredOutcome> Outcomes() {
    std::vector<StoredOutcome> rows;
    EXPECT_THAT(log_->ScanOutcomes([&](const StoredOutcome& row) { rows.push_back(row); }), IsOk());
    return rows;
  }

  // What no scan reads, of all outcomes.
  std::string UnscannedOfOutcomes() {
    const auto reader = database_->readers().Borrow();
    EXPECT_THAT(reader, IsOk());
    const auto text = (*reader)->QueryText(
        "SELECT group_concat(hex(key) || ' ' || receive_time || ' ' || channel || ' ' || touchpoint"
        " || ' ' || previous_id || ' ' || outcome_id || ' ' || response_id || ' ' || comment"
        " || ' ' || item || ' ' || category) FROM outcomes");
    EXPECT_THAT(text, IsOk());
    return text.value_or("");
  }

  Rejections Rejected() {
    Rejections all;
    EXPECT_THAT(log_->ScanRejections([&](const RejectionKey& key, std::int64_t rows) {
      EXPECT_TRUE(all.emplace(key, rows).second) << "a key twice";
    }),
                IsOk());
    return all;
  }

  TestFolder folder_;
  std::unique_ptr<SqliteDatabase> database_;
  std::unique_ptr<SqliteFactLog> log_;
};

TEST_F(FactLogTest, ANewLogIsEmpty) {
  EXPECT_THAT(Words(), IsEmpty());
  EXPECT_THAT(Units(), IsEmpty());
  EXPECT_THAT(Exposures(), IsEmpty());
  EXPECT_THAT(Outcomes(), IsEmpty());
}

TEST_F(FactLogTest, RejectionsAreAddedToThoseOfTheSameKey) {
  const RejectionKey key{.experiment = "experiments/a",
                         .variant = "control",
                         .reason = "OUT_OF_RANGE",
                         .day = kOpened};
  RejectionKey next_day = key, of_no_variant = key;
  next_day.day = key.day + Days(1);
  of_no_variant.variant = "";
  ASSERT_THAT(Append(*log_, {.rejections = {{key, 2}, {next_day, 1}}}), IsOk());
  ASSERT_THAT(Append(*log_, {.rejections = {{key, 3}, {of_no_variant, 7}}}), IsOk());
  const Rejections all = {{key, 5}, {next_day, 1}, {of_no_variant, 7}};
  EXPECT_EQ(Rejected(), all);
  Reopen();
  EXPECT_EQ(Rejected(), all);
}

TEST_F(FactLogTest, RowsComeBackAsAppendedAlsoAfterReopening) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  const ExposureRow exposure{.unit = 3,
                             .experiment = 4,
                             .epoch = 2,
                             .variant = 5,
                             .occur_time = kEarliestTime,
                             .receive_time = kLatestTime,
                             .source = ExposureSource::kOverride,
                             .attributes = R"({"attributes/city":"Đà Nẵng"})"};
  const OutcomeRow outcome{.id = 1,
                           .unit = 3,
                           .event = 6,
                           .outcome_id = "o-1",
                           .key = absl::MakeUint128(0xFEDC'BA98'7654'3210, 0x0123'4567'89AB'CDEF),
                           .occur_time = Time{-1},
                           .receive_time = Time{1},
                           .kind = OutcomeKind::kDismissed,
                           .value = kMin,
                           .late = true,
                           .channel = 7,
                           .touchpoint = 8,
                           .source = 9,
                           .response_id = "r",
                           .comment = "rất tốt",
                           .item = "i",
                           .category = "c",
                           .response_key = kMin,
                           .previous_id = 12};
  ASSERT_THAT(Append(*log_, {.words = {{1, "unitTypes/customer"}, {2, ""}},
                             .units = {{1, 1, "42"}, {2, 1, "43"}},
                             .exposures = {exposure},
                             .outcomes = {outcome}}),
              IsOk());
  for (int round = 0; round < 2; ++round) {
    const auto words = Words();
    ASSERT_EQ(words.size(), 2U);
    EXPECT_EQ(words[0].id, 1);
    EXPECT_EQ(words[0].text, "unitTypes/customer");
    EXPECT_EQ(words[1].text, "");
    const auto units = Units();
    ASSERT_EQ(units.size(), 2U);
    EXPECT_EQ(units[1].id, 2);
    EXPECT_EQ(units[1].unit_type, 1);
    EXPECT_EQ(units[1].external_id, "43");
    const auto exposures = Exposures();
    ASSERT_EQ(exposures.size(), 1U);
    EXPECT_EQ(exposures[0].unit, exposure.unit);
    EXPECT_EQ(exposures[0].experiment, exposure.experiment);
    EXPECT_EQ(exposures[0].epoch, exposure.epoch);
    EXPECT_EQ(exposures[0].variant, exposure.variant);
    EXPECT_EQ(exposures[0].occur_time, exposure.occur_time);
    EXPECT_EQ(exposures[0].receive_time, exposure.receive_time);
    EXPECT_EQ(exposures[0].source, exposure.source);
    EXPECT_EQ(exposures[0].attributes, exposure.attributes);
    const auto outcomes = Outcomes();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes[0].id, outcome.id);
    EXPECT_EQ(outcomes[0].unit, outcome.unit);
    EXPECT_EQ(outcomes[0].event, outcome.event);
    EXPECT_EQ(outcomes[0].occur_time, outcome.occur_time);
    EXPECT_EQ(outcomes[0].kind, outcome.kind);
    EXPECT_EQ(outcomes[0].value, outcome.value);
    EXPECT_EQ(outcomes[0].late, outcome.late);
    EXPECT_EQ(outcomes[0].source, outcome.source);
    EXPECT_EQ(outcomes[0].response_key, outcome.response_key);
    EXPECT_EQ(UnscannedOfOutcomes(), "FEDCBA98765432100123456789ABCDEF 1 7 8 12 o-1 r rất tốt i c");
    Reopen();
  }
}

// Rows without the rarer columns are inserted without naming these: any of them makes a difference.
TEST_F(FactLogTest, EachOfTheRarerColumnsIsStoredAlsoWithoutTheOthers) {
  const std::vector<OutcomeRow> rows = {{.channel = 7},     {.touchpoint = 8}, {.response_id = "r"},
                                        {.comment = "c"},   {.item = "i"},     {.category = "k"},
                                        {.response_key = 9}};
  std::int64_t id = 0;
  for (OutcomeRow row : rows) {
    row.id = ++id;
    ASSERT_THAT(Append(*log_, {.outcomes = {row}}), IsOk());
  }
  const auto reader = database_->readers().Borrow();
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT(
      (*reader)->QueryText("SELECT group_concat(id || ':' || ifnull(channel, '') || '|' ||"
                           " ifnull(touchpoint, '') || '|' || ifnull(response_id, '') || '|' ||"
                           " ifnull(comment, '') || '|' || ifnull(item, '') || '|' ||"
                           " ifnull(category, '') || '|' || ifnull(response_key, ''), ' ')"
                           " FROM outcomes"),
      IsOkAndHolds(std::string("1:7|||||| 2:|8||||| 3:||r|||| 4:|||c||| 5:||||i|| 6:|||||k|"
                               " 7:||||||9")));
}

TEST_F(FactLogTest, AbsentTextsAndNumbersAreStoredAsNull) {
  const OutcomeRow rich{.id = 2, .unit = 1, .event = 1, .channel = 7};
  ASSERT_THAT(Append(*log_, {.outcomes = {{.id = 1, .unit = 1, .event = 1}, rich}}), IsOk());
  ASSERT_THAT(Append(*log_, {.outcomes = {{.id = 3, .unit = 1, .event = 1}}}), IsOk());
  const auto reader = database_->readers().Borrow();
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT((*reader)->QueryInt(
                  "SELECT count(*) FROM outcomes WHERE outcome_id IS NULL AND response_id IS NULL"
                  " AND comment IS NULL AND item IS NULL AND category IS NULL AND channel IS NULL"
                  " AND touchpoint IS NULL AND source IS NULL AND previous_id IS NULL"
                  " AND response_key IS NULL AND id IN (1, 3)"),
              IsOkAndHolds(2));
}

TEST_F(FactLogTest, ExposuresAreScannedInOrderOfStoringAndByExperiment) {
  const auto exposure = [](std::int64_t unit, std::int64_t experiment) {
    return ExposureRow{
        .unit = unit, .experiment = experiment, .variant = 1, .source = ExposureSource::kAssigned};
  };
  ASSERT_THAT(Append(*log_, {.exposures = {exposure(9, 1), exposure(3, 2)}}), IsOk());
  ASSERT_THAT(Append(*log_, {.exposures = {exposure(5, 1)}}), IsOk());
  const auto unit = [](std::int64_t number) {
    return ::testing::Field("unit", &ExposureRow::unit, number);
  };
  EXPECT_THAT(Exposures(), ElementsAre(unit(9), unit(3), unit(5)));
  EXPECT_THAT(Exposures(1), ElementsAre(unit(9), unit(5)));
  EXPECT_THAT(Exposures(3), IsEmpty());
}

TEST_F(FactLogTest, AnAppendIsAllOrNothing) {
  ASSERT_THAT(Append(*log_, {.outcomes = {Outcome(1)}}), IsOk());
  EXPECT_THAT(
      Append(*log_,
             {.words = {{1, "w"}}, .units = {{1, 1, "42"}}, .outcomes = {Outcome(2), Outcome(1)}}),
      StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Append(*log_, {.words = {{1, "w"}}, .outcomes = {Outcome(3)}}),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Words(), IsEmpty());
  EXPECT_THAT(Units(), IsEmpty());
  EXPECT_EQ(Outcomes().size(), 1U);
  EXPECT_THAT(Append(*log_, {.outcomes = {Outcome(2)}}), IsOk());
}

TEST_F(FactLogTest, AScanSeesOneStateWhileRowsAreAppended) {
  constexpr std::int64_t kBatches = 60;
  constexpr std::int64_t kRows = 100;
  std::atomic<bool> done = false;
  std::thread scanner([&] {
    while (!done) {
      std::int64_t rows = 0;
      EXPECT_THAT(log_->ScanOutcomes([&](const StoredOutcome& row) { EXPECT_EQ(row.id, ++rows); }),
                  IsOk());
      EXPECT_EQ(rows % kRows, 0) << "half of a batch was seen";
    }
  });
  for (std::int64_t batch = 0; batch < kBatches; ++batch) {
    FactBatch rows;
    for (std::int64_t i = 1; i <= kRows; ++i) rows.outcomes.push_back(Outcome(batch * kRows + i));
    EXPECT_THAT(Append(*log_, rows), IsOk());
  }
  done = true;
  scanner.join();
  EXPECT_EQ(Outcomes().size(), static_cast<std::size_t>(kBatches * kRows));
}

TEST_F(FactLogTest, AScanMayReadAgainFromItsCallback) {
  ASSERT_THAT(Append(*log_, {.words = {{1, "a"}, {2, "b"}}, .outcomes = {Outcome(1), Outcome(2)}}),
              IsOk());
  std::vector<std::string> pairs;
  EXPECT_THAT(log_->ScanOutcomes([&](const StoredOutcome& outcome) {
    EXPECT_THAT(log_->ScanWords([&](const WordRow& word) {
      pairs.push_back(absl::StrCat(outcome.id, word.text));
    }),
                IsOk());
  }),
              IsOk());
  EXPECT_THAT(pairs, ElementsAre("1a", "1b", "2a", "2b"));
}

TEST_F(FactLogTest, IdentitiesAreScannedWithWhatARepetitionMustRepeat) {
  std::vector<OutcomeRow> rows = {Outcome(1), Outcome(2)};
  rows[1].kind = OutcomeKind::kAsked;
  ASSERT_THAT(Append(*log_, {.outcomes = rows}), IsOk());
  std::size_t at = 0;
  EXPECT_THAT(log_->ScanIdentities([&](const StoredIdentity& row) {
    ASSERT_LT(at, rows.size());
    EXPECT_EQ(row.key, rows[at].key);
    EXPECT_EQ(row.occur_time, rows[at].occur_time);
    EXPECT_EQ(row.kind, rows[at].kind);
    EXPECT_EQ(row.value, rows[at].value);
    ++at;
  }),
              IsOk());
  EXPECT_EQ(at, rows.size());
}

TEST_F(FactLogTest, AScanThatIsStoppedFailsAndSoDoLaterOnes) {
  ASSERT_THAT(Append(*log_, {.outcomes = {Outcome(1), Outcome(2)}}), IsOk());
  int rows = 0;
  const auto count_and_stop = [&](const auto&) {
    ++rows;
    log_->StopScans();
  };
  EXPECT_THAT(log_->ScanOutcomes(count_and_stop), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(log_->ScanIdentities(count_and_stop), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(rows, 1);
  EXPECT_THAT(Append(*log_, {.outcomes = {Outcome(3)}}), IsOk());
}

TEST_F(FactLogTest, ChainsAreFollowedFromTheLastOutcomeToTheFirst) {
  FactBatch batch;
  for (std::int64_t id = 1; id <= 5; ++id) batch.outcomes.push_back(Outcome(id));
  batch.outcomes[3].previous_id = 2;
  batch.outcomes[1].previous_id = 1;
  ASSERT_THAT(Append(*log_, batch), IsOk());
  std::vector<std::pair<std::size_t, std::int64_t>> found;
  const std::vector<std::int64_t> last = {4, 0, 5};
  ASSERT_THAT(log_->FollowChains(last,
                                 [&](std::size_t chain, const StoredOutcome& row) {
                                   found.emplace_back(chain, row.id);
                                 }),
              IsOk());
  EXPECT_THAT(found,
              ElementsAre(std::pair(0, 4), std::pair(0, 2), std::pair(0, 1), std::pair(2, 5)));
}

TEST_F(FactLogTest, AFullDiskStoresNothingOfTheBatchAndLosesNothing) {
  Reopen(256 << 10);
  std::int64_t stored = 0;
  absl::Status status;
  while (status.ok()) {
    FactBatch rows;
    for (int i = 0; i < 500; ++i) rows.outcomes.push_back(Outcome(stored + i + 1));
    status = Append(*log_, rows);
    if (status.ok()) stored += 500;
    ASSERT_LT(stored, 1'000'000);
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_GT(stored, 0);
  EXPECT_EQ(Outcomes().size(), static_cast<std::size_t>(stored));
  Reopen();
  EXPECT_EQ(Outcomes().size(), static_cast<std::size_t>(stored));
  EXPECT_THAT(Append(*log_, {.outcomes = {Outcome(stored + 1)}}), IsOk());
}

TEST_F(FactLogTest, TheSecretIsTheDatabases) {
  const auto secret = log_->Secret();
  ASSERT_THAT(secret, IsOk());
  EXPECT_EQ(*secret, database_->secret());
  const auto before = *secret;
  Reopen();
  EXPECT_THAT(log_->Secret(), IsOkAndHolds(before));
}

TEST_F(FactLogTest, CallsAfterClosingAreUnavailable) {
  database_->Close();
  EXPECT_THAT(Append(*log_, {}), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(log_->ScanWords([](const WordRow&) {}), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace insightloop::storage
