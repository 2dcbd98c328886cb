// SPDX-License-Identifier: Apache-2.0
//
// The text form of conditions, such as
//
//   country = "VN" AND (age >= 18 OR NOT plan = "free") AND version(app) >= "2.10"
//
// A subset of AIP-160 (https://google.aip.dev/160): OR binds tighter than AND, `-` and NOT negate,
// `:*` asks whether an attribute is there, functions for what has no operator. docs/assignment.md
// has the grammar.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_FILTER_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_FILTER_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/domain/attribute.h"

namespace insightloop {

// The conditions of a text, all of which must hold; none for an empty text. Knows no attributes:
// whether they are declared, and of which type, is for rules to check. Each condition carries its
// column. Pure.
//
// Error: kInvalidArgument (INVALID_FILTER) naming `field`, the column in characters from 1 (also
// as metadata `column`), what was found there and what was expected.
absl::StatusOr<std::vector<Condition>> ParseFilter(std::string_view field, std::string_view text);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_FILTER_H_
