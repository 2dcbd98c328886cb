// SPDX-License-Identifier: Apache-2.0

#include "tests/e2e/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

namespace insightloop::testing {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  EXPECT_NE(value, nullptr) << name << " is not set: run the test by ctest";
  return value == nullptr ? "" : value;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::string ProgramPath(std::string_view name) {
  return Variable("INSIGHTLOOP_BIN") + "/" + std::string(name);
}

std::filesystem::path SharedData(std::string_view file) {
  return std::filesystem::path(Variable("INSIGHTLOOP_SHARED")) / "data" / file;
}

TemporaryFolder::TemporaryFolder() : folder_("/tmp/insightloop-test-XXXXXX") {
  EXPECT_NE(mkdtemp(folder_.data()), nullptr);
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(folder_); }

std::string TemporaryFolder::Write(std::string_view name, std::string_view text) const {
  const std::string path = Path(name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

Process::Process(const std::vector<std::string>& arguments)
    : err_file_("/tmp/insightloop-stderr-XXXXXX") {
  const int err = mkstemp(err_file_.data());
  std::array<int, 2> out{};
  EXPECT_EQ(pipe(out.data()), 0);
  pid_ = fork();
  if (pid_ == 0) {
    const int in = open("/dev/null", O_RDONLY);
    dup2(in, STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    for (const int file : {in, out[0], out[1], err}) close(file);
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
      argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(out[1]);
  close(err);
  fcntl(out[0], F_SETFD, FD_CLOEXEC);
  out_ = out[0];
}

Process::~Process() {
  if (pid_ > 0) {
    Signal(SIGKILL);
    Wait();
  }
  if (out_ >= 0) close(out_);
  unlink(err_file_.c_str());
}

std::optional<std::string> Process::ReadLine() {
  for (;;) {
    if (const std::size_t end = buffered_.find('\n'); end != std::string::npos) {
      std::string line = buffered_.substr(0, end);
      buffered_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> chunk;
    const ssize_t size = read(out_, chunk.data(), chunk.size());
    if (size <= 0) return std::nullopt;
    buffered_.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

void Process::Signal(int signal) { kill(pid_, signal); }

Finished Process::Wait() {
  Finished finished;
  while (const auto line = ReadLine()) finished.out += *line + "\n";
  finished.out += std::exchange(buffered_, "");
  int status = 0;
  waitpid(std::exchange(pid_, 0), &status, 0);
  finished.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  finished.err = ReadFile(err_file_);
  return finished;
}

void Must(const Finished& finished) {
  ASSERT_EQ(finished.exit_code, 0) << finished.out << finished.err;
}

Finished Run(const std::vector<std::string>& arguments) { return Process(arguments).Wait(); }

Finished Insightloop(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ProgramPath("insightloop"));
  return Run(arguments);
}

std::vector<std::string> ServerArguments(std::vector<std::string> arguments) {
  if (std::find(arguments.begin(), arguments.end(), "--listen") == arguments.end()) {
    arguments.insert(arguments.begin(), {"--listen", "127.0.0.1:0"});
  }
  arguments.insert(arguments.begin(), ProgramPath("insightloopd"));
  return arguments;
}

Server::Server(const std::vector<std::string>& arguments) : process_(ServerArguments(arguments)) {
  first_line_ = process_.ReadLine().value_or("");
  const std::string before = "listening on ";
  const std::size_t start = first_line_.find(before);
  if (start == std::string::npos) {
    ADD_FAILURE() << "the server did not start: " << process_.Wait().err;
    return;
  }
  const std::size_t end = first_line_.find(' ', start + before.size());
  address_ = first_line_.substr(start + before.size(), end - start - before.size());
}

Finished Server::Call(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"--server", address_});
  return Insightloop(std::move(arguments));
}

void StartExternalExperiment(const Server& server, const std::string& event_id) {
  Must(server.Call({"insights", "create", "i", "--statement", "They forget."}));
  Must(server.Call({"events", "create", event_id, "--value-kind", "NONE"}));
  Must(server.Call(
      {"metrics", "create", "times", "--kind", "COUNT", "--event", "events/" + event_id}));
  Must(server.Call({"hypotheses", "create", "h", "--insights", "insights/i", "--because", "b",
                    "--if-action", "i", "--then-outcome", "t", "--primary-metric",
                    "metrics/times"}));
  Must(server.Call(
      {"experiments", "create", "e", "--hypothesis", "hypotheses/h", "--external", "--variants",
       R"([{"variantId":"a","control":true,"weight":1},{"variantId":"b","weight":1}])"}));
  Must(server.Call({"experiments", "start", "e", "--start-time", "2026-01-01T00:00:00Z"}));
}

}  // namespace insightloop::testing
