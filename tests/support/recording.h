// SPDX-License-Identifier: Apache-2.0
//
// Recording and waiting for it.

#ifndef INSIGHTLOOP_TESTS_SUPPORT_RECORDING_H_
#define INSIGHTLOOP_TESTS_SUPPORT_RECORDING_H_

#include <functional>
#include <future>
#include <memory>
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

inline RowFates RecordExposures(Recorder& recorder, std::vector<SubmittedExposure> rows) {
  return Await([&](RowsRecorded recorded) {
    recorder.RecordExposures(std::move(rows), std::move(recorded));
  });
}

inline RowFates RecordOutcomes(Recorder& recorder, std::vector<SubmittedOutcome> rows,
                               bool backfill = false) {
  return Await([&](RowsRecorded recorded) {
    recorder.RecordOutcomes(std::move(rows), backfill, std::move(recorded));
  });
}

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_RECORDING_H_
