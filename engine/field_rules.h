// SPDX-License-Identifier: Apache-2.0
//
// Rules on single fields that the rules of resources (rules.h) and of conditions
// (condition_rules.h) share. Each adds what is wrong with its field. Pure.

#ifndef INSIGHTLOOP_ENGINE_FIELD_RULES_H_
#define INSIGHTLOOP_ENGINE_FIELD_RULES_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/domain/json.h"

namespace insightloop {

// The path of an item of a list, or of a field of that item: `variants[1].weight`.
std::string At(std::string_view list, std::size_t index, std::string_view field = "");

void CheckText(std::string_view field, std::string_view text, std::size_t max_bytes, bool required,
               Violations& violations);

void CheckCount(std::string_view field, std::size_t count, std::size_t min, std::size_t max,
                Violations& violations);

// Adds an error where a required enum is not set.
template <class E>
void CheckSet(std::string_view field, E value, Violations& violations) {
  if (static_cast<int>(value) == 0) {
    violations.Add(
        "FIELD_REQUIRED", field,
        absl::StrCat("is not set; give one such as ", std::string(EnumName(static_cast<E>(1)))));
  }
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_FIELD_RULES_H_
