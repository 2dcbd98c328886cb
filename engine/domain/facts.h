// SPDX-License-Identifier: Apache-2.0
//
// Facts about units, as submitted and as resolved against their definitions, and what becomes of
// them.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_FACTS_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_FACTS_H_

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "engine/domain/attribute.h"
#include "engine/domain/time.h"

namespace insightloop {

struct UnitView;

// A unit: `("unitTypes/customer", "42")` and `("unitTypes/device", "42")` are two.
struct UnitKey {
  std::string unit_type;
  std::string unit_id;

  operator UnitView() const&;  // NOLINT(google-explicit-constructor): the same, seen from elsewhere
  operator UnitView() const&& = delete;
};

// A `UnitKey` without texts of its own. As submitted, an empty type is the default one.
struct UnitView {
  std::string_view unit_type;
  std::string_view unit_id;
};

inline UnitKey::operator UnitView() const& { return {unit_type, unit_id}; }

// As submitted; the fields are described in the contract, measurement.proto.
struct SubmittedExposure {
  std::string experiment;
  std::string unit_id;
  std::string variant;
  Time occur_time;
  AttributeMap attributes;
  std::int32_t epoch = 0;  // that the assignment named; 0: that of `occur_time`
  bool overridden = false;
  std::string unit_type;  // of a holdout's
};

// What a submitted outcome says happened: nothing but the event, a value, asked, dismissed.
struct Asked {};
struct Dismissed {};
using Answer = std::variant<std::monostate, double, Asked, Dismissed>;

// Descriptive texts of an outcome; kept, never analysed so far.
struct OutcomeContext {
  std::string_view channel, touchpoint, source, response_id, comment, item, category;
};

// As submitted; the fields are described in the contract, measurement.proto. Outcomes come in great
// numbers: their texts are views of what the caller has, who keeps it until the call is answered.
struct SubmittedOutcome {
  std::string_view outcome_id;
  UnitView unit;
  std::string_view event;
  Time occur_time;
  Answer answer;
  OutcomeContext context;
};

enum class ExposureSource { kAssigned = 1, kExternal = 2, kOverride = 3 };

// An exposure that met every rule.
struct Exposure {
  UnitKey unit;
  std::string experiment;
  std::int32_t epoch = 0;
  std::string variant;
  Time occur_time;
  Time receive_time;
  ExposureSource source{};
  AttributeMap attributes;  // those that the sealed plan uses
};

enum class OutcomeKind { kOccurred = 0, kValue = 1, kAsked = 2, kDismissed = 3 };

// An outcome that met every rule. `value` counts steps of the event's resolution. The texts are
// views: of the submitted row, of the catalog (`event`), or of a constant (the default unit type).
struct Outcome {
  std::string_view outcome_id;
  UnitView unit;
  std::string_view event;  // FactName of the declared event
  Time occur_time;
  Time receive_time;
  OutcomeKind kind{};
  std::int64_t value = 0;
  bool late = false;  // past the acceptance window and no backfill
  OutcomeContext context;
};

// Of an exposure that names its epoch and another variant than the unit's hash gives there.
inline constexpr std::string_view kVariantNotAssigned = "VARIANT_NOT_ASSIGNED";

// What rejected rows have in common that concern one experiment.
struct RejectionKey {
  std::string experiment;
  std::string variant;  // empty: the row named none that the experiment has
  std::string reason;   // as Fault
  Time day;             // of receipt: its start, in UTC

  friend auto operator<=>(const RejectionKey&, const RejectionKey&) = default;
};
// How many such rows came. Of these nothing else is kept, so that the same row sent again counts
// again.
using Rejections = std::map<RejectionKey, std::int64_t>;

enum class Fate { kAccepted = 1, kDuplicate = 2, kLate = 3, kRejected = 4 };

// What is wrong with something submitted. `detail` says what `field` holds and what would be right.
struct Fault {
  std::string reason, field, detail;
};

// What became of one submitted row. Rows come in great numbers, and few of them have a fault.
struct RowFate {
  Fate fate = Fate::kRejected;
  std::shared_ptr<const Fault> fault;  // of a rejected row; otherwise null
};

inline RowFate Rejected(Fault fault) {
  return {.fate = Fate::kRejected, .fault = std::make_shared<const Fault>(std::move(fault))};
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_FACTS_H_
