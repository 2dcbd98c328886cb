// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/private_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "clients/cli/errors.h"
#include "tests/clients/temporary_file.h"
#include "tests/support/status_matchers.h"

namespace insightloop::cli {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

// A program in the place of the server.
class PrivateServerTest : public ::testing::Test {
 protected:
  void Use(const char* script) {
    program_ = std::make_unique<TemporaryFile>(script, "insightloopd");
    chmod(program_->path().c_str(), 0700);
    setenv("INSIGHTLOOP_SERVER_PROGRAM", program_->path().c_str(), 1);
  }
  ~PrivateServerTest() override { unsetenv("INSIGHTLOOP_SERVER_PROGRAM"); }

  static std::string FolderOf(const PrivateServer& server) {
    return std::filesystem::path(server.target().substr(5)).parent_path();
  }

 private:
  std::unique_ptr<TemporaryFile> program_;
};

TEST_F(PrivateServerTest, TellsWhatAServerSaidThatEnded) {
  Use("#!/bin/sh\necho \"database $2 is damaged\" >&2\nexit 3\n");
  auto server = PrivateServer::Start("shop.db");
  ASSERT_THAT(server, IsOk());
  Caller caller((*server)->target(), std::chrono::seconds(5));
  const absl::Status waited = (*server)->WaitUntilServing(caller);
  EXPECT_THAT(waited, StatusIs(absl::StatusCode::kInternal, HasSubstr("ended with exit code 3")));
  EXPECT_THAT(TakeApart(waited).remedy, HasSubstr("database shop.db is damaged"));
}

TEST_F(PrivateServerTest, LeavesNothingBehind) {
  Use("#!/bin/sh\nexec sleep 60\n");
  std::string folder;
  {
    auto server = PrivateServer::Start(":memory:");
    ASSERT_THAT(server, IsOk());
    folder = FolderOf(**server);
    struct stat about {};
    ASSERT_EQ(stat(folder.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0700U);
    EXPECT_THAT((*server)->Check(), IsOk());
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace insightloop::cli
