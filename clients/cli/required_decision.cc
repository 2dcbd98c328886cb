// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/required_decision.h"

#include <vector>

#include "clients/cli/errors.h"
#include "clients/cli/text.h"

namespace insightloop::cli {
namespace {

// `DO_NOT_SHIP` as it is typed, `do-not-ship`.
std::string Typed(v1::Verdict::Decision decision) {
  return Kebab(Lower(v1::Verdict::Decision_Name(decision)));
}

std::vector<std::string> Decisions() {
  std::vector<std::string> decisions;
  for (int d = v1::Verdict::DECISION_UNSPECIFIED + 1; d <= v1::Verdict::Decision_MAX; ++d) {
    decisions.push_back(Typed(static_cast<v1::Verdict::Decision>(d)));
  }
  return decisions;
}

}  // namespace

void RequiredDecision::AddTo(CLI::App& command) {
  command
      .add_option("--require", text_, "Exit with 8 unless the decision is this one, such as ship.")
      ->type_name("DECISION");
}

absl::Status RequiredDecision::Check() const {
  if (!text_.has_value()) return absl::OkStatus();
  for (const std::string& decision : Decisions()) {
    if (decision == *text_) return absl::OkStatus();
  }
  return UsageError(Join({"--require '", *text_, "' is no decision"}),
                    Join({"One of: ", JoinList(Decisions(), ", "), "."}));
}

int RequiredDecision::ExitCodeFor(v1::Verdict::Decision decision, const Terminal& terminal) const {
  if (!text_.has_value() || *text_ == Typed(decision)) return kExitOk;
  terminal.Note(Join({"The decision is ", Typed(decision), ", not ", *text_, "."}));
  return kExitOtherDecision;
}

}  // namespace insightloop::cli
