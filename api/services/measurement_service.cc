// SPDX-License-Identifier: Apache-2.0

#include <cstddef>
#include <optional>
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
// one fate, at its place.
template <class Submitted, class Rows, class Convert, class Record, class Fates>
absl::Status RecordRows(Recorder& recorder, const Rows& rows, Convert convert, Record record,
                        Fates& fates) {
  std::vector<Submitted> submitted;
  submitted.reserve(static_cast<std::size_t>(rows.size()));
  std::vector<std::optional<Fault>> faults;
  faults.reserve(static_cast<std::size_t>(rows.size()));
  for (const auto& row : rows) {
    faults.push_back(convert(row, submitted.emplace_back()));
    if (faults.back().has_value()) submitted.pop_back();
  }
  std::vector<RowFate> recorded;
  if (!submitted.empty() || rows.empty()) {  // the recorder says what is wrong with no rows
    absl::StatusOr<std::vector<RowFate>> result = record(submitted);
    if (!result.ok()) return result.status();
    recorded = *std::move(result);
  }
  if (recorded.size() != submitted.size()) {
    return absl::InternalError(
        absl::StrCat(recorded.size(), " fates for ", submitted.size(), " rows"));
  }
  fates.Reserve(rows.size());
  auto next = recorded.begin();
  for (const std::optional<Fault>& fault : faults) {
    if (fault.has_value()) recorder.CountRejected(fault->reason);
    FateToProto(fault.has_value()
                    ? RowFate{Fate::kRejected, fault->reason, fault->field, fault->detail}
                    : std::move(*next++),
                *fates.Add());
  }
  return absl::OkStatus();
}

// Before rows are converted. Error: kInvalidArgument (TOO_MANY_ROWS).
absl::Status CheckRowCount(const char* field, int rows, const Limits& limits) {
  if (rows <= limits.max_rows_per_call) return absl::OkStatus();
  return InvalidField(
      "TOO_MANY_ROWS", field,
      absl::StrCat("has ", rows, " rows; send at most ", limits.max_rows_per_call, " in one call"));
}

class MeasurementService final : public v1::MeasurementService::CallbackService {
 public:
  MeasurementService(Gate& gate, Recorder& recorder, Eraser& eraser)
      : gate_(gate), recorder_(recorder), eraser_(eraser) {}

  Gate::Reactor* RecordExposures(Gate::Context* context, const v1::RecordExposuresRequest* request,
                                 v1::RecordExposuresResponse* response) override {
    return gate_.Queue(
        context, request, response, [this](const Caller&, const auto& asked, auto& answer) {
          absl::Status status = CheckRowCount("exposures", asked.exposures_size(), gate_.limits());
          if (!status.ok()) return status;
          return RecordRows<SubmittedExposure>(
              recorder_, asked.exposures(), ExposureFromProto,
              [this](const auto& rows) { return recorder_.RecordExposures(rows); },
              *answer.mutable_fates());
        });
  }

  Gate::Reactor* RecordOutcomes(Gate::Context* context, const v1::RecordOutcomesRequest* request,
                                v1::RecordOutcomesResponse* response) override {
    return gate_.Queue(
        context, request, response, [this](const Caller&, const auto& asked, auto& answer) {
          absl::Status status = CheckRowCount("outcomes", asked.outcomes_size(), gate_.limits());
          if (!status.ok()) return status;
          return RecordRows<SubmittedOutcome>(
              recorder_, asked.outcomes(), OutcomeFromProto,
              [&](const auto& rows) { return recorder_.RecordOutcomes(rows, asked.backfill()); },
              *answer.mutable_fates());
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
};

}  // namespace

std::unique_ptr<grpc::Service> MakeMeasurementService(Gate& gate, const Engine& engine) {
  return std::make_unique<MeasurementService>(gate, engine.recorder, engine.eraser);
}

}  // namespace insightloop::api
