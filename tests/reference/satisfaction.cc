// SPDX-License-Identifier: Apache-2.0

#include "stats/satisfaction.h"

#include <array>
#include <cstdint>
#include <numeric>
#include <vector>

#include "stats/answer_counts.h"
#include "stats/mean_difference.h"
#include "stats/proportion.h"
#include "stats/two_proportions.h"
#include "tests/reference/methods.h"
#include "tests/reference/read.h"

namespace insightloop::reference {
namespace {

constexpr double kLevel = 0.95;  // of the single scores, whose cases name none

// Answers of 0 to 10.
stats::NpsCounts ReadNps(const Json& json) {
  const auto counts = json.get<std::vector<std::int64_t>>();
  const auto sum = [&](int first, int last) {
    return std::accumulate(counts.begin() + first, counts.begin() + last + 1, std::int64_t{0});
  };
  return {.promoters = sum(9, 10), .passives = sum(7, 8), .detractors = sum(0, 6)};
}

stats::CsatCounts ReadCsat(const Json& json) {
  return {.answers = json.get<std::array<std::int64_t, 5>>()};
}

// The score as the mean of a variable with a sample variance, the `ddof1` of the cases.
absl::StatusOr<stats::Moments> NpsMoments(const stats::NpsCounts& counts) {
  return stats::MomentsOfAnswers(std::array<stats::AnswerCount, 3>{
      {{-100, counts.detractors}, {0, counts.passives}, {100, counts.promoters}}});
}

// For the z test of an estimate that has degrees of freedom.
stats::EffectEstimate WithoutDegrees(stats::EffectEstimate estimate) {
  estimate.degrees_of_freedom.reset();
  return estimate;
}

absl::StatusOr<Json> Nps(const Json& inputs) {
  const stats::NpsCounts counts = ReadNps(inputs.at("counts_0_to_10"));
  const absl::StatusOr<stats::ArmEstimate> score = stats::EstimateNps(counts);
  if (!score.ok()) return score.status();
  const absl::StatusOr<stats::Moments> moments = NpsMoments(counts);
  if (!moments.ok()) return moments.status();
  Json answer = {{"n", score->units},           {"promoters", counts.promoters},
                 {"passives", counts.passives}, {"detractors", counts.detractors},
                 {"nps", score->value},         {"se_ddof0", score->standard_error},
                 {"variance_ddof1", nullptr}};
  answer["variance_ddof0"] =
      score->standard_error * score->standard_error * static_cast<double>(score->units) / 1e4;
  AddInterval(answer, "ci95_z_ddof0", AgainstZero(*score), kLevel);
  if (moments->sample_variance) answer["variance_ddof1"] = *moments->sample_variance / 1e4;
  if (const auto mean = stats::EstimateMean(*moments); mean.ok()) {
    answer["se_ddof1"] = mean->standard_error;
    AddInterval(answer, "ci95_z_ddof1", WithoutDegrees(AgainstZero(*mean)), kLevel);
  }
  const absl::StatusOr<stats::Interval> interval = stats::NpsInterval(counts, LevelOf(inputs));
  if (!interval.ok()) return interval.status();
  answer["adjusted_interval"] = ToJson(*interval);
  return answer;
}

// The same test of two arms with sample variances.
absl::StatusOr<stats::Comparison> CompareNpsMoments(const stats::Arms<stats::NpsCounts>& arms,
                                                    double level) {
  const absl::StatusOr<stats::Moments> control = NpsMoments(arms.control);
  if (!control.ok()) return control.status();
  const absl::StatusOr<stats::Moments> treatment = NpsMoments(arms.treatment);
  if (!treatment.ok()) return treatment.status();
  const auto difference = stats::MeanDifference({.control = *control, .treatment = *treatment});
  if (!difference.ok()) return difference.status();
  return stats::Compare(WithoutDegrees(*difference), level);
}

absl::StatusOr<Json> NpsDifference(const Json& inputs) {
  const stats::Arms<stats::NpsCounts> arms = {
      .control = ReadNps(inputs.at("control_counts_0_to_10")),
      .treatment = ReadNps(inputs.at("treatment_counts_0_to_10"))};
  const double level = LevelOf(inputs);
  const absl::StatusOr<stats::Comparison> result = stats::CompareNps(arms, level);
  if (!result.ok()) return result.status();
  Json answer = {{"difference", result->effect},
                 {"se_ddof0", result->standard_error},
                 {"z_ddof0", result->effect / result->standard_error},
                 {"p_value", result->p_value},
                 {"p_value_ddof0", result->p_value},
                 {"ci95_ddof0", ToJson(result->interval)}};
  const absl::StatusOr<stats::Comparison> sample = CompareNpsMoments(arms, level);
  if (!sample.ok()) return sample.status();
  answer["se_ddof1"] = sample->standard_error;
  answer["z_ddof1"] = sample->effect / sample->standard_error;
  answer["p_value_ddof1"] = sample->p_value;
  answer["ci95_ddof1"] = ToJson(sample->interval);
  return answer;
}

absl::StatusOr<Json> Csat(const Json& inputs) {
  const stats::CsatCounts counts = ReadCsat(inputs.at("counts_1_to_5"));
  const absl::StatusOr<stats::CsatEstimate> csat = stats::EstimateCsat(counts);
  if (!csat.ok()) return csat.status();
  const absl::StatusOr<stats::Interval> wilson = stats::WilsonInterval(csat->top_two, kLevel);
  if (!wilson.ok()) return wilson.status();
  Json answer = {{"n", csat->answer.count},
                 {"top2_count", csat->top_two.successes},
                 {"top2_rate", csat->shares[3] + csat->shares[4]},
                 {"top2_wilson", ToJson(*wilson)},
                 {"shares", csat->shares},
                 {"mean", csat->answer.mean},
                 {"variance_ddof1", OrNull(csat->answer.sample_variance)}};
  AddWaldInterval(answer, "top2_wald", csat->top_two, kLevel);
  if (const auto mean = stats::EstimateMean(csat->answer); mean.ok()) {
    answer["mean_se"] = mean->standard_error;
    AddInterval(answer, "mean_ci95_t", AgainstZero(*mean), kLevel);
    AddInterval(answer, "mean_ci95_z", WithoutDegrees(AgainstZero(*mean)), kLevel);
  }
  return answer;
}

absl::StatusOr<Json> CsatDifference(const Json& inputs) {
  const auto control = stats::EstimateCsat(ReadCsat(inputs.at("control_counts_1_to_5")));
  if (!control.ok()) return control.status();
  const auto treatment = stats::EstimateCsat(ReadCsat(inputs.at("treatment_counts_1_to_5")));
  if (!treatment.ok()) return treatment.status();
  const stats::Arms<stats::Proportion> top_two = {.control = control->top_two,
                                                  .treatment = treatment->top_two};
  const auto pooled = stats::PooledZTest(top_two, stats::Alternative::kTwoSided);
  const auto mean =
      stats::MeanDifference({.control = control->answer, .treatment = treatment->answer});
  const auto welch = mean.ok() ? stats::Compare(*mean, LevelOf(inputs)) : mean.status();
  if (!pooled.ok() && !welch.ok()) return welch.status();
  Json answer = {{"top2_difference", stats::internal::DifferenceOfShares(top_two)},
                 {"top2_z_pooled", nullptr},
                 {"top2_p_pooled", nullptr}};
  if (pooled.ok()) {
    answer["top2_z_pooled"] = pooled->statistic;
    answer["top2_p_pooled"] = pooled->p_value;
  }
  if (!welch.ok()) {
    for (const char* name : {"welch_t", "welch_p", "z_unequal", "p_z_unequal"}) {
      answer[name] = nullptr;
    }
    return answer;
  }
  answer["mean_difference"] = welch->effect;
  answer["welch_t"] = welch->effect / welch->standard_error;
  answer["welch_p"] = welch->p_value;
  answer["welch_ci95"] = ToJson(welch->interval);
  const auto normal = stats::Compare(WithoutDegrees(*mean), LevelOf(inputs));
  if (!normal.ok()) return normal.status();
  answer["z_unequal"] = normal->effect / normal->standard_error;
  answer["p_z_unequal"] = normal->p_value;
  return answer;
}

}  // namespace

void AddSatisfactionMethods(Methods& methods) {
  methods["nps"] = Nps;
  methods["nps_difference"] = NpsDifference;
  methods["nps_difference_degenerate"] = NpsDifference;
  methods["csat"] = Csat;
  methods["csat_difference"] = CsatDifference;
}

}  // namespace insightloop::reference
