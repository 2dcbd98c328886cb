// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "clients/cli/errors.h"
#include "tests/clients/temporary_file.h"

namespace insightloop::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran RunCli(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunApp(arguments, Terminal{.out = &out, .err = &err});
  return {code, out.str(), err.str()};
}

TEST(NormalizedTest, GivesLocalItsDefault) {
  EXPECT_THAT(Normalized({"--local", "experiments", "list"}),
              ElementsAre("--local", ":memory:", "experiments", "list"));
  EXPECT_THAT(Normalized({"--local", "shop.db", "experiments", "list"}),
              ElementsAre("--local", "shop.db", "experiments", "list"));
  EXPECT_THAT(Normalized({"experiments", "get", "--local", "spring"}),
              ElementsAre("experiments", "get", "--local", ":memory:", "spring"));
}

TEST(NormalizedTest, KeepsEmptyTexts) {
  EXPECT_THAT(Normalized({"--segment=", "x"}), ElementsAre("--segment", "", "x"));
}

TEST(RunAppTest, TellsVersionAndHelp) {
  EXPECT_THAT(RunCli({"--version"}).out, ::testing::StartsWith("insightloop "));
  const Ran help = RunCli({"--help"});
  EXPECT_EQ(help.code, kExitOk);
  EXPECT_THAT(help.out, HasSubstr("experiments"));
  EXPECT_THAT(help.out, HasSubstr("130  interrupted"));
}

TEST(RunAppTest, HelpOfACommandComesFromTheContract) {
  const Ran help = RunCli({"metrics", "create", "--help"});
  EXPECT_EQ(help.code, kExitOk);
  EXPECT_THAT(help.out, HasSubstr("--desired-direction CHOICE"));
  EXPECT_THAT(help.out, HasSubstr("proportion, count,"));
}

TEST(RunAppTest, SuggestsTheNearestCommandAndOption) {
  const Ran command = RunCli({"inisghts", "list"});
  EXPECT_EQ(command.code, kExitUsage);
  EXPECT_THAT(command.err, HasSubstr("Did you mean 'insights'?"));
  EXPECT_THAT(RunCli({"experiments", "strat", "x"}).err, HasSubstr("Did you mean 'start'?"));
  EXPECT_THAT(RunCli({"insights", "create", "--statment", "x"}).err,
              HasSubstr("Did you mean '--statement'?"));
  EXPECT_THAT(RunCli({"insights"}).err, HasSubstr("needs a command"));
  EXPECT_EQ(RunCli({"insights", "get"}).code, kExitUsage);
}

TEST(RunAppTest, TakesANameThatIsAlsoACommand) {
  // The id `server` must not be read as the group of that name.
  const Ran ran =
      RunCli({"insights", "get", "server", "--server", "127.0.0.1:1", "--timeout", "50ms"});
  EXPECT_EQ(ran.code, kExitUnavailable);
}

TEST(RunAppTest, ErrorsAreJsonWhenAskedFor) {
  const Ran ran = RunCli({"insights", "get", "a", "--json", "--server", "nowhere"});
  EXPECT_EQ(ran.code, kExitUsage);
  EXPECT_THAT(ran.out, IsEmpty());
  const auto json = nlohmann::json::parse(ran.err);
  EXPECT_EQ(json["error"]["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(json["error"]["reason"], "USAGE");
  EXPECT_THAT(json["error"]["message"].get<std::string>(), HasSubstr("is not HOST:PORT"));
}

TEST(RunAppTest, AServerThatIsNotThereIsUnavailable) {
  const Ran ran = RunCli({"insights", "list", "--server", "127.0.0.1:1", "--timeout", "300ms"});
  EXPECT_EQ(ran.code, kExitUnavailable);
  EXPECT_THAT(ran.err, HasSubstr("--local"));
}

TEST(RunAppTest, AnalyzeRefusesWrongArgumentsBeforeItStartsAnything) {
  EXPECT_THAT(RunCli({"analyze"}).err, HasSubstr("no file is named"));
  EXPECT_THAT(RunCli({"analyze", "x.csv", "--local"}).err, HasSubstr("private server of its own"));
  const TemporaryFile file("arm,visit\nA,1\nB,0\n");
  const Ran ran = RunCli(
      {"analyze", file.path(), "--arm", "group", "--control", "A", "--metric", "visit:proportion"});
  EXPECT_EQ(ran.code, kExitUsage);
  EXPECT_THAT(ran.err, HasSubstr("has no column 'group'"));
  EXPECT_THAT(ran.err, HasSubstr("It has: arm, visit."));
  EXPECT_EQ(
      RunCli({"analyze", "/no/such.csv", "--arm", "a", "--control", "A", "--metric", "v:mean"})
          .code,
      kExitNotFound);
}

TEST(CompletionTest, KnowsCommandsOptionsAndChoices) {
  const Ran bash = RunCli({"completion", "bash"});
  EXPECT_EQ(bash.code, kExitOk);
  EXPECT_THAT(bash.out, HasSubstr("'/experiments') offered='create get list update delete plan"));
  EXPECT_THAT(bash.out, HasSubstr("'/metrics/create --kind') offered='proportion count"));
  EXPECT_THAT(bash.out, HasSubstr("complete -o default -F _insightloop insightloop"));
  EXPECT_THAT(RunCli({"completion", "zsh"}).out, ::testing::StartsWith("#compdef insightloop"));
  EXPECT_THAT(
      RunCli({"completion", "fish"}).out,
      HasSubstr("complete -c insightloop -n '__insightloop_at \"/insights\"' -f -a create"));
  EXPECT_EQ(RunCli({"completion", "tcsh"}).code, kExitUsage);
}

}  // namespace
}  // namespace insightloop::cli
