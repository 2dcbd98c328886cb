// SPDX-License-Identifier: Apache-2.0
//
// Appending to a log and waiting for it.

#ifndef INSIGHTLOOP_TESTS_SUPPORT_APPEND_H_
#define INSIGHTLOOP_TESTS_SUPPORT_APPEND_H_

#include <future>
#include <memory>

#include "absl/status/status.h"
#include "engine/ports/fact_log.h"

namespace insightloop::testing {

inline absl::Status Append(FactLog& log, const FactBatch& batch) {
  const auto result = std::make_shared<std::promise<absl::Status>>();
  log.Append(batch, [result](const absl::Status& status) { result->set_value(status); });
  return result->get_future().get();
}

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_APPEND_H_
