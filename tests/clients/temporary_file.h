// SPDX-License-Identifier: Apache-2.0
//
// A file for one test, removed with it.

#ifndef INSIGHTLOOP_TESTS_CLIENTS_TEMPORARY_FILE_H_
#define INSIGHTLOOP_TESTS_CLIENTS_TEMPORARY_FILE_H_

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace insightloop::cli {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content, const std::string& name = "rows.csv") {
    std::string folder = ::testing::TempDir() + "cli-XXXXXX";
    folder_ = mkdtemp(folder.data());
    path_ = folder_ + "/" + name;
    if (name.ends_with(".gz")) {
      gzFile file = gzopen(path_.c_str(), "wb");
      gzwrite(file, content.data(), static_cast<unsigned>(content.size()));
      gzclose(file);
    } else {
      std::ofstream(path_, std::ios::binary) << content;
    }
  }
  ~TemporaryFile() { std::filesystem::remove_all(folder_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string folder_;
  std::string path_;
};

}  // namespace insightloop::cli

#endif  // INSIGHTLOOP_TESTS_CLIENTS_TEMPORARY_FILE_H_
