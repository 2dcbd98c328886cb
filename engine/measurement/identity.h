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
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "engine/domain/facts.h"

namespace insightloop {

// SipHash-2-4-128 of any bytes under one key. Not thread-safe.
class KeyedHash {
 public:
  // Error: kInternal when the cryptography library lacks it.
  static absl::StatusOr<KeyedHash> Create(const std::array<std::uint8_t, 16>& secret);

  // The 16 bytes of the hash, read as a little-endian number. Error: kInternal.
  absl::StatusOr<absl::uint128> Of(std::span<const std::uint8_t> bytes);

  // The identity of an outcome; `unit` is the unit's number, `event` the event's word.
  absl::StatusOr<absl::uint128> OfOutcome(std::int64_t unit, std::int64_t event,
                                          std::string_view outcome_id);

  // Tells apart the questionnaires of all units by their response_id; 0 for an empty one only.
  absl::StatusOr<std::int64_t> OfResponse(std::int64_t unit, std::string_view response_id);

  // The identity of an outcome of a unit that was erased since, and has no number of its own any
  // more. Equal to none of OfOutcome() but by chance.
  absl::StatusOr<absl::uint128> OfErasedOutcome(const UnitKey& unit, std::int64_t event,
                                                std::string_view outcome_id);

 private:
  struct Free {
    void operator()(void* context) const;
  };

  KeyedHash(void* context, const std::array<std::uint8_t, 16>& secret)
      : context_(context), secret_(secret) {}

  std::unique_ptr<void, Free> context_;  // EVP_MAC_CTX
  std::array<std::uint8_t, 16> secret_;
  std::vector<std::uint8_t> frame_;  // scratch
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_IDENTITY_H_
