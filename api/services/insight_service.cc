// SPDX-License-Identifier: Apache-2.0

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/insight.h"
#include "insightloop/v1/insight.grpc.pb.h"

namespace insightloop::api {
namespace {

class InsightService final : public v1::InsightService::CallbackService {
 public:
  InsightService(Gate& gate, Resources& resources) : standard_(gate, resources) {}

  Gate::Reactor* CreateInsight(Gate::Context* context, const v1::CreateInsightRequest* request,
                               v1::Insight* response) override {
    return standard_.Create(context, request, response);
  }
  Gate::Reactor* GetInsight(Gate::Context* context, const v1::GetInsightRequest* request,
                            v1::Insight* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* ListInsights(Gate::Context* context, const v1::ListInsightsRequest* request,
                              v1::ListInsightsResponse* response) override {
    return standard_.List(context, request, response);
  }
  Gate::Reactor* UpdateInsight(Gate::Context* context, const v1::UpdateInsightRequest* request,
                               v1::Insight* response) override {
    return standard_.Update(context, request, response);
  }
  Gate::Reactor* DeleteInsight(Gate::Context* context, const v1::DeleteInsightRequest* request,
                               google::protobuf::Empty* response) override {
    return standard_.Delete(context, request, response);
  }

 private:
  StandardMethods<Insight, v1::Insight> standard_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeInsightService(Gate& gate, const Engine& engine) {
  return std::make_unique<InsightService>(gate, engine.resources);
}

}  // namespace insightloop::api
