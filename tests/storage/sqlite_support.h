// SPDX-License-Identifier: Apache-2.0
//
// Folders, randomness and databases for the tests of this folder.

#ifndef INSIGHTLOOP_TESTS_STORAGE_SQLITE_SUPPORT_H_
#define INSIGHTLOOP_TESTS_STORAGE_SQLITE_SUPPORT_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "engine/domain/error.h"
#include "engine/domain/time.h"
#include "engine/ports/random.h"
#include "storage/sqlite/database.h"

namespace insightloop::storage {

// Removed with everything in it.
class TestFolder {
 public:
  TestFolder() : path_(::testing::TempDir() + "insightloop-test-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) ADD_FAILURE() << "no folder for temporary files";
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string File(const std::string& name = "database") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// 1, 2, 3 … from `first`.
class CountingRandom : public Random {
 public:
  explicit CountingRandom(std::uint64_t first = 1) : next_(first) {}
  std::uint64_t Next() override { return next_++; }

 private:
  std::uint64_t next_;
};

inline constexpr Time kOpened = kEarliestTime + Days(700'000);

inline absl::StatusOr<std::unique_ptr<SqliteDatabase>> OpenWith(SqliteOptions options) {
  CountingRandom random;
  if (options.now == Time()) options.now = kOpened;
  return SqliteDatabase::Open(std::move(options), random);
}

inline absl::StatusOr<std::unique_ptr<SqliteDatabase>> OpenDatabase(const std::string& path) {
  return OpenWith({.path = path});
}

inline std::string ReasonOf(const absl::Status& status) { return DetailsOf(status).reason; }

inline std::string BytesOfFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace insightloop::storage

#endif  // INSIGHTLOOP_TESTS_STORAGE_SQLITE_SUPPORT_H_
