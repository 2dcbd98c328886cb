// SPDX-License-Identifier: Apache-2.0
//
// The one JSON form of the engine's nouns. A noun lists its fields once:
//
//   template <class V> void Fields(V& v, Noun& n) { v("name", n.name); v("weight", n.weight); }
//
// and both directions follow. Keys are the proto's field names in snake_case, so the same text is
// what the store keeps, what a plan's digest is taken of (keys come out sorted) and what the
// contract is converted from and to. As in proto3's JSON form, default values are left out, 64-bit
// integers are also read from strings, times are RFC 3339 and durations `1.5s`.
//
// All functions are pure. `FromJson` never throws; its errors name the path of the bad value.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_JSON_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_JSON_H_

#include <charconv>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "engine/domain/time.h"
#include "nlohmann/json.hpp"

namespace insightloop {

using Json = nlohmann::json;  // objects are ordered by key

// The proto's names of an enum's values, by number. Specialized beside each enum.
template <class E>
struct EnumNames;

template <class E>
std::string_view EnumName(E value) {
  const auto index = static_cast<std::size_t>(value);
  return index < std::size(EnumNames<E>::kNames) ? EnumNames<E>::kNames[index]
                                                 : std::string_view("UNKNOWN");
}

// The value of a declared attribute.
using AttributeValue = std::variant<std::string, double, bool>;

namespace json_internal {

class Writer {
 public:
  explicit Writer(Json& object) : object_(object) {}
  template <class T>
  void operator()(const char* key, T& value) {
    Json json;
    if (Write(std::as_const(value), json)) object_[key] = std::move(json);
  }

 private:
  // Each returns false for a default value, which is left out.
  static bool Write(const std::string& v, Json& j) { return (j = v, !v.empty()); }
  static bool Write(bool v, Json& j) { return (j = v, v); }
  static bool Write(std::int32_t v, Json& j) { return (j = v, v != 0); }
  static bool Write(std::int64_t v, Json& j) { return (j = v, v != 0); }
  static bool Write(double v, Json& j) { return (j = v, v != 0); }
  static bool Write(const Time& v, Json& j) { return (j = FormatTime(v), v != Time{}); }
  static bool Write(const Duration& v, Json& j) { return (j = FormatDuration(v), v != Duration{}); }
  static bool Write(const AttributeValue& v, Json& j) {
    std::visit([&j](const auto& alternative) { j = alternative; }, v);
    return true;
  }
  template <class T>
  static bool Write(const std::optional<T>& v, Json& j) {
    if (v.has_value() && !Write(*v, j) && j.is_null()) j = Json::object();
    return v.has_value();
  }
  template <class T>
  static bool Write(const std::vector<T>& v, Json& j) {
    j = Json::array();
    for (const auto& item : v) {
      Json json;
      Write(item, json);
      j.push_back(std::move(json));
    }
    return !v.empty();
  }
  template <class T>
  static bool Write(const std::map<std::string, T>& v, Json& j) {
    j = Json::object();
    for (const auto& [key, item] : v) Write(item, j[key]);
    return !v.empty();
  }
  template <class T>
  static bool Write(const T& v, Json& j) {
    if constexpr (std::is_enum_v<T>) {
      j = std::string(EnumName(v));
      return static_cast<int>(v) != 0;
    } else {
      j = Json::object();
      Writer writer(j);
      Fields(writer, const_cast<T&>(v));  // a writer only reads
      return !j.empty();
    }
  }

  Json& object_;
};

class Reader {
 public:
  Reader(const Json& object, std::string path) : object_(object), path_(std::move(path)) {}
  template <class T>
  void operator()(const char* key, T& value) {
    const auto found = object_.find(key);
    if (found == object_.end() || found->is_null()) return;
    const std::string path = path_.empty() ? key : path_ + "." + key;
    Read(*found, path, value);
  }
  absl::Status status() const { return status_; }

 private:
  void Fail(const std::string& path, const char* expected) {
    if (status_.ok()) {
      status_ = absl::InvalidArgumentError(absl::StrCat(path, ": expected ", expected));
    }
  }
  void Read(const Json& j, const std::string& path, std::string& v) {
    j.is_string() ? void(v = j.get_ref<const std::string&>()) : Fail(path, "a string");
  }
  void Read(const Json& j, const std::string& path, bool& v) {
    j.is_boolean() ? void(v = j.get<bool>()) : Fail(path, "true or false");
  }
  void Read(const Json& j, const std::string& path, std::int32_t& v) {
    j.is_number_integer() ? void(v = j.get<std::int32_t>()) : Fail(path, "an integer");
  }
  void Read(const Json& j, const std::string& path, std::int64_t& v) {
    if (j.is_number_integer()) {
      v = j.get<std::int64_t>();
    } else if (const auto* text = j.get_ptr<const std::string*>();
               text == nullptr ||
               std::from_chars(text->data(), text->data() + text->size(), v).ptr !=
                   text->data() + text->size()) {
      Fail(path, "an integer");
    }
  }
  void Read(const Json& j, const std::string& path, double& v) {
    j.is_number() ? void(v = j.get<double>()) : Fail(path, "a finite number");
  }
  void Read(const Json& j, const std::string& path, Time& v) {
    const auto* text = j.get_ptr<const std::string*>();
    const auto time = text == nullptr ? std::nullopt : ParseTime(*text);
    time.has_value() ? void(v = *time) : Fail(path, "a time such as 2026-01-31T09:00:00Z");
  }
  void Read(const Json& j, const std::string& path, Duration& v) {
    const auto* text = j.get_ptr<const std::string*>();
    const auto duration = text == nullptr ? std::nullopt : ParseDuration(*text);
    duration.has_value() ? void(v = *duration) : Fail(path, "a duration such as 86400s");
  }
  void Read(const Json& j, const std::string& path, AttributeValue& v) {
    if (j.is_string()) {
      v = j.get<std::string>();
    } else if (j.is_boolean()) {
      v = j.get<bool>();
    } else if (j.is_number()) {
      v = j.get<double>();
    } else {
      Fail(path, "a string, number or boolean");
    }
  }
  template <class T>
  void Read(const Json& j, const std::string& path, std::optional<T>& v) {
    Read(j, path, v.emplace());
  }
  template <class T>
  void Read(const Json& j, const std::string& path, std::vector<T>& v) {
    if (!j.is_array()) return Fail(path, "a list");
    v.clear();
    for (const Json& item : j) {
      const std::string item_path = absl::StrCat(path, "[", v.size(), "]");
      Read(item, item_path, v.emplace_back());
    }
  }
  template <class T>
  void Read(const Json& j, const std::string& path, std::map<std::string, T>& v) {
    if (!j.is_object()) return Fail(path, "an object");
    v.clear();
    for (const auto& [key, item] : j.items()) Read(item, path + "." + key, v[key]);
  }
  template <class T>
  void Read(const Json& j, const std::string& path, T& v) {
    if constexpr (std::is_enum_v<T>) {
      const auto* text = j.get_ptr<const std::string*>();
      for (std::size_t i = 0; text != nullptr && i < std::size(EnumNames<T>::kNames); ++i) {
        if (EnumNames<T>::kNames[i] == *text) return void(v = static_cast<T>(i));
      }
      Fail(path, "the name of a known value");
    } else {
      if (!j.is_object()) return Fail(path, "an object");
      Reader reader(j, path);
      Fields(reader, v);
      if (status_.ok()) status_ = reader.status_;
    }
  }

  const Json& object_;
  const std::string path_;
  absl::Status status_;
};

}  // namespace json_internal

template <class T>
Json ToJson(const T& value) {
  Json json = Json::object();
  json_internal::Writer writer(json);
  Fields(writer, const_cast<T&>(value));  // a writer only reads
  return json;
}

// Error: kInvalidArgument, naming the path of the first value of the wrong type.
template <class T>
absl::StatusOr<T> FromJson(const Json& json) {
  if (!json.is_object()) return absl::InvalidArgumentError("expected a JSON object");
  T value;
  json_internal::Reader reader(json, "");
  Fields(reader, value);
  if (!reader.status().ok()) return reader.status();
  return value;
}

template <class T>
absl::StatusOr<T> FromJsonText(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("not valid JSON");
  return FromJson<T>(json);
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_JSON_H_
