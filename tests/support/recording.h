// SPDX-License-Identifier: Apache-2.0
//
// Recording and waiting for it.

#ifndef INSIGHTLOOP_TESTS_SUPPORT_RECORDING_H_
#define INSIGHTLOOP_TESTS_SUPPORT_RECORDING_H_

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/domain/facts.h"
#include "engine/measurement/recorder.h"

namespace insightloop::testing {

using RowFates = absl::StatusOr<std::vector<RowFate>>;

inline RowFates Await(const std::function<void(RowsRecorded)>& record) {
  const auto answer = std::make_shared<std::promise<RowFates>>();
  record([answer](RowFates fates) { answer->set_value(std::move(fates)); });
  return answer->get_future().get();
}

template <class Row>
SubmittedRows<Row> RowsOf(const std::vector<Row>& rows) {
  return {.size = rows.size(), .read = [&rows](std::size_t place, Row& row) {
            row = rows[place];
            return std::nullopt;
          }};
}

inline RowFates RecordExposures(Recorder& recorder, const std::vector<SubmittedExposure>& rows) {
  return Await(
      [&](RowsRecorded recorded) { recorder.RecordExposures(RowsOf(rows), std::move(recorded)); });
}

inline RowFates RecordOutcomes(Recorder& recorder, const std::vector<SubmittedOutcome>& rows,
                               bool backfill = false) {
  return Await([&](RowsRecorded recorded) {
    recorder.RecordOutcomes(RowsOf(rows), backfill, std::move(recorded));
  });
}

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_RECORDING_H_
