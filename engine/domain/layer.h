// SPDX-License-Identifier: Apache-2.0
//
// Experiments that exclude each other share a layer; a holdout keeps units out of all of them. The
// fields are described in the contract, layer.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_LAYER_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_LAYER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/resource.h"

namespace insightloop {

inline constexpr int kSlotsPerLayer = 1'000;

struct Holdout {
  std::int32_t slot_count = 0;
  // Set by the server.
  std::int32_t epoch = 0;
  std::vector<std::int32_t> slots;  // in the order taken
};

template <class V>
void Fields(V& v, Holdout& x) {
  v("slot_count", x.slot_count);
  v("epoch", x.epoch);
  v("slots", x.slots);
}

// What exposures of a holdout stand under, in the place of an experiment: `layers/{id}/holdout`.
inline constexpr std::string_view kHoldoutSuffix = "/holdout";
// The two populations of a holdout, in the place of variants.
inline constexpr std::string_view kHoldoutVariant = "HOLDOUT";
inline constexpr std::string_view kRestVariant = "REST";

struct Layer {
  static constexpr std::string_view kCollection = "layers";
  ResourceMeta meta;
  std::string description;
  std::string salt;  // set by the server
  Holdout holdout;
};

template <class V>
void Fields(V& v, Layer& x) {
  MetaFields(v, x.meta);
  v("description", x.description);
  v("salt", x.salt);
  v("holdout", x.holdout);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_LAYER_H_
