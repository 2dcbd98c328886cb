// SPDX-License-Identifier: Apache-2.0

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/attribute.h"
#include "insightloop/v1/attribute.grpc.pb.h"

namespace insightloop::api {
namespace {

class AttributeService final : public v1::AttributeService::CallbackService {
 public:
  AttributeService(Gate& gate, Resources& resources) : standard_(gate, resources) {}

  Gate::Reactor* CreateAttribute(Gate::Context* context, const v1::CreateAttributeRequest* request,
                                 v1::Attribute* response) override {
    return standard_.Create(context, request, response);
  }
  Gate::Reactor* GetAttribute(Gate::Context* context, const v1::GetAttributeRequest* request,
                              v1::Attribute* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* ListAttributes(Gate::Context* context, const v1::ListAttributesRequest* request,
                                v1::ListAttributesResponse* response) override {
    return standard_.List(context, request, response);
  }
  Gate::Reactor* UpdateAttribute(Gate::Context* context, const v1::UpdateAttributeRequest* request,
                                 v1::Attribute* response) override {
    return standard_.Update(context, request, response);
  }
  Gate::Reactor* DeleteAttribute(Gate::Context* context, const v1::DeleteAttributeRequest* request,
                                 google::protobuf::Empty* response) override {
    return standard_.Delete(context, request, response);
  }

 private:
  StandardMethods<Attribute, v1::Attribute> standard_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAttributeService(Gate& gate, const Engine& engine) {
  return std::make_unique<AttributeService>(gate, engine.resources);
}

}  // namespace insightloop::api
