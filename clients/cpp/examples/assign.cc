// SPDX-License-Identifier: Apache-2.0
//
// Asks the server which variant a unit gets, has the exposure recorded with the same call, and
// sends an outcome:
//
//   assign 127.0.0.1:50051 experiments/spring customer-42 events/purchase

#include <google/protobuf/util/time_util.h>
#include <insightloop/client.h>

#include <iostream>
#include <string>

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: assign SERVER EXPERIMENT UNIT EVENT\n";
    return 2;
  }
  const auto client = insightloop::Client::Connect({.target = argv[1]});
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }

  insightloop::v1::AssignRequest request;
  request.set_experiment(argv[2]);
  request.set_unit_id(argv[3]);
  request.set_record_exposure(true);
  const auto answer = client->Assign(request);
  if (!answer.ok()) {
    std::cerr << insightloop::ReasonOf(answer.status()) << ": " << answer.status().message()
              << "\n";
    return 1;
  }
  std::cout << argv[3] << " " << (answer->variant().empty() ? std::string("-") : answer->variant())
            << " " << insightloop::v1::AssignResponse::Reason_Name(answer->reason()) << "\n";

  // Not TimeUtil::GetCurrentTime(), which gives whole seconds: before the exposure.
  const auto now =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(absl::Now()));
  insightloop::v1::RecordOutcomesRequest outcomes;
  insightloop::v1::Outcome& outcome = *outcomes.add_outcomes();
  // The same id, with the same time, counts once however often it is sent.
  outcome.set_outcome_id(google::protobuf::util::TimeUtil::ToString(now));
  outcome.set_unit_id(argv[3]);
  outcome.set_event(argv[4]);
  *outcome.mutable_occur_time() = now;
  const auto fates = client->RecordOutcomes(outcomes);
  if (!fates.ok()) {
    std::cerr << fates.status() << "\n";
    return 1;
  }
  const insightloop::v1::RowFate& fate = fates->fates(0);
  std::cout << insightloop::v1::RowFate::Fate_Name(fate.fate()) << " " << fate.detail() << "\n";
}
