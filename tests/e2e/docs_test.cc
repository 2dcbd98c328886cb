// SPDX-License-Identifier: Apache-2.0
//
// Runs every example of README.md and docs/. An example is a `console` block: lines that start with
// "$ " are commands, run by bash in one folder per document with the built programs on the PATH;
// each other line must be in what its command printed, but for lines that are just "…".

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/e2e/process.h"

namespace insightloop {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

struct Example {
  int line = 0;
  std::string command;
  std::vector<std::string> output;
};

fs::path Source() { return std::getenv("INSIGHTLOOP_SOURCE"); }

std::vector<Example> ExamplesOf(const fs::path& document) {
  std::vector<Example> examples;
  std::ifstream file(document);
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.starts_with("```")) {
      inside = line == "```console";
    } else if (inside && line.starts_with("$ ")) {
      examples.push_back({number, line.substr(2), {}});
    } else if (inside && !examples.empty() && examples.back().command.ends_with("\\")) {
      examples.back().command += "\n" + line;
    } else if (inside && !examples.empty() && line != "…" && !line.empty()) {
      examples.back().output.push_back(line);
    }
  }
  return examples;
}

// `./run demo` and `./run server` build first; here everything is built. The other commands of
// `run` are how this test was started.
std::string Runnable(std::string command) {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"./run demo", "insightloop-demo"}, {"./run server", "insightloopd"}}) {
    if (command.starts_with(from)) return to + command.substr(from.size());
  }
  return command.starts_with("./run ") || command.starts_with("git clone") ? ":" : command;
}

class DocsTest : public ::testing::TestWithParam<std::string> {};

TEST_P(DocsTest, EveryExampleDoesWhatItSays) {
  const TemporaryFolder folder;
  fs::create_directory_symlink(Source() / "docs", folder.Path("docs"));
  const std::string prologue =
      "cd '" + folder.Path("") + "' && export PATH='" + testing::ProgramPath("") + "':$PATH && ";
  for (const Example& example : ExamplesOf(Source() / GetParam())) {
    SCOPED_TRACE(GetParam() + ":" + std::to_string(example.line) + ": " + example.command);
    const Finished finished =
        testing::Run({"/bin/bash", "-c", prologue + Runnable(example.command)});
    EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
    for (const std::string& line : example.output) {
      EXPECT_THAT(finished.out + finished.err, HasSubstr(line));
    }
  }
}

std::vector<std::string> Documents() {
  std::vector<std::string> documents = {"README.md", "CONTRIBUTING.md"};
  for (const auto& entry : fs::directory_iterator(Source() / "docs")) {
    if (entry.path().extension() == ".md") {
      documents.push_back("docs/" + entry.path().filename().string());
    }
  }
  return documents;
}

INSTANTIATE_TEST_SUITE_P(Documents, DocsTest, ::testing::ValuesIn(Documents()),
                         [](const auto& tested) {
                           std::string name;
                           for (const char c : tested.param) {
                             if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
                           }
                           return name;
                         });

}  // namespace
}  // namespace insightloop
