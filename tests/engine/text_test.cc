// SPDX-License-Identifier: Apache-2.0

#include "engine/domain/text.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
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

TEST(TextTest, LoadsShortTextsByteByByte) {
  const std::string text = "\x01\x82\x03\x84\x05\x86\x07";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    std::uint64_t expected = 0;
    for (std::size_t at = 0; at < size; ++at) {
      expected |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[at])) << 8 * at;
    }
    EXPECT_EQ(LoadShort(text.substr(0, size)), expected) << size;
  }
}

TEST(TextTest, FindsEveryByteBeyondAscii) {
  for (std::size_t size = 0; size <= 40; ++size) {
    std::string text(size, '\x7F');
    EXPECT_TRUE(IsAscii(text)) << size;
    for (char& c : text) {
      c = '\x80';
      EXPECT_FALSE(IsAscii(text)) << size;
      c = '\x7F';
    }
  }
}

}  // namespace
}  // namespace insightloop
