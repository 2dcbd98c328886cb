// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/recorder.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/assignment/assigner.h"
#include "engine/assignment/hashing.h"
#include "engine/domain/error.h"
#include "engine/domain/event.h"
#include "engine/domain/experiment.h"
#include "engine/domain/resource.h"
#include "engine/domain/unit_type.h"

namespace insightloop {
namespace {

using Rejection = std::optional<Fault>;  // absent: the rule holds

Fault Reject(std::string_view reason, std::string_view field, std::string detail) {
  return {.reason = std::string(reason), .field = std::string(field), .detail = std::move(detail)};
}

// The first of what is wrong.
Rejection FirstOf(const Violations& violations) {
  if (violations.empty()) return std::nullopt;
  const ErrorDetails details = DetailsOf(violations.ToStatus());
  const FieldViolation& first = details.violations.front();
  return Reject(details.reason, first.field, first.description);
}

absl::Status CheckRowCount(std::size_t rows, std::string_view field, const Limits& limits) {
  const auto most = static_cast<std::size_t>(limits.max_rows_per_call);
  if (rows == 0) {
    return InvalidField("NO_ROWS", field, absl::StrCat("is empty; give 1 to ", most, " rows"));
  }
  if (rows > most) {
    return InvalidField("TOO_MANY_ROWS", field,
                        absl::StrCat("has ", rows, " rows; give at most ", most, " in one call"));
  }
  return absl::OkStatus();
}

Rejection CheckTime(Time occur_time, Time now, const Limits& limits) {
  if (occur_time == Time{}) {
    return Reject("TIME_MISSING", "occur_time", "is not set; say when it happened");
  }
  if (occur_time > now + limits.max_future) {
    return Reject("TIME_IN_FUTURE", "occur_time",
                  absl::StrCat("is ", FormatTime(occur_time), ", more than ",
                               FormatDuration(limits.max_future), " after the server's time, ",
                               FormatTime(now), "; check the sender's clock"));
  }
  return std::nullopt;
}

// The attributes that the experiment's plan uses.
AttributeMap KeptOf(const ReadyExperiment& experiment, const AttributeMap& attributes) {
  AttributeMap kept;
  for (const std::string& id : experiment.definition.kept_attributes) {
    const auto attribute = attributes.find(id);
    if (attribute != attributes.end()) kept.insert(*attribute);
  }
  return kept;
}

bool HasVariant(const CatalogExperiment& experiment, std::string_view id) {
  return std::any_of(experiment.variants.begin(), experiment.variants.end(),
                     [id](const Variant& variant) { return variant.variant_id == id; });
}

// Whether the row is none of the experiment's facts, so that rejecting it loses nothing.
bool IsOutsideOfRun(std::string_view reason) {
  return reason == "EXPERIMENT_NOT_RUNNING" || reason == "BEFORE_START" ||
         reason == "EXPERIMENT_PAUSED" || reason == "AFTER_STOP";
}

// Judges rows of one call against one catalog at one time, and makes facts of the good ones.
class Judge {
 public:
  Judge(const Catalog& catalog, const Measurement& measurement, Time now, const Limits& limits)
      : catalog_(catalog), measurement_(measurement), now_(now), limits_(limits) {}

  Rejection Check(const SubmittedExposure& row, Exposure& exposure) const;
  Rejection Check(const SubmittedOutcome& row, bool backfill, Outcome& outcome) const;

  // Count a row that was rejected for each experiment that it concerns.
  void Count(const SubmittedExposure& row, const std::string& reason, Rejections& rejections) const;
  void Count(const SubmittedOutcome& row, const std::string& reason, Rejections& rejections) const;

 private:
  [[nodiscard]] Rejection CheckUnit(std::string_view unit_id) const;
  [[nodiscard]] Rejection CheckUnitType(std::string_view unit_type) const;
  Rejection CheckHoldout(const SubmittedExposure& row, Exposure& exposure) const;
  Rejection CheckEpoch(const SubmittedExposure& row, const ReadyExperiment& experiment,
                       Exposure& exposure) const;
  [[nodiscard]] Rejection CheckRun(const CatalogExperiment& experiment, Time occur_time) const;
  Rejection CheckAnswer(const Event& event, const Answer& answer, Outcome& outcome) const;
  Rejection CheckValue(const Event& event, double value, Outcome& outcome) const;
  [[nodiscard]] Rejection CheckTexts(const OutcomeContext& context) const;

  const Catalog& catalog_;
  const Measurement& measurement_;
  const Time now_;
  const Limits& limits_;
};

Rejection Judge::CheckUnit(std::string_view unit_id) const {
  Violations violations;
  CheckUnitId(unit_id, limits_, "unit_id", violations);
  return FirstOf(violations);
}

Rejection CheckState(const CatalogExperiment& experiment) {
  const bool is_open = experiment.state == ExperimentState::kRunning ||
                       experiment.state == ExperimentState::kPaused ||
                       (experiment.state == ExperimentState::kStopped && !experiment.external);
  if (is_open) return std::nullopt;
  return Reject("EXPERIMENT_NOT_RUNNING", "experiment",
                absl::StrCat(experiment.name, " is ", std::string(EnumName(experiment.state)),
                             experiment.state == ExperimentState::kDraft
                                 ? "; start it before recording exposures"
                             : experiment.state == ExperimentState::kStopped
                                 ? "; an external experiment takes exposures until it stops"
                                 : "; it takes no more exposures"));
}

Rejection Judge::CheckRun(const CatalogExperiment& experiment, Time occur_time) const {
  if (Rejection rejection = CheckTime(occur_time, now_, limits_)) return rejection;
  if (occur_time < experiment.start_time) {
    return Reject(
        "BEFORE_START", "occur_time",
        absl::StrCat("is ", FormatTime(occur_time), ", before ", experiment.name, " started at ",
                     FormatTime(experiment.start_time), "; leave out earlier exposures"));
  }
  if (experiment.state == ExperimentState::kPaused && !experiment.external &&
      occur_time >= experiment.pause_time) {
    return Reject("EXPERIMENT_PAUSED", "occur_time",
                  absl::StrCat("is ", FormatTime(occur_time), ", not before ", experiment.name,
                               " was paused at ", FormatTime(experiment.pause_time),
                               "; leave out exposures during a pause"));
  }
  if (experiment.state == ExperimentState::kStopped && occur_time >= experiment.stop_time) {
    return Reject("AFTER_STOP", "occur_time",
                  absl::StrCat("is ", FormatTime(occur_time), ", not before ", experiment.name,
                               " stopped at ", FormatTime(experiment.stop_time),
                               "; leave out later exposures"));
  }
  return std::nullopt;
}

std::string_view UnitTypeOf(std::string_view named) {
  return named.empty() ? kDefaultUnitType : named;
}

Rejection Judge::CheckUnitType(std::string_view unit_type) const {
  // The default type exists in every database, also where nobody has declared it.
  if (unit_type == kDefaultUnitType || catalog_.HasUnitType(unit_type)) return std::nullopt;
  return Reject("UNKNOWN_UNIT_TYPE", "unit_type",
                absl::StrCat(Quoted(unit_type),
                             " does not exist; create it first, or leave it"
                             " empty for ",
                             std::string(kDefaultUnitType)));
}

// The epoch that the row names or, without one, that of its time; and that the variant is the one
// which the hash gives the unit there, or which it had before.
Rejection Judge::CheckEpoch(const SubmittedExposure& row, const ReadyExperiment& experiment,
                            Exposure& exposure) const {
  const CatalogExperiment& definition = experiment.definition;
  exposure.epoch = experiment.EpochAt(row.occur_time).epoch;
  if (row.epoch == 0) return std::nullopt;
  const Epoch* const epoch = experiment.FindEpoch(row.epoch);
  if (epoch == nullptr) {
    return Reject("UNKNOWN_EPOCH", "epoch",
                  absl::StrCat("is ", row.epoch, ", but ", definition.name, " has had ",
                               definition.epochs.size(),
                               "; give the epoch that Assign named, or leave it out"));
  }
  exposure.epoch = row.epoch;
  if (exposure.source != ExposureSource::kAssigned) return std::nullopt;
  const std::string_view assigned = HashedVariant(experiment, *epoch, row.unit_id);
  if (row.variant == assigned) return std::nullopt;
  const auto first =
      measurement_.FindFirstExposure(definition.name, definition.unit_type, row.unit_id);
  if (first.has_value() && first->epoch == row.epoch && first->variant == row.variant) {
    return std::nullopt;
  }
  return Reject(kVariantNotAssigned, "variant",
                absl::StrCat("is ", Quoted(row.variant), ", but in epoch ", row.epoch, " of ",
                             definition.name, " the unit's hash gives ",
                             assigned.empty() ? "none" : Quoted(assigned),
                             "; record what Assign answered, or leave the epoch out if the unit "
                             "was shown something else"));
}

Rejection Judge::CheckHoldout(const SubmittedExposure& row, Exposure& exposure) const {
  const std::string_view owner(row.experiment.data(),
                               row.experiment.size() - kHoldoutSuffix.size());
  const ReadyLayer* const layer = catalog_.FindLayer(owner);
  const bool is_programme = owner == kProgramme;
  const ReadyHoldout* const holdout = is_programme       ? &catalog_.programme().holdout
                                      : layer != nullptr ? &layer->holdout
                                                         : nullptr;
  if (holdout == nullptr || holdout->epoch == 0) {
    return Reject("UNKNOWN_HOLDOUT", "experiment",
                  absl::StrCat(Quoted(row.experiment),
                               " does not exist; give the holdout that Assign named"));
  }
  if (Rejection rejection = CheckUnit(row.unit_id)) return rejection;
  exposure.unit = {.unit_type = std::string(UnitTypeOf(row.unit_type)), .unit_id = row.unit_id};
  if (Rejection rejection = CheckUnitType(exposure.unit.unit_type)) return rejection;
  if (row.variant != kHoldoutVariant && row.variant != kRestVariant) {
    return Reject("UNKNOWN_VARIANT", "variant",
                  absl::StrCat("is ", Quoted(row.variant), "; give HOLDOUT or REST"));
  }
  if (row.epoch < 0 || row.epoch > holdout->epoch) {
    return Reject("UNKNOWN_EPOCH", "epoch",
                  absl::StrCat("is ", row.epoch, ", but ", holdout->name, " is in epoch ",
                               holdout->epoch, "; give the epoch that Assign named"));
  }
  if (Rejection rejection = CheckTime(row.occur_time, now_, limits_)) return rejection;
  const Salt& salt = is_programme ? catalog_.programme().salt : layer->salt;
  const bool is_held_out = holdout->slots.test(static_cast<std::size_t>(SlotOf(salt, row.unit_id)));
  exposure.epoch = row.epoch == 0 ? holdout->epoch : row.epoch;
  // Which slots it held in earlier epochs is not known any more.
  if (exposure.epoch == holdout->epoch && is_held_out != (row.variant == kHoldoutVariant)) {
    return Reject(kVariantNotAssigned, "variant",
                  absl::StrCat("is ", row.variant, ", but the unit's hash gives ",
                               std::string(is_held_out ? kHoldoutVariant : kRestVariant),
                               "; record what Assign answered"));
  }
  exposure.experiment = row.experiment;
  exposure.variant = row.variant;
  exposure.occur_time = row.occur_time;
  exposure.receive_time = now_;
  exposure.source = ExposureSource::kAssigned;
  return std::nullopt;
}

Rejection Judge::Check(const SubmittedExposure& row, Exposure& exposure) const {
  if (row.experiment.ends_with(kHoldoutSuffix)) return CheckHoldout(row, exposure);
  const ReadyExperiment* const found = catalog_.FindExperiment(row.experiment).experiment;
  if (found == nullptr) {
    return Reject("UNKNOWN_EXPERIMENT", "experiment",
                  absl::StrCat(Quoted(row.experiment),
                               " does not exist; give experiments/{id} of one that has started"));
  }
  const CatalogExperiment& experiment = found->definition;
  if (Rejection rejection = CheckState(experiment)) return rejection;
  if (Rejection rejection = CheckUnit(row.unit_id)) return rejection;
  if (!HasVariant(experiment, row.variant)) {
    return Reject("UNKNOWN_VARIANT", "variant",
                  absl::StrCat(Quoted(row.variant), " is no variant of ", experiment.name,
                               "; give the variant_id that the unit could see"));
  }
  if (Rejection rejection = CheckRun(experiment, row.occur_time)) return rejection;
  Violations violations;
  CheckAttributes(catalog_, row.attributes, limits_, /*prefix=*/"", /*from_device=*/false,
                  violations);
  if (Rejection rejection = FirstOf(violations)) return rejection;

  if (!row.unit_type.empty() && row.unit_type != experiment.unit_type) {
    return Reject("WRONG_UNIT_TYPE", "unit_type",
                  absl::StrCat("is ", Quoted(row.unit_type), ", but ", experiment.name, " is on ",
                               experiment.unit_type, "; give that, or leave it out"));
  }
  exposure.source = row.overridden || found->variant_of_override.contains(row.unit_id)
                        ? ExposureSource::kOverride
                    : experiment.external ? ExposureSource::kExternal
                                          : ExposureSource::kAssigned;
  if (Rejection rejection = CheckEpoch(row, *found, exposure)) return rejection;
  exposure.unit = {.unit_type = experiment.unit_type, .unit_id = row.unit_id};
  exposure.experiment = row.experiment;
  exposure.variant = row.variant;
  exposure.occur_time = row.occur_time;
  exposure.receive_time = now_;
  exposure.attributes = KeptOf(*found, row.attributes);
  return std::nullopt;
}

Rejection Judge::Check(const SubmittedOutcome& row, bool backfill, Outcome& outcome) const {
  if (row.outcome_id.empty() || row.outcome_id.size() > limits_.max_outcome_id ||
      !IsUtf8(row.outcome_id)) {
    return Reject("INVALID_OUTCOME_ID", "outcome_id",
                  absl::StrCat("is ", Quoted(row.outcome_id), " (", row.outcome_id.size(),
                               " bytes); give 1 to ", limits_.max_outcome_id, " bytes of UTF-8"));
  }
  if (Rejection rejection = CheckUnit(row.unit.unit_id)) return rejection;
  outcome.unit = {.unit_type = UnitTypeOf(row.unit.unit_type), .unit_id = row.unit.unit_id};
  if (Rejection rejection = CheckUnitType(outcome.unit.unit_type)) return rejection;
  const ReadyEvent* const found = catalog_.FindEvent(row.event);
  if (found == nullptr) {
    return Reject("UNKNOWN_EVENT", "event",
                  absl::StrCat(Quoted(row.event),
                               " is not declared; create the event first, as events/{id}"));
  }
  if (Rejection rejection = CheckTime(row.occur_time, now_, limits_)) return rejection;
  if (Rejection rejection = CheckAnswer(found->event, row.answer, outcome)) return rejection;
  if (Rejection rejection = CheckTexts(row.context)) return rejection;

  outcome.outcome_id = row.outcome_id;
  outcome.event = found->fact_name;
  outcome.occur_time = row.occur_time;
  outcome.receive_time = now_;
  outcome.late = !backfill && row.occur_time < now_ - limits_.acceptance_window;
  outcome.context = row.context;
  return std::nullopt;
}

Rejection Judge::CheckAnswer(const Event& event, const Answer& answer, Outcome& outcome) const {
  const bool is_asked = std::holds_alternative<Asked>(answer);
  if (is_asked || std::holds_alternative<Dismissed>(answer)) {
    if (event.value_kind != ValueKind::kScore) {
      return Reject("NOT_A_SURVEY", is_asked ? "asked" : "dismissed",
                    absl::StrCat("is set, but ", event.meta.name, " is of kind ",
                                 std::string(EnumName(event.value_kind)),
                                 "; only SCORE events are asked for or dismissed"));
    }
    outcome.kind = is_asked ? OutcomeKind::kAsked : OutcomeKind::kDismissed;
    return std::nullopt;
  }
  const double* const value = std::get_if<double>(&answer);
  if (event.value_kind == ValueKind::kNone) {
    if (value != nullptr) {
      return Reject("VALUE_NOT_EXPECTED", "value",
                    absl::StrCat("is ", *value, ", but ", event.meta.name,
                                 " has no value; leave it out, or use an event with a value"));
    }
    outcome.kind = OutcomeKind::kOccurred;
    return std::nullopt;
  }
  if (value == nullptr) {
    return Reject("VALUE_MISSING", "value",
                  absl::StrCat("is not set; ", event.meta.name, " is of kind ",
                               std::string(EnumName(event.value_kind)), " and needs ",
                               event.value_kind == ValueKind::kScore ? "a value, asked or dismissed"
                                                                     : "a value"));
  }
  return CheckValue(event, *value, outcome);
}

Rejection Judge::CheckValue(const Event& event, double value, Outcome& outcome) const {
  if (!std::isfinite(value)) {
    return Reject("NOT_FINITE", "value", absl::StrCat("is ", value, "; give a finite number"));
  }
  if (event.minimum.has_value() && value < *event.minimum) {
    return Reject("OUT_OF_RANGE", "value",
                  absl::StrCat("is ", value, ", below ", *event.minimum, ", the minimum of ",
                               event.meta.name, "; correct it, or leave the row out"));
  }
  if (event.maximum.has_value() && value > *event.maximum) {
    return Reject("OUT_OF_RANGE", "value",
                  absl::StrCat("is ", value, ", above ", *event.maximum, ", the maximum of ",
                               event.meta.name, "; correct it, or leave the row out"));
  }
  const auto steps = ToSteps(value, event.resolution, limits_.max_steps);
  if (!steps.has_value()) {
    return Reject("OUT_OF_RANGE", "value",
                  absl::StrCat("is ", value, ", more than ", limits_.max_steps, " steps of ",
                               event.resolution, ", the resolution of ", event.meta.name,
                               "; use an event with a coarser resolution"));
  }
  outcome.kind = OutcomeKind::kValue;
  outcome.value = *steps;
  return std::nullopt;
}

Rejection Judge::CheckTexts(const OutcomeContext& context) const {
  struct Text {
    std::string_view field;
    std::string_view text;
    std::size_t most;
  };
  const Text texts[] = {{"channel", context.channel, limits_.max_label},
                        {"touchpoint", context.touchpoint, limits_.max_label},
                        {"source", context.source, limits_.max_label},
                        {"response_id", context.response_id, limits_.max_label},
                        {"comment", context.comment, limits_.max_comment},
                        {"item", context.item, limits_.max_label},
                        {"category", context.category, limits_.max_label}};
  for (const auto& [field, text, most] : texts) {
    if (text.size() > most) {
      return Reject("TEXT_TOO_LONG", field,
                    absl::StrCat("is ", Quoted(text), " (", text.size(), " bytes); give at most ",
                                 most, " bytes"));
    }
    if (!IsUtf8(text)) {
      return Reject("INVALID_UTF8", field,
                    absl::StrCat("is ", Quoted(text), "; send texts in UTF-8"));
    }
  }
  return std::nullopt;
}

void Judge::Count(const SubmittedExposure& row, const std::string& reason,
                  Rejections& rejections) const {
  const ReadyExperiment* const found = catalog_.FindExperiment(row.experiment).experiment;
  if (found == nullptr || IsOutsideOfRun(reason)) return;
  ++rejections[{.experiment = row.experiment,
                .variant = HasVariant(found->definition, row.variant) ? row.variant : "",
                .reason = reason,
                .day = StartOfDay(now_)}];
}

void Judge::Count(const SubmittedOutcome& row, const std::string& reason,
                  Rejections& rejections) const {
  const ReadyEvent* const event = catalog_.FindEvent(row.event);
  if (event == nullptr) return;
  const UnitView unit = {.unit_type = UnitTypeOf(row.unit.unit_type), .unit_id = row.unit.unit_id};
  // Where its time is what is wrong, it counts as of now.
  const Time time = reason.starts_with("TIME_") ? now_ : row.occur_time;
  for (ExposedIn& in : measurement_.FindCounting(unit, event->fact_name, time)) {
    ++rejections[{.experiment = std::move(in.experiment),
                  .variant = std::move(in.variant),
                  .reason = reason,
                  .day = StartOfDay(now_)}];
  }
}

// A row of a call that was rejected.
struct RejectedRow {
  std::size_t place;
  RowFate fate;
};

// Reads each row and judges it by `check`. Adds those that are not rejected to `good`, and has
// those that were read and rejected counted among `rejections`. Returns all rejected ones, in
// order.
template <class Submitted, class Fact, class Check>
std::vector<RejectedRow> JudgeRows(const Judge& judge, const SubmittedRows<Submitted>& rows,
                                   std::vector<Fact>& good, Rejections& rejections, Check check) {
  std::vector<RejectedRow> rejected;
  good.reserve(rows.size);
  for (std::size_t i = 0; i < rows.size; ++i) {
    Submitted row;
    Rejection rejection = rows.read(i, row);
    if (!rejection.has_value()) {
      rejection = check(row, good.emplace_back());
      if (!rejection.has_value()) continue;
      good.pop_back();
      judge.Count(row, rejection->reason, rejections);
    }
    rejected.push_back({.place = i, .fate = Rejected(*std::move(rejection))});
  }
  return rejected;
}

// The fates of all rows of a call, those of the others being in the same order.
std::vector<RowFate> Merge(std::vector<RejectedRow> rejected, std::vector<RowFate> others) {
  if (rejected.empty()) return others;
  std::vector<RowFate> fates;
  fates.reserve(rejected.size() + others.size());
  auto other = others.begin();
  for (RejectedRow& row : rejected) {
    while (fates.size() < row.place) fates.push_back(std::move(*other++));
    fates.push_back(std::move(row.fate));
  }
  std::move(other, others.end(), std::back_inserter(fates));
  return fates;
}

// Passes the good rows on with the counts of the others, and puts all fates together. `list` is
// that of their kind. Without a good row the answer waits for nothing: counts that cannot be
// written then are lost.
void Pass(Measurement& measurement, FactRows good, std::vector<RejectedRow> rejected,
          std::vector<RowFate> FactFates::*list, RowsRecorded recorded) {
  if (good.exposures.empty() && good.outcomes.empty()) {
    if (!good.rejections.empty()) measurement.Record(std::move(good), [](const auto&) {});
    return recorded(Merge(std::move(rejected), {}));
  }
  const std::size_t rows = good.exposures.size() + good.outcomes.size();
  measurement.Record(
      std::move(good), [rows, rejected = std::move(rejected), list,
                        recorded = std::move(recorded)](absl::StatusOr<FactFates> stored) mutable {
        if (!stored.ok()) return recorded(stored.status());
        std::vector<RowFate>& fates = (*stored).*list;
        if (fates.size() != rows) {
          return recorded(
              absl::InternalError(absl::StrCat(fates.size(), " fates for ", rows, " rows")));
        }
        recorded(Merge(std::move(rejected), std::move(fates)));
      });
}

}  // namespace

Recorder::Recorder(const CatalogHolder& catalog, Measurement& measurement, const Clock& clock,
                   const Limits& limits)
    : catalog_(catalog), measurement_(measurement), clock_(clock), limits_(limits) {}

void Recorder::RecordExposures(const SubmittedRows<SubmittedExposure>& rows,
                               RowsRecorded recorded) {
  if (auto status = CheckRowCount(rows.size, "exposures", limits_); !status.ok()) {
    return recorded(std::move(status));
  }
  const std::shared_ptr<const Catalog> catalog = catalog_.Current();
  const Judge judge(*catalog, measurement_, clock_.Now(), limits_);
  FactRows good;
  auto rejected = JudgeRows(judge, rows, good.exposures, good.rejections,
                            [&](const auto& row, Exposure& to) { return judge.Check(row, to); });
  Pass(measurement_, std::move(good), std::move(rejected), &FactFates::exposures,
       Counting(std::move(recorded)));
}

absl::Status Recorder::RecordAssigned(const Catalog& catalog, std::span<const AssignedUnit> units) {
  const Time now = clock_.Now();
  const auto most = static_cast<std::size_t>(limits_.max_rows_per_call);
  FactRows rows;
  for (const AssignedUnit& unit : units) {
    if (rows.exposures.size() + unit.exposures.size() > most && !rows.exposures.empty()) {
      // Many holdouts and experiments of a campaign: in parts, each of which counts once.
      const auto recorded = measurement_.Record(std::exchange(rows, {}));
      if (!recorded.ok()) return recorded.status();
    }
    for (const AssignedExposure& assigned : unit.exposures) {
      Exposure& exposure =
          rows.exposures.emplace_back(Exposure{.unit = unit.unit,
                                               .experiment = std::string(assigned.experiment),
                                               .epoch = assigned.epoch,
                                               .variant = std::string(assigned.variant),
                                               .occur_time = now,
                                               .receive_time = now,
                                               .source = assigned.source});
      const ReadyExperiment* const found = catalog.FindExperiment(assigned.experiment).experiment;
      if (found != nullptr) exposure.attributes = KeptOf(*found, unit.attributes);
    }
  }
  if (rows.exposures.empty()) return absl::OkStatus();
  return measurement_.Record(std::move(rows)).status();
}

void Recorder::RecordOutcomes(const SubmittedRows<SubmittedOutcome>& rows, bool backfill,
                              RowsRecorded recorded) {
  if (auto status = CheckRowCount(rows.size, "outcomes", limits_); !status.ok()) {
    return recorded(std::move(status));
  }
  const std::shared_ptr<const Catalog> catalog = catalog_.Current();
  const Judge judge(*catalog, measurement_, clock_.Now(), limits_);
  FactRows good;
  auto rejected =
      JudgeRows(judge, rows, good.outcomes, good.rejections,
                [&](const auto& row, Outcome& to) { return judge.Check(row, backfill, to); });
  // Good rows view the names that the catalog has for their events: it is kept for them.
  Pass(measurement_, std::move(good), std::move(rejected), &FactFates::outcomes,
       Counting(
           [catalog, recorded = std::move(recorded)](auto fates) { recorded(std::move(fates)); }));
}

std::map<std::string, std::int64_t> Recorder::rejected() const {
  const std::lock_guard lock(rejected_mutex_);
  return rejected_;
}

void Recorder::CountRejected(const std::string& reason) {
  const std::lock_guard lock(rejected_mutex_);
  ++rejected_[reason];
}

RowsRecorded Recorder::Counting(RowsRecorded recorded) {
  return [this, recorded = std::move(recorded)](absl::StatusOr<std::vector<RowFate>> fates) {
    if (fates.ok()) {
      for (const RowFate& fate : *fates) {
        if (fate.fate == Fate::kRejected) CountRejected(fate.fault->reason);
      }
    }
    recorded(std::move(fates));
  };
}

}  // namespace insightloop
