// SPDX-License-Identifier: Apache-2.0

#include "stats/strata.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "stats/internal/arguments.h"

namespace insightloop::stats {
namespace {

using Stratum = std::vector<ArmEstimate>;

absl::Status CheckUnits(std::span<const Stratum> strata) {
  if (!strata.empty() && strata[0].empty()) {
    return absl::InvalidArgumentError("strata[0].size is 0; give an estimate per arm");
  }
  for (std::size_t k = 0; k < strata.size(); ++k) {
    if (strata[k].size() != strata[0].size()) {
      return absl::InvalidArgumentError(absl::StrCat("strata[", k, "].size is ", strata[k].size(),
                                                     "; it must be ", strata[0].size(),
                                                     ", the number of arms"));
    }
    for (std::size_t a = 0; a < strata[k].size(); ++a) {
      if (absl::Status status = internal::CheckCount(
              strata[k][a].units, absl::StrCat("strata[", k, "][", a, "].units"));
          !status.ok()) {
        return status;
      }
    }
  }
  return absl::OkStatus();
}

bool HasEnoughUnits(const Stratum& stratum) {
  return std::all_of(stratum.begin(), stratum.end(),
                     [](const ArmEstimate& arm) { return arm.units >= kLeastUnitsInStratum; });
}

absl::Status CheckArms(std::span<const Stratum> strata, const std::vector<std::size_t>& used) {
  for (const std::size_t k : used) {
    for (std::size_t a = 0; a < strata[k].size(); ++a) {
      if (absl::Status status =
              internal::CheckArm(strata[k][a], absl::StrCat("strata[", k, "][", a, "]"));
          !status.ok()) {
        return status;
      }
    }
  }
  return absl::OkStatus();
}

// Units of all arms, in each of the strata used and together.
struct Units {
  std::vector<std::int64_t> of_stratum;
  std::int64_t all = 0;
};

absl::StatusOr<Units> CountUnits(std::span<const Stratum> strata,
                                 const std::vector<std::size_t>& used) {
  Units units;
  for (const std::size_t k : used) {
    const std::int64_t before = units.all;
    for (const ArmEstimate& arm : strata[k]) {
      if (__builtin_add_overflow(units.all, arm.units, &units.all)) {
        return absl::FailedPreconditionError("the units of all strata exceed 63 bits");
      }
    }
    units.of_stratum.push_back(units.all - before);
  }
  return units;
}

// `parts` are one arm's strata, weighted.
ArmEstimate Sum(const std::vector<ArmEstimate>& parts) {
  ArmEstimate sum;
  for (const ArmEstimate& part : parts) {
    sum.units += part.units;
    sum.value += part.value;
    sum.standard_error = std::hypot(sum.standard_error, part.standard_error);
  }
  sum.degrees_of_freedom = internal::CombinedDegreesOfFreedom(parts);
  return sum;
}

}  // namespace

absl::StatusOr<StratifiedArms> CombineStrata(std::span<const Stratum> strata) {
  if (absl::Status status = CheckUnits(strata); !status.ok()) return status;
  StratifiedArms result;
  std::vector<std::size_t> used;
  for (std::size_t k = 0; k < strata.size(); ++k) {
    (HasEnoughUnits(strata[k]) ? used : result.left_out).push_back(k);
  }
  if (used.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("none of ", strata.size(), " strata has ",
                                                      kLeastUnitsInStratum,
                                                      " units in every arm; wait for more units"));
  }
  if (absl::Status status = CheckArms(strata, used); !status.ok()) return status;
  const absl::StatusOr<Units> units = CountUnits(strata, used);
  if (!units.ok()) return units.status();

  for (std::size_t a = 0; a < strata[used[0]].size(); ++a) {
    std::vector<ArmEstimate> parts;
    for (std::size_t u = 0; u < used.size(); ++u) {
      const double weight =
          static_cast<double>(units->of_stratum[u]) / static_cast<double>(units->all);
      ArmEstimate part = strata[used[u]][a];
      part.value *= weight;
      part.standard_error *= weight;
      parts.push_back(part);
    }
    result.arms.push_back(Sum(parts));
  }
  return result;
}

}  // namespace insightloop::stats
