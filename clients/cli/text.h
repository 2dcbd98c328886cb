// SPDX-License-Identifier: Apache-2.0
//
// Small functions on text that every part of the command line needs. All are pure; none fails.

#ifndef INSIGHTLOOP_CLIENTS_CLI_TEXT_H_
#define INSIGHTLOOP_CLIENTS_CLI_TEXT_H_

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/string_view.h"

namespace insightloop::cli {

// Abseil's string_view is a type of its own in Debian's build and converts to and from the standard
// one only by hand.
inline absl::string_view ToAbsl(std::string_view text) { return {text.data(), text.size()}; }

// The parts, one after the other.
std::string Join(std::initializer_list<std::string_view> parts);

// The items with `separator` between them.
std::string JoinList(const std::vector<std::string>& items, std::string_view separator);

// Without blanks, tabs and line ends at either end.
std::string_view Trimmed(std::string_view text);

// ASCII letters in lower case; everything else as it is.
std::string Lower(std::string_view text);

// Equality without regard to the case of ASCII letters.
bool EqualsWithoutCase(std::string_view a, std::string_view b);

// `DisplayName`, `displayName` and `display_name` become `display-name`.
std::string Kebab(std::string_view name);

// A resource id for a text: lower-case letters, digits and single hyphens, starting with a letter,
// at most 63 characters; empty if nothing of the text can stand in an id.
std::string Slug(std::string_view text);

// The candidate that is likeliest meant by `typed`; empty if none is near enough.
std::string Nearest(std::string_view typed, const std::vector<std::string>& candidates);

// A count with commas: 294478 becomes `294,478`.
std::string Grouped(long long count);

// "1 row", "2 rows".
std::string Counted(long long count, std::string_view singular, std::string_view plural);

// Whether the bytes are well-formed UTF-8.
bool IsUtf8(std::string_view bytes);

// Text from a file or a server, made safe for a terminal: control characters become `?`, so that
// data cannot move the cursor or change colours; line ends and tabs become blanks.
std::string Printable(std::string_view text);

// `metrics/visit` and `experiments/spring` by their last part.
std::string LastPart(const std::string& name);

// The text in lines of at most `width` columns.
std::string Wrapped(const std::string& text, std::size_t width);

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_CLIENTS_CLI_TEXT_H_
