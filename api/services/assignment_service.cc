// SPDX-License-Identifier: Apache-2.0

#include "api/convert.h"
#include "api/gate.h"
#include "api/services/services.h"
#include "engine/assignment/assigner.h"
#include "insightloop/v1/assignment.grpc.pb.h"

namespace insightloop::api {
namespace {

class AssignmentService final : public v1::AssignmentService::CallbackService {
 public:
  AssignmentService(Gate& gate, const CatalogHolder& catalog) : gate_(gate), catalog_(catalog) {}

  Gate::Reactor* Assign(Gate::Context* context, const v1::AssignRequest* request,
                        v1::AssignResponse* response) override {
    return gate_.Inline(
        context, request, response,
        [this](const Caller&, const auto& asked, auto& answer) { return DoAssign(asked, answer); });
  }

 private:
  absl::Status DoAssign(const v1::AssignRequest& request, v1::AssignResponse& response) const {
    AttributeMap attributes;
    if (const auto fault = AttributesFromProto(request.attributes(), attributes);
        fault.has_value()) {
      return InvalidField(fault->reason, fault->field, fault->detail);
    }
    const auto assignment = insightloop::Assign(
        *catalog_.Current(), gate_.limits(), request.experiment(), request.unit_id(), attributes);
    if (!assignment.ok()) return assignment.status();
    response.set_experiment(request.experiment());
    response.set_variant(assignment->variant);
    response.set_reason(static_cast<v1::AssignResponse::Reason>(assignment->reason));
    response.set_epoch(assignment->epoch);
    return absl::OkStatus();
  }

  Gate& gate_;
  const CatalogHolder& catalog_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAssignmentService(Gate& gate, const Engine& engine) {
  return std::make_unique<AssignmentService>(gate, engine.catalog);
}

}  // namespace insightloop::api
