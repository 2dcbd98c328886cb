// SPDX-License-Identifier: Apache-2.0
//
// Fills a server's catalog from its store.

#ifndef INSIGHTLOOP_ENGINE_CATALOG_FEED_H_
#define INSIGHTLOOP_ENGINE_CATALOG_FEED_H_

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "engine/assignment/catalog_holder.h"
#include "engine/ports/resource_store.h"

namespace insightloop {

// Publishes a catalog of all definitions in the store. Call once at start. Errors: the store's;
// kInternal for a definition that cannot be read.
absl::Status LoadCatalog(ResourceStore& store, CatalogHolder& holder);

// A resource as a transaction left it; absent when deleted.
using ChangedResource = std::pair<std::string, std::optional<StoredResource>>;

// Publishes what one committed transaction changed, in its order. Calls must come in the order of
// the commits. Error: kInternal for a definition that cannot be read.
absl::Status ApplyToCatalog(std::span<const ChangedResource> changed, CatalogHolder& holder);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_CATALOG_FEED_H_
