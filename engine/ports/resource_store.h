// SPDX-License-Identifier: Apache-2.0
//
// Keeps resources and the log of their changes. The engine decides what a resource is; the store
// keeps a JSON text under a name, in transactions, and never loses an acknowledged one.

#ifndef INSIGHTLOOP_ENGINE_PORTS_RESOURCE_STORE_H_
#define INSIGHTLOOP_ENGINE_PORTS_RESOURCE_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/domain/time.h"
#include "engine/ports/unit_erasure.h"

namespace insightloop {

// A resource as stored. Its collection is all of its name but the last part.
struct StoredResource {
  std::string name;
  std::int64_t revision = 0;  // of its last change; revisions grow by 1 over the whole database
  Time create_time;
  Time update_time;
  std::string body;  // JSON without the fields above
};

// Who changes what, by which call. Written into the `changes` log with every change.
struct ChangeContext {
  std::string actor;           // principal
  std::string method;          // such as `/insightloop.v1.InsightService/CreateInsight`
  std::string request_id;      // empty: the call cannot be replayed
  std::string request_digest;  // SHA-256 of the request; compared when the request id comes again
  Time time;
};

// One row of the `changes` log.
struct Change {
  std::int64_t revision = 0;
  Time time;
  std::string actor, method, request_id, request_digest;
  std::string resource;               // name
  std::optional<std::string> before;  // JSON body; absent for a creation
  std::optional<std::string> after;   // JSON body; absent for a deletion
};

struct ListQuery {
  std::string collection;  // such as `experiments` or `experiments/spring/verdicts`
  std::string after;       // names greater than this; empty: from the first
  std::int64_t limit = 0;  // at most this many; 0: all
  bool from_last = false;  // in descending order of the names
};

// Implementations are safe for concurrent calls. No method throws.
class ResourceStore {
 public:
  // What a write sees and does: its own changes are visible to it, to others only after the commit.
  class Transaction {
   public:
    virtual ~Transaction() = default;
    // Absent when there is none.
    virtual absl::StatusOr<std::optional<StoredResource>> Get(std::string_view name) = 0;
    // In byte order of the names, or the other way round.
    virtual absl::StatusOr<std::vector<StoredResource>> List(const ListQuery& query) = 0;
    // Creates or replaces the resource and adds a row to the log of changes. Returns it as stored.
    virtual absl::StatusOr<StoredResource> Put(std::string_view name, std::string_view body) = 0;
    // Removes the resource and adds a row to the log of changes. Error: kNotFound.
    virtual absl::Status Delete(std::string_view name) = 0;
    // The first change made under a request id, if there was one.
    virtual absl::StatusOr<std::optional<Change>> FindRequest(std::string_view request_id) = 0;
    // Takes who the unit was out of what is stored: its external id; of its outcomes outcome_id,
    // response_id and comment, whose keys become those of `erasure`; its overrides in the bodies
    // that the log of changes keeps, whose calls cannot be replayed any more. Adds a row to the log
    // that names the unit by its number, if it has one. Bodies of resources are the caller's to
    // clean, before.
    virtual absl::Status EraseUnit(const UnitErasure& erasure) = 0;
  };

  virtual ~ResourceStore() = default;

  // Runs `body` in a transaction: all of its changes or, when it returns an error, none. OK means
  // durable. `body` runs once, alone, off the caller's thread; it must not call the store itself.
  //
  // Errors: those of `body`; kResourceExhausted when the disk is full; kUnavailable when the store
  // has shut down or cannot write.
  virtual absl::Status Write(const ChangeContext& context,
                             const std::function<absl::Status(Transaction&)>& body) = 0;

  // Returns once no file of the store holds what committed transactions have erased. Error:
  // kUnavailable (STORE_BUSY) while somebody still reads the state before: call again.
  virtual absl::Status DiscardErased() = 0;

  // As `Transaction`'s, on the last committed state.
  virtual absl::StatusOr<std::optional<StoredResource>> Get(std::string_view name) = 0;
  virtual absl::StatusOr<std::vector<StoredResource>> List(const ListQuery& query) = 0;
  // Changes with a revision above `after`, oldest first, at most `limit`.
  virtual absl::StatusOr<std::vector<Change>> Changes(std::int64_t after, std::int64_t limit) = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_PORTS_RESOURCE_STORE_H_
