// SPDX-License-Identifier: Apache-2.0
//
// What all resources have in common: names, and the fields that the server sets.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_RESOURCE_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_RESOURCE_H_

#include <string>
#include <string_view>

#include "engine/domain/time.h"

namespace insightloop {

// Set by the server, never by a caller.
struct ResourceMeta {
  std::string name;  // such as `experiments/spring` or `experiments/spring/verdicts/v1`
  Time create_time;
  Time update_time;
  std::string etag;
};

// First lines of every resource's `Fields`.
template <class V>
void MetaFields(V& v, ResourceMeta& meta) {
  v("name", meta.name);
  v("create_time", meta.create_time);
  v("update_time", meta.update_time);
  v("etag", meta.etag);
}

// Whether `id` can be the last part of a name: `[a-z]([a-z0-9-]{0,61}[a-z0-9])?`.
bool IsValidId(std::string_view id);

// Whether `name` is `{collection}/{id}` with a valid id.
bool IsNameIn(std::string_view collection, std::string_view name);

// The last part of a name: `spring` of `experiments/spring`.
std::string_view IdOf(std::string_view name);

// All but the last part: `experiments` of `experiments/spring`.
std::string_view CollectionOf(std::string_view name);

// Whether `text` is well-formed UTF-8.
bool IsUtf8(std::string_view text);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_RESOURCE_H_
