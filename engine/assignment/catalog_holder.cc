// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/catalog_holder.h"

#include <array>
#include <utility>

namespace insightloop {
namespace {

std::uint64_t NextId() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

// The same catalog under a count of its own: copies of the result touch no count of others.
std::shared_ptr<const Catalog> WithOwnCount(const std::shared_ptr<const Catalog>& catalog) {
  const auto keeper = std::make_shared<const std::shared_ptr<const Catalog>>(catalog);
  return {keeper, keeper->get()};
}

}  // namespace

CatalogHolder::CatalogHolder() : id_(NextId()), current_(std::make_shared<const Catalog>()) {}

std::shared_ptr<const Catalog> CatalogHolder::Current() const {
  struct Reference {
    std::uint64_t holder = 0, version = 0;
    std::shared_ptr<const Catalog> catalog;
  };
  // Several, for threads that ask several holders in turns.
  thread_local std::array<Reference, 8> of_thread;
  Reference& mine = of_thread[id_ % of_thread.size()];
  if (mine.holder != id_ || mine.version != version_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(mutex_);
    mine = {.holder = id_,
            .version = version_.load(std::memory_order_relaxed),
            .catalog = WithOwnCount(current_)};
  }
  return mine.catalog;
}

void CatalogHolder::Publish(Catalog catalog) {
  auto next = std::make_shared<const Catalog>(std::move(catalog));
  {
    const std::lock_guard lock(mutex_);
    std::swap(current_, next);
    version_.fetch_add(1, std::memory_order_release);
  }
  const std::lock_guard lock(listeners_mutex_);
  for (const auto& [number, listener] : listeners_) listener();
}

std::int64_t CatalogHolder::Subscribe(std::function<void()> listener) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.emplace(++last_listener_, std::move(listener));
  return last_listener_;
}

void CatalogHolder::Unsubscribe(std::int64_t number) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.erase(number);
}

}  // namespace insightloop
