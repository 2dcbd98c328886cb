// SPDX-License-Identifier: Apache-2.0

#include "engine/field_rules.h"

#include "engine/domain/resource.h"

namespace insightloop {

std::string At(std::string_view list, std::size_t index, std::string_view field) {
  return absl::StrCat(std::string(list), "[", index, "]", field.empty() ? "" : ".",
                      std::string(field));
}

void CheckText(std::string_view field, std::string_view text, std::size_t max_bytes, bool required,
               Violations& violations) {
  if (required && text.empty()) {
    violations.Add("FIELD_REQUIRED", field, "is empty; give a text");
  } else if (text.size() > max_bytes) {
    violations.Add("TEXT_TOO_LONG", field,
                   absl::StrCat("is ", Quoted(text), " (", text.size(), " bytes); give at most ",
                                max_bytes, " bytes"));
  } else if (!IsUtf8(text)) {
    violations.Add("INVALID_UTF8", field, absl::StrCat("is ", Quoted(text), "; give UTF-8"));
  }
}

void CheckCount(std::string_view field, std::size_t count, std::size_t min, std::size_t max,
                Violations& violations) {
  if (count < min || count > max) {
    violations.Add(count < min ? "TOO_FEW" : "TOO_MANY", field,
                   absl::StrCat("has ", count, " items; give ", min, " to ", max));
  }
}

}  // namespace insightloop
