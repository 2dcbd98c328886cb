// SPDX-License-Identifier: Apache-2.0
//
// Texts for facts, which only view them.

#ifndef INSIGHTLOOP_TESTS_SUPPORT_KEPT_H_
#define INSIGHTLOOP_TESTS_SUPPORT_KEPT_H_

#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace insightloop::testing {

// The text, as long as the process lives. Safe for concurrent calls.
inline std::string_view Kept(std::string text) {
  static std::mutex mutex;
  static std::set<std::string> texts;
  const std::lock_guard lock(mutex);
  return *texts.insert(std::move(text)).first;
}

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_KEPT_H_
