// SPDX-License-Identifier: Apache-2.0

#include "engine/measurement/read_ahead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "tests/support/status_matchers.h"

namespace insightloop {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;

using Scan = std::function<absl::Status(const std::function<void(const std::int64_t&)>&)>;

Scan CountTo(std::int64_t rows, absl::Status status = absl::OkStatus()) {
  return [=](const std::function<void(const std::int64_t&)>& row) {
    for (std::int64_t i = 1; i <= rows; ++i) row(i);
    return status;
  };
}

TEST(ReadAheadTest, EveryRowIsTakenOnceAndInOrder) {
  for (const std::int64_t rows : {0, 1, 1'023, 1'024, 1'025, 100'000}) {
    std::vector<std::int64_t> expected(static_cast<std::size_t>(rows)), taken;
    std::iota(expected.begin(), expected.end(), 1);
    EXPECT_THAT(ReadAhead<std::int64_t>(CountTo(rows),
                                        [&](std::span<const std::int64_t> block) {
                                          EXPECT_FALSE(block.empty());
                                          taken.insert(taken.end(), block.begin(), block.end());
                                        }),
                IsOk());
    EXPECT_EQ(taken, expected);
  }
}

TEST(ReadAheadTest, WhatWasReadBeforeAnErrorIsTakenAndTheErrorReturned) {
  std::size_t taken = 0;
  EXPECT_THAT(ReadAhead<std::int64_t>(CountTo(3'000, absl::UnavailableError("closed")),
                                      [&](auto block) { taken += block.size(); }),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(taken, 3'000U);
}

TEST(ReadAheadTest, TheReaderWaitsForWhoTakes) {
  constexpr std::int64_t kAhead = 18 * 1'024;  // one taken, 16 waiting, one that cannot yet
  std::atomic<std::int64_t> read = 0;
  std::int64_t taken = 0;
  const Scan scan = [&](const std::function<void(const std::int64_t&)>& row) {
    while (read < 200'000) row(++read);
    return absl::OkStatus();
  };
  const auto take = [&](std::span<const std::int64_t> block) {
    if (taken == 0) {
      while (read < kAhead) std::this_thread::yield();
      for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
      EXPECT_EQ(read, kAhead);
    }
    taken += static_cast<std::int64_t>(block.size());
  };
  EXPECT_THAT(ReadAhead<std::int64_t>(scan, take), IsOk());
  EXPECT_EQ(taken, 200'000);
}

}  // namespace
}  // namespace insightloop
