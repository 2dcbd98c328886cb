// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/identity.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/status/status.h"

namespace insightloop {
namespace {

EVP_MAC_CTX* Mac(void* context) { return static_cast<EVP_MAC_CTX*>(context); }

void PutLittleEndian(std::int64_t number, std::uint8_t* bytes) {
  for (int i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> 8 * i);
  }
}

std::uint64_t ReadLittleEndian(const std::uint8_t* bytes) {
  std::uint64_t number = 0;
  for (int i = 7; i >= 0; --i) number = number << 8 | bytes[i];
  return number;
}

}  // namespace

void KeyedHash::Free::operator()(void* context) const { EVP_MAC_CTX_free(Mac(context)); }

absl::StatusOr<KeyedHash> KeyedHash::Create(const std::array<std::uint8_t, 16>& secret) {
  EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "SIPHASH", nullptr);
  KeyedHash hash(mac == nullptr ? nullptr : EVP_MAC_CTX_new(mac), secret);
  EVP_MAC_free(mac);  // the context holds on to it
  std::size_t size = 16;
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                               OSSL_PARAM_construct_end()};
  if (hash.context_ == nullptr || EVP_MAC_CTX_set_params(Mac(hash.context_.get()), params) != 1) {
    return absl::InternalError(
        "OpenSSL offers no SIPHASH of 16 bytes; install its default provider");
  }
  return hash;
}

absl::StatusOr<absl::uint128> KeyedHash::Of(std::span<const std::uint8_t> bytes) {
  EVP_MAC_CTX* const context = Mac(context_.get());
  std::array<std::uint8_t, 16> out;
  std::size_t length = 0;
  if (EVP_MAC_init(context, secret_.data(), secret_.size(), nullptr) != 1 ||
      EVP_MAC_update(context, bytes.data(), bytes.size()) != 1 ||
      EVP_MAC_final(context, out.data(), &length, out.size()) != 1 || length != out.size()) {
    return absl::InternalError("OpenSSL cannot compute a SIPHASH of 16 bytes");
  }
  return absl::MakeUint128(ReadLittleEndian(out.data() + 8), ReadLittleEndian(out.data()));
}

absl::StatusOr<absl::uint128> KeyedHash::OfOutcome(std::int64_t unit, std::int64_t event,
                                                   std::string_view outcome_id) {
  // Two fields of fixed length before the text: no two identities share a frame.
  frame_.resize(16 + outcome_id.size());
  PutLittleEndian(unit, frame_.data());
  PutLittleEndian(event, frame_.data() + 8);
  std::copy(outcome_id.begin(), outcome_id.end(), frame_.begin() + 16);
  return Of(frame_);
}

absl::StatusOr<std::int64_t> KeyedHash::OfResponse(std::int64_t unit,
                                                   std::string_view response_id) {
  if (response_id.empty()) return 0;
  // As of event 0, which there is not.
  const auto hash = OfOutcome(unit, 0, response_id);
  if (!hash.ok()) return hash.status();
  return static_cast<std::int64_t>(std::max<std::uint64_t>(absl::Uint128Low64(*hash), 1));
}

absl::StatusOr<absl::uint128> KeyedHash::OfErasedOutcome(const UnitKey& unit, std::int64_t event,
                                                         std::string_view outcome_id) {
  // As of unit 0, which there is not; texts but the last with their lengths.
  const std::string& type = unit.unit_type;
  const std::string& id = unit.unit_id;
  frame_.resize(32 + type.size() + id.size() + outcome_id.size());
  std::uint8_t* to = frame_.data();
  const auto put_number = [&to](std::int64_t number) {
    PutLittleEndian(number, to);
    to += sizeof(number);
  };
  const auto put_text = [&to](std::string_view text) {
    to = std::copy(text.begin(), text.end(), to);
  };
  put_number(0);
  put_number(event);
  put_number(static_cast<std::int64_t>(type.size()));
  put_text(type);
  put_number(static_cast<std::int64_t>(id.size()));
  put_text(id);
  put_text(outcome_id);
  return Of(frame_);
}

}  // namespace insightloop
