// SPDX-License-Identifier: Apache-2.0
//
// Compares stats/ and the hashes of the assignment with the reference cases of a folder: numbers
// from closed forms, published tables and other packages. The folder is INSIGHTLOOP_REFERENCE_DIR,
// by default ../shared/reference; where it is absent, that is said and the exit code is 77. The
// format of a case is in tests/data/reference/README.md.
//
// Prints per file how many cases there are, how many match, and how many are of methods that we do
// not offer; then those methods and, of cases that match, the fields that are not answered. Fails
// on a case that does not match and on a method that nobody here knows.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/reference/methods.h"

namespace insightloop::reference {
namespace {

constexpr int kSkipped = 77;

struct Tolerance {
  double relative = 0, absolute = 0;
};

Tolerance ToleranceOf(const Json& json) {
  return {.relative = json.at("rel"), .absolute = json.at("abs")};
}

// The number that a case means; "Infinity" and "-Infinity" are strings there.
std::optional<double> Number(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

bool Close(double got, double expected, const Tolerance& tolerance) {
  if (std::isinf(expected) || std::isinf(got)) return got == expected;
  return std::abs(got - expected) <= tolerance.absolute + tolerance.relative * std::abs(expected);
}

// What differs between an answer's field and the expected one, or nothing. Inside objects, fields
// that we do not offer are passed over.
std::string Differs(const Json& got, const Json& expected, const Tolerance& tolerance) {
  const std::optional<double> number = Number(expected);
  if (number.has_value()) {
    const std::optional<double> answer = Number(got);
    if (answer.has_value() && Close(*answer, *number, tolerance)) return "";
    return absl::StrCat("got ", got.dump(), ", expected ", expected.dump());
  }
  if (expected.is_array()) {
    if (!got.is_array() || got.size() != expected.size()) {
      return absl::StrCat("got ", got.dump(), ", expected ", expected.size(), " values");
    }
    for (std::size_t k = 0; k < expected.size(); ++k) {
      const std::string why = Differs(got[k], expected[k], tolerance);
      if (!why.empty()) return absl::StrCat("[", k, "] ", why);
    }
    return "";
  }
  if (expected.is_object() && got.is_object()) {
    for (const auto& [name, value] : got.items()) {
      if (!expected.contains(name)) continue;
      const std::string why = Differs(value, expected.at(name), tolerance);
      if (!why.empty()) return absl::StrCat(".", name, " ", why);
    }
    return "";
  }
  return got == expected ? "" : absl::StrCat("got ", got.dump(), ", expected ", expected.dump());
}

enum class Outcome { kMatched, kNotOffered, kMismatch };

struct Judgement {
  Outcome outcome = Outcome::kMatched;
  std::string why;
  std::vector<std::string> unanswered;  // fields of a case that matches
};

// A case whose numbers are undefined says so, or expects nothing but nulls.
bool ExpectsUndefined(const Json& expected) {
  return expected.value("defined", true) == false ||
         std::all_of(expected.begin(), expected.end(), [](const Json& v) { return v.is_null(); });
}

Judgement CompareFields(const Json& answer, const Json& test_case) {
  const Json& expected = test_case.at("expected");
  const Json& tolerance = test_case.at("tolerance");
  const Json overrides = tolerance.value("fields", Json::object());
  int compared = 0;
  for (const auto& [name, value] : answer.items()) {
    if (!expected.contains(name)) continue;
    ++compared;
    const std::string why =
        Differs(value, expected.at(name),
                ToleranceOf(overrides.contains(name) ? overrides.at(name) : tolerance));
    if (!why.empty()) return {.outcome = Outcome::kMismatch, .why = absl::StrCat(name, " ", why)};
  }
  if (compared == 0) {
    return {.outcome = Outcome::kMismatch, .why = "none of the expected fields is answered"};
  }
  Judgement judgement;
  for (const auto& [name, value] : expected.items()) {
    if (!answer.contains(name)) judgement.unanswered.push_back(name);
  }
  return judgement;
}

Judgement Judge(const Methods& methods, const Json& test_case) {
  const auto method = methods.find(test_case.at("method").get<std::string>());
  if (method == methods.end()) return {.outcome = Outcome::kMismatch, .why = "unknown method"};
  const absl::StatusOr<Json> answer = method->second(test_case.at("inputs"));
  const Json& expected = test_case.at("expected");
  if (answer.ok()) {
    if (ExpectsUndefined(expected)) {
      return {.outcome = Outcome::kMismatch,
              .why = "got numbers where there are none: " + answer->dump()};
    }
    return CompareFields(*answer, test_case);
  }
  if (answer.status().code() == absl::StatusCode::kUnimplemented) {
    return {.outcome = Outcome::kNotOffered, .why = std::string(answer.status().message())};
  }
  if (ExpectsUndefined(expected)) return {};
  return {.outcome = Outcome::kMismatch, .why = answer.status().ToString()};
}

struct Totals {
  int cases = 0, matched = 0, not_offered = 0, mismatches = 0;
};

void Add(Totals& sum, const Totals& more) {
  sum.cases += more.cases;
  sum.matched += more.matched;
  sum.not_offered += more.not_offered;
  sum.mismatches += more.mismatches;
}

void Print(const std::string& name, const Totals& totals) {
  absl::PrintF("%-24s %7d %9d %13d\n", name, totals.cases, totals.matched, totals.not_offered);
}

class Run {
 public:
  explicit Run(Methods methods) : methods_(std::move(methods)) {}

  void File(const std::filesystem::path& path) {
    std::ifstream stream(path);
    const Json cases = Json::parse(stream);
    Totals totals;
    for (const Json& test_case : cases) Count(test_case, totals);
    Print(path.filename().string(), totals);
    Add(all_, totals);
  }

  // Prints what the table leaves out; true if every case is matched or not offered.
  [[nodiscard]] bool Finish() const {
    Print("total", all_);
    for (const auto& [method, reason] : reasons_) {
      absl::PrintF("not offered: %s (%s)\n", method, reason);
    }
    for (const auto& [field, cases] : unanswered_) {
      absl::PrintF("not offered: %s (%d %s)\n", field, cases, cases == 1 ? "case" : "cases");
    }
    for (const std::string& mismatch : mismatches_) absl::PrintF("MISMATCH %s\n", mismatch);
    return all_.mismatches == 0 && all_.cases > 0;
  }

 private:
  void Count(const Json& test_case, Totals& totals) {
    ++totals.cases;
    Judgement judgement;
    try {
      judgement = Judge(methods_, test_case);
    } catch (const std::exception& error) {  // of the JSON library
      judgement = {.outcome = Outcome::kMismatch,
                   .why = absl::StrCat("cannot read the case: ", error.what())};
    }
    const std::string method = test_case.value("method", "");
    switch (judgement.outcome) {
      case Outcome::kMatched:
        ++totals.matched;
        for (const std::string& field : judgement.unanswered) {
          ++unanswered_[absl::StrCat(method, ".", field)];
        }
        break;
      case Outcome::kNotOffered:
        ++totals.not_offered;
        reasons_[method] = judgement.why;
        break;
      case Outcome::kMismatch:
        ++totals.mismatches;
        mismatches_.push_back(
            absl::StrCat(test_case.value("id", "?"), " (", method, "): ", judgement.why));
        break;
    }
  }

  const Methods methods_;
  Totals all_;
  std::map<std::string, std::string> reasons_;
  std::map<std::string, int> unanswered_;  // how often, by "method.field"
  std::vector<std::string> mismatches_;
};

Methods AllMethods() {
  Methods methods;
  AddMethodsNotOffered(methods);
  AddDistributionMethods(methods);
  AddHashingMethods(methods);
  AddMeanMethods(methods);
  AddMultipleTestingMethods(methods);
  AddPowerMethods(methods);
  AddProportionMethods(methods);
  AddQuantileMethods(methods);
  AddRatioAndCovariateMethods(methods);
  AddSampleRatioMethods(methods);
  AddSatisfactionMethods(methods);
  AddSequentialMethods(methods);
  return methods;
}

std::filesystem::path Folder() {
  if (const char* folder = std::getenv("INSIGHTLOOP_REFERENCE_DIR")) return folder;
  if (const char* shared = std::getenv("INSIGHTLOOP_SHARED")) {
    return std::filesystem::path(shared) / "reference";
  }
  return "../shared/reference";
}

int Main() {
  const std::filesystem::path folder = Folder();
  if (!std::filesystem::is_directory(folder)) {
    absl::PrintF("skipped: there is no folder %s; name one in INSIGHTLOOP_REFERENCE_DIR\n",
                 folder.string());
    return kSkipped;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  absl::PrintF("%-24s %7s %9s %13s\n", "file", "cases", "matched", "not offered");
  Run run(AllMethods());
  for (const std::filesystem::path& file : files) run.File(file);
  return run.Finish() ? 0 : 1;
}

}  // namespace

Json ToJson(const stats::Interval& interval) { return {interval.lower, interval.upper}; }

}  // namespace insightloop::reference

int main() {
  try {
    return insightloop::reference::Main();
  } catch (const std::exception& error) {  // of the file system and the JSON library
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
