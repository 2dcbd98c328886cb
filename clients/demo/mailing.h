// SPDX-License-Identifier: Apache-2.0
//
// What a marketing platform does all day: asks which variant each customer gets, and reports what
// happened as the (simulated) days go by.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_MAILING_H_
#define INSIGHTLOOP_CLIENTS_DEMO_MAILING_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/demo/client.h"
#include "clients/demo/simulation.h"
#include "insightloop/v1/assignment.pb.h"
#include "insightloop/v1/measurement.pb.h"

namespace insightloop::demo {

// What `Assign` answered for every customer, in their order.
struct Assignments {
  std::vector<v1::AssignResponse> answers;
  double seconds = 0;  // that all calls together took

  // How many got that answer.
  std::int64_t CountReason(v1::AssignResponse::Reason reason) const;
  std::int64_t CountVariant(const std::string& variant) const;
};

// Asks `Assign` once per customer, several calls at a time. Errors: kAborted, kCancelled.
absl::StatusOr<Assignments> AssignAll(const Client& client, const std::vector<Customer>& customers);

// What became of the rows of one call or of several.
struct Fates {
  std::map<v1::RowFate::Fate, std::int64_t> counts;
  std::int64_t rows() const;
  std::int64_t Count(v1::RowFate::Fate fate) const;
  void Add(const Fates& more);
};

// Sends facts in batches as time passes. Facts must be in order of time and outlive it.
class Reporter {
 public:
  Reporter(const Client& client, const Facts& facts) : client_(client), facts_(facts) {}

  // What was sent since the last call, by event; exposures are under "exposures".
  struct Report {
    std::map<std::string, std::int64_t> by_event;
    Fates fates;
  };

  // Moves the server's clock to that time and sends what happened before it. Every row must be new
  // to the server. Errors: kAborted, also for a row that is not ACCEPTED; kCancelled.
  absl::StatusOr<Report> PassUntil(std::int64_t seconds);

  // Sends the last batch of outcomes once more, as after a lost answer. Error: kAborted.
  absl::StatusOr<Fates> RepeatLastBatch();

 private:
  absl::Status SendExposures(std::int64_t until, Report& report);
  absl::Status SendOutcomes(std::int64_t until, Report& report);

  const Client& client_;
  const Facts& facts_;
  std::size_t next_exposure_ = 0, next_outcome_ = 0;
  v1::RecordOutcomesRequest last_batch_;
};

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_MAILING_H_
