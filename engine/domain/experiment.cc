// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/experiment.h"

#include <algorithm>

namespace insightloop {

const Variant& ControlOf(const std::vector<Variant>& variants) {
  return *std::find_if(variants.begin(), variants.end(),
                       [](const Variant& v) { return v.control; });
}

}  // namespace insightloop
