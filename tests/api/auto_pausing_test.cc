// SPDX-License-Identifier: Apache-2.0

#include "api/auto_pausing.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/engine/harm_fixture.h"

namespace insightloop::api {
namespace {

class AutoPausingTest : public testing::HarmTest {
 protected:
  bool IsPausedWithin(std::chrono::seconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (Spring().state != ExperimentState::kPaused) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
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
