// SPDX-License-Identifier: Apache-2.0
//
// A kind of thing that is randomized. The fields are described in the contract, unit_type.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_UNIT_TYPE_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_UNIT_TYPE_H_

#include <string>
#include <string_view>

#include "engine/domain/resource.h"

namespace insightloop {

// Exists in every database.
inline constexpr std::string_view kDefaultUnitType = "unitTypes/customer";

struct UnitType {
  static constexpr std::string_view kCollection = "unitTypes";
  ResourceMeta meta;
  std::string description;
};

template <class V>
void Fields(V& v, UnitType& x) {
  MetaFields(v, x.meta);
  v("description", x.description);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_UNIT_TYPE_H_
