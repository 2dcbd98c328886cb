// SPDX-License-Identifier: Apache-2.0
//
// Answers which variant a unit gets, and why. Reads the catalog only: no I/O, no waiting, and the
// same answer for the same unit while the experiment's allocation stands. Servers and clients run
// this code.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_ASSIGNER_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_ASSIGNER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/assignment/catalog.h"
#include "engine/assignment/given_attributes.h"
#include "engine/domain/error.h"
#include "engine/domain/facts.h"
#include "engine/domain/limits.h"
#include "engine/ports/exposed_units.h"

namespace insightloop {

// Numbered as in the contract.
enum class AssignmentReason {
  kAssigned = 1,
  kPaused = 2,
  kNotRunning = 3,
  kOutOfTraffic = 4,
  kNotEligible = 5,
  kExternal = 6,
  kHoldout = 7,
  kOverride = 8,
  kNeedsServer = 9,
};

// What is asked about. Views and references live as long as the question.
struct Question {
  std::string_view unit_type;  // empty: the experiment's own, or unitTypes/customer
  std::string_view unit_id;
  const AttributeMap& attributes;
  bool from_device = false;  // the attributes come from the unit's own device
};

// Where a unit stands towards a holdout that was looked at.
struct HoldoutStanding {
  const ReadyHoldout* holdout = nullptr;  // nullptr: there is none
  bool is_held_out = false;
};

// An answer. It points into the catalog that it was made from.
struct Assignment {
  const ReadyExperiment* experiment = nullptr;  // nullptr: a layer where the unit is in none
  std::string_view variant;                     // empty: the unit is not in the experiment
  AssignmentReason reason{};
  std::int32_t epoch = 0;
  HoldoutStanding programme, layer;
};

// One step of the way to an answer; as in the contract.
enum class StepKind {
  kState = 1,
  kOverride = 2,
  kProgrammeHoldout = 3,
  kLayerHoldout = 4,
  kSlot = 5,
  kEligibility = 6,
  kExposure = 7,
  kVariant = 8,
};
struct Step {
  StepKind kind{};
  bool decides = false;
  std::string hash, threshold, detail;
};

// What a caller may ask for.
enum class TargetKind { kExperiment, kLayer, kCampaign };
struct Target {
  TargetKind kind{};
  std::string_view name;
};

// The answers for one unit.
struct Assignments {
  // Not defaulted: every field is set once, while a defaulted one has all of it cleared first.
  Assignments() {}  // NOLINT(modernize-use-equals-default)

  Assignment one;                    // in an experiment or layer
  std::vector<Assignment> campaign;  // in the experiments of a campaign, by name
};

// Answers questions about one target from one catalog. Order: state, override, the programme's
// holdout, the layer's, slot, eligibility, exposure before the weights changed, variant. Safe for
// concurrent calls.
class Assigner {
 public:
  // All outlive the assigner. `exposed` is asked only in experiments whose weights changed; without
  // it the answer there may be kNeedsServer.
  //
  // Errors: kNotFound for a target that does not exist; kInvalidArgument for a malformed name.
  static absl::StatusOr<Assigner> Create(const Catalog& catalog, const Target& target,
                                         const ExposedUnits* exposed, const Limits& limits);

  // `prefix` goes before the names of the question's fields in errors. Allocates nothing unless it
  // fails, for a campaign, or with `steps`, which gets every step of the way in an experiment.
  // Error: kInvalidArgument.
  absl::StatusOr<Assignments> Ask(const Question& question, std::string_view prefix = "",
                                  std::vector<Step>* steps = nullptr) const;

  // Create() and Ask() in one, about an experiment or a layer and without the memory of exposures.
  // Fills in `answer`, which is new. Errors: those of both.
  static absl::Status AskOnce(const Catalog& catalog, const Target& target,
                              const Question& question, const Limits& limits, Assignment& answer);

 private:
  Assigner(const Catalog& catalog, const ExposedUnits* exposed, const Limits& limits);
  absl::Status Aim(const Target& target);
  // Whether nothing is wrong with a question.
  bool Check(const Question& question, const GivenAttributes& attributes, std::string_view prefix,
             Violations& violations) const;
  void AskOne(const Question& question, const GivenAttributes& attributes, std::vector<Step>* steps,
              Assignment& answer) const;
  void AskCampaign(const Question& question, const GivenAttributes& attributes,
                   std::vector<Assignment>& assignments) const;

  const Catalog& catalog_;
  const ExposedUnits* exposed_;
  const Limits& limits_;
  // One of these.
  Catalog::Found experiment_;
  const ReadyLayer* layer_ = nullptr;
  std::vector<Catalog::Found> campaign_;
};

// The exposures that follow from an answer: in the experiment when the unit gets a variant that
// should be exposed, and towards the holdouts that were looked at.
struct AssignedExposure {
  std::string_view experiment;
  std::string_view variant;
  std::int32_t epoch = 0;
  ExposureSource source{};
};
std::vector<AssignedExposure> ExposuresOf(const Assignment& assignment);

// The variant that the hash alone gives a unit in an epoch; empty when it gives none (GrowthBook's
// coverage and namespaces).
std::string_view HashedVariant(const ReadyExperiment& experiment, const Epoch& epoch,
                               std::string_view unit_id);

// Rules shared with recording. Each adds what is wrong.
void CheckUnitId(std::string_view unit_id, const Limits& limits, std::string_view field,
                 Violations& violations);
void CheckAttributes(const Catalog& catalog, const GivenAttributes& attributes,
                     const Limits& limits, std::string_view prefix, bool from_device,
                     Violations& violations);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_ASSIGNER_H_
