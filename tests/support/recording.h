// SPDX-License-Identifier: Apache-2.0
//
// Recording, waiting for it, and what came of it.

#ifndef INSIGHTLOOP_TESTS_SUPPORT_RECORDING_H_
#define INSIGHTLOOP_TESTS_SUPPORT_RECORDING_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/domain/await.h"
#include "engine/domain/facts.h"
#include "engine/measurement/recorder.h"

namespace insightloop::testing {

using RowFates = absl::StatusOr<std::vector<RowFate>>;

template <class Row>
SubmittedRows<Row> RowsOf(const std::vector<Row>& rows) {
  return {.size = rows.size(), .read = [&rows](std::size_t place, Row& row) {
            row = rows[place];
            return std::nullopt;
          }};
}

inline RowFates RecordExposures(Recorder& recorder, const std::vector<SubmittedExposure>& rows) {
  return Await<RowFates>(
      [&](RowsRecorded recorded) { recorder.RecordExposures(RowsOf(rows), std::move(recorded)); });
}

inline RowFates RecordOutcomes(Recorder& recorder, const std::vector<SubmittedOutcome>& rows,
                               bool backfill = false) {
  return Await<RowFates>([&](RowsRecorded recorded) {
    recorder.RecordOutcomes(RowsOf(rows), backfill, std::move(recorded));
  });
}

// Every row was new and is stored.
inline void ExpectAccepted(const RowFates& fates) {
  ASSERT_TRUE(fates.ok()) << fates.status();
  for (const RowFate& fate : *fates) {
    ASSERT_EQ(fate.fate, Fate::kAccepted) << (fate.fault == nullptr ? "" : fate.fault->detail);
  }
}

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_RECORDING_H_
