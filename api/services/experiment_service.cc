// SPDX-License-Identifier: Apache-2.0

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "api/services/services.h"
#include "api/services/standard_methods.h"
#include "engine/domain/experiment.h"
#include "engine/domain/planning.h"
#include "insightloop/v1/experiment.grpc.pb.h"

namespace insightloop::api {
namespace {

// The time that a start asks for. Error: kInvalidArgument (INVALID_TIME).
absl::StatusOr<std::optional<Time>> StartTimeOf(const v1::StartExperimentRequest& request) {
  Violations violations;
  CheckMessage(request, violations);
  if (!violations.empty()) return violations.ToStatus();
  if (!request.has_start_time()) return std::optional<Time>();
  return TimeFromProto(request.start_time());
}

class ExperimentService final : public v1::ExperimentService::CallbackService {
 public:
  ExperimentService(Gate& gate, const Engine& engine)
      : gate_(gate),
        standard_(gate, engine.resources),
        lifecycle_(engine.lifecycle),
        verdicts_(engine.verdicts) {}

  Gate::Reactor* CreateExperiment(Gate::Context* context,
                                  const v1::CreateExperimentRequest* request,
                                  v1::Experiment* response) override {
    return standard_.Create(context, request, response);
  }
  Gate::Reactor* GetExperiment(Gate::Context* context, const v1::GetExperimentRequest* request,
                               v1::Experiment* response) override {
    return standard_.Get(context, request, response);
  }
  Gate::Reactor* ListExperiments(Gate::Context* context, const v1::ListExperimentsRequest* request,
                                 v1::ListExperimentsResponse* response) override {
    return standard_.List(context, request, response);
  }
  Gate::Reactor* UpdateExperiment(Gate::Context* context,
                                  const v1::UpdateExperimentRequest* request,
                                  v1::Experiment* response) override {
    return standard_.Update(context, request, response);
  }
  Gate::Reactor* DeleteExperiment(Gate::Context* context,
                                  const v1::DeleteExperimentRequest* request,
                                  google::protobuf::Empty* response) override {
    return standard_.Delete(context, request, response);
  }

  Gate::Reactor* PlanExperiment(Gate::Context* context, const v1::PlanExperimentRequest* request,
                                v1::PlanExperimentResponse* response) override {
    return gate_.Queue(context, request, response,
                       [this](const Caller&, const auto& asked, auto& answer) -> absl::Status {
                         const auto input = FromProto<PlanningInput>(asked);
                         if (!input.ok()) return input.status();
                         const auto planning = verdicts_.Plan(asked.name(), *input);
                         return planning.ok() ? ToProto(*planning, answer) : planning.status();
                       });
  }

  Gate::Reactor* StartExperiment(Gate::Context* context, const v1::StartExperimentRequest* request,
                                 v1::Experiment* response) override {
    return gate_.Queue(
        context, request, response,
        [this](const Caller& caller, const auto& asked, v1::Experiment& answer) {
          const auto start_time = StartTimeOf(asked);
          if (!start_time.ok()) return start_time.status();
          return Encode(lifecycle_.Start(caller, asked.name(), asked.etag(), *start_time), answer);
        });
  }
  Gate::Reactor* PauseExperiment(Gate::Context* context, const v1::PauseExperimentRequest* request,
                                 v1::Experiment* response) override {
    return Move(context, request, response, &Lifecycle::Pause);
  }
  Gate::Reactor* ResumeExperiment(Gate::Context* context,
                                  const v1::ResumeExperimentRequest* request,
                                  v1::Experiment* response) override {
    return Move(context, request, response, &Lifecycle::Resume);
  }
  Gate::Reactor* StopExperiment(Gate::Context* context, const v1::StopExperimentRequest* request,
                                v1::Experiment* response) override {
    return Move(context, request, response, &Lifecycle::Stop);
  }
  Gate::Reactor* RampExperiment(Gate::Context* context, const v1::RampExperimentRequest* request,
                                v1::Experiment* response) override {
    return gate_.Queue(
        context, request, response,
        [this](const Caller& caller, const auto& asked, v1::Experiment& answer) {
          return Encode(lifecycle_.Ramp(caller, asked.name(), asked.etag(), asked.slot_count()),
                        answer);
        });
  }
  Gate::Reactor* ReleaseExperimentSlots(Gate::Context* context,
                                        const v1::ReleaseExperimentSlotsRequest* request,
                                        v1::Experiment* response) override {
    return Move(context, request, response, &Lifecycle::ReleaseSlots);
  }
  Gate::Reactor* ReallocateExperiment(Gate::Context* context,
                                      const v1::ReallocateExperimentRequest* request,
                                      v1::Experiment* response) override {
    return gate_.Queue(
        context, request, response,
        [this](const Caller& caller, const auto& asked, v1::Experiment& answer) {
          const std::map<std::string, std::int32_t> weights(asked.weights().begin(),
                                                            asked.weights().end());
          return Encode(lifecycle_.Reallocate(caller, asked.name(), asked.etag(), weights), answer);
        });
  }
  Gate::Reactor* ConcludeExperiment(Gate::Context* context,
                                    const v1::ConcludeExperimentRequest* request,
                                    v1::ConcludeExperimentResponse* response) override {
    return gate_.Queue(
        context, request, response, [this](const Caller& caller, const auto& asked, auto& answer) {
          return EncodeConclusion(verdicts_.Conclude(caller, asked.name(), asked.etag()), answer);
        });
  }

 private:
  // The moves that take a name and an etag.
  template <class Request>
  Gate::Reactor* Move(Gate::Context* context, const Request* request, v1::Experiment* response,
                      absl::StatusOr<Experiment> (Lifecycle::*move)(const Caller&, std::string_view,
                                                                    std::string_view)) {
    return gate_.Queue(
        context, request, response,
        [this, move](const Caller& caller, const Request& asked, v1::Experiment& answer) {
          const auto moved = std::invoke(move, lifecycle_, caller, asked.name(), asked.etag());
          return Encode(moved, answer);
        });
  }

  static absl::Status Encode(const absl::StatusOr<Experiment>& experiment, v1::Experiment& answer) {
    return experiment.ok() ? ToProto(*experiment, answer) : experiment.status();
  }

  static absl::Status EncodeConclusion(const absl::StatusOr<Conclusion>& conclusion,
                                       v1::ConcludeExperimentResponse& answer) {
    if (!conclusion.ok()) return conclusion.status();
    absl::Status status = ToProto(conclusion->experiment, *answer.mutable_experiment());
    status.Update(ToProto(conclusion->verdict, *answer.mutable_verdict()));
    status.Update(ToProto(conclusion->insight, *answer.mutable_insight()));
    return status;
  }

  Gate& gate_;
  StandardMethods<Experiment, v1::Experiment> standard_;
  Lifecycle& lifecycle_;
  Verdicts& verdicts_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeExperimentService(Gate& gate, const Engine& engine) {
  return std::make_unique<ExperimentService>(gate, engine);
}

}  // namespace insightloop::api
