// SPDX-License-Identifier: Apache-2.0
//
// Pages of lists: sizes, and tokens that only the list they came from takes back.

#ifndef INSIGHTLOOP_API_PAGING_H_
#define INSIGHTLOOP_API_PAGING_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/limits.h"

namespace insightloop::api {

struct PageRequest {
  std::string after;  // name to read on after; empty: from the first
  std::int64_t limit = 0;
};

// Opaque to callers. `scope` is what the page belongs to: the method and whatever else selects its
// items. Empty when `after` is: the last page has no token.
std::string MakePageToken(std::string_view scope, std::string_view after);

// Errors: kInvalidArgument: INVALID_PAGE_SIZE below 0; INVALID_PAGE_TOKEN for a token that is none,
// or one of another scope.
absl::StatusOr<PageRequest> ReadPageRequest(std::string_view scope, std::int32_t page_size,
                                            std::string_view page_token, const Limits& limits);

}  // namespace insightloop::api

#endif  // INSIGHTLOOP_API_PAGING_H_
