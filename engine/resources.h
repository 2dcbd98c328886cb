// SPDX-License-Identifier: Apache-2.0
//
// The standard methods on every kind of resource: create, get, list, update, delete. Each change is
// one transaction with its rules (rules.h), its row in the log of changes, and its snapshot in the
// catalog.
//
// T is one of Insight, Hypothesis, UnitType, Attribute, Segment, Event, Metric, Layer, Programme,
// Campaign, Experiment.

#ifndef INSIGHTLOOP_ENGINE_RESOURCES_H_
#define INSIGHTLOOP_ENGINE_RESOURCES_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/assignment/catalog_holder.h"
#include "engine/domain/caller.h"
#include "engine/domain/limits.h"
#include "engine/ports/clock.h"
#include "engine/ports/random.h"
#include "engine/ports/resource_store.h"

namespace insightloop {

template <class T>
struct Page {
  std::vector<T> items;
  std::string next;  // name to read on after; empty: the last page
};

// Safe for concurrent calls.
class Resources {
 public:
  // All outlive this object.
  Resources(ResourceStore& store, CatalogHolder& catalog, const Clock& clock, Random& random,
            const Limits& limits);

  // Makes what every database has (`unitTypes/customer`, `programmes/default`) and loads the
  // catalog. Call once, first.
  absl::Status Initialize();

  // `id` empty: one is made. Fields that the server sets are ignored.
  //
  // Errors: kInvalidArgument (INVALID_ID, field rules, REQUEST_ID_REUSED), kAlreadyExists
  // (ALREADY_EXISTS), kNotFound for a reference to nothing.
  template <class T>
  absl::StatusOr<T> Create(const Caller& caller, std::string_view id, T resource);

  // Errors: kInvalidArgument for a malformed name (INVALID_NAME), kNotFound.
  template <class T>
  absl::StatusOr<T> Get(std::string_view name);

  // Resources of T's collection with names after `after`, at most `limit`.
  template <class T>
  absl::StatusOr<Page<T>> List(std::string_view after, std::int64_t limit);

  // Applies `edit` to the stored resource in the transaction; changes to fields that the server
  // sets are undone. `etag` empty: any.
  //
  // Errors: those of Create and of `edit`; kNotFound; kAborted (STALE_ETAG); kFailedPrecondition
  // (IMMUTABLE_FIELD, SEALED).
  template <class T>
  absl::StatusOr<T> Update(const Caller& caller, std::string_view name, std::string_view etag,
                           const std::function<absl::Status(T&)>& edit);

  // Errors: kInvalidArgument, kNotFound, kAborted (STALE_ETAG), kFailedPrecondition (IN_USE, naming
  // a resource that refers to it; NOT_DRAFT for an experiment that was started).
  template <class T>
  absl::Status Delete(const Caller& caller, std::string_view name, std::string_view etag);

  // The frame of every change, for methods beyond the standard ones: `body` runs in one
  // transaction, and whatever it puts or deletes reaches the catalog before this returns. When the
  // caller's request id was used before, `body` does not run: `replay` gets the resource changed
  // first by that call, as that call left it (with an empty body when it was deleted), or the error
  // REQUEST_ID_REUSED is returned if the request differs.
  absl::Status Change(const Caller& caller,
                      const std::function<absl::Status(ResourceStore::Transaction&)>& body,
                      const std::function<absl::Status(const StoredResource&)>& replay);

  const Clock& clock() const { return clock_; }
  Random& random() { return random_; }
  const Limits& limits() const { return limits_; }
  ResourceStore& store() { return store_; }

 private:
  ResourceStore& store_;
  CatalogHolder& catalog_;
  const Clock& clock_;
  Random& random_;
  const Limits limits_;
  std::mutex
      change_mutex_;  // held from a commit until the catalog has it, so that it sees their order
};

// A resource as stored, with its meta fields. Error: kInternal for a body that cannot be read.
template <class T>
absl::StatusOr<T> FromStored(const StoredResource& stored);

// What is stored of a resource: its JSON without the meta fields.
template <class T>
std::string BodyOf(const T& resource);

// Resources by name within a transaction. Errors: kNotFound naming `field`; kInternal.
template <class T>
absl::StatusOr<T> Load(ResourceStore::Transaction& store, std::string_view field,
                       std::string_view name);

// The etag of a revision.
std::string EtagOf(std::int64_t revision);

// kAborted (STALE_ETAG) unless `etag` is empty or the resource's.
absl::Status CheckEtag(const ResourceMeta& meta, std::string_view etag);

// A version-4 UUID.
std::string MakeUuid(Random& random);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_RESOURCES_H_
