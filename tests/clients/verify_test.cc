// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace insightloop::cli {
namespace {

using ::testing::EndsWith;

v1::DatabaseCheck& Add(v1::VerifyDatabaseResponse& response, v1::DatabaseCheck::Check check,
                       v1::DatabaseCheck::Status status, std::int64_t rows) {
  v1::DatabaseCheck& added = *response.add_checks();
  added.set_check(check);
  added.set_status(status);
  added.set_rows(rows);
  return added;
}

TEST(VerifyTest, ShowsATableThenWhatWasFound) {
  v1::VerifyDatabaseResponse response;
  Add(response, v1::DatabaseCheck::INTEGRITY, v1::DatabaseCheck::OK, 1287);
  v1::DatabaseCheck& figures =
      Add(response, v1::DatabaseCheck::FIGURES, v1::DatabaseCheck::FAIL, 40);
  figures.set_experiment("experiments/e");
  figures.set_detail("outcomes: measured 2, by SQL 1");
  EXPECT_EQ(RenderChecks(response, {}),
            "CHECK      STATUS  ROWS  EXPERIMENT\n"
            "INTEGRITY  OK      1287\n"
            "FIGURES    FAIL      40  experiments/e\n"
            "\n"
            "FAIL FIGURES experiments/e: outcomes: measured 2, by SQL 1.\n"
            "\n"
            "1 of 2 checks failed: restore a backup, or ask for help before anything else is "
            "written.\n");
}

TEST(VerifyTest, SaysWhenNothingIsWrong) {
  v1::VerifyDatabaseResponse response;
  Add(response, v1::DatabaseCheck::CHAINS, v1::DatabaseCheck::OK, 3);
  EXPECT_THAT(RenderChecks(response, {}), EndsWith("\n\nNothing is wrong.\n"));
  Add(response, v1::DatabaseCheck::ASSIGNMENTS, v1::DatabaseCheck::WARN, 3);
  EXPECT_THAT(RenderChecks(response, {}),
              EndsWith("\n\nNothing is wrong; 1 of 2 checks deserve a look.\n"));
}

}  // namespace
}  // namespace insightloop::cli
