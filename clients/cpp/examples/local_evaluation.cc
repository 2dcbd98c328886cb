// SPDX-License-Identifier: Apache-2.0
//
// Assigns units inside this process. Reads unit ids, a line each, prints what each gets and why,
// and records that it saw its variant and did something:
//
//   seq 1000 | local_evaluation 127.0.0.1:50051 experiments/spring events/visit
//
// Stop the server meanwhile: the answers go on. Start it again: what was buffered is delivered, and
// counts once.

#include <insightloop/client.h>
#include <insightloop/local_evaluator.h>

#include <iostream>
#include <string>

namespace {

// Prints what went wrong, if anything.
bool IsOk(const absl::Status& status) {
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: local_evaluation SERVER EXPERIMENT EVENT\n";
    return 2;
  }
  const auto client = insightloop::Client::Connect({.target = argv[1]});
  if (!IsOk(client.status())) return 1;
  const auto started = insightloop::LocalEvaluator::Start(
      *client, {.on_rejected = [](const insightloop::RejectedRow& rejected) {
        std::cerr << "rejected: " << rejected.fate.reason() << " " << rejected.fate.detail()
                  << "\n";
      }});
  if (!IsOk(started.status())) return 1;
  insightloop::LocalEvaluator& evaluator = **started;
  if (!IsOk(evaluator.WaitUntilReady(absl::Seconds(30)))) return 1;

  for (std::string unit; std::getline(std::cin, unit);) {
    const auto answer = evaluator.AssignInExperiment(argv[2], unit, {});
    if (!IsOk(answer.status())) continue;
    std::cout << unit << " " << (answer->variant().empty() ? "-" : answer->variant()) << " "
              << insightloop::v1::AssignResponse::Reason_Name(answer->reason()) << std::endl;

    // A full buffer is an error: this program does without the row then.
    IsOk(evaluator.RecordExposure(*answer, unit, {}));
    insightloop::v1::Outcome outcome;
    outcome.set_unit_id(unit);
    outcome.set_event(argv[3]);
    IsOk(evaluator.RecordOutcome(std::move(outcome)));
  }

  const bool delivered = IsOk(evaluator.Flush(absl::Minutes(1)));
  const insightloop::DeliveryCounts counts = evaluator.counts();
  std::cout << "buffered " << counts.buffered << ", delivered " << counts.delivered
            << ", duplicates " << counts.duplicates << ", rejected " << counts.rejected
            << std::endl;
  return delivered ? 0 : 1;
}
