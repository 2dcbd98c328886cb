// SPDX-License-Identifier: Apache-2.0
//
// Runs insightloop-demo as a visitor would: to its end, with a look around, and interrupted. Who
// gets which variant is drawn anew by every fresh server, so figures differ between runs; what must
// not differ for one seed is everything else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/types.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/e2e/process.h"

namespace insightloop {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Process;
using testing::TemporaryFolder;

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The text in one line, with single blanks: paragraphs break where they may.
std::string InOneLine(const std::string& text) {
  return std::regex_replace(text, std::regex("\\s+"), " ");
}

// Running processes, zombies aside, with that text in their command line: pids.
std::vector<pid_t> ProcessesNaming(const std::string& text) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "cmdline");
    const std::string command((std::istreambuf_iterator<char>(file)),
                              std::istreambuf_iterator<char>());
    if (command.find(text) != std::string::npos) found.push_back(std::stoi(name));
  }
  return found;
}

// A demo whose temporary folder is below one of ours, where leftovers can be seen.
class DemoTest : public ::testing::Test {
 protected:
  DemoTest() { setenv("TMPDIR", folder_.Path("").c_str(), 1); }
  ~DemoTest() override { unsetenv("TMPDIR"); }

  static std::vector<std::string> Command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), testing::ProgramPath("insightloop-demo"));
    return arguments;
  }

  void ExpectNothingLeft() const {
    EXPECT_TRUE(fs::is_empty(folder_.Path("")));
    EXPECT_THAT(ProcessesNaming(folder_.Path("")), IsEmpty());
  }

  // The lines up to the one with that text.
  static std::string ReadUntil(Process& process, const std::string& text) {
    std::string read;
    while (const auto line = process.ReadLine()) {
      read += *line + "\n";
      if (line->find(text) != std::string::npos) return read;
    }
    ADD_FAILURE() << "the demo ended without saying '" << text << "':\n"
                  << read << process.Wait().err;
    return read;
  }

  TemporaryFolder folder_;
};

// A row of the table that lays the planted truth beside the estimates.
struct TruthRow {
  std::string metric, variant;
  double planted = 0, estimated = 0, lower = 0, upper = 0;
  bool covered = false;
};

std::vector<TruthRow> TruthRowsOf(const std::string& output) {
  const std::regex pattern(R"(^   (\S.*?) {2,}(\w+) +([+-][\d.]+)(?: pp)? +([+-][\d.]+)(?: pp)? +)"
                           R"(\[([+-][\d.]+), ([+-][\d.]+)\] +[\d.]+ % +(covered|missed)$)");
  std::vector<TruthRow> rows;
  for (const std::string& line : LinesOf(output)) {
    std::smatch match;
    if (!std::regex_match(line, match, pattern)) continue;
    rows.push_back({.metric = match[1],
                    .variant = match[2],
                    .planted = std::stod(match[3]),
                    .estimated = std::stod(match[4]),
                    .lower = std::stod(match[5]),
                    .upper = std::stod(match[6]),
                    .covered = match[7] == "covered"});
  }
  return rows;
}

// What may not differ between two runs of one seed: the definitions word by word, then the steps,
// the decisions and the planted truth.
std::vector<std::string> StableParts(const std::string& output) {
  std::vector<std::string> parts;
  bool assigned = false;
  for (const std::string& line : LinesOf(output)) {
    if (line.find("Look around") != std::string::npos) break;
    if (line.find("   server ") == 0 || line.find("   database ") == 0) continue;
    assigned = assigned || line.find("Who gets which mail?") != std::string::npos;
    if (!assigned || std::regex_search(line, std::regex("^[0-9]+\\. |Decision: "))) {
      parts.push_back(line);
    }
  }
  for (const TruthRow& row : TruthRowsOf(output)) {
    parts.push_back(row.metric + " of " + row.variant + ": " + std::to_string(row.planted));
  }
  return parts;
}

void ExpectMarkedRightly(const TruthRow& row) {
  SCOPED_TRACE(row.metric + " of " + row.variant);
  EXPECT_LT(row.lower, row.estimated);
  EXPECT_GT(row.upper, row.estimated);
  // Printed with two digits at most: closer than one unit of the last a bound cannot be told.
  constexpr double kRounding = 0.1;
  const double inside = std::min(row.planted - row.lower, row.upper - row.planted);
  if (std::abs(inside) < kRounding) return;
  EXPECT_EQ(row.covered, inside > 0);
}

TEST_F(DemoTest, OncePlaysTheWholeCampaignAndLeavesNothingBehind) {
  const Finished demo = testing::Run(Command({"--once"}));
  EXPECT_EQ(demo.exit_code, 0) << demo.err;
  EXPECT_THAT(demo.err, IsEmpty());
  for (const char* said :
       {"ASSIGNED to newsletter", "ASSIGNED to reminder", "ASSIGNED to coupon", "OUT_OF_TRAFFIC",
        "NOT_ELIGIBLE", " DUPLICATE, 0 new", "Decision: KEEP_RUNNING", "BEFORE_HORIZON",
        "FAILED_PRECONDITION (WINDOWS_OPEN)", "Decision: SHIP reminder", "PRIMARY_BETTER",
        "parents: insights/empty-tin"}) {
    EXPECT_THAT(InOneLine(demo.out), HasSubstr(said));
  }
  EXPECT_THAT(demo.out, Not(HasSubstr("\x1b"))) << "colours are for terminals";
  ExpectNothingLeft();
}

TEST_F(DemoTest, ThePlantedTruthIsMarkedAsCoveredExactlyWhereItIs) {
  const Finished demo = testing::Run(Command({"--once"}));
  const std::vector<TruthRow> rows = TruthRowsOf(demo.out);
  std::set<std::string> primary;
  for (const TruthRow& row : rows) {
    ExpectMarkedRightly(row);
    if (row.metric != "bought-again") continue;
    primary.insert(row.variant);
    // 0.6 of customers are loyal, 0.4 new: 0.6 · 2.8 + 0.4 · 5 and 0.6 · 0.2 + 0.4 · 0.2 points.
    EXPECT_EQ(row.planted, row.variant == "reminder" ? 3.68 : 0.20);
    // The planted effect is about 0.55 points of standard error wide: six of them never are off.
    EXPECT_NEAR(row.estimated, row.planted, 6 * 0.55);
  }
  EXPECT_EQ(primary, (std::set<std::string>{"coupon", "reminder"})) << demo.out << demo.err;
}

TEST_F(DemoTest, StaysUpUntilAskedToEndAndTheSameSeedTellsTheSameStory) {
  Process demo(Command({"--seed", "7"}));
  const std::string output = ReadUntil(demo, "insights get ");
  int commands = 0;
  for (const std::string& line : LinesOf(output)) {
    if (line.find("/insightloop ") == std::string::npos || line.find("     ") != 0) continue;
    ++commands;
    const Finished example = testing::Run({"/bin/bash", "-c", line});
    EXPECT_EQ(example.exit_code, 0) << line << "\n" << example.err;
  }
  EXPECT_EQ(commands, 4);
  demo.Signal(SIGTERM);
  const Finished end = demo.Wait();
  EXPECT_EQ(end.exit_code, 0) << end.err;
  ExpectNothingLeft();

  const Finished again = testing::Run(Command({"--once", "--seed", "7"}));
  EXPECT_EQ(StableParts(again.out), StableParts(output));
}

TEST_F(DemoTest, AnInterruptInTheMiddleStopsTheServerToo) {
  Process demo(Command({"--once"}));
  ReadUntil(demo, "Who gets which mail?");
  demo.Signal(SIGINT);
  EXPECT_EQ(demo.Wait().exit_code, 128 + SIGINT);
  ExpectNothingLeft();
}

TEST_F(DemoTest, EndsWithAMessageWhenTheServerDies) {
  Process demo(Command({}));
  ReadUntil(demo, "Who gets which mail?");
  for (const pid_t server : ProcessesNaming(folder_.Path(""))) kill(server, SIGKILL);
  const Finished end = demo.Wait();
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.err, HasSubstr("error: the server was ended by signal 9"));
  ExpectNothingLeft();
}

TEST_F(DemoTest, RefusesUnknownFlags) {
  EXPECT_EQ(testing::Run(Command({"--forever"})).exit_code, 2);
  ExpectNothingLeft();
}

}  // namespace
}  // namespace insightloop
