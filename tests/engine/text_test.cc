// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/text.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace insightloop {
namespace {

TEST(TextTest, FindsEveryByteThatDiffers) {
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::string text(size, 'a');
    EXPECT_TRUE(SameText(text, std::string(text)));
    EXPECT_FALSE(SameText(text, text + 'a'));
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'b';
      EXPECT_FALSE(SameText(text, other)) << other;
    }
  }
}

}  // namespace
}  // namespace insightloop
