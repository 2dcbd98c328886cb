// SPDX-License-Identifier: Apache-2.0
//
// Which function of stats/, or which hash of the assignment, answers which method of the reference
// cases. One Add… function per file of cases; the format of a case is in
// tests/data/reference/README.md.

#ifndef INSIGHTLOOP_TESTS_REFERENCE_METHODS_H_
#define INSIGHTLOOP_TESTS_REFERENCE_METHODS_H_

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "stats/comparison.h"

namespace insightloop::reference {

using Json = nlohmann::json;

// From the inputs of a case to the fields that we offer of its expected ones. A field that we do
// not offer stays out; one that cannot be computed is null. A status says of the whole case
//   kFailedPrecondition, kInvalidArgument  that it cannot be computed,
//   kUnimplemented                         that it is not offered, and why.
using Answer = std::function<absl::StatusOr<Json>(const Json& inputs)>;

using Methods = std::map<std::string, Answer, std::less<>>;

void AddDistributionMethods(Methods& methods);
void AddHashingMethods(Methods& methods);
void AddMeanMethods(Methods& methods);
void AddMultipleTestingMethods(Methods& methods);
void AddPowerMethods(Methods& methods);
void AddProportionMethods(Methods& methods);
void AddQuantileMethods(Methods& methods);
void AddRatioAndCovariateMethods(Methods& methods);
void AddSampleRatioMethods(Methods& methods);
void AddSatisfactionMethods(Methods& methods);
void AddSequentialMethods(Methods& methods);

// Methods that we know and do not offer, each with its reason; docs/statistics.md names them too.
void AddMethodsNotOffered(Methods& methods);

// An answer that says why a method, or some of its cases, are not offered.
absl::Status NotOffered(absl::string_view reason);

// [lower, upper] as cases write an interval.
Json ToJson(const stats::Interval& interval);

}  // namespace insightloop::reference

#endif  // INSIGHTLOOP_TESTS_REFERENCE_METHODS_H_
