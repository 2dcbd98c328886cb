// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/record_renderer.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <vector>

#include "clients/cli/table.h"
#include "clients/cli/text.h"
#include "clients/cli/times.h"

namespace insightloop::cli {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

bool IsTime(const pb::Message& message) {
  return message.GetDescriptor()->full_name() == "google.protobuf.Timestamp";
}

bool IsPlainType(const pb::Descriptor* type) {
  return type->file()->package() == "google.protobuf";
}

// A time, duration or other well-known message in one piece.
std::string PlainMessage(const pb::Message& message) {
  if (IsTime(message)) {
    const pb::Reflection* const reflection = message.GetReflection();
    const pb::Descriptor* const type = message.GetDescriptor();
    return FormatTime(reflection->GetInt64(message, type->FindFieldByNumber(1)) * kMicrosPerSecond +
                      reflection->GetInt32(message, type->FindFieldByNumber(2)) / 1000);
  }
  std::string json;
  if (!pb::util::MessageToJsonString(message, &json).ok()) return {};
  if (json.size() >= 2 && json.front() == '"') json = json.substr(1, json.size() - 2);
  return json;
}

std::string Number(double value) {
  std::string text(32, '\0');
  text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.10g", value)));
  return text;
}

// One value of a field that is not a message of ours; `index` is -1 for a singular field.
std::string Value(const pb::Message& message, const FieldDescriptor* field, int index) {
  const pb::Reflection* const r = message.GetReflection();
  const bool one = index < 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return one ? r->GetString(message, field) : r->GetRepeatedString(message, field, index);
    case FieldDescriptor::CPPTYPE_INT32:
      return std::to_string(one ? r->GetInt32(message, field)
                                : r->GetRepeatedInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return std::to_string(one ? r->GetInt64(message, field)
                                : r->GetRepeatedInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(one ? r->GetUInt32(message, field)
                                : r->GetRepeatedUInt32(message, field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return std::to_string(one ? r->GetUInt64(message, field)
                                : r->GetRepeatedUInt64(message, field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Number(one ? r->GetDouble(message, field)
                        : r->GetRepeatedDouble(message, field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Number(static_cast<double>(one ? r->GetFloat(message, field)
                                            : r->GetRepeatedFloat(message, field, index)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return (one ? r->GetBool(message, field) : r->GetRepeatedBool(message, field, index)) ? "yes"
                                                                                            : "no";
    case FieldDescriptor::CPPTYPE_ENUM:
      return (one ? r->GetEnum(message, field) : r->GetRepeatedEnum(message, field, index))->name();
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return PlainMessage(one ? r->GetMessage(message, field)
                              : r->GetRepeatedMessage(message, field, index));
  }
  return {};
}

constexpr std::size_t kLongestText = 400;

struct Line {
  std::string title;  // with its indent
  std::string value;
};

void AddLines(const pb::Message& message, std::size_t indent, std::vector<Line>& lines) {
  const pb::Reflection* const reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  const std::string blanks(indent, ' ');
  for (const FieldDescriptor* const field : fields) {
    const std::string title = blanks + Kebab(field->name());
    const bool nested = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_map() &&
                        !IsPlainType(field->message_type());
    if (field->is_map()) {
      // A map entry is a message with `key` and `value`.
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        const pb::Message& entry = reflection->GetRepeatedMessage(message, field, i);
        lines.push_back({title, Join({Value(entry, entry.GetDescriptor()->map_key(), -1), "=",
                                      Value(entry, entry.GetDescriptor()->map_value(), -1)})});
      }
    } else if (!field->is_repeated()) {
      if (nested) {
        lines.push_back({title, ""});
        AddLines(reflection->GetMessage(message, field), indent + 2, lines);
      } else {
        // A sealed plan is pages of JSON: --json shows all of it.
        lines.push_back({title, Shortened(Value(message, field, -1), kLongestText)});
      }
    } else if (nested) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        lines.push_back({Join({title, " ", std::to_string(i + 1)}), ""});
        AddLines(reflection->GetRepeatedMessage(message, field, i), indent + 2, lines);
      }
    } else {
      std::vector<std::string> values;
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        values.push_back(Value(message, field, i));
      }
      lines.push_back({title, JoinList(values, ", ")});
    }
  }
}

}  // namespace

std::string RenderRecord(const pb::Message& message, const Terminal& /*terminal*/) {
  std::vector<Line> lines;
  AddLines(message, 0, lines);
  Table table({{""}, {""}});
  for (Line& line : lines) table.AddRow({std::move(line.title), std::move(line.value)});
  return table.Render(false);
}

std::string RenderList(const pb::Message& response, const Terminal& terminal) {
  const pb::Reflection* const reflection = response.GetReflection();
  const pb::Descriptor* const type = response.GetDescriptor();
  const FieldDescriptor* list = nullptr;
  for (int i = 0; i < type->field_count() && list == nullptr; ++i) {
    const FieldDescriptor* const field = type->field(i);
    if (field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) list = field;
  }
  if (list == nullptr) return RenderRecord(response, terminal);
  const int count = reflection->FieldSize(response, list);
  if (count == 0) return Join({"No ", Kebab(list->name()), ".\n"});

  // The name, then what changes and what people wrote, as far as the line goes.
  constexpr std::size_t kMostColumns = 6;
  constexpr std::size_t kWidest = 44;
  std::vector<const FieldDescriptor*> columns;
  const auto is_set_somewhere = [&](const FieldDescriptor* field) {
    for (int i = 0; i < count; ++i) {
      const pb::Message& row = reflection->GetRepeatedMessage(response, list, i);
      if (row.GetReflection()->HasField(row, field)) return true;
    }
    return false;
  };
  const auto add = [&](auto wanted) {
    const pb::Descriptor* const row = list->message_type();
    for (int i = 0; i < row->field_count() && columns.size() < kMostColumns; ++i) {
      const FieldDescriptor* const field = row->field(i);
      if (field->is_repeated() || !wanted(field) || !is_set_somewhere(field)) continue;
      if (std::find(columns.begin(), columns.end(), field) == columns.end()) {
        columns.push_back(field);
      }
    }
  };
  add([](const FieldDescriptor* f) { return f->name() == "name"; });
  add([](const FieldDescriptor* f) { return f->cpp_type() == FieldDescriptor::CPPTYPE_ENUM; });
  add([](const FieldDescriptor* f) {
    return f->cpp_type() == FieldDescriptor::CPPTYPE_STRING && f->name() != "etag" &&
           f->name() != "salt" && f->name() != "sealed_plan" && f->name() != "plan_digest";
  });
  add([](const FieldDescriptor* f) { return f->name() == "create_time"; });
  std::vector<Table::Column> titles;
  for (const FieldDescriptor* const field : columns) titles.push_back({Kebab(field->name())});
  Table table(std::move(titles));
  for (int i = 0; i < count; ++i) {
    const pb::Message& row = reflection->GetRepeatedMessage(response, list, i);
    std::vector<std::string> cells;
    for (const FieldDescriptor* const field : columns) {
      const bool set = row.GetReflection()->HasField(row, field);
      cells.push_back(set ? Shortened(Printable(Value(row, field, -1)), kWidest) : "");
    }
    table.AddRow(std::move(cells));
  }
  return table.Render(terminal.ColorOut());
}

}  // namespace insightloop::cli
