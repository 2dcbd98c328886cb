// SPDX-License-Identifier: Apache-2.0
//
// Abseil may have a string_view of its own, which its functions and tables take.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_ABSL_VIEW_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_ABSL_VIEW_H_

#include <string_view>

#include "absl/strings/string_view.h"

namespace insightloop {

inline absl::string_view AbslView(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_ABSL_VIEW_H_
