// SPDX-License-Identifier: Apache-2.0

#include "tests/faults/client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/kept.h"

namespace insightloop::testing {
namespace {

constexpr std::int64_t kMostClients = 8;

}  // namespace

std::int64_t Client::Draw(std::int64_t from, std::int64_t to) {
  // std::uniform_int_distribution differs between standard libraries.
  return from + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(to - from + 1));
}

// No two at the same instant, so that a unit's first variant is never in doubt.
Exposure Client::MakeExposure() {
  Exposure exposure;
  exposure.unit = {.unit_type = "unitTypes/customer", .unit_id = DrawUnit()};
  exposure.experiment = "experiments/spring";
  exposure.epoch = 1;
  const bool is_even = exposure.unit.unit_id.back() % 2 == 0;
  const bool is_crossing = Draw(0, 99) == 0;
  exposure.variant = is_even != is_crossing ? "control" : "reminder";
  exposure.occur_time = kStartOfHistory + Hours(Draw(1, 72));
  exposure.occur_time.micros += ++made_ * kMostClients + number_;
  exposure.receive_time = exposure.occur_time;
  exposure.source = ExposureSource::kExternal;
  return exposure;
}

Outcome Client::MakeOutcome() {
  Outcome outcome;
  outcome.outcome_id = Kept(absl::StrCat(number_, "-", ++made_));
  outcome.unit = {.unit_type = "unitTypes/customer", .unit_id = Kept(DrawUnit())};
  outcome.occur_time = kStartOfHistory + Seconds(Draw(0, std::int64_t{12} * 24 * 3600));
  outcome.receive_time = outcome.occur_time;
  if (Draw(0, 1) == 0) {
    outcome.event = kVisit;
  } else {
    outcome.event = kOrder;
    outcome.kind = OutcomeKind::kValue;
    outcome.value = Draw(-500, 20'000);
  }
  return outcome;
}

FactRows Client::MakeCall() {
  FactRows call;
  for (std::int64_t left = Draw(1, 10); left > 0; --left) call.exposures.push_back(MakeExposure());
  for (std::int64_t left = Draw(1, 30); left > 0; --left) call.outcomes.push_back(MakeOutcome());
  // Networks repeat what was answered.
  if (Draw(0, 2) == 0) {
    call.exposures.insert(call.exposures.end(), last_.exposures.begin(), last_.exposures.end());
    call.outcomes.insert(call.outcomes.end(), last_.outcomes.begin(), last_.outcomes.end());
    last_ = {};
  }
  if (calls_ == Calls::kOfOneKind) {
    Draw(0, 3) == 0 ? call.outcomes.clear() : call.exposures.clear();
  }
  return call;
}

absl::Status Client::Call(const Send& send) {
  if (!call_.has_value()) call_ = MakeCall();
  history_.Attempt(*call_);
  const auto fates = send(*call_);
  if (!fates.ok()) return fates.status();
  history_.Acknowledge(*call_, *fates);
  last_ = *std::exchange(call_, std::nullopt);
  return absl::OkStatus();
}

}  // namespace insightloop::testing
