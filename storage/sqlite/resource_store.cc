// SPDX-License-Identifier: Apache-2.0

#include "storage/sqlite/resource_store.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/domain/resource.h"
#include "storage/sqlite/unit_erasure.h"

namespace insightloop::storage {
namespace {

constexpr char kGet[] =
    "SELECT name, revision, create_time, update_time, body FROM resources WHERE name = ?";
constexpr char kList[] =
    "SELECT name, revision, create_time, update_time, body FROM resources"
    " WHERE collection = ? AND name > ? ORDER BY name LIMIT ?";
constexpr char kListFromLast[] =
    "SELECT name, revision, create_time, update_time, body FROM resources"
    " WHERE collection = ? AND name > ? ORDER BY name DESC LIMIT ?";
constexpr char kPut[] =
    "INSERT INTO resources (name, collection, revision, create_time, update_time, body)"
    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE"
    " SET revision = excluded.revision, update_time = excluded.update_time, body = excluded.body";
constexpr char kDelete[] = "DELETE FROM resources WHERE name = ?";
constexpr char kLog[] =
    "INSERT INTO changes"
    " (time, actor, method, request_id, request_digest, resource, \"before\", \"after\")"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
constexpr char kFindRequest[] =
    "SELECT revision, time, actor, method, request_id, request_digest, resource, \"before\","
    " \"after\" FROM changes WHERE request_id = ? AND request_digest IS NOT NULL";
constexpr char kChanges[] =
    "SELECT revision, time, actor, method, request_id, request_digest, resource, \"before\","
    " \"after\" FROM changes WHERE revision > ? ORDER BY revision LIMIT ?";

StoredResource ResourceOf(const Statement& row) {
  return {.name = std::string(row.Text(0)),
          .revision = row.Int(1),
          .create_time = {row.Int(2)},
          .update_time = {row.Int(3)},
          .body = std::string(row.Text(4))};
}

Change ChangeOf(const Statement& row) {
  return {.revision = row.Int(0),
          .time = {row.Int(1)},
          .actor = std::string(row.Text(2)),
          .method = std::string(row.Text(3)),
          .request_id = std::string(row.Text(4)),
          .request_digest = std::string(row.Blob(5)),
          .resource = std::string(row.Text(6)),
          .before = row.OptionalText(7),
          .after = row.OptionalText(8)};
}

template <class T>
absl::StatusOr<std::optional<T>> ReadOne(Statement& statement, T (*read)(const Statement&)) {
  const auto row = statement.Step();
  if (!row.ok()) return row.status();
  if (!*row) return std::optional<T>();
  return std::optional<T>(read(statement));
}

template <class T>
absl::StatusOr<std::vector<T>> ReadAll(Statement& statement, T (*read)(const Statement&)) {
  std::vector<T> all;
  const auto status = statement.ForRows([&](const Statement& row) { all.push_back(read(row)); });
  if (!status.ok()) return status;
  return all;
}

absl::StatusOr<std::optional<StoredResource>> GetFrom(Connection& connection,
                                                      std::string_view name) {
  auto select = connection.Prepare(kGet);
  if (!select.ok()) return select.status();
  return ReadOne(select->BindText(name), ResourceOf);
}

absl::StatusOr<std::vector<StoredResource>> ListFrom(Connection& connection,
                                                     const ListQuery& query) {
  auto select = connection.Prepare(query.from_last ? kListFromLast : kList);
  if (!select.ok()) return select.status();
  constexpr std::int64_t kAll = -1;  // of SQLite's LIMIT
  select->BindText(query.collection)
      .BindText(query.after)
      .BindInt(query.limit > 0 ? query.limit : kAll);
  return ReadAll(*select, ResourceOf);
}

class SqliteTransaction : public ResourceStore::Transaction {
 public:
  SqliteTransaction(Connection& connection, const ChangeContext& context)
      : connection_(connection), context_(context) {}

  absl::StatusOr<std::optional<StoredResource>> Get(std::string_view name) override {
    return GetFrom(connection_, name);
  }

  absl::StatusOr<std::vector<StoredResource>> List(const ListQuery& query) override {
    return ListFrom(connection_, query);
  }

  absl::StatusOr<StoredResource> Put(std::string_view name, std::string_view body) override {
    const auto found = Get(name);
    if (!found.ok()) return found.status();
    const std::optional<StoredResource>& old = *found;
    StoredResource resource{.name = std::string(name),
                            .create_time = old ? old->create_time : context_.time,
                            .update_time = context_.time,
                            .body = std::string(body)};
    const auto revision =
        Log(name, old ? std::optional<std::string_view>(old->body) : std::nullopt, body);
    if (!revision.ok()) return revision.status();
    resource.revision = *revision;

    auto put = connection_.Prepare(kPut);
    if (!put.ok()) return put.status();
    put->BindText(name)
        .BindText(CollectionOf(name))
        .BindInt(resource.revision)
        .BindInt(resource.create_time.micros)
        .BindInt(resource.update_time.micros)
        .BindText(body);
    if (auto status = put->Run(); !status.ok()) return status;
    return resource;
  }

  absl::Status Delete(std::string_view name) override {
    const auto old = Get(name);
    if (!old.ok()) return old.status();
    if (!old->has_value()) return NotFound("name", name);
    if (const auto revision = Log(name, (*old)->body, std::nullopt); !revision.ok()) {
      return revision.status();
    }
    auto remove = connection_.Prepare(kDelete);
    if (!remove.ok()) return remove.status();
    return remove->BindText(name).Run();
  }

  absl::StatusOr<std::optional<Change>> FindRequest(std::string_view request_id) override {
    auto select = connection_.Prepare(kFindRequest);
    if (!select.ok()) return select.status();
    return ReadOne(select->BindText(request_id), ChangeOf);
  }

  absl::Status EraseUnit(const UnitErasure& erasure) override {
    if (erasure.number != 0) {
      const std::string name = absl::StrCat(erasure.unit.unit_type, "/units/", erasure.number);
      if (auto log = Log(name, std::nullopt, std::nullopt); !log.ok()) return log.status();
    }
    return storage::EraseUnit(connection_, erasure);
  }

 private:
  // Adds a row to the log of changes; returns its revision.
  absl::StatusOr<std::int64_t> Log(std::string_view name, std::optional<std::string_view> before,
                                   std::optional<std::string_view> after) {
    auto log = connection_.Prepare(kLog);
    if (!log.ok()) return log.status();
    log->BindInt(context_.time.micros)
        .BindTextOrNull(context_.actor)
        .BindTextOrNull(context_.method)
        .BindTextOrNull(context_.request_id);
    // The digest marks the first change of a request, the one that FindRequest() is to find.
    const bool first = !std::exchange(logged_, true);
    first && !context_.request_id.empty() ? log->BindBlob(context_.request_digest)
                                          : log->BindNull();
    log->BindText(name);
    before ? log->BindText(*before) : log->BindNull();
    after ? log->BindText(*after) : log->BindNull();
    if (auto status = log->Run(); !status.ok()) return status;
    return connection_.last_row_id();
  }

  Connection& connection_;
  const ChangeContext& context_;
  bool logged_ = false;  // whether this transaction has changed something
};

}  // namespace

absl::Status SqliteResourceStore::Write(const ChangeContext& context,
                                        const std::function<absl::Status(Transaction&)>& body) {
  return database_.writer().Run(Writer::Lane::kResources, [&](Connection& connection) {
    SqliteTransaction transaction(connection, context);
    return body(transaction);
  });
}

absl::StatusOr<std::optional<StoredResource>> SqliteResourceStore::Get(std::string_view name) {
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  return GetFrom(**reader, name);
}

absl::StatusOr<std::vector<StoredResource>> SqliteResourceStore::List(const ListQuery& query) {
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  return ListFrom(**reader, query);
}

absl::StatusOr<std::vector<Change>> SqliteResourceStore::Changes(std::int64_t after,
                                                                 std::int64_t limit) {
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  auto select = (*reader)->Prepare(kChanges);
  if (!select.ok()) return select.status();
  return ReadAll(select->BindInt(after).BindInt(limit), ChangeOf);
}

absl::StatusOr<std::optional<Time>> SqliteResourceStore::LastChangeTime() {
  const auto reader = database_.readers().Borrow();
  if (!reader.ok()) return reader.status();
  auto select = (*reader)->Prepare("SELECT time FROM changes ORDER BY revision DESC LIMIT 1");
  if (!select.ok()) return select.status();
  return ReadOne<Time>(*select, [](const Statement& row) { return Time{row.Int(0)}; });
}

}  // namespace insightloop::storage
