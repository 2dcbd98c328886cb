// SPDX-License-Identifier: Apache-2.0
//
// What `analyze` is asked to do, read from its arguments and checked before any file is opened.

#ifndef INSIGHTLOOP_CLIENTS_CLI_ANALYSIS_PLAN_H_
#define INSIGHTLOOP_CLIENTS_CLI_ANALYSIS_PLAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace insightloop::cli {

// The arguments as they were typed.
struct AnalyzeArguments {
  std::vector<std::string> files;
  std::vector<std::pair<std::string, std::string>> arm_values;  // arm, file
  std::string arm;
  std::string control;
  std::string unit;
  std::string time;
  std::vector<std::string> metrics;     // COLUMN:KIND
  std::vector<std::string> guardrails;  // COLUMN:KIND:MARGIN
  std::vector<std::string> segments;
  std::string covariate;
  std::string answer_weight;
  std::vector<std::string> missing;  // COLUMN=VALUE
  std::vector<std::string> weights;  // ARM=W,…
  std::optional<double> smallest_effect;
  std::optional<double> alpha;
  std::string method;
};

enum class MetricKind { kProportion, kMean, kCount, kNps, kCsat };

// A column and how it becomes a metric.
struct MetricSpec {
  std::string column;
  MetricKind kind = MetricKind::kProportion;
  int best_score = 0;            // of kNps (10) and kCsat
  std::optional<double> margin;  // only of a guardrail: relative, but absolute for kNps
  std::string id;                // of the event and of the metric; unique in a plan

  bool takes_covariate() const { return !survey(); }
  bool survey() const { return kind == MetricKind::kNps || kind == MetricKind::kCsat; }
  int worst_score() const { return kind == MetricKind::kNps ? 0 : 1; }
};

// A column that becomes an attribute.
struct AttributeSpec {
  std::string column;
  std::string id;
};

struct CampaignSource {
  std::string path;
  std::string arm;  // of all its rows; empty when a column names it
};

// A checked plan.
struct CampaignPlan {
  std::vector<CampaignSource> sources;
  std::string arm_column;  // empty when each source is an arm
  std::string control;
  std::string unit_column;          // empty: each row is a unit
  std::string time_column;          // empty: rows in file order
  std::vector<MetricSpec> metrics;  // the primary, the secondary, the guardrails
  std::vector<AttributeSpec> segments;
  std::optional<AttributeSpec> covariate;                   // a number known before the campaign
  std::optional<AttributeSpec> answer_weight;               // for how many an answer stands
  std::map<std::string, std::vector<std::string>> missing;  // by column in lower case
  std::map<std::string, int> weights;                       // by arm; empty: equal
  std::optional<double> smallest_effect;
  std::optional<double> alpha;
  bool always_valid = false;  // else fixed horizon: a finished file is read once

  // Columns of numbers that become attributes.
  std::vector<AttributeSpec> numbers() const;
};

// `COLUMN:KIND`; a guardrail has `:MARGIN` after it. KIND is proportion, mean, count, nps or
// csat:N.
//
// Errors: kInvalidArgument saying what is wrong and what would be right.
absl::StatusOr<MetricSpec> ParseMetric(const std::string& text, bool guardrail);

// Errors: kInvalidArgument for what is missing or does not fit together.
absl::StatusOr<CampaignPlan> MakePlan(const AnalyzeArguments& arguments);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_ANALYSIS_PLAN_H_
