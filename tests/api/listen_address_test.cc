// SPDX-License-Identifier: Apache-2.0

#include "api/listen_address.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/domain/error.h"
#include "tests/support/status_matchers.h"

namespace insightloop::api {
namespace {

using ::insightloop::testing::IsOk;
using ::insightloop::testing::StatusIs;
using ::testing::HasSubstr;

TEST(ListenAddressTest, ReadsWhatItWrites) {
  for (const std::string text :
       {"127.0.0.1:50051", "localhost:0", "[::1]:65535", "0.0.0.0:80", "unix:/run/il.sock"}) {
    const auto address = ParseListenAddress(text);
    ASSERT_THAT(address, IsOk()) << text;
    EXPECT_EQ(address->ToString(), text);
  }
  EXPECT_EQ(ParseListenAddress("[::1]:0")->ToString(1234), "[::1]:1234");
}

TEST(ListenAddressTest, RefusesWhatIsNone) {
  for (const std::string text : {"", ":", "50051", "host", "host:", ":50051", "host:-1", "host:+1",
                                 "host:65536", "host:x", "::1:50051", "[host]:1", "unix:"}) {
    EXPECT_THAT(ParseListenAddress(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("give HOST:PORT such as")))
        << text;
  }
}

TEST(ListenAddressTest, KnowsWhatOtherMachinesCannotReach) {
  for (const std::string text :
       {"127.0.0.1:1", "127.9.8.7:1", "localhost:1", "[::1]:1", "unix:x"}) {
    EXPECT_TRUE(ParseListenAddress(text)->IsLocal()) << text;
  }
  for (const std::string text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.evil.example:1",
                                 "localhost.example:1", "128.0.0.1:1"}) {
    EXPECT_FALSE(ParseListenAddress(text)->IsLocal()) << text;
  }
}

TEST(ListenAddressTest, FindsAnAddressThatIsNotThisMachines) {
  const auto address = ParseListenAddress("192.0.2.1:50051");  // TEST-NET-1 of RFC 5737
  ASSERT_THAT(address, IsOk());
  const absl::Status status = CheckFree(*address);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("cannot listen on 192.0.2.1:50051")));
  EXPECT_EQ(DetailsOf(status).reason, "ADDRESS_NOT_USABLE");
}

TEST(ListenAddressTest, FindsAPathThatIsTooLongOrNoSocket) {
  EXPECT_THAT(CheckFree({.unix_path = std::string(200, 'x')}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("longer than 107 bytes")));
  EXPECT_THAT(CheckFree({.unix_path = "/"}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("is no socket")));
}

}  // namespace
}  // namespace insightloop::api
