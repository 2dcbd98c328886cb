// SPDX-License-Identifier: Apache-2.0

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/campaign.h"
#include "insightloop/v1/campaign.grpc.pb.h"

namespace insightloop::api {
namespace {

class CampaignService final : public v1::CampaignService::CallbackService {
 public:
  CampaignService(Gate& gate, Resources& resources) : standard_(gate, resources) {}

  Gate::Reactor* CreateCampaign(Gate::Context* context, const v1::CreateCampaignRequest* request,
                                v1::Campaign* response) override {
    return standard_.Create(context, request, response);
  }
  Gate::Reactor* GetCampaign(Gate::Context* context, const v1::GetCampaignRequest* request,
                             v1::Campaign* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* ListCampaigns(Gate::Context* context, const v1::ListCampaignsRequest* request,
                               v1::ListCampaignsResponse* response) override {
    return standard_.List(context, request, response);
  }
  Gate::Reactor* UpdateCampaign(Gate::Context* context, const v1::UpdateCampaignRequest* request,
                                v1::Campaign* response) override {
    return standard_.Update(context, request, response);
  }
  Gate::Reactor* DeleteCampaign(Gate::Context* context, const v1::DeleteCampaignRequest* request,
                                google::protobuf::Empty* response) override {
    return standard_.Delete(context, request, response);
  }

 private:
  StandardMethods<Campaign, v1::Campaign> standard_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeCampaignService(Gate& gate, const Engine& engine) {
  return std::make_unique<CampaignService>(gate, engine.resources);
}

}  // namespace insightloop::api
