// SPDX-License-Identifier: Apache-2.0

#include "api/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "engine/domain/error.h"
#include "tests/support/status_matchers.h"

namespace insightloop::api {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ExecutorTest, RunsEverythingExactlyOnce) {
  std::atomic<int> runs = 0;
  {
    Executor executor(4, 10'000);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) ASSERT_THAT(executor.Submit([&] { ++runs; }), IsOk());
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(runs, 4000);
}

TEST(ExecutorTest, RefusesWorkBeyondItsQueue) {
  Executor executor(1, 2);
  std::promise<void> begun;
  std::promise<void> go;
  ASSERT_THAT(executor.Submit([&, wait = go.get_future().share()] {
    begun.set_value();
    wait.wait();
  }),
              IsOk());
  begun.get_future().wait();  // now the worker is busy and the queue empty
  std::atomic<int> runs = 0;
  EXPECT_THAT(executor.Submit([&] { ++runs; }), IsOk());
  EXPECT_THAT(executor.Submit([&] { ++runs; }), IsOk());
  const absl::Status refused = executor.Submit([&] { ++runs; });
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("2 calls wait")));
  EXPECT_EQ(DetailsOf(refused).reason, "OVERLOADED");
  EXPECT_TRUE(DetailsOf(refused).retry_delay.has_value());
  go.set_value();
  executor.Shutdown();
  EXPECT_EQ(runs, 2);
}

TEST(ExecutorTest, FinishesItsQueueAndThenRefuses) {
  Executor executor(2, 100);
  std::atomic<int> runs = 0;
  for (int i = 0; i < 100; ++i) static_cast<void>(executor.Submit([&] { ++runs; }));
  executor.Shutdown();
  EXPECT_EQ(runs, 100);
  const absl::Status refused = executor.Submit([&] { ++runs; });
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(DetailsOf(refused).reason, "SHUTTING_DOWN");
  executor.Shutdown();  // again does no harm
  EXPECT_EQ(runs, 100);
}

}  // namespace
}  // namespace insightloop::api
