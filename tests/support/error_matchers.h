// SPDX-License-Identifier: Apache-2.0
//
//   EXPECT_THAT(resources.Get<Event>("x"),
//               FailsWith(absl::StatusCode::kInvalidArgument, "INVALID_NAME", HasSubstr("\"x\"")));

#ifndef INSIGHTLOOP_TESTS_SUPPORT_ERROR_MATCHERS_H_
#define INSIGHTLOOP_TESTS_SUPPORT_ERROR_MATCHERS_H_

#include <gmock/gmock.h>

#include <string>

#include "engine/domain/error.h"
#include "tests/support/status_matchers.h"

namespace insightloop::testing {

// An error with this code, reason and message; the message matcher is given by the caller so that
// every test says what a person reads.
MATCHER_P3(FailsWith, code, reason, message, "") {
  const absl::Status& status = internal::StatusOf(arg);
  *result_listener << "which is " << status << " with reason " << DetailsOf(status).reason;
  return status.code() == code && DetailsOf(status).reason == reason &&
         ::testing::Matches(message)(std::string(status.message()));
}

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_ERROR_MATCHERS_H_
