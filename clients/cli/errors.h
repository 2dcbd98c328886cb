// SPDX-License-Identifier: Apache-2.0
//
// What can go wrong, as the user sees it: what failed, why, what to do, and the exit code. Inside,
// every error is an absl::Status; the server's `google.rpc` details, a reason and a remedy travel
// in its payloads.

#ifndef INSIGHTLOOP_CLIENTS_CLI_ERRORS_H_
#define INSIGHTLOOP_CLIENTS_CLI_ERRORS_H_

#include <grpcpp/support/status.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace insightloop::cli {

// The published exit codes. Scripts rely on them: never renumber.
inline constexpr int kExitOk = 0;
inline constexpr int kExitInternal = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNotFound = 3;
inline constexpr int kExitDenied = 4;
inline constexpr int kExitConflict = 5;
inline constexpr int kExitUnavailable = 6;
inline constexpr int kExitPartial = 7;
inline constexpr int kExitOtherDecision = 8;
inline constexpr int kExitInterrupted = 130;

// The table of exit codes for `--help`.
std::string_view ExitCodeHelp();

// The exit code of an error; kExitOk for OK.
int ExitCodeOf(const absl::Status& status);

// A mistake on the command line or in a file (kInvalidArgument): what is wrong and what to do.
absl::Status UsageError(std::string_view what, std::string_view remedy = {});

// An error of our own with a machine-readable reason in UPPER_SNAKE_CASE.
absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view what,
                       std::string_view remedy = {});

// The user pressed Ctrl-C, or the process was asked to end.
absl::Status InterruptedError();

// The error of a call with its `google.rpc` details; `target` is where the server should be.
absl::Status FromGrpc(const grpc::Status& status, std::string_view target,
                      std::chrono::milliseconds timeout);

// A field that the server found wrong.
struct FieldProblem {
  std::string field;
  std::string description;
};

// An error taken apart for showing.
struct ErrorParts {
  std::string code;    // canonical, such as NOT_FOUND
  std::string reason;  // UPPER_SNAKE_CASE; empty when the server gave none
  std::string message;
  std::string remedy;  // may be empty
  std::vector<FieldProblem> fields;
};
ErrorParts TakeApart(const absl::Status& status);

// How long the server asks to wait before the next attempt, where it says so.
std::optional<std::chrono::milliseconds> RetryDelay(const grpc::Status& status);

// For people: several lines, each ended.
std::string ErrorText(const absl::Status& status);
// For programs:
// `{"error":{"code","reason","message","remedy","fields":[{"field","description"}]}}`.
std::string ErrorJson(const absl::Status& status);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_ERRORS_H_
