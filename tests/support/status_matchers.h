// SPDX-License-Identifier: Apache-2.0
//
// GoogleTest matchers for absl::Status and absl::StatusOr<T>:
//
//   EXPECT_THAT(store.Open(), IsOk());
//   EXPECT_THAT(Parse("3"), IsOkAndHolds(3));
//   EXPECT_THAT(Parse("x"), StatusIs(absl::StatusCode::kInvalidArgument));
//   EXPECT_THAT(Parse("x"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"x\"")));
//
// The status may be an lvalue or a temporary. There is deliberately no "is not OK": a test names
// the error it expects. Newer releases of Abseil bring such matchers; the one we build against does
// not.

#ifndef INSIGHTLOOP_TESTS_SUPPORT_STATUS_MATCHERS_H_
#define INSIGHTLOOP_TESTS_SUPPORT_STATUS_MATCHERS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace insightloop::testing {
namespace internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }

template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

class IsOkMatcher {
 public:
  template <typename StatusLike>
  operator ::testing::Matcher<StatusLike>() const {  // NOLINT(google-explicit-constructor)
    return ::testing::Matcher<StatusLike>(new Impl<const StatusLike&>());
  }

 private:
  template <typename StatusLike>
  class Impl : public ::testing::MatcherInterface<StatusLike> {
   public:
    void DescribeTo(std::ostream* os) const override { *os << "is OK"; }
    void DescribeNegationTo(std::ostream* os) const override { *os << "is not OK"; }
    bool MatchAndExplain(StatusLike value,
                         ::testing::MatchResultListener* listener) const override {
      const absl::Status& status = StatusOf(value);
      if (!status.ok()) *listener << "whose status is " << status;
      return status.ok();
    }
  };
};

class StatusIsMatcher {
 public:
  StatusIsMatcher(::testing::Matcher<absl::StatusCode> code,
                  ::testing::Matcher<const std::string&> message)
      : code_(std::move(code)), message_(std::move(message)) {}

  template <typename StatusLike>
  operator ::testing::Matcher<StatusLike>() const {  // NOLINT(google-explicit-constructor)
    return ::testing::Matcher<StatusLike>(new Impl<const StatusLike&>(code_, message_));
  }

 private:
  template <typename StatusLike>
  class Impl : public ::testing::MatcherInterface<StatusLike> {
   public:
    Impl(::testing::Matcher<absl::StatusCode> code, ::testing::Matcher<const std::string&> message)
        : code_(std::move(code)), message_(std::move(message)) {}

    void DescribeTo(std::ostream* os) const override {
      *os << "has a status code that ";
      code_.DescribeTo(os);
      *os << " and a message that ";
      message_.DescribeTo(os);
    }
    void DescribeNegationTo(std::ostream* os) const override {
      *os << "has a status code that ";
      code_.DescribeNegationTo(os);
      *os << " or a message that ";
      message_.DescribeNegationTo(os);
    }
    bool MatchAndExplain(StatusLike value,
                         ::testing::MatchResultListener* listener) const override {
      const absl::Status& status = StatusOf(value);
      const bool matches =
          code_.Matches(status.code()) && message_.Matches(std::string(status.message()));
      if (!matches) *listener << "whose status is " << status;
      return matches;
    }

   private:
    const ::testing::Matcher<absl::StatusCode> code_;
    const ::testing::Matcher<const std::string&> message_;
  };

  const ::testing::Matcher<absl::StatusCode> code_;
  const ::testing::Matcher<const std::string&> message_;
};

template <typename InnerMatcher>
class IsOkAndHoldsMatcher {
 public:
  explicit IsOkAndHoldsMatcher(InnerMatcher inner) : inner_(std::move(inner)) {}

  template <typename StatusOrType>
  operator ::testing::Matcher<StatusOrType>() const {  // NOLINT(google-explicit-constructor)
    return ::testing::Matcher<StatusOrType>(new Impl<const StatusOrType&>(inner_));
  }

 private:
  template <typename StatusOrType>
  class Impl : public ::testing::MatcherInterface<StatusOrType> {
   public:
    using Value = typename std::remove_cvref_t<StatusOrType>::value_type;

    explicit Impl(const InnerMatcher& inner)
        : inner_(::testing::SafeMatcherCast<const Value&>(inner)) {}

    void DescribeTo(std::ostream* os) const override {
      *os << "is OK and holds a value that ";
      inner_.DescribeTo(os);
    }
    void DescribeNegationTo(std::ostream* os) const override {
      *os << "is not OK or holds a value that ";
      inner_.DescribeNegationTo(os);
    }
    bool MatchAndExplain(StatusOrType value,
                         ::testing::MatchResultListener* listener) const override {
      if (!value.ok()) {
        *listener << "whose status is " << value.status();
        return false;
      }
      *listener << "which holds " << ::testing::PrintToString(*value) << " ";
      return inner_.MatchAndExplain(*value, listener);
    }

   private:
    const ::testing::Matcher<const Value&> inner_;
  };

  const InnerMatcher inner_;
};

}  // namespace internal

// Matches an OK absl::Status, or an absl::StatusOr that holds a value.
inline internal::IsOkMatcher IsOk() { return {}; }

// Matches an absl::StatusOr that holds a value which matches `inner`: a value or a matcher.
template <typename InnerMatcher>
internal::IsOkAndHoldsMatcher<std::decay_t<InnerMatcher>> IsOkAndHolds(InnerMatcher&& inner) {
  return internal::IsOkAndHoldsMatcher<std::decay_t<InnerMatcher>>(
      std::forward<InnerMatcher>(inner));
}

// Matches an absl::Status or absl::StatusOr by its code and, if given, by its message; each is a
// value or a matcher.
template <typename CodeMatcher, typename MessageMatcher>
internal::StatusIsMatcher StatusIs(CodeMatcher&& code, MessageMatcher&& message) {
  return internal::StatusIsMatcher(
      ::testing::MatcherCast<absl::StatusCode>(std::forward<CodeMatcher>(code)),
      ::testing::MatcherCast<const std::string&>(std::forward<MessageMatcher>(message)));
}
template <typename CodeMatcher>
internal::StatusIsMatcher StatusIs(CodeMatcher&& code) {
  return StatusIs(std::forward<CodeMatcher>(code), ::testing::_);
}

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_STATUS_MATCHERS_H_
