// SPDX-License-Identifier: Apache-2.0
//
// Checks of arguments that several methods share. Each returns kInvalidArgument naming the
// argument, its value and what it must be. Internal to stats/.

#ifndef INSIGHTLOOP_STATS_INTERNAL_ARGUMENTS_H_
#define INSIGHTLOOP_STATS_INTERNAL_ARGUMENTS_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace insightloop::stats::internal {

// Unless 0 < level < 1.
absl::Status CheckLevel(double level);

// Unless 0 < value < 1, for other arguments than `level`.
absl::Status CheckInsideUnitInterval(double value, absl::string_view name);

absl::Status CheckFinite(double value, absl::string_view name);
absl::Status CheckFiniteNotNegative(double value, absl::string_view name);
absl::Status CheckFinitePositive(double value, absl::string_view name);
absl::Status CheckNumber(double value, absl::string_view name);  // unless it is a NaN

absl::Status CheckAtLeast(std::int64_t least, std::int64_t count, absl::string_view name);
absl::Status CheckCount(std::int64_t count, absl::string_view name);  // unless 0 or more

// Unless absent, or finite and at least kLeastDegreesOfFreedom.
absl::Status CheckDegreesOfFreedom(std::optional<double> degrees_of_freedom,
                                   absl::string_view name);

}  // namespace insightloop::stats::internal

#endif  // INSIGHTLOOP_STATS_INTERNAL_ARGUMENTS_H_
