// SPDX-License-Identifier: Apache-2.0
//
// Runs the built programs as a person would: with arguments, an exit code and two streams.

#ifndef INSIGHTLOOP_TESTS_E2E_PROCESS_H_
#define INSIGHTLOOP_TESTS_E2E_PROCESS_H_

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace insightloop::testing {

// Where the programs and the sample data are.
std::string ProgramPath(std::string_view name);
std::filesystem::path SharedData(std::string_view file);  // may not exist

// A folder of one's own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string Path(std::string_view name) const { return folder_ + "/" + std::string(name); }
  // Writes a file and returns its path.
  std::string Write(std::string_view name, std::string_view text) const;

 private:
  std::string folder_;
};

struct Finished {
  int exit_code = 0;  // 128 + signal when ended by one
  std::string out, err;
};

// A started program, killed at the end if it still runs.
class Process {
 public:
  explicit Process(const std::vector<std::string>& arguments);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The next line of standard output; absent when the program has closed it.
  std::optional<std::string> ReadLine();
  void Signal(int signal);
  // Waits for the end and returns what it has written since.
  Finished Wait();

 private:
  pid_t pid_ = 0;
  int out_ = -1;
  std::string err_file_;
  std::string buffered_;
};

// Fails the test unless the program has succeeded.
void Must(const Finished& finished);

// Runs a program to its end.
Finished Run(const std::vector<std::string>& arguments);

// The command line with these arguments.
Finished Insightloop(std::vector<std::string> arguments);

// Those of a process of the server, on a free port unless they name one.
std::vector<std::string> ServerArguments(std::vector<std::string> arguments);

// A server with these arguments, and ready.
class Server {
 public:
  explicit Server(const std::vector<std::string>& arguments);
  const std::string& address() const { return address_; }
  const std::string& first_line() const { return first_line_; }
  Process& process() { return process_; }
  // The command line against this server.
  Finished Call(std::vector<std::string> arguments) const;

 private:
  Process process_;
  std::string first_line_, address_;
};

// Starts experiments/e, an external one of 2026 with the variants a, the control, and b. Its
// hypotheses/h is about how often that event, which is made, occurs.
void StartExternalExperiment(const Server& server, const std::string& event_id);

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_E2E_PROCESS_H_
