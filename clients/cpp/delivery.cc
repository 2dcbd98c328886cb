// SPDX-License-Identifier: Apache-2.0

#include "clients/cpp/delivery.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/cpp/errors.h"
#include "clients/cpp/uuid.h"
#include "clients/cpp/waiting.h"
#include "engine/domain/error.h"
#include "engine/domain/resource.h"

namespace insightloop {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Far above what the contract allows a row, and a batch of the largest well below what the server
// takes in a call.
constexpr std::size_t kMaxRowBytes = 64 << 10;
constexpr std::size_t kMaxBatchBytes = 4 << 20;

// A row that cannot travel would hold up its whole batch for ever.
void CheckText(const std::string& field, const std::string& text, Violations& violations) {
  if (!IsUtf8(text)) {
    violations.Add("INVALID_TEXT", field,
                   absl::StrCat("is ", Quoted(text), "; give text in UTF-8"));
  }
}

void CheckTexts(const Message& row, Violations& violations) {
  std::vector<const FieldDescriptor*> fields;
  row.GetReflection()->ListFields(row, &fields);
  for (const FieldDescriptor* const field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
    CheckText(field->name(), row.GetReflection()->GetString(row, field), violations);
  }
}

void CheckRow(const v1::Exposure& row, Violations& violations) {
  CheckTexts(row, violations);
  for (const auto& [id, value] : row.attributes()) {
    CheckText(absl::StrCat("attributes.", id), value.string_value(), violations);
  }
}

void CheckRow(const v1::Outcome& row, Violations& violations) { CheckTexts(row, violations); }

}  // namespace

Delivery::Delivery(Client client, LocalEvaluatorOptions options)
    : client_(std::move(client)),
      options_(std::move(options)),
      stub_(v1::MeasurementService::NewStub(client_.channel())),
      thread_([this] { Run(); }) {}

Delivery::~Delivery() {
  Flush(options_.patience_of_destructor).IgnoreError();  // whoever wants to know calls Flush()
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (call_ != nullptr) call_->TryCancel();
  }
  changed_.notify_all();
  thread_.join();
}

absl::Status Delivery::Add(std::vector<v1::Exposure> exposures) {
  return Enqueue(exposures_, std::move(exposures));
}

absl::Status Delivery::Add(v1::Outcome outcome) {
  if (outcome.outcome_id().empty()) outcome.set_outcome_id(MakeUuid());
  std::vector<v1::Outcome> rows;
  rows.push_back(std::move(outcome));
  return Enqueue(outcomes_, std::move(rows));
}

template <class Kind>
absl::Status Delivery::Enqueue(Queue<Kind>& queue, std::vector<typename Kind::Row> rows) {
  Violations violations;
  std::size_t bytes = 0;
  for (const auto& row : rows) {
    CheckRow(row, violations);
    const std::size_t size = row.ByteSizeLong();
    if (size > kMaxRowBytes) {
      violations.Add("ROW_TOO_LARGE", "row",
                     absl::StrCat("has ", size, " bytes; shorten its texts to ", kMaxRowBytes));
    }
    bytes += size;
  }
  if (!violations.empty()) return violations.ToStatus();

  {
    const std::lock_guard lock(mutex_);
    if (static_cast<std::size_t>(Unsettled()) + rows.size() > options_.max_buffered_rows ||
        bytes_ + bytes > options_.max_buffered_bytes) {
      return MakeError(
          absl::StatusCode::kResourceExhausted,
          absl::StrCat("the buffer is full: ", Unsettled(), " rows of ", bytes_,
                       " bytes wait for delivery (", failed_.ok() ? "under way" : failed_.message(),
                       "); try again later, do without these rows, or allow more"),
          {.reason = "BUFFER_FULL", .metadata = {{"rows", std::to_string(Unsettled())}}});
    }
    if (WaitingRows() == 0) due_at_ = Until(options_.flush_interval);
    bytes_ += bytes;
    queue.added += static_cast<std::int64_t>(rows.size());
    for (auto& row : rows) queue.waiting.push_back(std::move(row));
  }
  changed_.notify_all();
  return absl::OkStatus();
}

std::size_t Delivery::WaitingRows() const {
  return exposures_.waiting.size() + outcomes_.waiting.size();
}

std::int64_t Delivery::Unsettled() const {
  return exposures_.added - exposures_.settled + outcomes_.added - outcomes_.settled;
}

absl::Status Delivery::Flush(absl::Duration timeout) {
  std::unique_lock lock(mutex_);
  const std::int64_t exposures = exposures_.added;
  const std::int64_t outcomes = outcomes_.added;
  ++flushing_;
  changed_.notify_all();
  const bool done = changed_.wait_until(lock, Until(timeout), [&] {
    return exposures_.settled >= exposures && outcomes_.settled >= outcomes;
  });
  --flushing_;
  if (done) return absl::OkStatus();
  return MakeError(
      absl::StatusCode::kDeadlineExceeded,
      absl::StrCat(Unsettled(), " rows still wait for delivery after ",
                   absl::FormatDuration(timeout), "; ",
                   failed_.ok() ? "allow more time" : failed_.message()),
      {.reason = "NOT_DELIVERED", .metadata = {{"rows", std::to_string(Unsettled())}}});
}

DeliveryCounts Delivery::counts() const {
  const std::lock_guard lock(mutex_);
  DeliveryCounts counts = counts_;
  counts.buffered = Unsettled();
  return counts;
}

void Delivery::Run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || WaitingRows() > 0; });
      changed_.wait_until(lock, due_at_, [this] {
        return stopping_ || flushing_ > 0 ||
               WaitingRows() >= static_cast<std::size_t>(options_.rows_per_call);
      });
      if (stopping_) return;
    }
    if (!Deliver(exposures_) || !Deliver(outcomes_)) return;
  }
}

template <class Kind>
bool Delivery::Deliver(Queue<Kind>& queue) {
  // What comes meanwhile waits for the next turn: rows of one kind must not hold up the other.
  std::size_t left = 0;
  {
    const std::lock_guard lock(mutex_);
    left = queue.waiting.size();
  }
  while (left > 0) {
    typename Kind::Request request = NextBatch(queue);
    left -= std::min(left, static_cast<std::size_t>(Kind::Rows(request).size()));
    typename Kind::Response response;
    absl::Status status;
    while (!(status = Send<Kind>(request, response)).ok()) {
      // Refused as a whole, for ever: rejected row by row. All else may pass.
      if (status.code() == absl::StatusCode::kInvalidArgument) {
        v1::RowFate fate;
        fate.set_fate(v1::RowFate::REJECTED);
        fate.set_reason(ReasonOf(status));
        fate.set_detail(std::string(status.message()));
        for (int i = 0; i < Kind::Rows(request).size(); ++i) *response.add_fates() = fate;
        break;
      }
      if (!Pause(status)) return false;
    }
    backoff_.Reset();
    Settle(queue, request, response);
  }
  return true;
}

template <class Kind>
typename Kind::Request Delivery::NextBatch(Queue<Kind>& queue) {
  typename Kind::Request request;
  auto& rows = Kind::Rows(request);
  std::size_t bytes = 0;
  const std::lock_guard lock(mutex_);
  while (!queue.waiting.empty() && rows.size() < options_.rows_per_call && bytes < kMaxBatchBytes) {
    bytes += queue.waiting.front().ByteSizeLong();
    *rows.Add() = std::move(queue.waiting.front());
    queue.waiting.pop_front();
  }
  return request;
}

template <class Kind>
absl::Status Delivery::Send(const typename Kind::Request& request,
                            typename Kind::Response& response) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + client_.options().deadline));
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return absl::CancelledError("stopped");
    call_ = &context;
  }
  const grpc::Status status = (*stub_.*Kind::kMethod)(&context, request, &response);
  const std::lock_guard lock(mutex_);
  call_ = nullptr;
  failed_ = FromGrpc(status, client_.options());
  return failed_;
}

bool Delivery::Pause(const absl::Status& failed) {
  const auto until = Until(backoff_.After(failed));
  std::unique_lock lock(mutex_);
  return !changed_.wait_until(lock, until, [this] { return stopping_; });
}

template <class Kind>
void Delivery::Settle(Queue<Kind>& queue, typename Kind::Request& request,
                      const typename Kind::Response& response) {
  DeliveryCounts counts;
  std::size_t bytes = 0;
  auto& rows = Kind::Rows(request);
  for (int i = 0; i < rows.size(); ++i) {
    bytes += rows[i].ByteSizeLong();
    const v1::RowFate fate = i < response.fates_size() ? response.fates(i) : v1::RowFate();
    switch (fate.fate()) {
      case v1::RowFate::ACCEPTED:
      case v1::RowFate::LATE:
        ++counts.delivered;
        break;
      case v1::RowFate::DUPLICATE:
        ++counts.duplicates;
        break;
      default:
        ++counts.rejected;
        if (options_.on_rejected) options_.on_rejected({std::move(rows[i]), fate});
        break;
    }
  }
  {
    const std::lock_guard lock(mutex_);
    bytes_ -= bytes;
    counts_.delivered += counts.delivered;
    counts_.duplicates += counts.duplicates;
    counts_.rejected += counts.rejected;
    queue.settled += rows.size();
  }
  changed_.notify_all();
}

}  // namespace insightloop
