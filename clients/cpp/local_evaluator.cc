// SPDX-License-Identifier: Apache-2.0

#include "clients/cpp/local_evaluator.h"

#include <google/protobuf/timestamp.pb.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/cpp/catalog_follower.h"
#include "clients/cpp/client.h"
#include "clients/cpp/delivery.h"
#include "engine/assignment/assigner.h"
#include "engine/assignment/catalog.h"
#include "engine/domain/error.h"
#include "engine/domain/limits.h"
#include "engine/domain/unit_type.h"

namespace insightloop {
namespace {

const Limits kLimits;

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const std::int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(
      static_cast<std::int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

google::protobuf::Value ToValue(const AttributeValue& value) {
  google::protobuf::Value message;
  if (const auto* const text = std::get_if<std::string>(&value)) {
    message.set_string_value(*text);
  } else if (const auto* const number = std::get_if<double>(&value)) {
    message.set_number_value(*number);
  } else {
    message.set_bool_value(std::get<bool>(value));
  }
  return message;
}

absl::Status CheckOptions(const LocalEvaluatorOptions& options) {
  Violations violations;
  if (options.rows_per_call < 1 || options.rows_per_call > kLimits.max_rows_per_call) {
    violations.Add(
        "INVALID_OPTION", "rows_per_call",
        absl::StrCat("is ", options.rows_per_call, "; give 1 to ", kLimits.max_rows_per_call));
  }
  if (options.max_buffered_rows == 0) {
    violations.Add("INVALID_OPTION", "max_buffered_rows", "is 0; give 1 or more");
  }
  if (options.max_buffered_bytes == 0) {
    violations.Add("INVALID_OPTION", "max_buffered_bytes", "is 0; give 1 or more");
  }
  return violations.ToStatus();
}

[[gnu::cold, gnu::noinline]] absl::Status NoCatalog() {
  return MakeError(absl::StatusCode::kUnavailable,
                   "there is no catalog yet; wait for it with WaitUntilReady()",
                   {.reason = "NO_CATALOG"});
}

}  // namespace

struct LocalEvaluator::Impl {
  Impl(const Client& client, LocalEvaluatorOptions options)
      : follower(client), delivery(client, std::move(options)) {}

  // What the server would answer, in the form in which it is handed out.
  absl::StatusOr<LocalAssignment> Ask(const Target& target, const Question& question) const {
    absl::StatusOr<LocalAssignment> local = LocalAssignment();
    if (absl::Status status = Fill(target, question, *local); !status.ok()) local = status;
    return local;
  }

  absl::Status Fill(const Target& target, const Question& question, LocalAssignment& local) const {
    if (!follower.is_ready()) return NoCatalog();
    local.catalog_ = follower.catalog().Current();
    if (follower.IsUnreadable(target.name)) {
      local.reason_ = v1::AssignResponse::NEEDS_SERVER;
      return absl::OkStatus();
    }
    Assignment assignment;
    if (absl::Status status =
            Assigner::AskOnce(*local.catalog_, target, question, kLimits, assignment);
        !status.ok()) {
      return status;
    }
    local.experiment_ = assignment.experiment;
    local.variant_ = assignment.variant;
    // Numbered alike.
    local.reason_ = static_cast<v1::AssignResponse::Reason>(assignment.reason);
    local.epoch_ = assignment.epoch;
    local.programme_ = {assignment.programme.holdout, assignment.programme.is_held_out};
    local.layer_ = {assignment.layer.holdout, assignment.layer.is_held_out};
    if (local.experiment_ != nullptr) {
      local.unit_type_ = local.experiment_->definition.unit_type;
    } else if (const UnitType* const type = local.catalog_->FindUnitType(question.unit_type)) {
      local.unit_type_ = type->meta.name;
    } else {
      local.unit_type_ = kDefaultUnitType;
    }
    return absl::OkStatus();
  }

  CatalogFollower follower;
  Delivery delivery;
};

std::string_view LocalAssignment::experiment() const {
  return experiment_ == nullptr ? std::string_view() : experiment_->definition.name;
}

std::string_view LocalAssignment::holdout() const {
  for (const Standing& standing : {programme_, layer_}) {
    if (standing.is_held_out) return standing.holdout->name;
  }
  return {};
}

LocalEvaluator::LocalEvaluator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LocalEvaluator::~LocalEvaluator() = default;

absl::StatusOr<std::unique_ptr<LocalEvaluator>> LocalEvaluator::Start(
    const Client& client, LocalEvaluatorOptions options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  return std::unique_ptr<LocalEvaluator>(
      new LocalEvaluator(std::make_unique<Impl>(client, std::move(options))));
}

absl::Status LocalEvaluator::WaitUntilReady(absl::Duration timeout) const {
  return impl_->follower.WaitUntilReady(timeout);
}

absl::Status LocalEvaluator::CatalogStatus() const { return impl_->follower.Check(); }

// Both flat, as Assigner::AskOnce is.
[[gnu::flatten]] absl::StatusOr<LocalAssignment> LocalEvaluator::AssignInExperiment(
    std::string_view experiment, std::string_view unit_id, const AttributeMap& attributes) const {
  return impl_->Ask({.kind = TargetKind::kExperiment, .name = experiment},
                    {.unit_id = unit_id, .attributes = attributes});
}

[[gnu::flatten]] absl::StatusOr<LocalAssignment> LocalEvaluator::AssignInLayer(
    std::string_view layer, std::string_view unit_id, const AttributeMap& attributes,
    std::string_view unit_type) const {
  return impl_->Ask({.kind = TargetKind::kLayer, .name = layer},
                    // In two halves, as it was just stored: a load of both at once would wait.
                    {.unit_type = {unit_type.data(), unit_type.size()},
                     .unit_id = unit_id,
                     .attributes = attributes});
}

absl::Status LocalEvaluator::RecordExposure(const LocalAssignment& assignment,
                                            std::string_view unit_id,
                                            const AttributeMap& attributes, absl::Time time) {
  const Assignment engines{
      .experiment = assignment.experiment_,
      .variant = assignment.variant_,
      .reason = static_cast<AssignmentReason>(assignment.reason_),
      .epoch = assignment.epoch_,
      .programme = {assignment.programme_.holdout, assignment.programme_.is_held_out},
      .layer = {assignment.layer_.holdout, assignment.layer_.is_held_out}};
  std::vector<v1::Exposure> rows;
  for (const AssignedExposure& exposure : ExposuresOf(engines)) {
    v1::Exposure& row = rows.emplace_back();
    row.set_experiment(std::string(exposure.experiment));
    row.set_unit_id(std::string(unit_id));
    row.set_variant(std::string(exposure.variant));
    *row.mutable_occur_time() = ToTimestamp(time);
    row.set_epoch(exposure.epoch);
    row.set_overridden(exposure.source == ExposureSource::kOverride);
    if (exposure.experiment !=
        assignment.experiment()) {  // a holdout: of a type, without attributes
      row.set_unit_type(std::string(assignment.unit_type_));
      continue;
    }
    for (const std::string& id : assignment.experiment_->definition.kept_attributes) {
      if (const auto found = attributes.find(id); found != attributes.end()) {
        (*row.mutable_attributes())[id] = ToValue(found->second);
      }
    }
  }
  if (rows.empty()) return absl::OkStatus();
  return impl_->delivery.Add(std::move(rows));
}

absl::Status LocalEvaluator::RecordOutcome(v1::Outcome outcome) {
  if (!outcome.has_occur_time()) *outcome.mutable_occur_time() = ToTimestamp(absl::Now());
  return impl_->delivery.Add(std::move(outcome));
}

absl::Status LocalEvaluator::Flush(absl::Duration timeout) {
  return impl_->delivery.Flush(timeout);
}

DeliveryCounts LocalEvaluator::counts() const { return impl_->delivery.counts(); }

}  // namespace insightloop
