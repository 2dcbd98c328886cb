// SPDX-License-Identifier: Apache-2.0
//
// All experiments together. The fields are described in the contract, programme.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_PROGRAMME_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_PROGRAMME_H_

#include <string>
#include <string_view>

#include "engine/domain/layer.h"
#include "engine/domain/resource.h"

namespace insightloop {

// The only one; exists in every database.
inline constexpr std::string_view kProgramme = "programmes/default";

struct Programme {
  static constexpr std::string_view kCollection = "programmes";
  ResourceMeta meta;
  std::string description;
  std::string salt;  // set by the server
  Holdout holdout;
};

template <class V>
void Fields(V& v, Programme& x) {
  MetaFields(v, x.meta);
  v("description", x.description);
  v("salt", x.salt);
  v("holdout", x.holdout);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_PROGRAMME_H_
