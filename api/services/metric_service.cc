// SPDX-License-Identifier: Apache-2.0

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/metric.h"
#include "insightloop/v1/metric.grpc.pb.h"

namespace insightloop::api {
namespace {

class MetricService final : public v1::MetricService::CallbackService {
 public:
  MetricService(Gate& gate, Resources& resources) : standard_(gate, resources) {}

  Gate::Reactor* CreateMetric(Gate::Context* context, const v1::CreateMetricRequest* request,
                              v1::Metric* response) override {
    return standard_.Create(context, request, response);
  }
  Gate::Reactor* GetMetric(Gate::Context* context, const v1::GetMetricRequest* request,
                           v1::Metric* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* ListMetrics(Gate::Context* context, const v1::ListMetricsRequest* request,
                             v1::ListMetricsResponse* response) override {
    return standard_.List(context, request, response);
  }
  Gate::Reactor* UpdateMetric(Gate::Context* context, const v1::UpdateMetricRequest* request,
                              v1::Metric* response) override {
    return standard_.Update(context, request, response);
  }
  Gate::Reactor* DeleteMetric(Gate::Context* context, const v1::DeleteMetricRequest* request,
                              google::protobuf::Empty* response) override {
    return standard_.Delete(context, request, response);
  }

 private:
  StandardMethods<Metric, v1::Metric> standard_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeMetricService(Gate& gate, const Engine& engine) {
  return std::make_unique<MetricService>(gate, engine.resources);
}

}  // namespace insightloop::api
