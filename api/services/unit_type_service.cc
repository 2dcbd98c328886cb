// SPDX-License-Identifier: Apache-2.0

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/unit_type.h"
#include "insightloop/v1/unit_type.grpc.pb.h"

namespace insightloop::api {
namespace {

class UnitTypeService final : public v1::UnitTypeService::CallbackService {
 public:
  UnitTypeService(Gate& gate, Resources& resources) : standard_(gate, resources) {}

  Gate::Reactor* CreateUnitType(Gate::Context* context, const v1::CreateUnitTypeRequest* request,
                                v1::UnitType* response) override {
    return standard_.Create(context, request, response);
  }
  Gate::Reactor* GetUnitType(Gate::Context* context, const v1::GetUnitTypeRequest* request,
                             v1::UnitType* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* ListUnitTypes(Gate::Context* context, const v1::ListUnitTypesRequest* request,
                               v1::ListUnitTypesResponse* response) override {
    return standard_.List(context, request, response);
  }
  Gate::Reactor* UpdateUnitType(Gate::Context* context, const v1::UpdateUnitTypeRequest* request,
                                v1::UnitType* response) override {
    return standard_.Update(context, request, response);
  }
  Gate::Reactor* DeleteUnitType(Gate::Context* context, const v1::DeleteUnitTypeRequest* request,
                                google::protobuf::Empty* response) override {
    return standard_.Delete(context, request, response);
  }

 private:
  StandardMethods<UnitType, v1::UnitType> standard_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeUnitTypeService(Gate& gate, const Engine& engine) {
  return std::make_unique<UnitTypeService>(gate, engine.resources);
}

}  // namespace insightloop::api
