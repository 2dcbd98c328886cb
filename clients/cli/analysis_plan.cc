// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/analysis_plan.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/numbers.h"
#include "clients/cli/errors.h"
#include "clients/cli/text.h"

namespace insightloop::cli {
namespace {

constexpr char kMetricHelp[] =
    "Write COLUMN:KIND with KIND one of proportion, mean, count, nps, csat:N (a scale from 1 to "
    "N).";
constexpr char kGuardrailHelp[] =
    "Write COLUMN:KIND:MARGIN with KIND one of proportion, mean, count, nps, csat:N, and MARGIN "
    "above 0: a share of the control's value (0.02 is 2 %), for nps in points.";
constexpr int kMaxWeight = 1'000'000;

// Cuts off and returns what follows the last colon; the column's name may have colons of its own.
std::optional<std::string> CutLast(std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string last(Trimmed(std::string_view(text).substr(colon + 1)));
  text.resize(colon);
  return last;
}

std::optional<MetricKind> KindOf(const std::string& name) {
  const std::string lower = Lower(name);
  if (lower == "proportion") return MetricKind::kProportion;
  if (lower == "mean") return MetricKind::kMean;
  if (lower == "count") return MetricKind::kCount;
  if (lower == "nps") return MetricKind::kNps;
  return std::nullopt;
}

const char* NameOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kProportion:
      return "proportion";
    case MetricKind::kMean:
      return "mean";
    case MetricKind::kCount:
      return "count";
    case MetricKind::kNps:
      return "nps";
    case MetricKind::kCsat:
      return "csat";
  }
  return "";
}

std::string UniqueId(const std::string& column, const char* kind, const char* fallback,
                     std::set<std::string>& taken) {
  std::string id = Slug(column);
  if (id.empty()) id = fallback;
  if (taken.contains(id) && kind != nullptr) id = id.substr(0, 50) + "-" + kind;
  const std::string stem = id.substr(0, 58);
  for (int number = 2; !taken.insert(id).second; ++number) id = stem + "-" + std::to_string(number);
  return id;
}

absl::Status AddWeights(const std::string& text, std::map<std::string, int>& weights) {
  for (std::size_t start = 0; start < text.size();) {
    // An arm's name may have commas of its own: a pair ends at the comma after its `=`.
    const std::size_t equals = text.find('=', start);
    if (equals == std::string::npos) {
      return UsageError(Join({"--weights '", text, "' is not ARM=W,…"}),
                        "For example --weights A=50,B=50.");
    }
    const std::size_t comma = std::min(text.find(',', equals), text.size());
    const std::string arm(Trimmed(std::string_view(text).substr(start, equals - start)));
    const std::string number = text.substr(equals + 1, comma - equals - 1);
    int weight = 0;
    if (!absl::SimpleAtoi(number, &weight) || weight < 1 || weight > kMaxWeight) {
      return UsageError(Join({"the weight '", number, "' of '", arm,
                              "' is not a whole number from 1 to 1000000"}),
                        "Give planned shares as whole numbers, such as A=90,B=10.");
    }
    if (!weights.emplace(arm, weight).second) {
      return UsageError(Join({"--weights names '", arm, "' twice"}));
    }
    start = comma + 1;
  }
  return absl::OkStatus();
}

absl::Status CheckNumbers(const AnalyzeArguments& arguments) {
  if (arguments.smallest_effect &&
      !(*arguments.smallest_effect > 0 && std::isfinite(*arguments.smallest_effect))) {
    return UsageError("--smallest-effect must be above 0",
                      "It is a share of the control's value (0.05 is 5 %), for nps in points.");
  }
  if (arguments.alpha && !(*arguments.alpha > 0 && *arguments.alpha < 0.5)) {
    return UsageError("--alpha must be above 0 and below 0.5", "The default is 0.05.");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> IsAlwaysValid(const std::string& method) {
  if (method.empty() || method == "fixed-horizon") return false;
  if (method == "always-valid") return true;
  return UsageError(Join({"--method '", method, "' is unknown"}),
                    "Give fixed-horizon or always-valid.");
}

absl::Status AddSources(const AnalyzeArguments& arguments, CampaignPlan& plan) {
  constexpr char kHow[] =
      "Name one file with --arm COLUMN, or every arm's own file with --arm-value ARM FILE.";
  if (arguments.arm_values.empty()) {
    if (arguments.files.empty()) return UsageError("no file is named", kHow);
    if (arguments.files.size() > 1) {
      return UsageError("more than one file, and nothing says which arm is which", kHow);
    }
    if (arguments.arm.empty()) return UsageError("--arm COLUMN is missing", kHow);
    plan.sources.push_back({arguments.files[0], ""});
    return absl::OkStatus();
  }
  if (!arguments.arm.empty() || !arguments.files.empty()) {
    return UsageError("--arm-value goes with neither --arm nor a file of its own", kHow);
  }
  std::set<std::string> arms;
  for (const auto& [arm, path] : arguments.arm_values) {
    if (Trimmed(arm).empty() || path.empty()) return UsageError("--arm-value needs ARM and FILE");
    arms.insert(arm);
    plan.sources.push_back({path, arm});
  }
  if (arms.size() < 2) {
    return UsageError(Join({"only one arm: '", *arms.begin(), "'"}),
                      "Name at least two arms with --arm-value ARM FILE.");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<MetricSpec> ParseMetric(const std::string& text, bool guardrail) {
  const char* const help = guardrail ? kGuardrailHelp : kMetricHelp;
  const auto wrong = [&](std::string_view what) {
    return UsageError(Join({guardrail ? "--guardrail '" : "--metric '", text, "': ", what}), help);
  };
  MetricSpec spec;
  std::string rest = text;
  if (guardrail) {
    const auto margin = CutLast(rest);
    double value = 0;
    if (!margin || !absl::SimpleAtod(*margin, &value)) return wrong("the margin is missing");
    if (!(value > 0) || !std::isfinite(value)) return wrong("the margin must be above 0");
    spec.margin = value;
  }
  const auto last = CutLast(rest);
  if (!last) return wrong("the kind is missing");
  if (const auto kind = KindOf(*last)) {
    spec.kind = *kind;
    spec.best_score = *kind == MetricKind::kNps ? 10 : 0;
  } else {
    int best = 0;
    if (EqualsWithoutCase(*last, "csat")) return wrong("csat needs its scale, such as csat:5");
    const auto csat = CutLast(rest);
    if (!csat || !EqualsWithoutCase(*csat, "csat")) {
      return wrong(Join({"'", *last, "' is no kind of metric"}));
    }
    if (!absl::SimpleAtoi(*last, &best) || best < 3 || best > 100) {
      return wrong("the scale must end at a whole number from 3 to 100");
    }
    spec.kind = MetricKind::kCsat;
    spec.best_score = best;
  }
  spec.column = std::string(Trimmed(rest));
  if (spec.column.empty()) return wrong("the column is missing");
  return spec;
}

std::vector<AttributeSpec> CampaignPlan::numbers() const {
  std::vector<AttributeSpec> specs;
  if (covariate) specs.push_back(*covariate);
  if (answer_weight) specs.push_back(*answer_weight);
  return specs;
}

absl::StatusOr<CampaignPlan> MakePlan(const AnalyzeArguments& arguments) {
  CampaignPlan plan;
  const absl::Status sources = AddSources(arguments, plan);
  if (!sources.ok()) return sources;
  const absl::Status numbers = CheckNumbers(arguments);
  if (!numbers.ok()) return numbers;
  const absl::StatusOr<bool> always_valid = IsAlwaysValid(arguments.method);
  if (!always_valid.ok()) return always_valid.status();
  plan.always_valid = *always_valid;
  plan.arm_column = arguments.arm;
  plan.control = arguments.control;
  plan.unit_column = arguments.unit;
  plan.time_column = arguments.time;
  plan.smallest_effect = arguments.smallest_effect;
  plan.alpha = arguments.alpha;
  if (plan.control.empty()) {
    return UsageError("--control VALUE is missing",
                      "Name the arm that the others are compared with.");
  }
  if (arguments.metrics.empty()) return UsageError("--metric is missing", kMetricHelp);

  std::set<std::string> ids;
  std::set<std::string> known;
  for (const bool guardrail : {false, true}) {
    for (const std::string& text : guardrail ? arguments.guardrails : arguments.metrics) {
      absl::StatusOr<MetricSpec> spec = ParseMetric(text, guardrail);
      if (!spec.ok()) return spec.status();
      const std::string what = Join({Lower(spec->column), ":", NameOf(spec->kind)});
      if (!known.insert(what).second) return UsageError(Join({"'", what, "' is given twice"}));
      spec->id = UniqueId(spec->column, NameOf(spec->kind), "metric", ids);
      plan.metrics.push_back(*std::move(spec));
    }
  }
  std::set<std::string> attributes;
  for (const std::string& segment : arguments.segments) {
    plan.segments.push_back({segment, UniqueId(segment, nullptr, "segment", attributes)});
  }
  if (!arguments.covariate.empty()) {
    plan.covariate = {arguments.covariate,
                      UniqueId(arguments.covariate, "covariate", "covariate", attributes)};
  }
  if (!arguments.answer_weight.empty()) {
    if (std::none_of(plan.metrics.begin(), plan.metrics.end(),
                     [](const MetricSpec& spec) { return spec.survey(); })) {
      return UsageError("--answer-weight is given, but no metric is nps or csat:N",
                        "Weights are of answers; leave it out, or add a --metric of a survey.");
    }
    plan.answer_weight = {arguments.answer_weight,
                          UniqueId(arguments.answer_weight, "weight", "answer-weight", attributes)};
  }
  for (const std::string& text : arguments.missing) {
    const std::size_t equals = text.find('=');
    const std::string column =
        Lower(Trimmed(std::string_view(text).substr(0, std::min(equals, text.size()))));
    if (equals == std::string::npos || column.empty()) {
      return UsageError(Join({"--missing '", text, "' is not COLUMN=VALUE"}),
                        "For example --missing NETPRO=11.");
    }
    plan.missing[column].emplace_back(Trimmed(std::string_view(text).substr(equals + 1)));
  }
  for (const std::string& text : arguments.weights) {
    const absl::Status added = AddWeights(text, plan.weights);
    if (!added.ok()) return added;
  }
  return plan;
}

}  // namespace insightloop::cli
