// SPDX-License-Identifier: Apache-2.0

#include "api/paging.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/absl_view.h"
#include "engine/domain/error.h"
#include "engine/domain/json.h"
#include "engine/sealing.h"

namespace insightloop::api {
namespace {

struct PageToken {
  std::string after;
  std::string scope;  // digest, so that tokens stay short
};

template <class V>
void Fields(V& v, PageToken& x) {
  v("after", x.after);
  v("scope", x.scope);
}

std::string DigestOfScope(std::string_view scope) { return Sha256Hex(scope).substr(0, 16); }

}  // namespace

std::string MakePageToken(std::string_view scope, std::string_view after) {
  if (after.empty()) return "";
  const PageToken token{.after = std::string(after), .scope = DigestOfScope(scope)};
  return absl::WebSafeBase64Escape(ToJson(token).dump());
}

absl::StatusOr<PageRequest> ReadPageRequest(std::string_view scope, std::int32_t page_size,
                                            std::string_view page_token, const Limits& limits) {
  if (page_size < 0) {
    return InvalidField(
        "INVALID_PAGE_SIZE", "page_size",
        absl::StrCat(page_size, " is below 0; send 0 for ", limits.default_page_size, ", or up to ",
                     limits.max_page_size));
  }
  PageRequest request;
  request.limit = page_size == 0 ? limits.default_page_size
                                 : std::min<std::int64_t>(page_size, limits.max_page_size);
  if (page_token.empty()) return request;

  std::string text;
  if (absl::WebSafeBase64Unescape(AbslView(page_token), &text)) {
    absl::StatusOr<PageToken> token = FromJsonText<PageToken>(text);
    if (token.ok() && token->scope == DigestOfScope(scope) && !token->after.empty()) {
      request.after = std::move(token->after);
      return request;
    }
  }
  return InvalidField("INVALID_PAGE_TOKEN", "page_token",
                      absl::StrCat(Quoted(page_token),
                                   " is no token of this list; send `next_page_token` of the page "
                                   "before, with the same parent, or begin again without one"));
}

}  // namespace insightloop::api
