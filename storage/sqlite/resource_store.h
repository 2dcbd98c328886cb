// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_STORAGE_SQLITE_RESOURCE_STORE_H_
#define INSIGHTLOOP_STORAGE_SQLITE_RESOURCE_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/ports/resource_store.h"
#include "storage/sqlite/database.h"

namespace insightloop::storage {

// The port over a database file. Writes run on the database's writer, ahead of waiting facts; reads
// on connections of their own.
class SqliteResourceStore : public ResourceStore {
 public:
  // `database` must outlive the store.
  explicit SqliteResourceStore(SqliteDatabase& database) : database_(database) {}

  absl::Status Write(const ChangeContext& context,
                     const std::function<absl::Status(Transaction&)>& body) override;
  absl::Status DiscardErased() override { return database_.writer().CheckpointAndTruncate(); }
  absl::StatusOr<std::optional<StoredResource>> Get(std::string_view name) override;
  absl::StatusOr<std::vector<StoredResource>> List(const ListQuery& query) override;
  absl::StatusOr<std::vector<Change>> Changes(std::int64_t after, std::int64_t limit) override;

  // When the last change was made; absent in a new database.
  absl::StatusOr<std::optional<Time>> LastChangeTime();

 private:
  SqliteDatabase& database_;
};

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_STORAGE_SQLITE_RESOURCE_STORE_H_
