// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/fact_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "storage/sqlite/fact_log.h"
#include "tests/storage/sqlite_support.h"
#include "tests/support/append.h"
#include "tests/support/kept.h"
#include "tests/support/status_matchers.h"

namespace insightloop::storage {
namespace {

using ::insightloop::testing::Append;
using ::insightloop::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Two units with an exposure each and three outcomes, of which the last is the second of its unit.
class FactAuditTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Open();
    FactBatch batch{.words = {{1, "unitTypes/customer"},
                              {2, "layers/mail/holdout"},
                              {3, "REST"},
                              {4, "events/purchase"}},
                    .units = {{1, 1, "ann"}, {2, 1, "bob"}}};
    for (std::int64_t unit = 1; unit <= 2; ++unit) {
      batch.exposures.push_back({.unit = unit,
                                 .experiment = 2,
                                 .epoch = 1,
                                 .variant = 3,
                                 .source = ExposureSource::kAssigned});
    }
    for (std::int64_t id = 1; id <= 3; ++id) {
      batch.outcomes.push_back({.id = id,
                                .unit = id == 2 ? 2 : 1,
                                .event = 4,
                                .outcome_id = testing::Kept("o-" + std::to_string(id)),
                                .key = absl::MakeUint128(static_cast<std::uint64_t>(id), 7),
                                .previous_id = id == 3 ? 1 : 0});
    }
    SqliteFactLog log(*database_);
    ASSERT_THAT(Append(log, batch), IsOk());
  }
  void Open() {
    auto opened = OpenDatabase(folder_.File());
    ASSERT_THAT(opened, IsOk());
    database_ = *std::move(opened);
    audit_ = std::make_unique<SqliteFactAudit>(*database_);
  }
  void Close() {
    audit_.reset();
    database_.reset();
  }

  void Tamper(const std::string& sql) {
    ASSERT_THAT(database_->writer().Run(Writer::Lane::kFacts,
                                        [&](Connection& c) { return c.RunScript(sql); }),
                IsOk());
  }

  TestFolder folder_;
  std::unique_ptr<SqliteDatabase> database_;
  std::unique_ptr<FactAudit> audit_;
};

using Check = absl::StatusOr<AuditResult> (FactAudit::*)();

TEST_F(FactAuditTest, FindsNothingWhereNothingIsWrong) {
  // 4 words, 2 units, 2 exposures and 3 outcomes.
  for (const auto& [check, rows] : {std::pair(Check(&FactAudit::CheckReferences), 11),
                                    std::pair(Check(&FactAudit::CheckUniqueness), 11),
                                    std::pair(Check(&FactAudit::CheckChains), 3)}) {
    const auto result = (*audit_.*check)();
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->rows, rows);
    EXPECT_EQ(result->faults, 0);
    EXPECT_THAT(result->detail, IsEmpty());
  }
  const auto integrity = audit_->CheckIntegrity();
  ASSERT_THAT(integrity, IsOk());
  EXPECT_GT(integrity->rows, 1);
  EXPECT_EQ(integrity->faults, 0) << integrity->detail;
}

TEST_F(FactAuditTest, FindsNothingInAnEmptyDatabase) {
  Tamper("DELETE FROM outcomes; DELETE FROM exposures; DELETE FROM units; DELETE FROM words");
  for (const Check check : {Check(&FactAudit::CheckReferences), Check(&FactAudit::CheckUniqueness),
                            Check(&FactAudit::CheckChains)}) {
    const auto result = (*audit_.*check)();
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->faults, 0) << result->detail;
  }
}

struct Tampering {
  const char* sql;
  Check check;
  const char* found;
};
std::ostream& operator<<(std::ostream& os, const Tampering& t) { return os << t.sql; }

class TamperedTest : public FactAuditTest, public ::testing::WithParamInterface<Tampering> {};

TEST_P(TamperedTest, IsFound) {
  Tamper(GetParam().sql);
  const auto result = (*audit_.*GetParam().check)();
  ASSERT_THAT(result, IsOk());
  EXPECT_GT(result->faults, 0);
  EXPECT_THAT(result->detail, HasSubstr(GetParam().found));
}

INSTANTIATE_TEST_SUITE_P(
    Facts, TamperedTest,
    ::testing::Values(
        Tampering{"DELETE FROM outcomes WHERE id = 2", &FactAudit::CheckReferences,
                  "1 numbers of outcomes left out, such as number 3"},
        Tampering{"DELETE FROM exposures WHERE id = 1", &FactAudit::CheckReferences,
                  "1 numbers of exposures left out"},
        Tampering{"DELETE FROM units WHERE id = 2", &FactAudit::CheckReferences,
                  "1 exposures of an unknown unit, such as number 2; 1 outcomes of an unknown unit,"
                  " such as number 2"},
        Tampering{"DELETE FROM words WHERE id = 1", &FactAudit::CheckReferences,
                  "2 units of an unknown unit type, such as number 1"},
        Tampering{"UPDATE exposures SET variant = 9 WHERE id = 2", &FactAudit::CheckReferences,
                  "1 exposures with an unknown word, such as number 2"},
        Tampering{"UPDATE words SET text = 'experiments/gone' WHERE id = 2",
                  &FactAudit::CheckReferences,
                  "2 exposures of an unknown experiment, such as number 1"},
        Tampering{"UPDATE outcomes SET source = 9 WHERE id = 1", &FactAudit::CheckReferences,
                  "1 outcomes with an unknown word, such as number 1"},
        Tampering{"UPDATE words SET text = 'REST' WHERE id = 4", &FactAudit::CheckUniqueness,
                  "1 words stored twice, such as number 4"},
        Tampering{"UPDATE units SET external_id = 'ann'", &FactAudit::CheckUniqueness,
                  "1 units stored twice, such as number 2"},
        Tampering{"UPDATE outcomes SET key = (SELECT key FROM outcomes WHERE id = 1) WHERE id = 3",
                  &FactAudit::CheckUniqueness,
                  "1 outcomes with the key of another, such as number 3"},
        Tampering{"UPDATE outcomes SET outcome_id = 'o-1' WHERE id = 3",
                  &FactAudit::CheckUniqueness,
                  "1 outcomes with the unit, event and outcome_id of another, such as number 3"},
        Tampering{"UPDATE outcomes SET previous_id = NULL WHERE id = 3", &FactAudit::CheckChains,
                  "1 outcomes that do not name the one of their unit before them, such as number"
                  " 3"},
        Tampering{"UPDATE outcomes SET previous_id = 1 WHERE id = 2", &FactAudit::CheckChains,
                  "such as number 2"}));

TEST_F(FactAuditTest, ErasedTextsAreNoRepetition) {
  Tamper("UPDATE units SET external_id = NULL; UPDATE outcomes SET outcome_id = NULL");
  const auto result = audit_->CheckUniqueness();
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->faults, 0) << result->detail;
  int rows = 0;
  EXPECT_THAT(audit_->ScanIdentities([&](const OutcomeRow&) { ++rows; }), IsOk());
  EXPECT_THAT(audit_->ScanAssigned([&](const AuditedExposure&) { ++rows; }), IsOk());
  EXPECT_EQ(rows, 0);
}

TEST_F(FactAuditTest, IdentitiesComeWithTheirTextsAndKeys) {
  std::vector<OutcomeRow> rows;
  ASSERT_THAT(audit_->ScanIdentities([&](const OutcomeRow& row) {
    rows.push_back(row);
    rows.back().outcome_id = testing::Kept(std::string(row.outcome_id));
  }),
              IsOk());
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[2].id, 3);
  EXPECT_EQ(rows[2].unit, 1);
  EXPECT_EQ(rows[2].event, 4);
  EXPECT_EQ(rows[2].outcome_id, "o-3");
  EXPECT_EQ(rows[2].key, absl::MakeUint128(3, 7));
}

TEST_F(FactAuditTest, AVariantOfAnEarlierEpochIsKept) {
  Tamper(
      "INSERT INTO exposures (unit, experiment, epoch, variant, occur_time, receive_time, source)"
      " VALUES (1, 2, 2, 3, 0, 0, 1), (2, 2, 2, 4, 0, 0, 1), (2, 2, 2, 3, 0, 0, 3),"
      " (2, 2, 1, 4, 0, 0, 3)");  // an override, which keeps nobody
  std::vector<std::string> rows;
  ASSERT_THAT(audit_->ScanAssigned([&](const AuditedExposure& row) {
    rows.push_back(row.experiment + " " + std::to_string(row.epoch) + " " + row.unit_id + " " +
                   row.variant + (row.is_kept ? " kept" : ""));
  }),
              IsOk());
  EXPECT_THAT(rows, ::testing::UnorderedElementsAre("layers/mail/holdout 1 ann REST",
                                                    "layers/mail/holdout 1 bob REST",
                                                    "layers/mail/holdout 2 ann REST kept",
                                                    "layers/mail/holdout 2 bob events/purchase"));
}

// The root page of the outcomes, overwritten while nobody had the file open.
TEST_F(FactAuditTest, ABrokenPageIsFound) {
  std::int64_t page = 0;
  std::int64_t page_size = 0;
  ASSERT_THAT(database_->writer().Run(
                  Writer::Lane::kFacts,
                  [&](Connection& c) {
                    page =
                        *c.QueryInt("SELECT rootpage FROM sqlite_schema WHERE name = 'outcomes'");
                    page_size = *c.QueryInt("PRAGMA page_size");
                    return absl::OkStatus();
                  }),
              IsOk());
  Close();
  {
    std::fstream file(folder_.File(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((page - 1) * page_size);
    file << std::string(64, '\xa5');
  }
  Open();
  const auto result = audit_->CheckIntegrity();
  EXPECT_TRUE(absl::IsDataLoss(result.status()) || (result.ok() && result->faults > 0));
  EXPECT_TRUE(absl::IsDataLoss(audit_->CheckChains().status())) << audit_->CheckChains().status();
}

}  // namespace
}  // namespace insightloop::storage
