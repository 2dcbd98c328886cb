// SPDX-License-Identifier: Apache-2.0

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/event.h"
#include "insightloop/v1/event.grpc.pb.h"

namespace insightloop::api {
namespace {

class EventService final : public v1::EventService::CallbackService {
 public:
  EventService(Gate& gate, Resources& resources) : standard_(gate, resources) {}

  Gate::Reactor* CreateEvent(Gate::Context* context, const v1::CreateEventRequest* request,
                             v1::Event* response) override {
    return standard_.Create(context, request, response);
  }
  Gate::Reactor* GetEvent(Gate::Context* context, const v1::GetEventRequest* request,
                          v1::Event* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* ListEvents(Gate::Context* context, const v1::ListEventsRequest* request,
                            v1::ListEventsResponse* response) override {
    return standard_.List(context, request, response);
  }
  Gate::Reactor* UpdateEvent(Gate::Context* context, const v1::UpdateEventRequest* request,
                             v1::Event* response) override {
    return standard_.Update(context, request, response);
  }
  Gate::Reactor* DeleteEvent(Gate::Context* context, const v1::DeleteEventRequest* request,
                             google::protobuf::Empty* response) override {
    return standard_.Delete(context, request, response);
  }

 private:
  StandardMethods<Event, v1::Event> standard_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeEventService(Gate& gate, const Engine& engine) {
  return std::make_unique<EventService>(gate, engine.resources);
}

}  // namespace insightloop::api
