// SPDX-License-Identifier: Apache-2.0
//
// A decision with everything it rests on; never changed once kept. The fields are described in the
// contract, verdict.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_VERDICT_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_VERDICT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/json.h"
#include "engine/domain/metric.h"
#include "engine/domain/resource.h"
#include "engine/domain/time.h"

namespace insightloop {

// What to do.
enum class Decision {
  kDecisionUnspecified,
  kShip,
  kDoNotShip,
  kNoMeaningfulEffect,
  kInconclusive,
  kKeepRunning,
  kInvalid
};

template <>
struct EnumNames<Decision> {
  static constexpr std::string_view kNames[] = {
      "DECISION_UNSPECIFIED", "SHIP",         "DO_NOT_SHIP", "NO_MEANINGFUL_EFFECT",
      "INCONCLUSIVE",         "KEEP_RUNNING", "INVALID"};
};

// What a health check looks at.
enum class Check {
  kCheckUnspecified,
  kSampleRatio,
  kCrossedUnits,
  kLateFacts,
  kResponseRate,
  kMinDuration,
  kExactSums,
  kSegmentRatio,
  kCovariateBalance,
  kLargestUnit,
  kFreshness,
  kRejectedFacts,
  kExposureMismatch,
  kPlanDeparture,
  kDelivery,
  kStraightLining
};

template <>
struct EnumNames<Check> {
  static constexpr std::string_view kNames[] = {
      "CHECK_UNSPECIFIED", "SAMPLE_RATIO",   "CROSSED_UNITS", "LATE_FACTS",
      "RESPONSE_RATE",     "MIN_DURATION",   "EXACT_SUMS",    "SEGMENT_RATIO",
      "COVARIATE_BALANCE", "LARGEST_UNIT",   "FRESHNESS",     "REJECTED_FACTS",
      "EXPOSURE_MISMATCH", "PLAN_DEPARTURE", "DELIVERY",      "STRAIGHT_LINING"};
};

// Where in the making of the data a finding begins.
enum class Stage { kStageUnspecified, kAssignment, kExecution, kLogging, kAnalysis, kInterference };

template <>
struct EnumNames<Stage> {
  static constexpr std::string_view kNames[] = {"STAGE_UNSPECIFIED", "ASSIGNMENT", "EXECUTION",
                                                "LOGGING",           "ANALYSIS",   "INTERFERENCE"};
};

// What came out of a health check.
enum class CheckStatus { kStatusUnspecified, kPass, kWarn, kFail };

template <>
struct EnumNames<CheckStatus> {
  static constexpr std::string_view kNames[] = {"STATUS_UNSPECIFIED", "PASS", "WARN", "FAIL"};
};

// What an interval's coverage promises.
enum class Validity { kValidityUnspecified, kFixedHorizon, kAlwaysValid };

template <>
struct EnumNames<Validity> {
  static constexpr std::string_view kNames[] = {"VALIDITY_UNSPECIFIED", "FIXED_HORIZON",
                                                "ALWAYS_VALID"};
};

// What a metric is for in a plan.
enum class Role { kRoleUnspecified, kPrimary, kSecondary, kGuardrail, kMechanism, kDelivery };

template <>
struct EnumNames<Role> {
  static constexpr std::string_view kNames[] = {"ROLE_UNSPECIFIED", "PRIMARY",   "SECONDARY",
                                                "GUARDRAIL",        "MECHANISM", "DELIVERY"};
};

// What is compared.
enum class Statistic {
  kStatisticUnspecified,
  kShare,
  kMean,
  kNetPromoterScore,
  kTopTwoShare,
  kMeanScore,
  kRatio,
  kQuantile
};

template <>
struct EnumNames<Statistic> {
  static constexpr std::string_view kNames[] = {
      "STATISTIC_UNSPECIFIED", "SHARE",      "MEAN",  "NET_PROMOTER_SCORE",
      "TOP_TWO_SHARE",         "MEAN_SCORE", "RATIO", "QUANTILE"};
};

// What p-values were corrected for.
enum class Adjustment { kAdjustmentUnspecified, kNone, kBonferroni, kHolm };

template <>
struct EnumNames<Adjustment> {
  static constexpr std::string_view kNames[] = {"ADJUSTMENT_UNSPECIFIED", "NONE", "BONFERRONI",
                                                "HOLM"};
};

// The code of the reason that a treatment worsens a guardrail beyond its margin. Named whatever was
// decided, but not where health failed.
inline constexpr char kGuardrailHarm[] = "GUARDRAIL_HARM";

struct Reason {
  std::string code;
  std::string detail;
  std::string variant;
  std::string metric;
};

template <class V>
void Fields(V& v, Reason& x) {
  v("code", x.code);
  v("detail", x.detail);
  v("variant", x.variant);
  v("metric", x.metric);
}

// Where a fault is found: a segment's value, a day or a source.
struct FaultPlace {
  std::string segment;
  Time day;
  std::string source;
  std::optional<double> figure;
  std::string detail;
};

template <class V>
void Fields(V& v, FaultPlace& x) {
  v("segment", x.segment);
  v("day", x.day);
  v("source", x.source);
  v("figure", x.figure);
  v("detail", x.detail);
}

struct HealthCheck {
  Check check{};
  CheckStatus status{};
  std::optional<double> p_value;
  std::string detail;
  Stage stage{};
  std::optional<double> figure, warn_at, fail_at;
  std::vector<FaultPlace> places;
};

template <class V>
void Fields(V& v, HealthCheck& x) {
  v("check", x.check);
  v("status", x.status);
  v("p_value", x.p_value);
  v("detail", x.detail);
  v("stage", x.stage);
  v("figure", x.figure);
  v("warn_at", x.warn_at);
  v("fail_at", x.fail_at);
  v("places", x.places);
}

struct EffectInterval {
  std::optional<double> lower, upper, level;
  Validity validity{};
};

template <class V>
void Fields(V& v, EffectInterval& x) {
  v("lower", x.lower);
  v("upper", x.upper);
  v("level", x.level);
  v("validity", x.validity);
}

struct AbsentField {
  std::string field;  // in lowerCamelCase
  std::string reason;
};

template <class V>
void Fields(V& v, AbsentField& x) {
  v("field", x.field);
  v("reason", x.reason);
}

// How many units gave an answer.
struct AnswerCount {
  std::optional<double> answer;
  std::optional<std::int64_t> units;
};

template <class V>
void Fields(V& v, AnswerCount& x) {
  v("answer", x.answer);
  v("units", x.units);
}

// What the units of one variant answered.
struct Answers {
  std::optional<double> response_rate;
  std::optional<std::int64_t> promoters, passives, detractors;
  std::vector<AnswerCount> counts;
};

template <class V>
void Fields(V& v, Answers& x) {
  v("response_rate", x.response_rate);
  v("promoters", x.promoters);
  v("passives", x.passives);
  v("detractors", x.detractors);
  v("counts", x.counts);
}

// What an effect on answers may be, given who did not answer.
struct ResponseBounds {
  std::optional<double> lower, upper;
  std::optional<EffectInterval> interval;
  std::optional<double> trimmed_share;
  std::string trimmed_variant;
};

template <class V>
void Fields(V& v, ResponseBounds& x) {
  v("lower", x.lower);
  v("upper", x.upper);
  v("interval", x.interval);
  v("trimmed_share", x.trimmed_share);
  v("trimmed_variant", x.trimmed_variant);
}

// A survey's figures with every answer weighted.
struct WeightedFigures {
  std::string attribute;
  std::optional<double> treatment_value, control_value, absolute_effect, standard_error;
  std::optional<EffectInterval> interval;
  std::optional<double> effective_units_treatment, effective_units_control;
};

template <class V>
void Fields(V& v, WeightedFigures& x) {
  v("attribute", x.attribute);
  v("treatment_value", x.treatment_value);
  v("control_value", x.control_value);
  v("absolute_effect", x.absolute_effect);
  v("standard_error", x.standard_error);
  v("interval", x.interval);
  v("effective_units_treatment", x.effective_units_treatment);
  v("effective_units_control", x.effective_units_control);
}

// What an effect comes to over many units.
struct Impact {
  std::optional<std::int64_t> units;
  std::optional<double> estimate, lower, upper;
  std::string currency;
};

template <class V>
void Fields(V& v, Impact& x) {
  v("units", x.units);
  v("estimate", x.estimate);
  v("lower", x.lower);
  v("upper", x.upper);
  v("currency", x.currency);
}

struct Result {
  std::string metric;
  Role role{};
  Statistic statistic{};
  std::string variant, control, segment;
  std::optional<std::int64_t> units_treatment, units_control;
  std::optional<double> treatment_value, control_value;
  std::optional<double> absolute_effect, standard_error, relative_lift;
  std::optional<EffectInterval> absolute_interval, relative_interval;
  std::optional<double> p_value, log_p_value, adjusted_p_value;
  Adjustment adjustment{};
  std::optional<EffectInterval> adjusted_interval;
  std::vector<AbsentField> absent;
  std::optional<Covariate> adjusted_for;
  std::optional<double> variance_removed, cap;
  std::optional<std::int64_t> asked_treatment, asked_control;
  std::optional<std::int64_t> dismissed_treatment, dismissed_control;
  std::optional<double> chance_to_win, expected_loss;
  std::optional<Answers> answers_treatment, answers_control;
  std::optional<ResponseBounds> lee_bounds, manski_bounds;
  std::optional<WeightedFigures> weighted;
  std::optional<Impact> impact;
};

template <class V>
void Fields(V& v, Result& x) {
  v("metric", x.metric);
  v("role", x.role);
  v("statistic", x.statistic);
  v("variant", x.variant);
  v("control", x.control);
  v("segment", x.segment);
  v("units_treatment", x.units_treatment);
  v("units_control", x.units_control);
  v("treatment_value", x.treatment_value);
  v("control_value", x.control_value);
  v("absolute_effect", x.absolute_effect);
  v("standard_error", x.standard_error);
  v("relative_lift", x.relative_lift);
  v("absolute_interval", x.absolute_interval);
  v("relative_interval", x.relative_interval);
  v("p_value", x.p_value);
  v("log_p_value", x.log_p_value);
  v("adjusted_p_value", x.adjusted_p_value);
  v("adjustment", x.adjustment);
  v("adjusted_interval", x.adjusted_interval);
  v("absent", x.absent);
  v("adjusted_for", x.adjusted_for);
  v("variance_removed", x.variance_removed);
  v("cap", x.cap);
  v("asked_treatment", x.asked_treatment);
  v("asked_control", x.asked_control);
  v("dismissed_treatment", x.dismissed_treatment);
  v("dismissed_control", x.dismissed_control);
  v("chance_to_win", x.chance_to_win);
  v("expected_loss", x.expected_loss);
  v("answers_treatment", x.answers_treatment);
  v("answers_control", x.answers_control);
  v("lee_bounds", x.lee_bounds);
  v("manski_bounds", x.manski_bounds);
  v("weighted", x.weighted);
  v("impact", x.impact);
}

// What units said in a survey.
enum class Saying { kSayingUnspecified, kNothing, kDetractor, kPassive, kPromoter, kLow, kTopTwo };

template <>
struct EnumNames<Saying> {
  static constexpr std::string_view kNames[] = {
      "SAYING_UNSPECIFIED", "NOTHING", "DETRACTOR", "PASSIVE", "PROMOTER", "LOW", "TOP_TWO"};
};

// What units did, by what they said.
struct SaidAndDid {
  std::string survey;
  Saying said{};
  std::string metric, variant, control;
  std::optional<std::int64_t> units_treatment, units_control;
  std::optional<double> treatment_value, control_value;
};

template <class V>
void Fields(V& v, SaidAndDid& x) {
  v("survey", x.survey);
  v("said", x.said);
  v("metric", x.metric);
  v("variant", x.variant);
  v("control", x.control);
  v("units_treatment", x.units_treatment);
  v("units_control", x.units_control);
  v("treatment_value", x.treatment_value);
  v("control_value", x.control_value);
}

// Whether an effect differs between the values of a segment attribute.
struct Interaction {
  std::string metric, attribute, variant;
  std::optional<std::int64_t> values;
  std::optional<double> p_value, adjusted_p_value;
  std::string detail;
};

template <class V>
void Fields(V& v, Interaction& x) {
  v("metric", x.metric);
  v("attribute", x.attribute);
  v("variant", x.variant);
  v("values", x.values);
  v("p_value", x.p_value);
  v("adjusted_p_value", x.adjusted_p_value);
  v("detail", x.detail);
}

// The smallest change of one estimate that leads to another decision.
struct Flip {
  std::string variant, metric;
  std::optional<double> standard_errors;
  Decision decision{};
  std::int32_t row = 0;
  std::string ship_variant;
};

template <class V>
void Fields(V& v, Flip& x) {
  v("variant", x.variant);
  v("metric", x.metric);
  v("standard_errors", x.standard_errors);
  v("decision", x.decision);
  v("row", x.row);
  v("ship_variant", x.ship_variant);
}

// A verdict in plain language.
struct Summary {
  std::string english, vietnamese;
};

template <class V>
void Fields(V& v, Summary& x) {
  v("english", x.english);
  v("vietnamese", x.vietnamese);
}

struct Verdict {
  std::string name;
  std::string experiment;
  Time create_time;
  Time data_through;
  std::string plan_digest;
  Decision decision{};
  std::string ship_variant;
  std::vector<Reason> reasons;
  std::vector<HealthCheck> health;
  std::vector<Result> results;
  std::optional<std::int64_t> matured_units, in_flight_units;
  std::int32_t row = 0;
  std::optional<Flip> flip;
  std::optional<std::int64_t> units_to_go;
  std::optional<double> days_to_go;
  std::vector<Interaction> interactions;
  std::optional<Summary> summary;
  std::string restates;
  std::vector<std::string> changes;
  std::vector<SaidAndDid> said_and_did;
};

template <class V>
void Fields(V& v, Verdict& x) {
  v("name", x.name);
  v("experiment", x.experiment);
  v("create_time", x.create_time);
  v("data_through", x.data_through);
  v("plan_digest", x.plan_digest);
  v("decision", x.decision);
  v("ship_variant", x.ship_variant);
  v("reasons", x.reasons);
  v("health", x.health);
  v("results", x.results);
  v("matured_units", x.matured_units);
  v("in_flight_units", x.in_flight_units);
  v("row", x.row);
  v("flip", x.flip);
  v("units_to_go", x.units_to_go);
  v("days_to_go", x.days_to_go);
  v("interactions", x.interactions);
  v("summary", x.summary);
  v("restates", x.restates);
  v("changes", x.changes);
  v("said_and_did", x.said_and_did);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_VERDICT_H_
