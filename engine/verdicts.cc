// SPDX-License-Identifier: Apache-2.0

#include "engine/verdicts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/analysis/analyst.h"
#include "engine/analysis/planner.h"
#include "engine/analysis/restatement.h"
#include "engine/domain/error.h"
#include "engine/domain/json.h"
#include "engine/domain/resource.h"
#include "engine/lifecycle.h"
#include "engine/loop/feedback.h"
#include "engine/sealing.h"

namespace insightloop {
namespace {

constexpr char kVerdicts[] = "/verdicts";

std::string VerdictsOf(std::string_view experiment) {
  return absl::StrCat(std::string(experiment), kVerdicts);
}

// Verdicts are named by the time they were made, then counted, so that names list them oldest
// first.
absl::StatusOr<std::string> NewVerdictName(ResourceStore::Transaction& store,
                                           std::string_view experiment, Time now) {
  const std::string made = absl::StrFormat("%s/v%017d", VerdictsOf(experiment), now.micros);
  const auto not_older = store.List({.collection = VerdictsOf(experiment), .after = made});
  if (!not_older.ok()) return not_older.status();
  return absl::StrFormat("%s-%03d", made, not_older->size());
}

absl::StatusOr<Verdict> ReadVerdict(const StoredResource& stored) {
  auto verdict = FromJsonText<Verdict>(stored.body);
  if (verdict.ok()) return verdict;
  return absl::InternalError(absl::StrCat(
      stored.name, ": stored in a form that cannot be read: ", verdict.status().message()));
}

// The latest kept verdict; absent when none was kept.
absl::StatusOr<std::optional<Verdict>> LatestVerdict(ResourceStore::Transaction& store,
                                                     std::string_view experiment) {
  const auto kept =
      store.List({.collection = VerdictsOf(experiment), .limit = 1, .from_last = true});
  if (!kept.ok()) return kept.status();
  if (kept->empty()) return std::nullopt;
  auto latest = ReadVerdict(kept->front());
  if (!latest.ok()) return latest.status();
  return *std::move(latest);
}

// Says in a verdict that is to be kept what changed since the latest one, if anything.
absl::Status Restate(ResourceStore::Transaction& store, Verdict& verdict) {
  const auto latest = LatestVerdict(store, verdict.experiment);
  if (!latest.ok()) return latest.status();
  if (!latest->has_value()) return absl::OkStatus();
  verdict.changes = ChangesBetween(**latest, verdict);
  if (!verdict.changes.empty()) verdict.restates = (*latest)->name;
  return absl::OkStatus();
}

absl::Status PutVerdict(ResourceStore::Transaction& store, const Verdict& verdict) {
  return store.Put(verdict.name, ToJson(verdict).dump()).status();
}

struct Computed {
  SealedPlan plan;
  Verdict verdict;
  std::int64_t in_flight_units = 0;
  std::optional<Time> last_maturity;
};

// The verdict on the facts of this moment.
absl::StatusOr<Computed> ComputeOn(const Experiment& experiment, Resources& resources,
                                   Measurement& measurement) {
  if (experiment.sealed_plan.empty()) {
    return WrongState("NOT_STARTED", experiment.meta.name,
                      "is a DRAFT and has no verdict; start it first");
  }
  auto plan = ReadSealedPlan(experiment.sealed_plan);
  if (!plan.ok()) return plan.status();
  const Time now = resources.clock().Now();
  const auto measured =
      measurement.Measure(MakeMeasurePlan(*plan, experiment, resources.limits()), now);
  if (!measured.ok()) return measured.status();
  auto verdict = MakeVerdict(*plan, experiment, *measured, now);
  if (!verdict.ok()) return verdict.status();
  verdict->create_time = now;
  return Computed{*std::move(plan), *std::move(verdict), measured->in_flight_units,
                  measured->last_maturity};
}

// The sealed plan or, of a draft, what MakePlanning() reads of the one it would get.
absl::StatusOr<SealedPlan> PlanOf(const Experiment& experiment, Resources& resources) {
  if (!experiment.sealed_plan.empty()) return ReadSealedPlan(experiment.sealed_plan);
  SealedPlan plan = {.experiment = experiment.meta.name,
                     .external = experiment.external,
                     .variants = experiment.variants,
                     .plan = experiment.plan};
  FillPlanDefaults(plan.plan);
  auto hypothesis = resources.Get<Hypothesis>(experiment.hypothesis);
  if (!hypothesis.ok()) return hypothesis.status();
  plan.hypothesis = *std::move(hypothesis);
  for (const std::string& name : MetricsOf(plan.hypothesis, plan.plan)) {
    auto metric = resources.Get<Metric>(name);
    if (!metric.ok()) return metric.status();
    plan.metrics.push_back(*std::move(metric));
  }
  return plan;
}

absl::Status CheckWindowsClosed(const Experiment& experiment, const Computed& computed) {
  if (computed.in_flight_units == 0) return absl::OkStatus();
  return WrongState(
      "WINDOWS_OPEN", experiment.meta.name,
      absl::StrCat("has ", computed.in_flight_units, " units whose windows are open; conclude it ",
                   computed.last_maturity.has_value()
                       ? absl::StrCat("after ", FormatTime(*computed.last_maturity))
                       : "later"));
}

// The conclusion that an earlier call with the same request id made.
absl::StatusOr<Conclusion> ReadConclusion(const StoredResource& left, Resources& resources) {
  auto experiment = FromStored<Experiment>(left);
  if (!experiment.ok()) return experiment.status();
  const auto verdict = resources.store().Get(experiment->final_verdict);
  if (!verdict.ok()) return verdict.status();
  if (!verdict->has_value()) return NotFound("final_verdict", experiment->final_verdict);
  auto read = ReadVerdict(**verdict);
  if (!read.ok()) return read.status();
  auto insight = resources.Get<Insight>(experiment->insight);
  if (!insight.ok()) return insight.status();
  return Conclusion{*std::move(experiment), *std::move(read), *std::move(insight)};
}

}  // namespace

absl::StatusOr<Planning> Verdicts::Plan(std::string_view name, const PlanningInput& input) {
  const auto experiment = resources_.Get<Experiment>(name);
  if (!experiment.ok()) return experiment.status();
  const auto plan = PlanOf(*experiment, resources_);
  if (!plan.ok()) return plan.status();
  return MakePlanning(*plan, *experiment, input, resources_.limits(),
                      [&]() -> absl::StatusOr<Verdict> {
                        auto computed = ComputeOn(*experiment, resources_, measurement_);
                        if (!computed.ok()) return computed.status();
                        return std::move(computed->verdict);
                      });
}

absl::StatusOr<Verdict> Verdicts::Compute(std::string_view experiment) {
  const auto found = resources_.Get<Experiment>(experiment);
  if (!found.ok()) return found.status();
  auto computed = ComputeOn(*found, resources_, measurement_);
  if (!computed.ok()) return computed.status();
  return std::move(computed->verdict);
}

absl::StatusOr<Verdict> Verdicts::Record(const Caller& caller, std::string_view experiment) {
  auto computed = Compute(experiment);
  if (!computed.ok()) return computed.status();
  absl::StatusOr<Verdict> result = absl::InternalError("not recorded");
  const auto status = resources_.Change(
      caller,
      [&](ResourceStore::Transaction& store) -> absl::Status {
        auto name = NewVerdictName(store, experiment, computed->create_time);
        if (!name.ok()) return name.status();
        computed->name = *std::move(name);
        if (auto restated = Restate(store, *computed); !restated.ok()) return restated;
        result = computed;
        return PutVerdict(store, *computed);
      },
      [&](const StoredResource& left) { return (result = ReadVerdict(left)).status(); });
  if (!status.ok()) return status;
  return result;
}

absl::StatusOr<Verdict> Verdicts::Get(std::string_view name) {
  const std::string_view collection = CollectionOf(name);
  const std::string_view experiment =
      collection.substr(0, collection.size() - std::min(collection.size(), sizeof(kVerdicts) - 1));
  if (!IsNameIn(Experiment::kCollection, experiment) || !IsNameIn(VerdictsOf(experiment), name)) {
    return InvalidField("INVALID_NAME", "name",
                        absl::StrCat("is ", Quoted(name), "; give experiments/{e}/verdicts/{v}"));
  }
  const auto stored = resources_.store().Get(name);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return NotFound("name", name);
  return ReadVerdict(**stored);
}

absl::StatusOr<Page<Verdict>> Verdicts::List(std::string_view experiment, std::string_view after,
                                             std::int64_t limit) {
  if (const auto found = resources_.Get<Experiment>(experiment); !found.ok()) {
    return found.status();
  }
  auto stored = resources_.store().List(
      {.collection = VerdictsOf(experiment), .after = std::string(after), .limit = limit + 1});
  if (!stored.ok()) return stored.status();
  Page<Verdict> page;
  if (static_cast<std::int64_t>(stored->size()) > limit) {
    stored->pop_back();
    page.next = stored->back().name;
  }
  for (const StoredResource& item : *stored) {
    auto verdict = ReadVerdict(item);
    if (!verdict.ok()) return verdict.status();
    page.items.push_back(*std::move(verdict));
  }
  return page;
}

absl::StatusOr<Conclusion> Verdicts::Conclude(const Caller& caller, std::string_view name,
                                              std::string_view etag) {
  const auto found = resources_.Get<Experiment>(name);
  if (!found.ok()) return found.status();
  // A stopped experiment's figures are computed outside the transaction, which they would hold up;
  // the revision is checked inside it, so that the experiment concluded is the one that was judged.
  absl::StatusOr<Computed> computed = absl::InternalError("not computed");
  if (StateAfter(found->state, Move::kConclude).has_value()) {
    computed = ComputeOn(*found, resources_, measurement_);
    if (!computed.ok()) return computed.status();
  }
  absl::StatusOr<Conclusion> result = absl::InternalError("not concluded");
  std::optional<StoredResource> replayed;
  const auto status = resources_.Change(
      caller,
      [&](ResourceStore::Transaction& store) -> absl::Status {
        auto experiment = Load<Experiment>(store, "name", name);
        if (!experiment.ok()) return experiment.status();
        if (auto fresh = CheckEtag(experiment->meta, etag); !fresh.ok()) return fresh;
        if (auto legal = CheckMove(*experiment, Move::kConclude); !legal.ok()) return legal;
        if (auto same = CheckEtag(experiment->meta, found->meta.etag); !same.ok()) return same;
        if (auto closed = CheckWindowsClosed(*experiment, *computed); !closed.ok()) return closed;

        Verdict verdict = computed->verdict;
        auto verdict_name = NewVerdictName(store, name, verdict.create_time);
        if (!verdict_name.ok()) return verdict_name.status();
        verdict.name = *std::move(verdict_name);
        if (auto restated = Restate(store, verdict); !restated.ok()) return restated;
        const Insight insight = MakeInsight(computed->plan, verdict);
        experiment->state = ExperimentState::kConcluded;
        experiment->conclude_time = verdict.create_time;
        experiment->final_verdict = verdict.name;
        experiment->insight = absl::StrFormat("insights/r%016x", resources_.random().Next());
        // The experiment goes first: it is what a repeated call is answered from.
        const auto stored = store.Put(name, BodyOf(*experiment));
        if (!stored.ok()) return stored.status();
        if (auto put = PutVerdict(store, verdict); !put.ok()) return put;
        const auto stored_insight = store.Put(experiment->insight, BodyOf(insight));
        if (!stored_insight.ok()) return stored_insight.status();
        auto concluded = FromStored<Experiment>(*stored);
        if (!concluded.ok()) return concluded.status();
        auto learned = FromStored<Insight>(*stored_insight);
        if (!learned.ok()) return learned.status();
        result = Conclusion{*std::move(concluded), std::move(verdict), *std::move(learned)};
        return absl::OkStatus();
      },
      [&](const StoredResource& left) {
        replayed = left;
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  if (auto followed = following_.Update(name); !followed.ok()) return followed;
  return replayed.has_value() ? ReadConclusion(*replayed, resources_) : result;
}

}  // namespace insightloop
