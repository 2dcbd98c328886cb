// SPDX-License-Identifier: Apache-2.0
//
// One metric's columns, added up by group of rows.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_GROUP_SUMS_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_GROUP_SUMS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/domain/json.h"
#include "engine/domain/time.h"
#include "engine/measurement/roster.h"
#include "engine/measurement/tally.h"
#include "engine/ports/measurement.h"
#include "stats/joint_sums.h"

namespace insightloop {

// Rows are added up by group; those that do not count are in the first.
using Group = std::uint16_t;
inline constexpr Group kNobody = 0;

// The rows of a tally in groups. What is referred to must outlive this.
struct GroupedRows {
  const Roster& roster;
  const Tally& tally;
  Time as_of;
  const std::vector<Json>& attributes;                   // by index; null where no row has them
  const std::vector<std::optional<std::int64_t>>& caps;  // by metric
  std::vector<Group> group_of_row;
  std::size_t groups = 0;  // with that of nobody
};

// Units of a group by what they did in one metric.
struct GroupCounts {
  std::int64_t nonzero = 0, asked = 0, dismissed = 0, promoters = 0, detractors = 0, top_two = 0;
  std::int64_t largest = 0;
};

// A metric's figures, by group. Those that it does not ask for are empty.
struct GroupSums {
  std::vector<stats::JointSums> joint;
  std::vector<GroupCounts> counts;
  std::vector<stats::JointSums> weeks;
  // Surveys: units by place of their answer among those of the metric, of which the last ones may
  // be missing here; weighted sums; the behaviour's numbers, by SaidGroup().
  std::vector<std::vector<std::int64_t>> answers;
  std::vector<stats::JointSums> weighted;
  std::vector<stats::JointSums> behaviour;
};

// The group, among those of GroupSums::behaviour, of the units of a group (not kNobody) that said
// so.
constexpr Group SaidGroup(std::size_t group, Said said) {
  return static_cast<Group>((group - 1) * kSaidValues + static_cast<std::size_t>(said) + 1);
}

// Variables of a metric's joint sums.
std::size_t VariablesOf(const MeasuredMetric& metric);

// O(rows). `answers` are the different answers to a survey so far, to which this adds: at most one
// more than are counted. Safe for concurrent calls with answers of their own.
GroupSums SumByGroup(const GroupedRows& rows, std::size_t metric,
                     std::vector<std::int64_t>& answers);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_GROUP_SUMS_H_
