// SPDX-License-Identifier: Apache-2.0

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/programme.h"
#include "insightloop/v1/programme.grpc.pb.h"

namespace insightloop::api {
namespace {

class ProgrammeService final : public v1::ProgrammeService::CallbackService {
 public:
  ProgrammeService(Gate& gate, Resources& resources) : standard_(gate, resources) {}

  Gate::Reactor* GetProgramme(Gate::Context* context, const v1::GetProgrammeRequest* request,
                              v1::Programme* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* UpdateProgramme(Gate::Context* context, const v1::UpdateProgrammeRequest* request,
                                 v1::Programme* response) override {
    return standard_.Update(context, request, response);
  }

 private:
  StandardMethods<Programme, v1::Programme> standard_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeProgrammeService(Gate& gate, const Engine& engine) {
  return std::make_unique<ProgrammeService>(gate, engine.resources);
}

}  // namespace insightloop::api
