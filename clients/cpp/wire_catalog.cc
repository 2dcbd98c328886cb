// SPDX-License-Identifier: Apache-2.0

#include "clients/cpp/wire_catalog.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "engine/assignment/hashing.h"
#include "engine/domain/experiment.h"
#include "engine/domain/json.h"
#include "engine/domain/layer.h"
#include "engine/domain/programme.h"

namespace insightloop {
namespace {

template <class Noun>
absl::StatusOr<Noun> Read(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto printed = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!printed.ok()) return absl::InvalidArgumentError(printed.ToString());
  return FromJsonText<Noun>(text);
}

// What this program cannot hold must not be taken over in part.
absl::Status CheckSlots(const std::string& salt, const Holdout& holdout) {
  const bool fits = salt.size() <= kMaxSaltBytes &&
                    std::all_of(holdout.slots.begin(), holdout.slots.end(), [](std::int32_t slot) {
                      return slot >= 0 && slot < kSlotsPerLayer;
                    });
  return fits ? absl::OkStatus()
              : absl::InvalidArgumentError("has a salt or slots beyond what this program knows");
}
absl::Status CheckUsable(const Layer& layer) { return CheckSlots(layer.salt, layer.holdout); }
absl::Status CheckUsable(const Programme& programme) {
  return CheckSlots(programme.salt, programme.holdout);
}
template <class Noun>
absl::Status CheckUsable(const Noun&) {
  return absl::OkStatus();
}

template <class Noun, class Message>
absl::Status TakeOverOne(const Message& message, std::int64_t revision, Catalog& catalog) {
  absl::StatusOr<Noun> noun = Read<Noun>(message);
  if (!noun.ok()) return noun.status();
  if (absl::Status status = CheckUsable(*noun); !status.ok()) return status;
  catalog.Put(*std::move(noun), revision);
  return absl::OkStatus();
}

absl::Status TakeOverExperiment(const v1::CatalogExperiment& message, std::int64_t revision,
                                Catalog& catalog) {
  absl::StatusOr<CatalogExperiment> experiment = Read<CatalogExperiment>(message);
  absl::Status status =
      experiment.ok() ? catalog.Put(*std::move(experiment), revision) : experiment.status();
  if (!status.ok()) catalog.Remove(message.name(), revision);  // rather than to answer as it was
  return status;
}

}  // namespace

std::vector<Unreadable> TakeOver(const v1::StreamCatalogResponse& response, Catalog& catalog) {
  const std::int64_t revision = response.revision();
  std::vector<Unreadable> unreadable;
  const auto note = [&](const std::string& name, const std::string& layer, absl::Status status) {
    if (!status.ok()) unreadable.push_back({name, layer, std::move(status)});
  };
  // First what is gone: a name may have been given away again.
  for (const std::string& name : response.removed()) catalog.Remove(name, revision);
  if (response.has_programme()) {
    note(response.programme().name(), "",
         TakeOverOne<Programme>(response.programme(), revision, catalog));
  }
  for (const auto& message : response.unit_types()) {
    note(message.name(), "", TakeOverOne<UnitType>(message, revision, catalog));
  }
  for (const auto& message : response.attributes()) {
    note(message.name(), "", TakeOverOne<Attribute>(message, revision, catalog));
  }
  for (const std::string& name : response.campaigns()) catalog.PutCampaign(name, revision);
  for (const auto& message : response.layers()) {  // before their experiments
    note(message.name(), "", TakeOverOne<Layer>(message, revision, catalog));
  }
  for (const auto& message : response.experiments()) {
    note(message.name(), message.layer(), TakeOverExperiment(message, revision, catalog));
  }
  return unreadable;
}

}  // namespace insightloop
