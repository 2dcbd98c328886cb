// SPDX-License-Identifier: Apache-2.0

#include "api/auto_pausing.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "tests/engine/harm_fixture.h"

namespace insightloop::api {
namespace {

class AutoPausingTest : public testing::HarmTest {
 protected:
  // A pause publishes a catalog.
  bool IsPausedWithin(std::chrono::seconds patience) {
    std::mutex mutex;
    std::condition_variable published;
    const std::int64_t listener = catalog_.Subscribe([&] {
      const std::lock_guard lock(mutex);
      published.notify_all();
    });
    bool is_paused = false;
    {
      std::unique_lock lock(mutex);
      is_paused = published.wait_for(lock, patience,
                                     [this] { return Spring().state == ExperimentState::kPaused; });
    }
    catalog_.Unsubscribe(listener);
    return is_paused;
  }
};

TEST_F(AutoPausingTest, LooksAgainAndAgain) {
  Running("spring", AnAutoPaused());
  const AutoPausing auto_pausing(auto_pause_, Duration{1'000});
  PlayHarm();
  EXPECT_TRUE(IsPausedWithin(std::chrono::seconds(60)));
}

TEST_F(AutoPausingTest, LooksAtOnceAndEndsWithoutWaitingForTheNextTime) {
  Running("spring", AnAutoPaused());
  PlayHarm();
  const AutoPausing auto_pausing(auto_pause_, Days(1));
  EXPECT_TRUE(IsPausedWithin(std::chrono::seconds(60)));
}

}  // namespace
}  // namespace insightloop::api
