// SPDX-License-Identifier: Apache-2.0

#include <google/protobuf/arena.h>
#include <grpcpp/support/message_allocator.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/convert.h"
#include "api/gate.h"
#include "api/services/services.h"
#include "engine/domain/facts.h"
#include "insightloop/v1/measurement.grpc.pb.h"

namespace insightloop::api {
namespace {

// Rows that can be converted go to `record`, in order; the others are rejected here. Every row has
// one fate, at its place, before the call ends.
template <class Submitted, class Rows, class Convert, class Record, class Fates>
void RecordRows(Recorder& recorder, const Rows& rows, Convert convert, Record record, Fates& fates,
                Gate::End end) {
  std::vector<Submitted> submitted;
  submitted.reserve(static_cast<std::size_t>(rows.size()));
  std::vector<std::pair<int, Fault>> faults;  // by place
  for (int i = 0; i < rows.size(); ++i) {
    if (auto fault = convert(rows[i], submitted.emplace_back()); fault.has_value()) {
      submitted.pop_back();
      recorder.CountRejected(fault->reason);
      faults.emplace_back(i, *std::move(fault));
    }
  }
  auto answer = [size = rows.size(), faults = std::move(faults), &fates,
                 end = std::move(end)](absl::StatusOr<std::vector<RowFate>> recorded) {
    if (!recorded.ok()) return end(recorded.status());
    if (recorded->size() + faults.size() != static_cast<std::size_t>(size)) {
      return end(absl::InternalError(absl::StrCat(recorded->size(), " fates for ",
                                                  static_cast<std::size_t>(size) - faults.size(),
                                                  " rows")));
    }
    fates.Reserve(size);
    auto next = recorded->begin();
    auto fault = faults.begin();
    for (int i = 0; i < size; ++i) {
      if (fault != faults.end() && fault->first == i) {
        const auto& [reason, field, detail] = fault->second;
        FateToProto({Fate::kRejected, reason, field, detail}, *fates.Add());
        ++fault;
      } else {
        FateToProto(*next++, *fates.Add());
      }
    }
    end(absl::OkStatus());
  };
  // The recorder says what is wrong with no rows.
  if (submitted.empty() && !rows.empty()) return answer(std::vector<RowFate>{});
  record(std::move(submitted), std::move(answer));
}

// Before rows are converted. Error: kInvalidArgument (TOO_MANY_ROWS).
absl::Status CheckRowCount(const char* field, int rows, const Limits& limits) {
  if (rows <= limits.max_rows_per_call) return absl::OkStatus();
  return InvalidField(
      "TOO_MANY_ROWS", field,
      absl::StrCat("has ", rows, " rows; send at most ", limits.max_rows_per_call, " in one call"));
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
                         absl::Status status =
                             CheckRowCount("exposures", asked.exposures_size(), gate_.limits());
                         if (!status.ok()) return end(status);
                         RecordRows<SubmittedExposure>(
                             recorder_, asked.exposures(), ExposureFromProto,
                             [&](auto rows, auto recorded) {
                               recorder_.RecordExposures(std::move(rows), std::move(recorded));
                             },
                             *answer.mutable_fates(), std::move(end));
                       });
  }

  Gate::Reactor* RecordOutcomes(Gate::Context* context, const v1::RecordOutcomesRequest* request,
                                v1::RecordOutcomesResponse* response) override {
    return gate_.Begin(
        context, request, response,
        [this](const Caller&, const auto& asked, auto& answer, Gate::End end) {
          absl::Status status = CheckRowCount("outcomes", asked.outcomes_size(), gate_.limits());
          if (!status.ok()) return end(status);
          RecordRows<SubmittedOutcome>(
              recorder_, asked.outcomes(), OutcomeFromProto,
              [&](auto rows, auto recorded) {
                recorder_.RecordOutcomes(std::move(rows), asked.backfill(), std::move(recorded));
              },
              *answer.mutable_fates(), std::move(end));
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
