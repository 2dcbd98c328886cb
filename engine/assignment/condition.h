// SPDX-License-Identifier: Apache-2.0
//
// Conditions made ready for evaluation: patterns and versions are parsed, segments put in place,
// the lists of values sorted. A test of an attribute that the unit does not have fails, so that
// `none_of` holds for it.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_CONDITION_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_CONDITION_H_

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/assignment/given_attributes.h"
#include "engine/domain/attribute.h"

namespace insightloop {

// All of a list of conditions. Immutable: safe for any number of threads. Cheap to copy.
class CompiledConditions {
 public:
  // Holds for every unit.
  CompiledConditions();

  // `segments` are those that the conditions name; they name none themselves.
  //
  // Errors: kInvalidArgument for a pattern that RE2 refuses (INVALID_PATTERN), a version that is
  // none (INVALID_VERSION), a segment that is not among `segments` (UNKNOWN_SEGMENT), a condition
  // without a test or combination known here (UNKNOWN_CONDITION), a segment's text that cannot be
  // read (INVALID_FILTER).
  static absl::StatusOr<CompiledConditions> Compile(const std::vector<Condition>& conditions,
                                                    std::span<const Segment> segments);

  // Allocates nothing, but for what RE2 remembers when a pattern meets something new.
  [[nodiscard]] bool Hold(const GivenAttributes& attributes) const;

 private:
  struct Node;
  explicit CompiledConditions(std::shared_ptr<const Node> root);
  std::shared_ptr<const Node> root_;  // absent: holds always
};

// Why a pattern or a version cannot be used, in words; OK when it can. Errors: kInvalidArgument.
absl::Status CheckPattern(std::string_view pattern);
absl::Status CheckVersion(std::string_view version);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_CONDITION_H_
