// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/fields.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "absl/strings/numbers.h"
#include "clients/cli/contract.h"
#include "clients/cli/errors.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"

namespace insightloop::cli {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

bool IsMessage(const FieldDescriptor* field, std::string_view type) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field->message_type()->full_name() == type;
}
bool IsTime(const FieldDescriptor* field) { return IsMessage(field, "google.protobuf.Timestamp"); }
bool IsDuration(const FieldDescriptor* field) {
  return IsMessage(field, "google.protobuf.Duration");
}
bool IsMask(const FieldDescriptor* field) { return IsMessage(field, "google.protobuf.FieldMask"); }

absl::Status BadValue(const FieldDescriptor* field, std::string_view text, std::string_view right) {
  return UsageError(Join({"--", Kebab(field->name()), " '", text, "' is not ", right}));
}

// Adds to a repeated field, sets a singular one.
template <typename Add, typename Set, typename Value>
void Put(const pb::Reflection* reflection, pb::Message& message, const FieldDescriptor* field,
         Add add, Set set, Value value) {
  if (field->is_repeated()) {
    (reflection->*add)(&message, field, value);
  } else {
    (reflection->*set)(&message, field, value);
  }
}

void SetSecondsAndNanos(pb::Message& message, std::int64_t seconds, std::int32_t nanos) {
  const pb::Reflection* const reflection = message.GetReflection();
  reflection->SetInt64(&message, message.GetDescriptor()->FindFieldByNumber(1), seconds);
  reflection->SetInt32(&message, message.GetDescriptor()->FindFieldByNumber(2), nanos);
}

template <typename Integer>
std::optional<Integer> ParseInteger(const std::string& text) {
  std::int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) return std::nullopt;
  if constexpr (std::numeric_limits<Integer>::digits < 63) {
    if (number < static_cast<std::int64_t>(std::numeric_limits<Integer>::min()) ||
        number > static_cast<std::int64_t>(std::numeric_limits<Integer>::max())) {
      return std::nullopt;
    }
  }
  return static_cast<Integer>(number);
}

std::optional<bool> ParseBool(std::string_view text) {
  const std::string lower = Lower(text);
  if (lower == "true" || lower == "yes" || lower == "1") return true;
  if (lower == "false" || lower == "no" || lower == "0") return false;
  return std::nullopt;
}

absl::Status SetEnum(pb::Message& message, const FieldDescriptor* field, const std::string& text) {
  std::string wanted = Lower(text);
  for (char& c : wanted) c = c == '-' ? '_' : c;
  const pb::EnumDescriptor* const type = field->enum_type();
  for (int i = 1; i < type->value_count(); ++i) {
    if (Lower(type->value(i)->name()) == wanted) {
      Put(message.GetReflection(), message, field, &pb::Reflection::AddEnumValue,
          &pb::Reflection::SetEnumValue, type->value(i)->number());
      return absl::OkStatus();
    }
  }
  const std::vector<std::string> choices = Choices(field);
  const std::string nearest = Nearest(wanted, choices);
  return BadValue(field, text,
                  Join({"one of: ", JoinList(choices, ", "),
                        nearest.empty() ? "" : Join({"; did you mean ", nearest, "?"})}));
}

// `key=value`. Values of type google.protobuf.Value are numbers, true and false where they look so;
// double quotes keep a text that looks like a number a text.
absl::Status AddMapEntry(pb::Message& message, const FieldDescriptor* field,
                         const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) return BadValue(field, text, "KEY=VALUE");
  const std::string key = text.substr(0, equals);
  const std::string value = text.substr(equals + 1);
  nlohmann::json typed = nlohmann::json::parse(value, nullptr, false);
  if (typed.is_discarded() || typed.is_null() || typed.is_structured()) typed = value;
  if (!IsUtf8(text)) return BadValue(field, Printable(text), "valid UTF-8");
  const nlohmann::json map = {{field->json_name(), {{key, typed}}}};
  const auto entry = NewMessage(field->containing_type());
  const absl::Status parsed = FromJson(map.dump(), "--" + Kebab(field->name()), *entry);
  if (!parsed.ok()) return parsed;
  message.MergeFrom(*entry);
  return absl::OkStatus();
}

absl::Status SetMessage(pb::Message& message, const FieldDescriptor* field, const std::string& text,
                        std::int64_t now) {
  const pb::Reflection* const reflection = message.GetReflection();
  const auto target = [&] {
    return field->is_repeated() ? reflection->AddMessage(&message, field)
                                : reflection->MutableMessage(&message, field);
  };
  if (field->is_map()) return AddMapEntry(message, field, text);
  if (IsTime(field)) {
    const auto micros = text == "now" ? now : ParseTime(text);
    if (!micros) return BadValue(field, text, Join({"a time: ", kTimeForms, ", or now"}));
    std::int64_t seconds = *micros / kMicrosPerSecond;
    std::int64_t rest = *micros % kMicrosPerSecond;
    if (rest < 0) {
      rest += kMicrosPerSecond;
      --seconds;
    }
    SetSecondsAndNanos(*target(), seconds, static_cast<std::int32_t>(rest * 1000));
    return absl::OkStatus();
  }
  if (IsDuration(field)) {
    const auto nanos = ParseDurationNanos(text);
    if (!nanos) return BadValue(field, text, Join({"a length of time ", kDurationForms}));
    SetSecondsAndNanos(*target(), *nanos / 1'000'000'000,
                       static_cast<std::int32_t>(*nanos % 1'000'000'000));
    return absl::OkStatus();
  }
  if (IsMask(field)) {
    pb::Message* const mask = target();
    const FieldDescriptor* const paths = mask->GetDescriptor()->FindFieldByNumber(1);
    for (std::size_t start = 0; start <= text.size();) {
      const std::size_t comma = std::min(text.find(',', start), text.size());
      std::string path(Trimmed(std::string_view(text).substr(start, comma - start)));
      for (char& c : path) c = c == '-' ? '_' : c;
      if (!path.empty()) mask->GetReflection()->AddString(mask, paths, path);
      start = comma + 1;
    }
    return absl::OkStatus();
  }
  // JSON of the field inside its message: so lists, wrappers and values need no special care.
  std::string json = text;
  const std::string_view start = Trimmed(json);
  if (field->is_repeated() && !start.starts_with('[')) json = "[" + json + "]";
  const auto part = NewMessage(field->containing_type());
  const absl::Status parsed = FromJson(Join({"{\"", field->json_name(), "\":", json, "}"}),
                                       "--" + Kebab(field->name()), *part);
  if (!parsed.ok()) return parsed;
  message.MergeFrom(*part);
  return absl::OkStatus();
}

absl::Status SetOne(pb::Message& message, const FieldDescriptor* field, const std::string& text,
                    std::int64_t now) {
  const pb::Reflection* const reflection = message.GetReflection();
  const auto put = [&](auto add, auto set, const auto& value) {
    Put(reflection, message, field, add, set, value);
    return absl::OkStatus();
  };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      if (!IsUtf8(text)) return BadValue(field, Printable(text), "valid UTF-8");
      const std::string name = FullName(NamePattern(Comment(field)), text);
      if (field->is_repeated()) {
        reflection->AddString(&message, field, name);
      } else {
        reflection->SetString(&message, field, name);
      }
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32:
      if (const auto number = ParseInteger<std::int32_t>(text)) {
        return put(&pb::Reflection::AddInt32, &pb::Reflection::SetInt32, *number);
      }
      return BadValue(field, text, "a whole number");
    case FieldDescriptor::CPPTYPE_INT64:
      if (const auto number = ParseInteger<std::int64_t>(text)) {
        return put(&pb::Reflection::AddInt64, &pb::Reflection::SetInt64, *number);
      }
      return BadValue(field, text, "a whole number");
    case FieldDescriptor::CPPTYPE_UINT32:
      if (const auto number = ParseInteger<std::uint32_t>(text)) {
        return put(&pb::Reflection::AddUInt32, &pb::Reflection::SetUInt32, *number);
      }
      return BadValue(field, text, "a whole number");
    case FieldDescriptor::CPPTYPE_UINT64:
      if (const auto number = ParseInteger<std::int64_t>(text); number && *number >= 0) {
        return put(&pb::Reflection::AddUInt64, &pb::Reflection::SetUInt64,
                   static_cast<std::uint64_t>(*number));
      }
      return BadValue(field, text, "a whole number");
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT: {
      double number = 0;
      if (!absl::SimpleAtod(text, &number)) return BadValue(field, text, "a number");
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
        return put(&pb::Reflection::AddFloat, &pb::Reflection::SetFloat,
                   static_cast<float>(number));
      }
      return put(&pb::Reflection::AddDouble, &pb::Reflection::SetDouble, number);
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (const auto truth = ParseBool(text)) {
        return put(&pb::Reflection::AddBool, &pb::Reflection::SetBool, *truth);
      }
      return BadValue(field, text, "true or false");
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(message, field, text);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return SetMessage(message, field, text, now);
  }
  return absl::InternalError("a field of no known type");
}

}  // namespace

std::string ValueName(const FieldDescriptor* field) {
  if (IsFlag(field)) return {};
  if (field->is_map()) return "KEY=VALUE";
  if (IsTime(field)) return "TIME";
  if (IsDuration(field)) return "DURATION";
  if (IsMask(field)) return "FIELD,…";
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return NamePattern(Comment(field)).empty() ? "TEXT" : "NAME";
    case FieldDescriptor::CPPTYPE_ENUM:
      return "CHOICE";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "JSON";
    default:
      return "NUMBER";
  }
}

bool IsFlag(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL && !field->is_repeated();
}

std::vector<std::string> Choices(const FieldDescriptor* field) {
  std::vector<std::string> choices;
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_ENUM) return choices;
  for (int i = 1; i < field->enum_type()->value_count(); ++i) {
    choices.push_back(Lower(field->enum_type()->value(i)->name()));
  }
  return choices;
}

bool IsOutputOnly(const FieldDescriptor* field) {
  return Comment(field).find("Output only.") != std::string::npos;
}

absl::Status SetField(pb::Message& message, const FieldDescriptor* field,
                      const std::vector<std::string>& texts, std::int64_t now_micros) {
  message.GetReflection()->ClearField(&message, field);
  if (texts.size() == 1 && texts[0].empty()) return absl::OkStatus();
  if (texts.size() > 1 && !field->is_repeated()) {
    return UsageError(Join({"--", Kebab(field->name()), " is given more than once"}));
  }
  for (const std::string& text : texts) {
    const absl::Status set = SetOne(message, field, text, now_micros);
    if (!set.ok()) return set;
  }
  return absl::OkStatus();
}

absl::Status FromJson(const std::string& json, const std::string& what, pb::Message& message) {
  pb::util::JsonParseOptions options;
  options.case_insensitive_enum_parsing = true;
  const auto status = pb::util::JsonStringToMessage(json, &message, options);
  if (status.ok()) return absl::OkStatus();
  return UsageError(Join({what, " is not the JSON that the contract wants: ",
                          std::string(status.message().data(), status.message().size())}));
}

std::string ToJson(const pb::Message& message) {
  pb::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string json;
  if (!pb::util::MessageToJsonString(message, &json, options).ok()) return "{}\n";
  if (!json.ends_with('\n')) json += '\n';
  return json;
}

}  // namespace insightloop::cli
