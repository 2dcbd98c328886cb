// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/convert.h"
#include "api/gate.h"
#include "api/services/catalog_stream.h"
#include "api/services/services.h"
#include "engine/assignment/assigner.h"
#include "engine/domain/absl_view.h"
#include "engine/domain/error.h"
#include "engine/domain/experiment.h"
#include "engine/domain/unit_type.h"
#include "insightloop/v1/assignment.grpc.pb.h"

namespace insightloop::api {
namespace {

// Of a request with a oneof of that name. Without a target it is the experiment, which is not named
// then.
template <class Request>
Target TargetOf(const Request& request) {
  switch (request.target_case()) {
    case Request::kLayer:
      return {.kind = TargetKind::kLayer, .name = request.layer()};
    case Request::kCampaign:
      return {.kind = TargetKind::kCampaign, .name = request.campaign()};
    default:
      return {.kind = TargetKind::kExperiment, .name = request.experiment()};
  }
}

absl::Status ReadAttributes(const ValueMap& values, std::string_view prefix,
                            AttributeMap& attributes) {
  const auto fault = AttributesFromProto(values, attributes);
  if (!fault.has_value()) return absl::OkStatus();
  return InvalidField(fault->reason, absl::StrCat(AbslView(prefix), fault->field), fault->detail);
}

// `AssignResponse` and `Assignment` have the same fields.
template <class Message>
void Encode(const Assignment& assignment, bool with_experiment, Message& message) {
  if (with_experiment && assignment.experiment != nullptr) {
    message.set_experiment(assignment.experiment->definition.name);
  }
  message.set_variant(assignment.variant.data(), assignment.variant.size());
  // Numbered alike.
  message.set_reason(static_cast<v1::AssignResponse::Reason>(assignment.reason));
  message.set_epoch(assignment.epoch);
  for (const HoldoutStanding& standing : {assignment.programme, assignment.layer}) {
    if (standing.is_held_out) message.set_holdout(standing.holdout->name);
  }
}

void Encode(const Assignments& assignments, const Target& target, bool with_experiment,
            v1::AssignResponse& response) {
  if (target.kind != TargetKind::kCampaign) {
    Encode(assignments.one, with_experiment, response);
    return;
  }
  for (const Assignment& assignment : assignments.campaign) {
    Encode(assignment, /*with_experiment=*/true, *response.add_assignments());
  }
}

AssignedUnit ToRecord(const Question& question, const Target& target,
                      const Assignments& assignments) {
  std::string unit_type(question.unit_type);
  if (unit_type.empty()) {
    unit_type = target.kind == TargetKind::kExperiment
                    ? assignments.one.experiment->definition.unit_type
                    : std::string(kDefaultUnitType);
  }
  AssignedUnit unit{
      .unit = {.unit_type = std::move(unit_type), .unit_id = std::string(question.unit_id)},
      .attributes = question.attributes};
  if (target.kind != TargetKind::kCampaign) {
    unit.exposures = ExposuresOf(assignments.one);
    return unit;
  }
  for (const Assignment& assignment : assignments.campaign) {
    const std::vector<AssignedExposure> more = ExposuresOf(assignment);
    unit.exposures.insert(unit.exposures.end(), more.begin(), more.end());
  }
  return unit;
}

absl::Status CheckUnitCount(int units, const Limits& limits) {
  if (units > 0 && units <= limits.max_rows_per_call) return absl::OkStatus();
  return InvalidField(units == 0 ? "NO_UNITS" : "TOO_MANY_UNITS", "units",
                      absl::StrCat("has ", units, " units; give 1 to ", limits.max_rows_per_call));
}

// Of a server that has just started: it does not know yet who was exposed before weights changed.
absl::Status StillStarting() {
  return MakeError(
      absl::StatusCode::kUnavailable,
      "the server is starting and still reads who was exposed, which decides here: call"
      " again in a moment",
      {.reason = "STARTING", .retry_delay = Seconds(1)});
}

bool NeedsExposures(const Assignments& assignments, TargetKind target) {
  const auto needs = [](const Assignment& assignment) {
    return assignment.reason == AssignmentReason::kNeedsServer;
  };
  if (target != TargetKind::kCampaign) return needs(assignments.one);
  return std::any_of(assignments.campaign.begin(), assignments.campaign.end(), needs);
}

class AssignmentService final : public v1::AssignmentService::CallbackService {
 public:
  AssignmentService(Gate& gate, const Engine& engine)
      : gate_(gate),
        catalog_(engine.catalog),
        exposed_(engine.exposed_units),
        recorder_(engine.recorder),
        streams_(gate, engine.catalog) {}

  Gate::Reactor* Assign(Gate::Context* context, const v1::AssignRequest* request,
                        v1::AssignResponse* response) override {
    const auto work = [this](const Caller&, const auto& asked, auto& answer) {
      return DoAssign(asked, answer);
    };
    if (request->record_exposure()) return gate_.Queue(context, request, response, work);
    return gate_.Inline(context, request, response, work);
  }

  Gate::Reactor* BatchAssign(Gate::Context* context, const v1::BatchAssignRequest* request,
                             v1::BatchAssignResponse* response) override {
    const auto work = [this](const Caller&, const auto& asked, auto& answer) {
      return DoBatchAssign(asked, answer);
    };
    if (request->record_exposure() || request->has_campaign()) {
      return gate_.Queue(context, request, response, work);
    }
    // One answer per unit takes some milliseconds at most, and is best made on the thread that has
    // the messages in its cache.
    return gate_.Inline(context, request, response, work);
  }

  Gate::Reactor* ExplainAssignment(Gate::Context* context,
                                   const v1::ExplainAssignmentRequest* request,
                                   v1::ExplainAssignmentResponse* response) override {
    return gate_.Inline(context, request, response,
                        [this](const Caller&, const auto& asked, auto& answer) {
                          return DoExplain(asked, answer);
                        });
  }

  CatalogStreams::Reactor* StreamCatalog(Gate::Context* context,
                                         const v1::StreamCatalogRequest* request) override {
    return streams_.StreamCatalog(context, request);
  }

 private:
  [[nodiscard]] const ExposedUnits* KnownExposures() const {
    return exposed_.is_ready() ? &exposed_ : nullptr;
  }

  absl::Status DoAssign(const v1::AssignRequest& request, v1::AssignResponse& response) const {
    AttributeMap attributes;
    if (absl::Status status = ReadAttributes(request.attributes(), "", attributes); !status.ok()) {
      return status;
    }
    const std::shared_ptr<const Catalog> catalog = catalog_.Current();
    const Target target = TargetOf(request);
    const auto assigner = Assigner::Create(*catalog, target, KnownExposures(), gate_.limits());
    if (!assigner.ok()) return assigner.status();
    const Question question{.unit_type = request.unit_type(),
                            .unit_id = request.unit_id(),
                            .attributes = attributes,
                            .from_device = request.from_device()};
    const auto assignments = assigner->Ask(question);
    if (!assignments.ok()) return assignments.status();
    if (NeedsExposures(*assignments, target.kind)) return StillStarting();
    if (request.record_exposure()) {
      const AssignedUnit unit = ToRecord(question, target, *assignments);
      if (absl::Status status = recorder_.RecordAssigned(*catalog, {&unit, 1}); !status.ok()) {
        return status;
      }
    }
    Encode(*assignments, target, /*with_experiment=*/true, response);
    return absl::OkStatus();
  }

  absl::Status DoBatchAssign(const v1::BatchAssignRequest& request,
                             v1::BatchAssignResponse& response) const {
    if (absl::Status status = CheckUnitCount(request.units_size(), gate_.limits()); !status.ok()) {
      return status;
    }
    const std::shared_ptr<const Catalog> catalog = catalog_.Current();
    const Target target = TargetOf(request);
    const auto assigner = Assigner::Create(*catalog, target, KnownExposures(), gate_.limits());
    if (!assigner.ok()) return assigner.status();
    const bool with_experiment = target.kind != TargetKind::kExperiment;
    std::vector<AssignedUnit> to_record;
    AttributeMap attributes;  // of one unit after the other: they mostly have the same ids
    response.mutable_responses()->Reserve(request.units_size());
    for (int i = 0; i < request.units_size(); ++i) {
      const auto& unit = request.units(i);
      const auto prefix = [i] { return absl::StrCat("units[", i, "]."); };
      if (absl::Status status = ReadAttributes(unit.attributes(), "", attributes); !status.ok()) {
        return ReadAttributes(unit.attributes(), prefix(), attributes);
      }
      const Question question{.unit_type = request.unit_type(),
                              .unit_id = unit.unit_id(),
                              .attributes = attributes,
                              .from_device = request.from_device()};
      const auto assignments = assigner->Ask(question);
      if (!assignments.ok()) return assigner->Ask(question, prefix()).status();
      if (NeedsExposures(*assignments, target.kind)) return StillStarting();
      if (request.record_exposure()) {
        to_record.push_back(ToRecord(question, target, *assignments));
      }
      Encode(*assignments, target, with_experiment, *response.add_responses());
    }
    return recorder_.RecordAssigned(*catalog, to_record);
  }

  absl::Status DoExplain(const v1::ExplainAssignmentRequest& request,
                         v1::ExplainAssignmentResponse& response) const {
    AttributeMap attributes;
    if (absl::Status status = ReadAttributes(request.attributes(), "", attributes); !status.ok()) {
      return status;
    }
    const std::shared_ptr<const Catalog> catalog = catalog_.Current();
    const Target target{.kind = TargetKind::kExperiment, .name = request.experiment()};
    const auto assigner = Assigner::Create(*catalog, target, KnownExposures(), gate_.limits());
    if (!assigner.ok()) return assigner.status();
    const Question question{.unit_id = request.unit_id(),
                            .attributes = attributes,
                            .from_device = request.from_device()};
    std::vector<Step> steps;
    const auto assignments = assigner->Ask(question, "", &steps);
    if (!assignments.ok()) return assignments.status();
    if (NeedsExposures(*assignments, target.kind)) return StillStarting();
    Encode(assignments->one, /*with_experiment=*/true, *response.mutable_assignment());
    for (Step& step : steps) {
      auto& encoded = *response.add_steps();
      // Numbered alike.
      encoded.set_kind(static_cast<v1::ExplainAssignmentResponse::Step::Kind>(step.kind));
      encoded.set_decides(step.decides);
      encoded.set_hash(std::move(step.hash));
      encoded.set_threshold(std::move(step.threshold));
      encoded.set_detail(std::move(step.detail));
    }
    return absl::OkStatus();
  }

  Gate& gate_;
  const CatalogHolder& catalog_;
  const ExposedUnits& exposed_;
  Recorder& recorder_;
  CatalogStreams streams_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAssignmentService(Gate& gate, const Engine& engine) {
  return std::make_unique<AssignmentService>(gate, engine);
}

}  // namespace insightloop::api
