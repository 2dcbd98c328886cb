// SPDX-License-Identifier: Apache-2.0

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/hypothesis.h"
#include "insightloop/v1/hypothesis.grpc.pb.h"

namespace insightloop::api {
namespace {

class HypothesisService final : public v1::HypothesisService::CallbackService {
 public:
  HypothesisService(Gate& gate, Resources& resources) : standard_(gate, resources) {}

  Gate::Reactor* CreateHypothesis(Gate::Context* context,
                                  const v1::CreateHypothesisRequest* request,
                                  v1::Hypothesis* response) override {
    return standard_.Create(context, request, response);
  }
  Gate::Reactor* GetHypothesis(Gate::Context* context, const v1::GetHypothesisRequest* request,
                               v1::Hypothesis* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* ListHypotheses(Gate::Context* context, const v1::ListHypothesesRequest* request,
                                v1::ListHypothesesResponse* response) override {
    return standard_.List(context, request, response);
  }
  Gate::Reactor* UpdateHypothesis(Gate::Context* context,
                                  const v1::UpdateHypothesisRequest* request,
                                  v1::Hypothesis* response) override {
    return standard_.Update(context, request, response);
  }
  Gate::Reactor* DeleteHypothesis(Gate::Context* context,
                                  const v1::DeleteHypothesisRequest* request,
                                  google::protobuf::Empty* response) override {
    return standard_.Delete(context, request, response);
  }

 private:
  StandardMethods<Hypothesis, v1::Hypothesis> standard_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeHypothesisService(Gate& gate, const Engine& engine) {
  return std::make_unique<HypothesisService>(gate, engine.resources);
}

}  // namespace insightloop::api
