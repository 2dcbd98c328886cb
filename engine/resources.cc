// SPDX-License-Identifier: Apache-2.0

#include "engine/resources.h"

#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/catalog_feed.h"
#include "engine/domain/error.h"
#include "engine/domain/json.h"
#include "engine/domain/resource.h"
#include "engine/rules.h"
#include "engine/sealing.h"
#include "engine/slots.h"

namespace insightloop {
namespace {

// In the order of the changes.
using Changed = std::vector<ChangedResource>;

// Passes everything on and notes which resources change.
class WatchedTransaction final : public ResourceStore::Transaction {
 public:
  WatchedTransaction(Transaction& inner, Changed& changed) : inner_(inner), changed_(changed) {}

  absl::StatusOr<std::optional<StoredResource>> Get(std::string_view name) override {
    return inner_.Get(name);
  }
  absl::StatusOr<std::vector<StoredResource>> List(const ListQuery& query) override {
    return inner_.List(query);
  }
  absl::StatusOr<StoredResource> Put(std::string_view name, std::string_view body) override {
    auto stored = inner_.Put(name, body);
    if (stored.ok()) changed_.emplace_back(name, *stored);
    return stored;
  }
  absl::Status Delete(std::string_view name) override {
    changed_.emplace_back(name, std::nullopt);
    return inner_.Delete(name);
  }
  absl::StatusOr<std::optional<insightloop::Change>> FindRequest(
      std::string_view request_id) override {
    return inner_.FindRequest(request_id);
  }
  absl::Status EraseUnit(const UnitErasure& erasure) override { return inner_.EraseUnit(erasure); }

 private:
  Transaction& inner_;
  Changed& changed_;
};

template <class T>
absl::Status CheckName(std::string_view name) {
  if (IsNameIn(T::kCollection, name)) return absl::OkStatus();
  return InvalidField("INVALID_NAME", "name",
                      absl::StrCat("is ", Quoted(name), "; give ", std::string(T::kCollection),
                                   "/{id} with an id of lower-case letters, digits and hyphens"));
}

template <class T>
absl::Status CheckReferences(ResourceStore::Transaction& store, const T& resource) {
  for (const Reference& reference : ReferencesOf(resource)) {
    if (!IsNameIn(reference.collection, reference.name)) {
      return InvalidField("INVALID_NAME", reference.field,
                          absl::StrCat("is ", Quoted(reference.name), "; give ",
                                       std::string(reference.collection), "/{id}"));
    }
    const auto target = store.Get(reference.name);
    if (!target.ok()) return target.status();
    if (!target->has_value()) return NotFound(reference.field, reference.name);
  }
  return absl::OkStatus();
}

// Every rule on a resource as it will be stored.
template <class T>
absl::Status CheckRules(ResourceStore::Transaction& store, const T& resource,
                        const Limits& limits) {
  Violations violations;
  Validate(resource, limits, violations);
  if (!violations.empty()) return violations.ToStatus();
  if (auto status = CheckReferences(store, resource); !status.ok()) return status;
  if (auto status = ValidateWithin(store, resource, violations); !status.ok()) return status;
  return violations.ToStatus();
}

template <class T>
absl::StatusOr<T> PutResource(ResourceStore::Transaction& store, std::string_view name,
                              const T& resource) {
  const auto stored = store.Put(name, BodyOf(resource));
  if (!stored.ok()) return stored.status();
  return FromStored<T>(*stored);
}

// The resource changed first by an earlier call, as that call left it.
absl::StatusOr<StoredResource> AsLeftBy(const Change& change, ResourceStore::Transaction& store) {
  const auto now = store.Get(change.resource);
  if (!now.ok()) return now.status();
  return StoredResource{.name = change.resource,
                        .revision = change.revision,
                        .create_time = now->has_value() ? (*now)->create_time : change.time,
                        .update_time = change.time,
                        .body = change.after.value_or("")};
}

// What a resource needs to exist: what it refers to and, of an experiment, what its sealed plan
// copied, since facts about it still come in.
template <class T>
absl::StatusOr<std::vector<Reference>> NeedsOf(const T& resource) {
  auto needs = ReferencesOf(resource);
  if constexpr (std::is_same_v<T, Experiment>) {
    if (resource.sealed_plan.empty()) return needs;
    const auto plan = ReadSealedPlan(resource.sealed_plan);
    if (!plan.ok()) return plan.status();
    const auto add = [&](const auto& definitions) {
      for (const auto& definition : definitions) {
        needs.push_back({"sealed_plan", definition.kCollection, definition.meta.name});
      }
    };
    add(plan->metrics);
    add(plan->events);
    add(plan->attributes);
    add(plan->segments);
    for (const std::string& insight : plan->hypothesis.insights) {
      needs.push_back({"sealed_plan", Insight::kCollection, insight});
    }
  }
  return needs;
}

// The first resource of T's collection that needs `name`; empty when there is none.
template <class T>
absl::StatusOr<std::string> FindReferrer(ResourceStore::Transaction& store, std::string_view name) {
  const auto resources = store.List({.collection = std::string(T::kCollection)});
  if (!resources.ok()) return resources.status();
  for (const StoredResource& stored : *resources) {
    const auto resource = FromStored<T>(stored);
    if (!resource.ok()) return resource.status();
    const auto needs = NeedsOf(*resource);
    if (!needs.ok()) return needs.status();
    for (const Reference& reference : *needs) {
      if (reference.name == name) return stored.name;
    }
  }
  return std::string();
}

absl::Status CheckUnused(ResourceStore::Transaction& store, std::string_view name) {
  for (const auto find : {FindReferrer<Insight>, FindReferrer<Hypothesis>, FindReferrer<Segment>,
                          FindReferrer<Metric>, FindReferrer<Experiment>}) {
    const auto referrer = find(store, name);
    if (!referrer.ok()) return referrer.status();
    if (!referrer->empty()) {
      return WrongState("IN_USE", name,
                        absl::StrCat("is used by ", *referrer, "; delete that first"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDeletable(const Experiment& experiment) {
  if (experiment.state == ExperimentState::kDraft) return absl::OkStatus();
  return WrongState("NOT_DRAFT", experiment.meta.name,
                    absl::StrCat("is ", std::string(EnumName(experiment.state)),
                                 "; only a DRAFT can be deleted"));
}

absl::Status CheckDeletable(const UnitType& unit_type) {
  if (unit_type.meta.name != kDefaultUnitType) return absl::OkStatus();
  return WrongState("IN_USE", unit_type.meta.name, "is the default of every outcome; keep it");
}

template <class T>
absl::Status CheckDeletable(const T&) {
  return absl::OkStatus();
}

absl::Status CheckReplay(const Change& first, const Caller& caller) {
  if (first.method == caller.method && first.request_digest == caller.request_digest) {
    return absl::OkStatus();
  }
  return InvalidField("REQUEST_ID_REUSED", "request_id",
                      absl::StrCat("is ", Quoted(caller.request_id),
                                   ", which another request used; make a new one per request"));
}

}  // namespace

Resources::Resources(ResourceStore& store, CatalogHolder& catalog, const Clock& clock,
                     Random& random, const Limits& limits)
    : store_(store), catalog_(catalog), clock_(clock), random_(random), limits_(limits) {}

absl::Status Resources::Initialize() {
  const auto make_missing = [&](std::string_view name, const auto& resource) -> absl::Status {
    const auto found = store_.Get(name);
    if (!found.ok() || found->has_value()) return found.status();
    const ChangeContext context{
        .actor = "insightloopd", .method = "Initialize", .time = clock_.Now()};
    return store_.Write(context, [&](ResourceStore::Transaction& store) {
      return PutResource(store, name, resource).status();
    });
  };
  auto status = make_missing(kDefaultUnitType, UnitType{.description = "A customer."});
  if (status.ok()) status = make_missing(kProgramme, Programme{.salt = MakeUuid(random_)});
  return status.ok() ? LoadCatalog(store_, catalog_) : status;
}

absl::Status Resources::Change(const Caller& caller,
                               const std::function<absl::Status(ResourceStore::Transaction&)>& body,
                               const std::function<absl::Status(const StoredResource&)>& replay) {
  const ChangeContext context{.actor = caller.principal,
                              .method = caller.method,
                              .request_id = caller.request_id,
                              .request_digest = caller.request_digest,
                              .time = clock_.Now()};
  const std::lock_guard lock(change_mutex_);
  Changed changed;
  const auto status = store_.Write(context, [&](ResourceStore::Transaction& store) {
    if (!caller.request_id.empty()) {
      const auto first = store.FindRequest(caller.request_id);
      if (!first.ok()) return first.status();
      if (first->has_value()) {
        if (auto same = CheckReplay(**first, caller); !same.ok()) return same;
        const auto left = AsLeftBy(**first, store);
        return left.ok() ? replay(*left) : left.status();
      }
    }
    WatchedTransaction watched(store, changed);
    return body(watched);
  });
  if (!status.ok()) return status;
  return ApplyToCatalog(changed, catalog_);
}

template <class T>
absl::StatusOr<T> Resources::Create(const Caller& caller, std::string_view id, T resource) {
  if (!id.empty() && !IsValidId(id)) {
    return InvalidField("INVALID_ID", "id",
                        absl::StrCat("is ", Quoted(id),
                                     "; give 1 to 63 lower-case letters, digits and hyphens, "
                                     "starting with a letter and not ending in a hyphen"));
  }
  const std::string name =
      absl::StrCat(std::string(T::kCollection), "/",
                   id.empty() ? absl::StrFormat("r%016x", random_.Next()) : std::string(id));
  Complete(resource, random_);
  FillDefaults(resource);
  absl::StatusOr<T> result = absl::InternalError("not created");
  const auto status = Change(
      caller,
      [&](ResourceStore::Transaction& store) -> absl::Status {
        if (auto rules = CheckRules(store, resource, limits_); !rules.ok()) return rules;
        resource.meta.name = name;
        if (auto resized = ResizeHoldout(store, resource, random_); !resized.ok()) return resized;
        const auto existing = store.Get(name);
        if (!existing.ok()) return existing.status();
        if (existing->has_value()) {
          return MakeError(
              absl::StatusCode::kAlreadyExists,
              absl::StrCat(name, " exists already; choose another id, or update it"),
              {.reason = "ALREADY_EXISTS", .metadata = {{"name", name}}, .resource = name});
        }
        result = PutResource(store, name, resource);
        return result.status();
      },
      [&](const StoredResource& left) { return (result = FromStored<T>(left)).status(); });
  if (!status.ok()) return status;
  return result;
}

template <class T>
absl::StatusOr<T> Resources::Get(std::string_view name) {
  if (auto status = CheckName<T>(name); !status.ok()) return status;
  const auto stored = store_.Get(name);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return NotFound("name", name);
  return FromStored<T>(**stored);
}

template <class T>
absl::StatusOr<Page<T>> Resources::List(std::string_view after, std::int64_t limit) {
  auto stored = store_.List(
      {.collection = std::string(T::kCollection), .after = std::string(after), .limit = limit + 1});
  if (!stored.ok()) return stored.status();
  Page<T> page;
  if (static_cast<std::int64_t>(stored->size()) > limit) {
    stored->pop_back();
    page.next = stored->back().name;
  }
  for (const StoredResource& item : *stored) {
    auto resource = FromStored<T>(item);
    if (!resource.ok()) return resource.status();
    page.items.push_back(*std::move(resource));
  }
  return page;
}

template <class T>
absl::StatusOr<T> Resources::Update(const Caller& caller, std::string_view name,
                                    std::string_view etag,
                                    const std::function<absl::Status(T&)>& edit) {
  if (auto status = CheckName<T>(name); !status.ok()) return status;
  absl::StatusOr<T> result = absl::InternalError("not updated");
  const auto status = Change(
      caller,
      [&](ResourceStore::Transaction& store) -> absl::Status {
        const auto before = Load<T>(store, "name", name);
        if (!before.ok()) return before.status();
        if (auto fresh = CheckEtag(before->meta, etag); !fresh.ok()) return fresh;
        T after = *before;
        if (auto edited = edit(after); !edited.ok()) return edited;
        after.meta = before->meta;
        FillDefaults(after);
        KeepServerFields(*before, after);
        if (auto legal = CheckChange(*before, after); !legal.ok()) return legal;
        if (auto rules = CheckRules(store, after, limits_); !rules.ok()) return rules;
        if (auto resized = ResizeHoldout(store, after, random_); !resized.ok()) return resized;
        result = PutResource(store, name, after);
        return result.status();
      },
      [&](const StoredResource& left) { return (result = FromStored<T>(left)).status(); });
  if (!status.ok()) return status;
  return result;
}

template <class T>
absl::Status Resources::Delete(const Caller& caller, std::string_view name, std::string_view etag) {
  if (auto status = CheckName<T>(name); !status.ok()) return status;
  return Change(
      caller,
      [&](ResourceStore::Transaction& store) -> absl::Status {
        const auto resource = Load<T>(store, "name", name);
        if (!resource.ok()) return resource.status();
        if (auto fresh = CheckEtag(resource->meta, etag); !fresh.ok()) return fresh;
        if (auto deletable = CheckDeletable(*resource); !deletable.ok()) return deletable;
        if (auto unused = CheckUnused(store, name); !unused.ok()) return unused;
        return store.Delete(name);
      },
      [](const StoredResource&) { return absl::OkStatus(); });
}

template <class T>
absl::StatusOr<T> FromStored(const StoredResource& stored) {
  auto resource = FromJsonText<T>(stored.body);
  if (!resource.ok()) {
    return absl::InternalError(absl::StrCat(
        stored.name, ": stored in a form that cannot be read: ", resource.status().message()));
  }
  resource->meta = {.name = stored.name,
                    .create_time = stored.create_time,
                    .update_time = stored.update_time,
                    .etag = EtagOf(stored.revision)};
  return resource;
}

template <class T>
std::string BodyOf(const T& resource) {
  T without_meta = resource;
  without_meta.meta = {};
  return ToJson(without_meta).dump();
}

template <class T>
absl::StatusOr<T> Load(ResourceStore::Transaction& store, std::string_view field,
                       std::string_view name) {
  const auto stored = store.Get(name);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return NotFound(field, name);
  return FromStored<T>(**stored);
}

std::string EtagOf(std::int64_t revision) { return absl::StrCat("\"", revision, "\""); }

absl::Status CheckEtag(const ResourceMeta& meta, std::string_view etag) {
  if (etag.empty() || etag == meta.etag) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted,
                   absl::StrCat(meta.name, ": etag is ", Quoted(etag),
                                ", but the resource changed; read it again and repeat the change"),
                   {.reason = "STALE_ETAG",
                    .metadata = {{"name", meta.name}, {"etag", std::string(etag)}},
                    .resource = meta.name});
}

std::string MakeUuid(Random& random) {
  const std::uint64_t high = (random.Next() & ~0xF000ULL) | 0x4000ULL;
  const std::uint64_t low = (random.Next() & ~(3ULL << 62)) | (1ULL << 63);
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xFFFF,
                         high & 0xFFFF, low >> 48, low & 0xFFFF'FFFF'FFFFULL);
}

// The kinds of resources.
#define INSIGHTLOOP_RESOURCE(T)                                                                   \
  template absl::StatusOr<T> Resources::Create(const Caller&, std::string_view, T);               \
  template absl::StatusOr<T> Resources::Get(std::string_view);                                    \
  template absl::StatusOr<Page<T>> Resources::List(std::string_view, std::int64_t);               \
  template absl::StatusOr<T> Resources::Update(const Caller&, std::string_view, std::string_view, \
                                               const std::function<absl::Status(T&)>&);           \
  template absl::Status Resources::Delete<T>(const Caller&, std::string_view, std::string_view);  \
  template absl::StatusOr<T> FromStored(const StoredResource&);                                   \
  template std::string BodyOf(const T&);                                                          \
  template absl::StatusOr<T> Load(ResourceStore::Transaction&, std::string_view, std::string_view)

INSIGHTLOOP_RESOURCE(Insight);
INSIGHTLOOP_RESOURCE(Hypothesis);
INSIGHTLOOP_RESOURCE(UnitType);
INSIGHTLOOP_RESOURCE(Attribute);
INSIGHTLOOP_RESOURCE(Segment);
INSIGHTLOOP_RESOURCE(Event);
INSIGHTLOOP_RESOURCE(Metric);
INSIGHTLOOP_RESOURCE(Layer);
INSIGHTLOOP_RESOURCE(Programme);
INSIGHTLOOP_RESOURCE(Campaign);
INSIGHTLOOP_RESOURCE(Experiment);

}  // namespace insightloop
