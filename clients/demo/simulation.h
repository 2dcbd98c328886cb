// SPDX-License-Identifier: Apache-2.0
//
// Simulated customers and what they do, as rows for the server. The same seed gives the same
// customers on every machine: the generator is specified here (splitmix64) and uses no distribution
// of the standard library, whose output is not.

#ifndef INSIGHTLOOP_CLIENTS_DEMO_SIMULATION_H_
#define INSIGHTLOOP_CLIENTS_DEMO_SIMULATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "insightloop/v1/measurement.pb.h"

namespace insightloop::demo {

inline constexpr int kCustomerCount = 30'000;
inline constexpr std::int64_t kSecondsPerDay = 86'400;
inline constexpr int kMailingDays = 7;  // the mails go out over a week

struct Customer {
  std::string unit_id;
  bool consent = false;
  bool loyal = false;
  bool delivered = false;      // a mail to this customer reaches the mailbox
  std::int64_t mail_time = 0;  // when it does or would; seconds since 1970
  std::uint64_t seed = 0;      // of everything this customer will do
};

// What happened, in order of time.
struct Facts {
  std::vector<v1::Exposure> exposures;
  std::vector<v1::Outcome> outcomes;
};

// The customers; the first mail goes out soon after `start`.
std::vector<Customer> MakeCustomers(std::uint64_t seed, std::int64_t start);

// The attributes that are known of a customer, as `Assign` and exposures take them.
using AttributeValues = google::protobuf::Map<std::string, google::protobuf::Value>;
void SetAttributes(const Customer& customer, AttributeValues& attributes);

// Appends what one customer does. An empty variant means: not in the experiment, so nothing is
// shown and no survey is sent, but the customer may buy all the same.
void Live(const Customer& customer, const std::string& variant, Facts& facts);

// Brings what all customers did into order of time.
void SortByTime(Facts& facts);

}  // namespace insightloop::demo

#endif  // INSIGHTLOOP_CLIENTS_DEMO_SIMULATION_H_
