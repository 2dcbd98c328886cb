// SPDX-License-Identifier: Apache-2.0

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/layer.h"
#include "insightloop/v1/layer.grpc.pb.h"

namespace insightloop::api {
namespace {

class LayerService final : public v1::LayerService::CallbackService {
 public:
  LayerService(Gate& gate, Resources& resources) : standard_(gate, resources) {}

  Gate::Reactor* CreateLayer(Gate::Context* context, const v1::CreateLayerRequest* request,
                             v1::Layer* response) override {
    return standard_.Create(context, request, response);
  }
  Gate::Reactor* GetLayer(Gate::Context* context, const v1::GetLayerRequest* request,
                          v1::Layer* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* ListLayers(Gate::Context* context, const v1::ListLayersRequest* request,
                            v1::ListLayersResponse* response) override {
    return standard_.List(context, request, response);
  }
  Gate::Reactor* UpdateLayer(Gate::Context* context, const v1::UpdateLayerRequest* request,
                             v1::Layer* response) override {
    return standard_.Update(context, request, response);
  }
  Gate::Reactor* DeleteLayer(Gate::Context* context, const v1::DeleteLayerRequest* request,
                             google::protobuf::Empty* response) override {
    return standard_.Delete(context, request, response);
  }

 private:
  StandardMethods<Layer, v1::Layer> standard_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeLayerService(Gate& gate, const Engine& engine) {
  return std::make_unique<LayerService>(gate, engine.resources);
}

}  // namespace insightloop::api
