// SPDX-License-Identifier: Apache-2.0

#include "engine/assignment/names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"

namespace insightloop {
namespace {

TEST(NamesTest, SpreadsNamesThatDifferInOneByteOverAllPlaces) {
  // Where the byte stands, in a name of one word and of several, must not matter.
  for (const std::size_t size : {3, 7, 8, 11, 18, 40}) {
    for (std::size_t at = 0; at < size; ++at) {
      std::array<int, 32> names{};
      std::string name(size, 'a');
      for (int c = 0; c < 256; ++c) {
        name[at] = static_cast<char>(c);
        ++names[HashOfName(name) % names.size()];
      }
      // 8 are expected; a table of names that crowd would be searched from end to end.
      EXPECT_LE(*std::max_element(names.begin(), names.end()), 32) << size << " " << at;
    }
  }
}

TEST(NamesTest, TellsNamesOfOneHashApart) {
  const std::string layer = "layers/mail", other = "layers/push", longer = "layers/mail-2";
  const std::uint64_t hash = HashOfName(layer);
  EXPECT_EQ(HashedName(layer), HashedName(std::string(layer)));
  EXPECT_NE(HashedName(layer, hash), HashedName(other, hash));
  EXPECT_NE(HashedName(layer, hash), HashedName(longer, hash));
  EXPECT_NE(HashedName("age", hash), HashedName(layer, hash));
}

TEST(NamesTest, FindsWhatAMapFinds) {
  std::mt19937_64 random(20261126);
  NameTable<int> table;
  std::map<std::string, int> expected;
  for (int i = 0; i < 2'000; ++i) {
    const std::string name =
        absl::StrCat(random() % 2 == 0 ? "x" : "experiments/e-", random() % 300);
    if (random() % 10 == 0) {
      table.Erase(name);
      expected.erase(name);
    } else {
      table[name] = i;
      expected[name] = i;
    }
    const std::string probe = absl::StrCat("x", random() % 300);
    const int* const found = table.Find(probe);
    const auto known = expected.find(probe);
    ASSERT_EQ(found != nullptr, known != expected.end()) << probe;
    if (found != nullptr) {
      ASSERT_EQ(*found, known->second) << probe;
    }
  }
  EXPECT_EQ((std::map<std::string, int>(table.begin(), table.end())), expected);
}

TEST(NamesTest, FindsNothingInAnEmptyTable) {
  const NameTable<int> table;
  EXPECT_EQ(table.Find("layers/mail"), nullptr);
  EXPECT_EQ(table.Find(""), nullptr);
}

}  // namespace
}  // namespace insightloop
