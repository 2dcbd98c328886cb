// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/hashing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace insightloop {
namespace {

std::vector<std::string> Split(const std::string& line, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(line);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// The vectors come from tests/data/make_assignment_vectors.py, an implementation of its own.
TEST(HashingTest, ReplaysTheGoldenVectors) {
  std::ifstream file(std::string(std::getenv("INSIGHTLOOP_SOURCE")) +
                     "/tests/data/assignment_vectors.csv");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  int rows = 0;
  while (std::getline(file, line)) {
    const std::vector<std::string> cells = Split(line, ',');
    ASSERT_EQ(cells.size(), 5U) << line;
    std::vector<std::int32_t> weights;
    for (const std::string& weight : Split(cells[3], ' ')) weights.push_back(std::stoi(weight));
    EXPECT_EQ(SlotOf(Salt(cells[0]), cells[1]), std::stoi(cells[2])) << line;
    EXPECT_EQ(VariantOf(Salt(cells[0]), cells[1], weights), std::stoul(cells[4])) << line;
    ++rows;
  }
  EXPECT_EQ(rows, 52);
}

// Every way in which salt, unit id, words and stripes can lie towards each other. Expected: the
// library's XXH64 over the whole frame, as docs/assignment.md describes it.
TEST(HashingTest, IsXxh64OfTheFrameWhateverTheLengths) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i * 37 + 11);
  for (std::size_t salt_size = 0; salt_size <= kMaxSaltBytes; ++salt_size) {
    const std::string salt = bytes.substr(100, salt_size);
    for (std::size_t id_size = 0; id_size <= kMaxHashedIdBytes; ++id_size) {
      const std::string id = bytes.substr(0, id_size);
      const std::string frame = static_cast<char>(salt_size) + salt + id;
      ASSERT_EQ(SlotHash(Salt(salt), id), XXH64(frame.data(), frame.size(), /*seed=*/1))
          << salt_size << " " << id_size;
      ASSERT_EQ(VariantHash(Salt(salt), id), XXH64(frame.data(), frame.size(), /*seed=*/2))
          << salt_size << " " << id_size;
    }
  }
}

TEST(HashingTest, NeverChoosesAWeightOfZero) {
  const std::array<std::int32_t, 4> weights = {0, 1, 0, 1};
  for (int unit = 0; unit < 10'000; ++unit) {
    EXPECT_THAT(VariantOf(Salt("salt"), std::to_string(unit), weights), ::testing::AnyOf(1, 3));
  }
}

}  // namespace
}  // namespace insightloop
