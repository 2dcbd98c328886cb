// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/mailing.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "clients/demo/interrupt.h"
#include "clients/demo/story.h"

namespace insightloop::demo {
namespace {

constexpr int kCallers = 8;                // threads that call Assign
constexpr std::size_t kBatchRows = 5'000;  // the server takes up to 10,000

absl::Status Interrupted() { return absl::CancelledError("asked to end"); }

// What the threads that call Assign share.
struct Work {
  const Client& client;
  const std::vector<Customer>& customers;
  std::vector<v1::AssignResponse>& answers;
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  absl::Status status;  // guarded by mutex: the first error

  void Fail(const absl::Status& error) {
    const std::lock_guard lock(mutex);
    if (status.ok()) status = error;
    failed = true;
  }
};

void AssignSome(Work& work) {
  while (!work.failed) {
    const std::size_t i = work.next++;
    if (i >= work.customers.size()) return;
    if (InterruptSignal() != 0) return work.Fail(Interrupted());
    v1::AssignRequest request;
    request.set_experiment(kExperiment);
    request.set_unit_id(work.customers[i].unit_id);
    SetAttributes(work.customers[i], *request.mutable_attributes());
    const grpc::Status status = Call(*work.client.assignment, &v1::AssignmentService::Stub::Assign,
                                     request, work.answers[i]);
    if (!status.ok()) work.Fail(absl::AbortedError("Assign: " + TextOf(status)));
  }
}

// Counts the fates of a batch; a rejected row ends the demo, naming the reason.
template <class Response>
absl::StatusOr<Fates> CountFates(const Response& response, int rows) {
  if (response.fates_size() != rows) {
    return absl::AbortedError(
        absl::StrCat(rows, " rows were sent, but ", response.fates_size(), " fates came back"));
  }
  Fates fates;
  for (const v1::RowFate& fate : response.fates()) {
    if (fate.fate() == v1::RowFate::REJECTED) {
      return absl::AbortedError(
          absl::StrCat("a row was rejected: ", fate.reason(), ": ", fate.detail()));
    }
    ++fates.counts[fate.fate()];
  }
  return fates;
}

// The end of the rows from `begin` that happened by `until`, at most a batch of them.
template <class Row>
std::size_t BatchEnd(const std::vector<Row>& rows, std::size_t begin, std::int64_t until) {
  std::size_t end = begin;
  while (end < rows.size() && end - begin < kBatchRows &&
         rows[end].occur_time().seconds() <= until) {
    ++end;
  }
  return end;
}

absl::Status Note(const absl::StatusOr<Fates>& fates, Fates& sum) {
  if (!fates.ok()) return fates.status();
  sum.Add(*fates);
  return InterruptSignal() != 0 ? Interrupted() : absl::OkStatus();
}

}  // namespace

std::int64_t Assignments::CountReason(v1::AssignResponse::Reason reason) const {
  return std::count_if(answers.begin(), answers.end(),
                       [reason](const auto& answer) { return answer.reason() == reason; });
}

std::int64_t Assignments::CountVariant(const std::string& variant) const {
  return std::count_if(answers.begin(), answers.end(),
                       [&variant](const auto& answer) { return answer.variant() == variant; });
}

absl::StatusOr<Assignments> AssignAll(const Client& client,
                                      const std::vector<Customer>& customers) {
  Assignments assignments;
  assignments.answers.resize(customers.size());
  Work work{.client = client, .customers = customers, .answers = assignments.answers};
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) callers.emplace_back([&work] { AssignSome(work); });
  for (std::thread& caller : callers) caller.join();
  assignments.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!work.status.ok()) return work.status;
  return assignments;
}

std::int64_t Fates::rows() const {
  std::int64_t sum = 0;
  for (const auto& [fate, count] : counts) sum += count;
  return sum;
}

std::int64_t Fates::Count(v1::RowFate::Fate fate) const {
  const auto found = counts.find(fate);
  return found == counts.end() ? 0 : found->second;
}

void Fates::Add(const Fates& more) {
  for (const auto& [fate, count] : more.counts) counts[fate] += count;
}

absl::StatusOr<Reporter::Report> Reporter::PassUntil(std::int64_t seconds) {
  v1::AdvanceClockRequest request;
  request.mutable_time()->set_seconds(seconds);
  const auto advanced =
      Expect("moving the clock", *client_.server, &v1::ServerService::Stub::AdvanceClock, request);
  if (!advanced.ok()) return advanced.status();
  Report report;
  if (auto status = SendExposures(seconds, report); !status.ok()) return status;
  if (auto status = SendOutcomes(seconds, report); !status.ok()) return status;
  const std::int64_t accepted = report.fates.Count(v1::RowFate::ACCEPTED);
  if (accepted != report.fates.rows()) {
    return absl::AbortedError(
        absl::StrCat("of ", report.fates.rows(), " new rows only ", accepted, " were ACCEPTED"));
  }
  return report;
}

absl::Status Reporter::SendExposures(std::int64_t until, Report& report) {
  while (true) {
    const std::size_t end = BatchEnd(facts_.exposures, next_exposure_, until);
    if (end == next_exposure_) return absl::OkStatus();
    v1::RecordExposuresRequest request;
    for (; next_exposure_ < end; ++next_exposure_) {
      *request.add_exposures() = facts_.exposures[next_exposure_];
      ++report.by_event["exposures"];
    }
    const auto response = Expect("recording exposures", *client_.measurement,
                                 &v1::MeasurementService::Stub::RecordExposures, request);
    if (!response.ok()) return response.status();
    const auto fates = CountFates(*response, request.exposures_size());
    if (auto status = Note(fates, report.fates); !status.ok()) return status;
  }
}

absl::Status Reporter::SendOutcomes(std::int64_t until, Report& report) {
  while (true) {
    const std::size_t end = BatchEnd(facts_.outcomes, next_outcome_, until);
    if (end == next_outcome_) return absl::OkStatus();
    v1::RecordOutcomesRequest request;
    for (; next_outcome_ < end; ++next_outcome_) {
      *request.add_outcomes() = facts_.outcomes[next_outcome_];
      ++report.by_event[facts_.outcomes[next_outcome_].event()];
    }
    const auto response = Expect("recording outcomes", *client_.measurement,
                                 &v1::MeasurementService::Stub::RecordOutcomes, request);
    if (!response.ok()) return response.status();
    const auto fates = CountFates(*response, request.outcomes_size());
    if (auto status = Note(fates, report.fates); !status.ok()) return status;
    last_batch_ = std::move(request);
  }
}

absl::StatusOr<Fates> Reporter::RepeatLastBatch() {
  const auto response = Expect("repeating a batch", *client_.measurement,
                               &v1::MeasurementService::Stub::RecordOutcomes, last_batch_);
  if (!response.ok()) return response.status();
  auto fates = CountFates(*response, last_batch_.outcomes_size());
  if (!fates.ok()) return fates.status();
  if (fates->Count(v1::RowFate::DUPLICATE) != fates->rows()) {
    return absl::AbortedError("rows that were sent twice were not all called DUPLICATE");
  }
  return fates;
}

}  // namespace insightloop::demo
