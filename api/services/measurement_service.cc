// SPDX-License-Identifier: Apache-2.0

#include <google/protobuf/arena.h>
#include <grpcpp/support/message_allocator.h>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "api/convert.h"
#include "api/gate.h"
#include "api/services/services.h"
#include "engine/domain/facts.h"
#include "insightloop/v1/measurement.grpc.pb.h"

namespace insightloop::api {
namespace {

// The rows of a request. It lasts until the call is answered, and so do views of its texts.
template <class Submitted, class Rows>
SubmittedRows<Submitted> RowsOf(const Rows& rows,
                                std::optional<Fault> (*convert)(typename Rows::const_reference,
                                                                Submitted&)) {
  return {.size = static_cast<std::size_t>(rows.size()),
          .read = [&rows, convert](std::size_t place, Submitted& row) {
            return convert(rows[static_cast<int>(place)], row);
          }};
}

// Answers with the fates of the rows.
template <class Fates>
RowsRecorded AnswerIn(Fates& fates, Gate::End end) {
  return [&fates, end = std::move(end)](absl::StatusOr<std::vector<RowFate>> recorded) {
    if (!recorded.ok()) return end(recorded.status());
    fates.Reserve(static_cast<int>(recorded->size()));
    for (const RowFate& fate : *recorded) FateToProto(fate, *fates.Add());
    end(absl::OkStatus());
  };
}

// Keeps the messages of a call on one arena: they are many small ones.
template <class Request, class Response>
class OnArena final : public grpc::MessageAllocator<Request, Response> {
 public:
  grpc::MessageHolder<Request, Response>* AllocateMessages() override { return new Holder; }

 private:
  class Holder final : public grpc::MessageHolder<Request, Response> {
   public:
    Holder() : arena_(Options()) {
      this->set_request(google::protobuf::Arena::CreateMessage<Request>(&arena_));
      this->set_response(google::protobuf::Arena::CreateMessage<Response>(&arena_));
    }
    void Release() override { delete this; }

   private:
    static google::protobuf::ArenaOptions Options() {
      google::protobuf::ArenaOptions options;
      options.start_block_size = 1 << 10;
      options.max_block_size = 64 << 10;
      return options;
    }
    google::protobuf::Arena arena_;
  };
};

class MeasurementService final : public v1::MeasurementService::CallbackService {
 public:
  MeasurementService(Gate& gate, Recorder& recorder, Eraser& eraser)
      : gate_(gate), recorder_(recorder), eraser_(eraser) {
    SetMessageAllocatorFor_RecordExposures(&exposures_on_arena_);
    SetMessageAllocatorFor_RecordOutcomes(&outcomes_on_arena_);
  }

  Gate::Reactor* RecordExposures(Gate::Context* context, const v1::RecordExposuresRequest* request,
                                 v1::RecordExposuresResponse* response) override {
    return gate_.Begin(context, request, response,
                       [this](const Caller&, const auto& asked, auto& answer, Gate::End end) {
                         recorder_.RecordExposures(
                             RowsOf(asked.exposures(), ExposureFromProto),
                             AnswerIn(*answer.mutable_fates(), std::move(end)));
                       });
  }

  Gate::Reactor* RecordOutcomes(Gate::Context* context, const v1::RecordOutcomesRequest* request,
                                v1::RecordOutcomesResponse* response) override {
    return gate_.Begin(context, request, response,
                       [this](const Caller&, const auto& asked, auto& answer, Gate::End end) {
                         recorder_.RecordOutcomes(
                             RowsOf(asked.outcomes(), OutcomeFromProto), asked.backfill(),
                             AnswerIn(*answer.mutable_fates(), std::move(end)));
                       });
  }

  Gate::Reactor* EraseUnit(Gate::Context* context, const v1::EraseUnitRequest* request,
                           v1::EraseUnitResponse* response) override {
    return gate_.Queue(context, request, response,
                       [this](const Caller& caller, const auto& asked, auto& answer) {
                         const auto erased = eraser_.EraseUnit(
                             caller, {.unit_type = asked.unit_type(), .unit_id = asked.unit_id()});
                         if (!erased.ok()) return erased.status();
                         answer.set_result(*erased ? v1::EraseUnitResponse::ERASED
                                                   : v1::EraseUnitResponse::UNKNOWN_UNIT);
                         return absl::OkStatus();
                       });
  }

 private:
  Gate& gate_;
  Recorder& recorder_;
  Eraser& eraser_;
  OnArena<v1::RecordExposuresRequest, v1::RecordExposuresResponse> exposures_on_arena_;
  OnArena<v1::RecordOutcomesRequest, v1::RecordOutcomesResponse> outcomes_on_arena_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeMeasurementService(Gate& gate, const Engine& engine) {
  return std::make_unique<MeasurementService>(gate, engine.recorder, engine.eraser);
}

}  // namespace insightloop::api
