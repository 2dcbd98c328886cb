// SPDX-License-Identifier: Apache-2.0
//
// `--require DECISION`: a pipeline goes on only where the verdict is the one it needs.

#ifndef INSIGHTLOOP_CLIENTS_CLI_REQUIRED_DECISION_H_
#define INSIGHTLOOP_CLIENTS_CLI_REQUIRED_DECISION_H_

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "clients/cli/terminal.h"
#include "insightloop/v1/verdict.pb.h"

namespace insightloop::cli {

class RequiredDecision {
 public:
  // Adds the option to a command.
  void AddTo(CLI::App& command);

  // Whether it names a decision, or is not given. Error: kInvalidArgument listing the decisions.
  absl::Status Check() const;

  // The exit code for a verdict of that decision; says on standard error where it is another one.
  // After Check().
  int ExitCodeFor(v1::Verdict::Decision decision, const Terminal& terminal) const;

 private:
  std::optional<std::string> text_;  // absent: not given
};

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_REQUIRED_DECISION_H_
