// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "clients/cli/app.h"
#include "clients/cli/errors.h"
#include "tests/clients/fake_server.h"
#include "tests/clients/temporary_file.h"

namespace insightloop::cli {
namespace {

using ::testing::HasSubstr;

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran ImportOutcomes(const FakeServer& server, const std::string& path,
                   std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"import",  "outcomes", path,           "--unit", "user",
                                        "--time",  "at",       "--event",      "order",  "--value",
                                        "revenue", "--server", server.target()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunApp(arguments, Terminal{.out = &out, .err = &err});
  return {code, out.str(), err.str()};
}

TEST(ImportTest, SendsEveryRowWithItsOwnStableId) {
  std::string text = "user,at,revenue\n";
  for (int i = 0; i < 2500; ++i) text += "u-1,2019-08-01,10\n";  // identical rows
  const TemporaryFile file(text);
  FakeServer server;
  const Ran first = ImportOutcomes(server, file.path(), {"--json"});
  EXPECT_EQ(first.code, kExitOk) << first.err;
  EXPECT_EQ(nlohmann::json::parse(first.out)["accepted"], 2500);
  std::set<std::string> ids;
  for (const v1::Outcome& outcome : server.measurement.outcomes()) {
    ids.insert(outcome.outcome_id());
    EXPECT_EQ(outcome.event(), "events/order");
  }
  EXPECT_EQ(ids.size(), 2500U);
  ImportOutcomes(server, file.path());
  for (const v1::Outcome& outcome : server.measurement.outcomes()) ids.insert(outcome.outcome_id());
  EXPECT_EQ(ids.size(), 2500U);
}

TEST(ImportTest, BadRowsAreToldAndDoNotSinkTheirNeighbours) {
  const TemporaryFile file(
      "user,at,revenue\nu-1,2019-08-01,10\nu-2,yesterday,10\nunknown,2019-08-01,10\n"
      "u-3,2019-08-01,ten\nu-4,2019-08-01\nu-5,2019-08-01,5\n");
  FakeServer server;
  const Ran ran = ImportOutcomes(server, file.path());
  EXPECT_EQ(ran.code, kExitPartial);
  EXPECT_THAT(ran.err, HasSubstr("rows.csv, row 3, column at = 'yesterday': not a time"));
  EXPECT_THAT(ran.err, HasSubstr("rows.csv, row 4: the unit is unknown [BAD_UNIT]"));
  EXPECT_THAT(ran.err, HasSubstr("rows.csv, row 5, column revenue = 'ten': not a number"));
  EXPECT_THAT(ran.err, HasSubstr("rows.csv, row 6: the row has 2 cells"));
  EXPECT_EQ(ran.out,
            "rows        6\naccepted    2\nduplicate   0\nlate        0\nrejected    1\n"
            "unreadable  3\n");
}

TEST(ImportTest, TellsTwentyBadRowsAndCountsTheRest) {
  std::string text = "user,at,revenue\n";
  for (int i = 0; i < 50; ++i) text += "u-1,never,10\n";
  const TemporaryFile file(text);
  FakeServer server;
  const Ran ran = ImportOutcomes(server, file.path());
  EXPECT_EQ(ran.code, kExitPartial);
  EXPECT_THAT(ran.err, HasSubstr("and 30 more rows like these"));
}

TEST(ImportTest, AMissingColumnIsAMistakeOfUsage) {
  const TemporaryFile file("user,when,revenue\nu-1,2019-08-01,10\n");
  FakeServer server;
  const Ran ran = ImportOutcomes(server, file.path());
  EXPECT_EQ(ran.code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("rows.csv has no column 'at'"));
}

}  // namespace
}  // namespace insightloop::cli
