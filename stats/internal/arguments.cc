// SPDX-License-Identifier: Apache-2.0

#include "stats/internal/arguments.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "stats/comparison.h"

namespace insightloop::stats::internal {
namespace {

template <typename Number>
absl::Status Wrong(absl::string_view name, Number value, absl::string_view must) {
  return absl::InvalidArgumentError(absl::StrCat(name, " is ", value, "; it must be ", must));
}

}  // namespace

absl::Status CheckLevel(double level) {
  if (level > 0 && level < 1) return absl::OkStatus();
  return Wrong("level", level, "above 0 and below 1, such as 0.95");
}

absl::Status CheckInsideUnitInterval(double value, absl::string_view name) {
  if (value > 0 && value < 1) return absl::OkStatus();
  return Wrong(name, value, "above 0 and below 1");
}

absl::Status CheckFinite(double value, absl::string_view name) {
  if (std::isfinite(value)) return absl::OkStatus();
  return Wrong(name, value, "finite");
}

absl::Status CheckFiniteNotNegative(double value, absl::string_view name) {
  if (std::isfinite(value) && value >= 0) return absl::OkStatus();
  return Wrong(name, value, "finite and not negative");
}

absl::Status CheckFinitePositive(double value, absl::string_view name) {
  if (std::isfinite(value) && value > 0) return absl::OkStatus();
  return Wrong(name, value, "finite and positive");
}

absl::Status CheckNumber(double value, absl::string_view name) {
  if (!std::isnan(value)) return absl::OkStatus();
  return Wrong(name, value, "a number");
}

absl::Status CheckAtLeast(std::int64_t least, std::int64_t count, absl::string_view name) {
  if (count >= least) return absl::OkStatus();
  return Wrong(name, count, absl::StrCat(least, " or more"));
}

absl::Status CheckCount(std::int64_t count, absl::string_view name) {
  return CheckAtLeast(0, count, name);
}

absl::Status CheckDegreesOfFreedom(std::optional<double> degrees_of_freedom,
                                   absl::string_view name) {
  if (!degrees_of_freedom.has_value()) return absl::OkStatus();
  const double df = *degrees_of_freedom;
  if (std::isfinite(df) && df >= kLeastDegreesOfFreedom) return absl::OkStatus();
  return Wrong(name, df, absl::StrCat("finite and at least ", kLeastDegreesOfFreedom));
}

}  // namespace insightloop::stats::internal
