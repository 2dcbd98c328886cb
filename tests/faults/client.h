// SPDX-License-Identifier: Apache-2.0
//
// A client that never gives up: it sends calls of exposures and outcomes, and after a failure the
// same call again until it is answered.

#ifndef INSIGHTLOOP_TESTS_FAULTS_CLIENT_H_
#define INSIGHTLOOP_TESTS_FAULTS_CLIENT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/facts.h"
#include "engine/ports/measurement.h"
#include "tests/faults/history.h"

namespace insightloop::testing {

// Its calls depend on its number, the seed and the answers alone. For one thread at a time.
class Client {
 public:
  using Send = std::function<absl::StatusOr<FactFates>(const FactRows&)>;

  enum class Calls { kOfBothKinds, kOfOneKind };  // have exposures and outcomes, or either

  // Clients of one history differ in `number`, from 0 to 7.
  Client(int number, std::uint64_t seed, History& history, Calls calls = Calls::kOfBothKinds)
      : number_(number), calls_(calls), history_(history), random_(seed) {}

  // One call; the one whose answer is missing before a new one. The result is that of sending.
  absl::Status Call(const Send& send);

 private:
  std::int64_t Draw(std::int64_t from, std::int64_t to);  // both included
  std::string DrawUnit() { return "unit-" + std::to_string(Draw(0, 199)); }
  Exposure MakeExposure();
  Outcome MakeOutcome();
  FactRows MakeCall();

  const int number_;
  const Calls calls_;
  History& history_;
  std::mt19937_64 random_;
  std::int64_t made_ = 0;
  std::optional<FactRows> call_;  // without an answer
  FactRows last_;                 // answered
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_FAULTS_CLIENT_H_
