// SPDX-License-Identifier: Apache-2.0

#include "engine/analysis/wording.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace insightloop {
namespace {

constexpr double kSmallestPrinted = 1e-300;

std::string Format(const char* format, double number) {
  char text[64];
  // Adding 0 turns a negative zero into a plain one.
  std::snprintf(text, sizeof(text), format, number + 0.0);
  return text;
}

std::string Signed(Statistic statistic, double difference) {
  return Format("%+.4g", IsShare(statistic) ? 100 * difference : difference);
}

const char* DifferenceUnit(Statistic statistic) {
  if (IsShare(statistic)) return " percentage points";
  return statistic == Statistic::kNetPromoterScore ? " points" : "";
}

}  // namespace

std::string Grouped(std::int64_t number) {
  std::string text = absl::StrCat(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string Counted(std::int64_t number, const std::string& noun) {
  return absl::StrCat(Grouped(number), " ", noun, number == 1 ? "" : "s");
}

std::string Percent(double share) { return Format("%.4g %%", 100 * share); }

std::string PValueText(double p_value) {
  if (p_value < kSmallestPrinted) return "p < 1e-300";
  return absl::StrCat("p = ", Format("%.3g", p_value));
}

std::string Number(double number) { return Format("%.6g", number); }

std::string DaysText(Duration duration) {
  constexpr double kMicrosPerDay = 86'400e6;
  return absl::StrCat(Format("%.1f", static_cast<double>(duration.micros) / kMicrosPerDay),
                      " days");
}

std::string EpochsText(const std::vector<std::int32_t>& epochs) {
  return absl::StrCat(epochs.size() == 1 ? "epoch " : "epochs ", absl::StrJoin(epochs, ", "));
}

std::string CovariateText(const Covariate& covariate) {
  if (!covariate.attribute.empty()) return covariate.attribute;
  return absl::StrCat("the ", DaysText(covariate.history.value_or(Duration{})), " before");
}

bool IsShare(Statistic statistic) {
  return statistic == Statistic::kShare || statistic == Statistic::kTopTwoShare;
}

std::string PlainNumber(double number) {
  constexpr double kGroupedFrom = 1'000, kMostGrouped = 9e18;
  const double size = std::abs(number);
  if (size >= kGroupedFrom && size < kMostGrouped) return Grouped(std::llround(number));
  if (size == 0 || !(size < kMostGrouped)) return Format("%.0f", number);
  constexpr int kDigits = 4, kMostDecimals = 9;
  const int decimals =
      std::min(kDigits - 1 - static_cast<int>(std::floor(std::log10(size))), kMostDecimals);
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, number);
  std::string trimmed = text;
  while (trimmed.find('.') != std::string::npos &&
         (trimmed.back() == '0' || trimmed.back() == '.')) {
    const bool point = trimmed.back() == '.';
    trimmed.pop_back();
    if (point) break;
  }
  return trimmed == "-0" ? "0" : trimmed;
}

std::string ValueText(Statistic statistic, double value) {
  return IsShare(statistic) ? Percent(value) : Number(value);
}

std::string DifferenceText(Statistic statistic, double difference) {
  return absl::StrCat(Signed(statistic, difference), DifferenceUnit(statistic));
}

std::string IntervalText(Statistic statistic, double lower, double upper, double level) {
  return absl::StrCat("[", Signed(statistic, lower), ", ", Signed(statistic, upper), "] at ",
                      Percent(level));
}

std::string LiftText(double lift) { return Format("%+.4g %%", 100 * lift); }

std::string SizeText(Statistic statistic, const EffectSize& size) {
  if (size.scale == Scale::kRelative) return absl::StrCat(Percent(size.value), " relative");
  std::string text = DifferenceText(statistic, size.value);
  return text.substr(1);  // without its sign
}

}  // namespace insightloop
