// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/filter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/error.h"
#include "engine/domain/limits.h"
#include "engine/domain/resource.h"

namespace insightloop {
namespace {

using Conditions = std::vector<Condition>;

constexpr std::size_t kMaxDepth = Limits{}.max_condition_depth;
constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kSymbols = "()=!<>,:*";
constexpr std::string_view kQuotes = "\"'";

enum class TokenKind { kEnd, kWord, kText, kSymbol, kBroken };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::size_t begin = 0;    // its first byte; of kBroken the mistake
  std::string_view source;  // as written
  std::string text;         // of kText what is between the quotes, read; of kBroken what was found
  std::string expected;     // of kBroken
};

bool IsKeyword(std::string_view word) { return word == "AND" || word == "OR" || word == "NOT"; }

// A text that needs no quotes.
bool IsBareWord(std::string_view word) {
  return absl::ascii_isalpha(static_cast<unsigned char>(word.front())) && !IsKeyword(word) &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
         });
}

bool StartsNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() &&
         (absl::ascii_isdigit(static_cast<unsigned char>(text.front())) || text.front() == '.');
}

std::optional<double> NumberOf(std::string_view word) {
  if (!StartsNumber(word)) return std::nullopt;  // from_chars reads `inf` and `nan`
  double number = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || stop != word.data() + word.size()) return std::nullopt;
  return number;
}

std::optional<AttributeValue> ValueOf(const Token& token) {
  if (token.kind == TokenKind::kText) return token.text;
  if (token.kind != TokenKind::kWord) return std::nullopt;
  if (token.source == "true") return true;
  if (token.source == "false") return false;
  if (const auto number = NumberOf(token.source)) return *number;
  if (IsBareWord(token.source)) return std::string(token.source);
  return std::nullopt;
}

// `!=` is read as the negation of EQUAL.
std::optional<Comparator> ComparatorOf(std::string_view symbol) {
  if (symbol == "=" || symbol == "!=") return Comparator::kEqual;
  if (symbol == "<") return Comparator::kLess;
  if (symbol == "<=") return Comparator::kAtMost;
  if (symbol == ">") return Comparator::kGreater;
  if (symbol == ">=") return Comparator::kAtLeast;
  return std::nullopt;
}

Condition Negated(Condition condition, std::int32_t column) {
  Condition negation{.column = column};
  negation.none_of.push_back(std::move(condition));
  return negation;
}

// Adds to a list of `member`s; what is such a list itself is added item by item.
void Append(Condition part, Conditions Condition::*member, Conditions& list) {
  Conditions& nested = part.*member;
  if (nested.empty()) {
    list.push_back(std::move(part));
  } else {
    std::move(nested.begin(), nested.end(), std::back_inserter(list));
  }
}

Condition Combine(Conditions parts, Conditions Condition::*member) {
  if (parts.size() == 1) return std::move(parts.front());
  Condition combination{.column = parts.front().column};
  combination.*member = std::move(parts);
  return combination;
}

// Recursive descent. The first mistake ends the text: whatever is read after it is the end, so that
// every function returns soon, and what it returns counts for nothing.
class Parser {
 public:
  Parser(std::string_view field, std::string_view text) : field_(field), text_(text) { Advance(); }

  absl::StatusOr<Conditions> Parse() {
    Conditions conditions;
    if (token_.kind != TokenKind::kEnd) {
      conditions = ParseExpression(0);
      if (token_.kind != TokenKind::kEnd) FailAfterCondition("the end");
    }
    if (!error_.ok()) return error_;
    return conditions;
  }

 private:
  // All of the conditions that AND joins.
  Conditions ParseExpression(std::size_t depth) {
    Conditions conditions;
    do {
      Append(ParseFactor(depth), &Condition::all_of, conditions);
    } while (Accept("AND"));
    return conditions;
  }

  Condition ParseFactor(std::size_t depth) {
    Conditions alternatives;
    do {
      Append(ParseTerm(depth), &Condition::any_of, alternatives);
    } while (Accept("OR"));
    return Combine(std::move(alternatives), &Condition::any_of);
  }

  Condition ParseTerm(std::size_t depth) {
    const std::int32_t column = ColumnOf(token_.begin);
    if (Accept("NOT") || Accept("-")) return Negated(ParseSimple(depth), column);
    return ParseSimple(depth);
  }

  Condition ParseSimple(std::size_t depth) {
    if (token_.source != "(") return ParseTest();
    if (depth == kMaxDepth) {
      Fail(token_, absl::StrCat("at most ", kMaxDepth, " parentheses in one another"));
      return {};
    }
    Advance();
    Condition condition = Combine(ParseExpression(depth + 1), &Condition::all_of);
    if (!Accept(")")) FailAfterCondition("\")\"");
    return condition;
  }

  Condition ParseTest() {
    const Token name = token_;
    if (name.kind != TokenKind::kWord || IsKeyword(name.source)) {
      Fail(name, "a condition such as country = \"VN\"");
      return {};
    }
    Advance();
    if (Accept("(")) return ParseFunction(name);
    if (name.source == "not" && token_.kind == TokenKind::kWord) {
      Fail(name, "a condition; write NOT to negate one");
      return {};
    }
    Condition test = TestOf(name);
    if (Accept(":")) {
      Expect("*");
      test.exists = true;
      return test;
    }
    const std::string_view symbol = token_.source;
    const auto comparator = ComparatorOf(symbol);
    if (!comparator.has_value()) {
      Fail(token_, "=, !=, <, <=, >, >= or :*");
      return {};
    }
    Advance();
    if (*comparator == Comparator::kEqual) {
      test.equals = ParseValue();
    } else {
      test.number = {*comparator, ParseNumber()};
    }
    return symbol == "!=" ? Negated(test, test.column) : test;
  }

  // Continues behind the opening parenthesis.
  Condition ParseFunction(const Token& name) {
    if (name.source == "segment") return ParseSegment();
    if (name.source == "in") {
      Condition test = ParseFirstArgument();
      do {
        Expect(",");
        test.one_of.push_back(ParseValue());
      } while (token_.source == ",");
      Expect(")");
      return test;
    }
    if (name.source == "matches") {
      Condition test = ParseFirstArgument();
      Expect(",");
      test.matches = ParseText("a regular expression in quotes");
      Expect(")");
      return test;
    }
    if (name.source == "version") {
      Condition test = ParseFirstArgument();
      Expect(")");
      const std::string_view symbol = token_.source;
      const auto comparator = ComparatorOf(symbol);
      if (!comparator.has_value()) {
        Fail(token_, "=, !=, <, <=, > or >=");
        return {};
      }
      Advance();
      test.version = {*comparator, ParseText("a version in quotes such as \"2.10\"")};
      return symbol == "!=" ? Negated(test, test.column) : test;
    }
    Fail(name, "one of the functions in, matches, version and segment");
    return {};
  }

  Condition ParseSegment() {
    const Token id = token_;
    const std::string name = id.kind == TokenKind::kText ? id.text : std::string(id.source);
    if (!IsValidId(name)) {
      Fail(id, "the id of a segment");
      return {};
    }
    Advance();
    Expect(")");
    return {.segment = absl::StrCat(std::string(Segment::kCollection), "/", name),
            .column = ColumnOf(id.begin)};
  }

  Condition ParseFirstArgument() {
    Condition test = TestOf(token_);
    Advance();
    return test;
  }

  // A test of the attribute that the token names.
  Condition TestOf(const Token& name) {
    if (name.kind != TokenKind::kWord || !IsValidId(name.source)) {
      Fail(name, "the id of an attribute: lower-case letters, digits and hyphens");
      return {};
    }
    return {
        .attribute =
            absl::StrCat(std::string(Attribute::kCollection), "/", std::string(name.source)),
        .column = ColumnOf(name.begin),
    };
  }

  AttributeValue ParseValue() {
    auto value = ValueOf(token_);
    if (!value.has_value()) {
      Fail(token_, "a value: a number, true, false or a text in quotes");
      return {};
    }
    Advance();
    return *std::move(value);
  }

  double ParseNumber() {
    const auto number = NumberOf(token_.source);
    if (!number.has_value()) {
      Fail(token_, "a number (versions compare as in version(app) >= \"2.10\")");
      return 0;
    }
    Advance();
    return *number;
  }

  // One that is not empty.
  std::string ParseText(std::string_view expected) {
    if (token_.kind != TokenKind::kText || token_.text.empty()) {
      Fail(token_, expected);
      return {};
    }
    std::string text = std::move(token_.text);
    Advance();
    return text;
  }

  bool Accept(std::string_view source) {
    if (token_.source != source) return false;
    Advance();
    return true;
  }

  void Expect(std::string_view symbol) {
    if (!Accept(symbol)) Fail(token_, Quoted(symbol));
  }

  void Advance() {
    position_ = std::min(text_.find_first_not_of(kSpaces, position_), text_.size());
    token_ = {.begin = position_};
    if (position_ == text_.size()) return;
    const char first = text_[position_];
    if (kQuotes.find(first) != std::string_view::npos) return AdvanceOverText(first);
    std::size_t size = 1;
    if (kSymbols.find(first) != std::string_view::npos) {
      token_.kind = TokenKind::kSymbol;
      const bool may_go_on = first == '!' || first == '<' || first == '>';
      if (may_go_on && text_.substr(position_ + 1).starts_with('=')) size = 2;
    } else if (first == '-' && !StartsNumber(text_.substr(position_))) {
      token_.kind = TokenKind::kSymbol;
    } else {
      token_.kind = TokenKind::kWord;
      const auto ends_word = [](char c) {
        return kSpaces.find(c) != std::string_view::npos ||
               kSymbols.find(c) != std::string_view::npos ||
               kQuotes.find(c) != std::string_view::npos;
      };
      const auto begin = text_.begin() + static_cast<std::ptrdiff_t>(position_);
      size = static_cast<std::size_t>(std::find_if(begin, text_.end(), ends_word) - begin);
    }
    token_.source = text_.substr(position_, size);
    position_ += size;
  }

  void AdvanceOverText(char quote) {
    std::string text;
    for (std::size_t i = position_ + 1; i < text_.size(); ++i) {
      if (text_[i] == quote) {
        token_.kind = TokenKind::kText;
        token_.source = text_.substr(position_, i + 1 - position_);
        token_.text = std::move(text);
        position_ = i + 1;
        return;
      }
      if (text_[i] == '\\') {
        const char escaped = i + 1 < text_.size() ? text_[i + 1] : ' ';
        if (escaped != '\\' && kQuotes.find(escaped) == std::string_view::npos) {
          return Break(i, "a backslash by itself", R"(\\, \" or \')");
        }
        ++i;
      }
      text.push_back(text_[i]);
    }
    Break(position_, "a text that does not end", absl::StrCat("another ", std::string(1, quote)));
  }

  // Told when the parser comes to it, since a mistake before it comes first.
  void Break(std::size_t begin, std::string_view found, std::string expected) {
    token_ = {.kind = TokenKind::kBroken,
              .begin = begin,
              .text = std::string(found),
              .expected = std::move(expected)};
  }

  void FailAfterCondition(std::string_view closing) {
    const std::string upper = absl::AsciiStrToUpper(std::string(token_.source));
    const bool is_joint = token_.kind == TokenKind::kWord && (upper == "AND" || upper == "OR");
    Fail(token_, absl::StrCat("AND, OR or ", std::string(closing),
                              is_joint ? absl::StrCat("; write ", upper) : ""));
  }

  // Only the first mistake counts.
  void Fail(const Token& token, std::string_view expected) {
    if (error_.ok()) error_ = ErrorAt(token, expected);
    position_ = text_.size();
    token_ = {.begin = position_};
  }

  absl::Status ErrorAt(const Token& token, std::string_view expected) const {
    const bool is_broken = token.kind == TokenKind::kBroken;
    const std::int32_t column = ColumnOf(token.begin);
    const std::string field(field_);
    const std::string description = absl::StrCat(
        "column ", column, ": found ",
        is_broken                        ? token.text
        : token.kind == TokenKind::kEnd  ? "the end"
        : token.kind == TokenKind::kText ? absl::StrCat("the text ", Quoted(token.text))
                                         : Quoted(token.source),
        ", expected ", is_broken ? token.expected : std::string(expected));
    return MakeError(absl::StatusCode::kInvalidArgument, absl::StrCat(field, ": ", description),
                     {.reason = "INVALID_FILTER",
                      .metadata = {{"field", field}, {"column", absl::StrCat(column)}},
                      .violations = {{.field = field, .description = description}}});
  }

  // In characters from 1: those bytes count that do not go on with a character.
  [[nodiscard]] std::int32_t ColumnOf(std::size_t byte) const {
    const std::string_view before = text_.substr(0, byte);
    return 1 + static_cast<std::int32_t>(std::count_if(before.begin(), before.end(), [](char c) {
             return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
           }));
  }

  const std::string_view field_, text_;
  std::size_t position_ = 0;  // of what is not read yet
  Token token_;               // the next one
  absl::Status error_;
};

}  // namespace

absl::StatusOr<std::vector<Condition>> ParseFilter(std::string_view field, std::string_view text) {
  return Parser(field, text).Parse();
}

}  // namespace insightloop
