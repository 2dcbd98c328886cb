// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/progress.h"

#include "absl/strings/str_cat.h"
#include "engine/analysis/wording.h"

namespace insightloop {
namespace {

Reason BeforeHorizon(const Progress& progress) {
  if (progress.planned_units == 0) {
    return {"BEFORE_HORIZON",
            absl::StrCat("No size is planned, so the decision is made at the end; ",
                         Counted(progress.matured_units, "unit"), " have matured so far.")};
  }
  const std::string matured =
      absl::StrCat(Grouped(progress.matured_units), " of ",
                   Counted(progress.planned_units, "planned unit"), " have matured");
  if (progress.ended()) {
    return {"BEFORE_HORIZON", absl::StrCat("It ended before its planned size: ", matured,
                                           "; a fixed horizon is not read early.")};
  }
  return {"BEFORE_HORIZON",
          absl::StrCat(matured, ", ", Grouped(progress.planned_units - progress.matured_units),
                       " to go; a fixed horizon is read once, at its end.")};
}

Reason WindowsOpen(const Progress& progress) {
  return {"WINDOWS_OPEN", absl::StrCat("The windows of ", Counted(progress.in_flight_units, "unit"),
                                       " are still open.")};
}

}  // namespace

Progress MakeProgress(const Study& study, const Experiment& experiment, const Measured& measured,
                      const Figures& figures, Time data_through) {
  Progress progress = {
      .method = study.plan->plan.method,
      .stopped = study.stopped,
      .ran_for = (study.stopped ? experiment.stop_time : data_through) - experiment.start_time,
      .least_duration = study.plan->plan.minimum_duration.value_or(kDefaultMinimumDuration),
      .in_flight_units = measured.in_flight_units,
      .planned_units = study.plan->plan.planned_units,
  };
  for (const ArmsOfEpoch& arms : figures.all.epochs) {
    for (const ArmFigures& arm : arms) progress.matured_units += arm.units;
  }
  if (experiment.external && measured.first_exposure.has_value()) {
    progress.ran_for = *measured.last_exposure - *measured.first_exposure;
    progress.exposed_at_once = progress.ran_for < Seconds(60);
  }
  return progress;
}

std::string LeastDurationText(const Progress& progress) {
  const bool default_duration = progress.least_duration == kDefaultMinimumDuration;
  return absl::StrCat("at least ",
                      default_duration ? "7 full days" : DaysText(progress.least_duration),
                      default_duration ? " are needed, as weekdays differ" : " are planned");
}

std::vector<Reason> ReasonsBeforeReading(const Progress& progress) {
  std::vector<Reason> reasons;
  if (!progress.is_horizon_reached()) reasons.push_back(BeforeHorizon(progress));
  if (!progress.stopped && progress.ran_for < progress.least_duration) {
    reasons.push_back({"MIN_DURATION", absl::StrCat("It has run for ", DaysText(progress.ran_for),
                                                    "; ", LeastDurationText(progress), ".")});
  }
  if (progress.stopped && progress.in_flight_units > 0) reasons.push_back(WindowsOpen(progress));
  return reasons;
}

// Nothing keeps anybody from reading again later: then the error rate is not the one promised.
std::vector<Reason> ReasonsPastPlan(const Progress& progress) {
  if (progress.method == Method::kAlwaysValid || progress.planned_units == 0 || progress.ended() ||
      progress.matured_units <= progress.planned_units) {
    return {};
  }
  return {
      {"PAST_PLAN",
       absl::StrCat(Grouped(progress.matured_units), " of ",
                    Counted(progress.planned_units, "planned unit"),
                    " have matured; a fixed horizon promises its error rate for one reading, at "
                    "the planned size: was this the first?")}};
}

std::vector<Reason> ReasonsToWait(const Progress& progress) {
  std::vector<Reason> reasons;
  const bool always_valid = progress.method == Method::kAlwaysValid;
  if (progress.planned_units > 0 && progress.matured_units >= progress.planned_units) {
    reasons.push_back(
        {"PAST_PLAN",
         absl::StrCat(Grouped(progress.matured_units), " of ",
                      Counted(progress.planned_units, "planned unit"),
                      " have matured and do not decide; ",
                      always_valid ? "later readings are as valid, but what is left to find is "
                                     "smaller than planned for."
                                   : "later readings are beyond what a fixed horizon promises, so "
                                     "stop it to conclude it.")});
  }
  if (progress.in_flight_units > 0) reasons.push_back(WindowsOpen(progress));
  return reasons;
}

}  // namespace insightloop
