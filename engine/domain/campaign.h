// SPDX-License-Identifier: Apache-2.0
//
// Experiments that share a purpose. The fields are described in the contract, campaign.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_CAMPAIGN_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_CAMPAIGN_H_

#include <string>
#include <string_view>

#include "engine/domain/resource.h"

namespace insightloop {

struct Campaign {
  static constexpr std::string_view kCollection = "campaigns";
  ResourceMeta meta;
  std::string display_name;
  std::string description;
};

template <class V>
void Fields(V& v, Campaign& x) {
  MetaFields(v, x.meta);
  v("display_name", x.display_name);
  v("description", x.description);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_CAMPAIGN_H_
