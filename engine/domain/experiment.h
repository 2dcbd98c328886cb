// SPDX-License-Identifier: Apache-2.0
//
// A comparison of variants on randomized units, and the plan by which it is judged. The fields are
// described in the contract, experiment.proto.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_EXPERIMENT_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_EXPERIMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/attribute.h"
#include "engine/domain/hypothesis.h"
#include "engine/domain/json.h"
#include "engine/domain/resource.h"
#include "engine/domain/time.h"

namespace insightloop {

// Where an experiment stands.
enum class ExperimentState { kStateUnspecified, kDraft, kRunning, kPaused, kStopped, kConcluded };

template <>
struct EnumNames<ExperimentState> {
  static constexpr std::string_view kNames[] = {
      "STATE_UNSPECIFIED", "DRAFT", "RUNNING", "PAUSED", "STOPPED", "CONCLUDED"};
};

// Which kind of interval decides; unspecified means ALWAYS_VALID.
enum class Method { kMethodUnspecified, kFixedHorizon, kAlwaysValid };

template <>
struct EnumNames<Method> {
  static constexpr std::string_view kNames[] = {"METHOD_UNSPECIFIED", "FIXED_HORIZON",
                                                "ALWAYS_VALID"};
};

struct Variant {
  std::string variant_id;
  bool control = false;
  std::int32_t weight = 0;
  std::string description;
};

template <class V>
void Fields(V& v, Variant& x) {
  v("variant_id", x.variant_id);
  v("control", x.control);
  v("weight", x.weight);
  v("description", x.description);
}

// How units are hashed to variants; unspecified means XXH64.
enum class HashAlgorithm { kHashAlgorithmUnspecified, kXxh64, kGrowthBookV1, kGrowthBookV2 };

template <>
struct EnumNames<HashAlgorithm> {
  static constexpr std::string_view kNames[] = {"HASH_ALGORITHM_UNSPECIFIED", "XXH64",
                                                "GROWTHBOOK_V1", "GROWTHBOOK_V2"};
};

constexpr bool IsGrowthBook(HashAlgorithm algorithm) {
  return algorithm == HashAlgorithm::kGrowthBookV1 || algorithm == HashAlgorithm::kGrowthBookV2;
}

struct GrowthBookSettings {
  std::string seed;
  double coverage = 0;  // 0 means 1
  std::string namespace_id;
  double namespace_start = 0, namespace_end = 0;
};

template <class V>
void Fields(V& v, GrowthBookSettings& x) {
  v("seed", x.seed);
  v("coverage", x.coverage);
  v("namespace_id", x.namespace_id);
  v("namespace_start", x.namespace_start);
  v("namespace_end", x.namespace_end);
}

struct Override {
  std::string unit_id;
  std::string variant;
};

template <class V>
void Fields(V& v, Override& x) {
  v("unit_id", x.unit_id);
  v("variant", x.variant);
}

struct Epoch {
  std::int32_t epoch = 0;
  Time start_time;
  std::vector<std::int32_t> weights;  // by variant
};

template <class V>
void Fields(V& v, Epoch& x) {
  v("epoch", x.epoch);
  v("start_time", x.start_time);
  v("weights", x.weights);
}

// What the primary metric is to show; unspecified means SUPERIORITY.
enum class Goal { kGoalUnspecified, kSuperiority, kNonInferiority };

template <>
struct EnumNames<Goal> {
  static constexpr std::string_view kNames[] = {"GOAL_UNSPECIFIED", "SUPERIORITY",
                                                "NON_INFERIORITY"};
};

// A metric that decides beside the primary one.
struct CoPrimary {
  std::string metric;
  double alpha_share = 0;
  std::optional<EffectSize> smallest_effect;
};

template <class V>
void Fields(V& v, CoPrimary& x) {
  v("metric", x.metric);
  v("alpha_share", x.alpha_share);
  v("smallest_effect", x.smallest_effect);
}

// How many of several primary metrics must be better; unspecified means ANY.
enum class CoPrimaryRule { kCoPrimaryRuleUnspecified, kAny, kAll };

template <>
struct EnumNames<CoPrimaryRule> {
  static constexpr std::string_view kNames[] = {"CO_PRIMARY_RULE_UNSPECIFIED", "ANY", "ALL"};
};

struct AnalysisPlan {
  Method method{};
  double alpha = 0;  // 0: kDefaultAlpha
  std::int64_t planned_units = 0;
  std::vector<std::string> secondary_metrics;
  std::vector<std::string> segment_attributes;
  bool auto_pause = false;
  Goal goal{};
  std::optional<EffectSize> margin;  // of NON_INFERIORITY
  std::vector<CoPrimary> co_primaries;
  CoPrimaryRule co_primary_rule{};
  double power = 0;                          // 0: kDefaultPower
  std::optional<Duration> minimum_duration;  // absent: kDefaultMinimumDuration
};

inline constexpr double kDefaultAlpha = 0.05;
inline constexpr double kLeastAlpha = 0.000001;
inline constexpr double kDefaultPower = 0.8;
inline constexpr Duration kDefaultMinimumDuration = Days(7);  // weekdays differ

template <class V>
void Fields(V& v, AnalysisPlan& x) {
  v("method", x.method);
  v("alpha", x.alpha);
  v("planned_units", x.planned_units);
  v("secondary_metrics", x.secondary_metrics);
  v("segment_attributes", x.segment_attributes);
  v("auto_pause", x.auto_pause);
  v("goal", x.goal);
  v("margin", x.margin);
  v("co_primaries", x.co_primaries);
  v("co_primary_rule", x.co_primary_rule);
  v("power", x.power);
  v("minimum_duration", x.minimum_duration);
}

struct Experiment {
  static constexpr std::string_view kCollection = "experiments";
  ResourceMeta meta;
  std::string display_name;
  std::string hypothesis;
  bool external = false;
  std::string layer;
  std::int32_t slot_count = 0;
  std::string unit_type;
  std::vector<Variant> variants;
  std::vector<Condition> eligibility;
  std::string eligibility_filter;
  std::string campaign;
  HashAlgorithm hash_algorithm{};
  std::optional<GrowthBookSettings> growthbook;
  std::vector<Override> overrides;
  AnalysisPlan plan;
  // Set by the server.
  ExperimentState state{};
  Time start_time, pause_time, stop_time, conclude_time;
  std::int32_t epoch = 0;
  std::vector<Epoch> epochs;
  std::vector<std::int32_t> slots, reserved_slots;
  std::vector<std::string> auto_pause_variants;
  std::string salt;
  std::string sealed_plan;
  std::string plan_digest;
  std::string final_verdict;
  std::string insight;
};

// Whether no more units come.
inline bool IsStopped(const Experiment& experiment) {
  return experiment.state == ExperimentState::kStopped ||
         experiment.state == ExperimentState::kConcluded;
}

template <class V>
void Fields(V& v, Experiment& x) {
  MetaFields(v, x.meta);
  v("display_name", x.display_name);
  v("hypothesis", x.hypothesis);
  v("external", x.external);
  v("layer", x.layer);
  v("slot_count", x.slot_count);
  v("unit_type", x.unit_type);
  v("variants", x.variants);
  v("eligibility", x.eligibility);
  v("eligibility_filter", x.eligibility_filter);
  v("campaign", x.campaign);
  v("hash_algorithm", x.hash_algorithm);
  v("growthbook", x.growthbook);
  v("overrides", x.overrides);
  v("plan", x.plan);
  v("state", x.state);
  v("start_time", x.start_time);
  v("pause_time", x.pause_time);
  v("stop_time", x.stop_time);
  v("conclude_time", x.conclude_time);
  v("epoch", x.epoch);
  v("epochs", x.epochs);
  v("slots", x.slots);
  v("reserved_slots", x.reserved_slots);
  v("auto_pause_variants", x.auto_pause_variants);
  v("salt", x.salt);
  v("sealed_plan", x.sealed_plan);
  v("plan_digest", x.plan_digest);
  v("final_verdict", x.final_verdict);
  v("insight", x.insight);
}

// The control of a valid experiment.
const Variant& ControlOf(const std::vector<Variant>& variants);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_EXPERIMENT_H_
