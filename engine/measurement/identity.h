// SPDX-License-Identifier: Apache-2.0
//
// Identities of outcomes: a 128-bit hash of (unit, event, outcome_id), keyed with the secret of the
// database, so that no sender can aim at another outcome's identity.
//
// Source: SipHash-2-4 with 128 bits of output, Aumasson and Bernstein, "SipHash: a fast short-input
// PRF", INDOCRYPT 2012.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_IDENTITY_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_IDENTITY_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"
#include "engine/domain/facts.h"

namespace insightloop {

// SipHash-2-4-128 of any bytes under one key. Not thread-safe.
class KeyedHash {
 public:
  explicit KeyedHash(const std::array<std::uint8_t, 16>& secret) : secret_(secret) {}

  // The 16 bytes of the hash, read as a little-endian number.
  [[nodiscard]] absl::uint128 Of(std::span<const std::uint8_t> bytes) const;

  // The identity of an outcome; `unit` is the unit's number, `event` the event's word.
  absl::uint128 OfOutcome(std::int64_t unit, std::int64_t event, std::string_view outcome_id);

  // Tells apart the questionnaires of all units by their response_id; 0 for an empty one only.
  std::int64_t OfResponse(std::int64_t unit, std::string_view response_id);

  // The identity of an outcome of a unit that was erased since, and has no number of its own any
  // more. Equal to none of OfOutcome() but by chance.
  absl::uint128 OfErasedOutcome(UnitView unit, std::int64_t event, std::string_view outcome_id);

 private:
  std::array<std::uint8_t, 16> secret_;
  std::vector<std::uint8_t> frame_;  // scratch
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_IDENTITY_H_
