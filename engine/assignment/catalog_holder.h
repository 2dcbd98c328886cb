// SPDX-License-Identifier: Apache-2.0
//
// Publishes catalogs: whoever asks gets the newest one, and keeps it as long as it likes.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_CATALOG_HOLDER_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_CATALOG_HOLDER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "engine/assignment/catalog.h"

namespace insightloop {

// Safe for concurrent calls.
class CatalogHolder {
 public:
  CatalogHolder();

  // The newest catalog. Takes no lock and touches nothing that other threads write, except on a
  // thread's first call after a publication: every thread keeps a reference of its own.
  std::shared_ptr<const Catalog> Current() const;

  // From its return on, every call of Current() on any thread gives this catalog or a newer one.
  // Publications must come one at a time.
  void Publish(Catalog catalog);

  // Calls `listener` after every publication, on the publishing thread, until it is unsubscribed;
  // it must not wait. Returns the number for Unsubscribe(), which waits for a call under way.
  std::int64_t Subscribe(std::function<void()> listener);
  void Unsubscribe(std::int64_t number);

 private:
  const std::uint64_t id_;  // tells holders apart in the threads' memory
  std::atomic<std::uint64_t> version_{1};
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Catalog> current_;
  std::mutex listeners_mutex_;  // guards what follows, and is held while listeners are called
  std::map<std::int64_t, std::function<void()>> listeners_;
  std::int64_t last_listener_ = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_CATALOG_HOLDER_H_
