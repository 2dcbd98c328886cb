// SPDX-License-Identifier: Apache-2.0

#include "api/convert.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace insightloop::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Duration;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;
using google::protobuf::Value;

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int32_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kMaxDurationSeconds = 315'576'000'000;  // 10,000 years, as protobuf has it

constexpr char kNotFinite[] =
    "is not finite; leave the field out where there is no number, or send a finite one";
constexpr char kInvalidTime[] =
    "is no valid time; send seconds of the years 1 to 9999 and nanos from 0 to 999,999,999";
constexpr char kInvalidDuration[] =
    "is no valid duration; send at most 10,000 years, and seconds and nanos of the same sign";
constexpr char kUnsupportedValue[] =
    "is no string, number or boolean; send one of these three, or leave the entry out";

bool IsValid(const Duration& duration) {
  const std::int64_t seconds = duration.seconds();
  const std::int32_t nanos = duration.nanos();
  return seconds >= -kMaxDurationSeconds && seconds <= kMaxDurationSeconds &&
         nanos > -kNanosPerSecond && nanos < kNanosPerSecond && !(seconds > 0 && nanos < 0) &&
         !(seconds < 0 && nanos > 0);
}

// The reason why `value` cannot be an attribute's, and the words for it; absent when it can.
std::optional<std::pair<const char*, std::string>> FaultOf(const Value& value) {
  switch (value.kind_case()) {
    case Value::kStringValue:
    case Value::kBoolValue:
      return std::nullopt;
    case Value::kNumberValue:
      if (std::isfinite(value.number_value())) return std::nullopt;
      return {{"NOT_FINITE", absl::StrCat(value.number_value(), " ", kNotFinite)}};
    default:
      return {{"UNSUPPORTED_VALUE", absl::StrCat("the value ", kUnsupportedValue)}};
  }
}

// Walks a message and names what is wrong by its path.
class Checker {
 public:
  explicit Checker(Violations& violations) : violations_(violations) {}

  void Check(const Message& message, const std::string& path) {
    if (const auto* time = dynamic_cast<const Timestamp*>(&message); time != nullptr) {
      if (!TimeFromProto(*time).has_value()) {
        violations_.Add("INVALID_TIME", path,
                        absl::StrCat("{seconds: ", time->seconds(), ", nanos: ", time->nanos(),
                                     "} ", kInvalidTime));
      }
    } else if (const auto* duration = dynamic_cast<const Duration*>(&message);
               duration != nullptr) {
      if (!IsValid(*duration)) {
        violations_.Add("INVALID_DURATION", path,
                        absl::StrCat("{seconds: ", duration->seconds(),
                                     ", nanos: ", duration->nanos(), "} ", kInvalidDuration));
      }
    } else if (const auto* value = dynamic_cast<const Value*>(&message); value != nullptr) {
      if (const auto fault = FaultOf(*value); fault.has_value()) {
        violations_.Add(fault->first, path, fault->second);
      }
    } else {
      CheckFields(message, path);
    }
  }

 private:
  void CheckFields(const Message& message, const std::string& path) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      const std::string name = path.empty() ? field->name() : path + "." + field->name();
      if (!field->is_repeated()) {
        CheckField(message, *field, -1, name);
        continue;
      }
      const int size = message.GetReflection()->FieldSize(message, field);
      for (int i = 0; i < size; ++i) {
        CheckField(message, *field, i, absl::StrCat(name, "[", i, "]"));
      }
    }
  }

  // `index` of a repeated field's item; -1 for a single field.
  void CheckField(const Message& message, const FieldDescriptor& field, int index,
                  const std::string& path) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE: {
        const double value = index < 0 ? reflection.GetDouble(message, &field)
                                       : reflection.GetRepeatedDouble(message, &field, index);
        if (!std::isfinite(value)) {
          violations_.Add("NOT_FINITE", path, absl::StrCat(value, " ", kNotFinite));
        }
        break;
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int number = index < 0 ? reflection.GetEnumValue(message, &field)
                                     : reflection.GetRepeatedEnumValue(message, &field, index);
        if (field.enum_type()->FindValueByNumber(number) == nullptr) {
          violations_.Add("UNKNOWN_ENUM_VALUE", path,
                          absl::StrCat(number, " is no value of ", field.enum_type()->full_name(),
                                       "; known are ", Names(*field.enum_type())));
        }
        break;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Check(index < 0 ? reflection.GetMessage(message, &field)
                        : reflection.GetRepeatedMessage(message, &field, index),
              path);
        break;
      default:
        break;
    }
  }

  static std::string Names(const EnumDescriptor& type) {
    std::string names;
    for (int i = 1; i < type.value_count(); ++i) {  // without the first, which is not valid
      absl::StrAppend(&names, i == 1 ? "" : ", ", type.value(i)->name());
    }
    return names;
  }

  Violations& violations_;
};

}  // namespace

void CheckMessage(const Message& message, Violations& violations) {
  Checker(violations).Check(message, "");
}

absl::StatusOr<Json> MessageToJson(const Message& message) {
  Violations violations;
  CheckMessage(message, violations);
  if (!violations.empty()) return violations.ToStatus();
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto printed = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!printed.ok()) {
    return InvalidField("INVALID_MESSAGE", message.GetDescriptor()->name(),
                        absl::StrCat("cannot be read: ", printed.ToString()));
  }
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return absl::InternalError(absl::StrCat("protobuf's JSON is not JSON: ", text));
  }
  return json;
}

absl::Status JsonToMessage(const Json& json, Message& message) {
  // A text that is not UTF-8 cannot be in a message: shown as U+FFFD rather than thrown about.
  const std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  message.Clear();
  const auto parsed = google::protobuf::util::JsonStringToMessage(text, &message);
  if (!parsed.ok()) {
    return absl::InternalError(absl::StrCat("no ", message.GetDescriptor()->full_name(), ": ",
                                            parsed.ToString(), " in ", text.substr(0, 2000)));
  }
  return absl::OkStatus();
}

absl::Status WithDetails(const absl::Status& from_json) {
  const std::string text(from_json.message());  // `path: expected …`
  const std::size_t colon = text.find(": ");
  if (colon == std::string::npos) return InvalidField("INVALID_VALUE", "", text);
  return InvalidField("INVALID_VALUE", text.substr(0, colon), text.substr(colon + 2));
}

std::optional<Time> TimeFromProto(const Timestamp& timestamp) {
  constexpr std::int64_t kFirst = kEarliestTime.micros / kMicrosPerSecond;
  constexpr std::int64_t kLast = kLatestTime.micros / kMicrosPerSecond;
  if (timestamp.seconds() < kFirst || timestamp.seconds() > kLast || timestamp.nanos() < 0 ||
      timestamp.nanos() >= kNanosPerSecond) {
    return std::nullopt;
  }
  return Time{timestamp.seconds() * kMicrosPerSecond + timestamp.nanos() / 1000};
}

Timestamp TimeToProto(Time time) {
  std::int64_t seconds = time.micros / kMicrosPerSecond;
  std::int64_t micros = time.micros % kMicrosPerSecond;
  if (micros < 0) {  // nanos count forward, also before 1970
    micros += kMicrosPerSecond;
    --seconds;
  }
  Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<std::int32_t>(micros * 1000));
  return timestamp;
}

std::optional<Fault> AttributesFromProto(const ValueMap& values, AttributeMap& attributes) {
  std::erase_if(attributes, [&](const auto& item) { return !values.contains(item.first); });
  for (const auto& [id, value] : values) {
    if (const auto fault = FaultOf(value); fault.has_value()) {
      return Fault{fault->first, absl::StrCat("attributes.", id), fault->second};
    }
    AttributeValue& attribute = attributes[id];
    switch (value.kind_case()) {
      case Value::kStringValue:
        attribute = value.string_value();
        break;
      case Value::kNumberValue:
        attribute = value.number_value();
        break;
      default:
        attribute = value.bool_value();
        break;
    }
  }
  return std::nullopt;
}

namespace {

// Leaves `time` unset when the row has none.
template <class Row>
std::optional<Fault> OccurTime(const Row& row, Time& time) {
  if (!row.has_occur_time()) return std::nullopt;
  const std::optional<Time> converted = TimeFromProto(row.occur_time());
  if (!converted.has_value()) {
    return Fault{"INVALID_TIME", "occur_time",
                 absl::StrCat("{seconds: ", row.occur_time().seconds(),
                              ", nanos: ", row.occur_time().nanos(), "} ", kInvalidTime)};
  }
  time = *converted;
  return std::nullopt;
}

}  // namespace

std::optional<Fault> ExposureFromProto(const v1::Exposure& row, SubmittedExposure& exposure) {
  exposure.experiment = row.experiment();
  exposure.unit_id = row.unit_id();
  exposure.variant = row.variant();
  exposure.epoch = row.epoch();
  exposure.overridden = row.overridden();
  exposure.unit_type = row.unit_type();
  if (auto fault = OccurTime(row, exposure.occur_time); fault.has_value()) return fault;
  return AttributesFromProto(row.attributes(), exposure.attributes);
}

std::optional<Fault> OutcomeFromProto(const v1::Outcome& row, SubmittedOutcome& outcome) {
  outcome.outcome_id = row.outcome_id();
  outcome.unit.unit_type = row.unit_type();
  outcome.unit.unit_id = row.unit_id();
  outcome.event = row.event();
  switch (row.answer_case()) {
    case v1::Outcome::kValue:
      outcome.answer = row.value();
      break;
    case v1::Outcome::kAsked:  // false says nothing
      if (row.asked()) outcome.answer = Asked{};
      break;
    case v1::Outcome::kDismissed:
      if (row.dismissed()) outcome.answer = Dismissed{};
      break;
    case v1::Outcome::ANSWER_NOT_SET:
      break;
  }
  OutcomeContext& context = outcome.context;
  context.channel = row.channel();
  context.touchpoint = row.touchpoint();
  context.source = row.source();
  context.response_id = row.response_id();
  context.comment = row.comment();
  context.item = row.item();
  context.category = row.category();
  return OccurTime(row, outcome.occur_time);
}

void FateToProto(const RowFate& fate, v1::RowFate& row) {
  row.set_fate(static_cast<v1::RowFate::Fate>(fate.fate));  // numbered alike
  if (fate.fault == nullptr) return;
  row.set_reason(fate.fault->reason);
  row.set_field(fate.fault->field);
  row.set_detail(fate.fault->detail);
}

}  // namespace insightloop::api
