// SPDX-License-Identifier: Apache-2.0

#include "engine/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/assignment/assigner.h"
#include "storage/sqlite/fact_audit.h"
#include "tests/engine/engine_fixture.h"
#include "tests/support/error_matchers.h"
#include "tests/support/kept.h"
#include "tests/support/recording.h"

namespace insightloop {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;

// A running experiment with 300 exposed units, of whom every third has bought.
class VerificationTest : public testing::EngineTest {
 protected:
  void SetUp() override {
    MakeDefinitions();
    Running("spring", AnExperiment());
    std::vector<SubmittedExposure> exposures;
    std::vector<SubmittedOutcome> outcomes;
    const auto catalog = catalog_.Current();
    const ReadyExperiment& spring = *catalog->FindExperiment("experiments/spring").experiment;
    for (int unit = 0; unit < 300; ++unit) {
      const std::string id = std::to_string(unit);
      exposures.push_back(
          {.experiment = "experiments/spring",
           .unit_id = id,
           .variant = std::string(HashedVariant(spring, spring.current_epoch(), id)),
           .occur_time = clock_.Now()});
      if (unit % 3 != 0) continue;
      outcomes.push_back({.outcome_id = "o",
                          .unit = {.unit_id = testing::Kept(id)},
                          .event = "events/purchase",
                          .occur_time = clock_.Now() + Hours(1)});
    }
    clock_.Advance(Hours(2));
    ASSERT_THAT(testing::RecordExposures(*recorder_, exposures), IsOk());
    ASSERT_THAT(testing::RecordOutcomes(*recorder_, outcomes), IsOk());
    clock_.Advance(Days(10));
  }

  // Behind the back of the measurement, which remembers what it was told.
  void Tamper(const std::string& sql) {
    ASSERT_THAT(database_->writer().Run(storage::Writer::Lane::kFacts,
                                        [&](storage::Connection& c) { return c.RunScript(sql); }),
                IsOk());
  }

  std::vector<Finding> Verify(std::string_view experiment = "") {
    auto findings = Verifier(*resources_, catalog_, *measurement_, audit_).Verify(experiment);
    EXPECT_THAT(findings, IsOk());
    return findings.ok() ? *std::move(findings) : std::vector<Finding>{};
  }
  Finding FindingOf(CheckKind check) {
    for (Finding& finding : Verify()) {
      if (finding.check == check) return finding;
    }
    ADD_FAILURE() << "no such check";
    return {};
  }

  storage::SqliteFactAudit audit_{*database_};
};

TEST_F(VerificationTest, EveryCheckSaysWhatItLookedAt) {
  std::vector<std::pair<CheckKind, std::int64_t>> rows;
  for (const Finding& finding : Verify()) {
    EXPECT_EQ(finding.status, FindingStatus::kOk) << finding.detail;
    EXPECT_THAT(finding.detail, IsEmpty());
    if (finding.check == CheckKind::kIntegrity) continue;  // pages: as many as SQLite likes
    rows.emplace_back(finding.check, finding.rows);
  }
  // 300 units and exposures, 100 outcomes; words: unit type, experiment, two variants, event.
  EXPECT_THAT(
      rows,
      ElementsAre(std::pair(CheckKind::kReferences, 705), std::pair(CheckKind::kUniqueness, 705),
                  std::pair(CheckKind::kIdentities, 100), std::pair(CheckKind::kChains, 100),
                  std::pair(CheckKind::kAssignments, 300), std::pair(CheckKind::kFigures, 400)));
}

TEST_F(VerificationTest, FiguresOfAConcludedExperimentAreCheckedToo) {
  ASSERT_THAT(lifecycle_->Stop(By("Stop"), "experiments/spring", ""), IsOk());
  clock_.Advance(Days(30));
  EXPECT_EQ(FindingOf(CheckKind::kFigures).status, FindingStatus::kOk);
  ASSERT_THAT(verdicts_->Conclude(By("Conclude"), "experiments/spring", ""), IsOk());
  const Finding figures = FindingOf(CheckKind::kFigures);
  EXPECT_EQ(figures.status, FindingStatus::kOk) << figures.detail;
  EXPECT_EQ(figures.rows, 400);
}

TEST_F(VerificationTest, AnOutcomeChangedUnderTheMeasurementIsFound) {
  Tamper("UPDATE outcomes SET occur_time = occur_time + 864000000000 WHERE id = 5");
  const Finding figures = FindingOf(CheckKind::kFigures);
  EXPECT_EQ(figures.status, FindingStatus::kFail);
  EXPECT_EQ(figures.subject, "experiments/spring");
  EXPECT_THAT(figures.detail, HasSubstr("outcomes: measured 100, by SQL 99"));
  EXPECT_THAT(figures.detail, HasSubstr("sums of events/purchase"));
}

TEST_F(VerificationTest, AnExposureChangedUnderTheMeasurementIsFound) {
  Tamper("UPDATE exposures SET source = 3 WHERE id = 5");
  EXPECT_THAT(FindingOf(CheckKind::kFigures).detail, HasSubstr("exposed units of "));
}

TEST_F(VerificationTest, CountsOfRejectedRowsMayOnlyHaveGrown) {
  SubmittedExposure unknown{.experiment = "experiments/spring", .unit_id = "x", .variant = "?"};
  ASSERT_THAT(testing::RecordExposures(*recorder_, {unknown, unknown}), IsOk());
  ASSERT_THAT(testing::RecordOutcomes(*recorder_, {{.outcome_id = "after",
                                                    .unit = {.unit_id = "0"},
                                                    .event = "events/purchase",
                                                    .occur_time = clock_.Now()}}),
              IsOk());
  EXPECT_EQ(FindingOf(CheckKind::kFigures).status, FindingStatus::kOk);
  Tamper("UPDATE rejections SET rows = 3");
  EXPECT_EQ(FindingOf(CheckKind::kFigures).status, FindingStatus::kOk);
  Tamper("UPDATE rejections SET rows = 1");
  EXPECT_THAT(FindingOf(CheckKind::kFigures).detail, HasSubstr("rejected rows"));
}

TEST_F(VerificationTest, AKeyThatIsNotTheHashOfItsIdentityIsFound) {
  Tamper("UPDATE outcomes SET outcome_id = 'p' WHERE id = 7");
  const Finding identities = FindingOf(CheckKind::kIdentities);
  EXPECT_EQ(identities.status, FindingStatus::kFail);
  EXPECT_THAT(identities.detail, HasSubstr("1 outcomes with a key"));
  EXPECT_THAT(identities.detail, HasSubstr("number 7"));
}

TEST_F(VerificationTest, AKeyStoredTwiceIsFound) {
  Tamper("UPDATE outcomes SET key = (SELECT key FROM outcomes WHERE id = 1) WHERE id = 2");
  EXPECT_EQ(FindingOf(CheckKind::kUniqueness).status, FindingStatus::kFail);
  EXPECT_EQ(FindingOf(CheckKind::kIdentities).status, FindingStatus::kFail);
}

TEST_F(VerificationTest, AVariantThatTheHashDoesNotGiveIsAWarning) {
  Tamper(
      "UPDATE exposures SET variant = (SELECT id FROM words WHERE text IN ('control', 'reminder')"
      " AND id <> (SELECT variant FROM exposures WHERE id = 6)) WHERE id = 6");
  const Finding assignments = FindingOf(CheckKind::kAssignments);
  EXPECT_EQ(assignments.status, FindingStatus::kWarn);
  EXPECT_THAT(assignments.detail, HasSubstr("1 exposures are not to the variant"));
}

TEST_F(VerificationTest, AnEpochThatNeverWasIsFound) {
  Tamper("UPDATE exposures SET epoch = 9 WHERE id IN (6, 7)");
  const Finding assignments = FindingOf(CheckKind::kAssignments);
  EXPECT_EQ(assignments.status, FindingStatus::kFail);
  EXPECT_EQ(assignments.rows, 300);  // those two as well
  EXPECT_THAT(assignments.detail, HasSubstr("2 exposures name an epoch that the experiment has not "
                                            "had, such as 9"));
}

TEST_F(VerificationTest, OneExperimentAlone) {
  Running("autumn", AnExternalExperiment());
  std::vector<std::string> subjects;
  for (const Finding& finding : Verify("experiments/autumn")) {
    if (!finding.subject.empty()) subjects.push_back(finding.subject);
  }
  EXPECT_THAT(subjects, ElementsAre("experiments/autumn"));  // figures; nobody was assigned
  Verifier verifier(*resources_, catalog_, *measurement_, audit_);
  EXPECT_THAT(verifier.Verify("experiments/winter"),
              FailsWith(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND", HasSubstr("winter")));
}

}  // namespace
}  // namespace insightloop
