// SPDX-License-Identifier: Apache-2.0
//
// Appending to a log and waiting for it.

#ifndef INSIGHTLOOP_TESTS_SUPPORT_APPEND_H_
#define INSIGHTLOOP_TESTS_SUPPORT_APPEND_H_

#include <utility>

#include "absl/status/status.h"
#include "engine/domain/await.h"
#include "engine/ports/fact_log.h"

namespace insightloop::testing {

inline absl::Status Append(FactLog& log, const FactBatch& batch) {
  return Await<absl::Status>(
      [&](FactLog::Appended appended) { log.Append(batch, std::move(appended)); });
}

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_APPEND_H_
