// SPDX-License-Identifier: Apache-2.0

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/attribute.h"
#include "insightloop/v1/segment.grpc.pb.h"

namespace insightloop::api {
namespace {

class SegmentService final : public v1::SegmentService::CallbackService {
 public:
  SegmentService(Gate& gate, Resources& resources) : standard_(gate, resources) {}

  Gate::Reactor* CreateSegment(Gate::Context* context, const v1::CreateSegmentRequest* request,
                               v1::Segment* response) override {
    return standard_.Create(context, request, response);
  }
  Gate::Reactor* GetSegment(Gate::Context* context, const v1::GetSegmentRequest* request,
                            v1::Segment* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* ListSegments(Gate::Context* context, const v1::ListSegmentsRequest* request,
                              v1::ListSegmentsResponse* response) override {
    return standard_.List(context, request, response);
  }
  Gate::Reactor* UpdateSegment(Gate::Context* context, const v1::UpdateSegmentRequest* request,
                               v1::Segment* response) override {
    return standard_.Update(context, request, response);
  }
  Gate::Reactor* DeleteSegment(Gate::Context* context, const v1::DeleteSegmentRequest* request,
                               google::protobuf::Empty* response) override {
    return standard_.Delete(context, request, response);
  }

 private:
  StandardMethods<Segment, v1::Segment> standard_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeSegmentService(Gate& gate, const Engine& engine) {
  return std::make_unique<SegmentService>(gate, engine.resources);
}

}  // namespace insightloop::api
