// SPDX-License-Identifier: Apache-2.0
//
// Experiments that exclude each other share a layer. The fields are described in the contract,
// layer.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_LAYER_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_LAYER_H_

#include <string>
#include <string_view>

#include "engine/domain/resource.h"

namespace insightloop {

inline constexpr int kSlotsPerLayer = 1'000;

struct Layer {
  static constexpr std::string_view kCollection = "layers";
  ResourceMeta meta;
  std::string description;
  std::string salt;  // set by the server
};

template <class V>
void Fields(V& v, Layer& x) {
  MetaFields(v, x.meta);
  v("description", x.description);
  v("salt", x.salt);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_LAYER_H_
