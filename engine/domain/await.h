// SPDX-License-Identifier: Apache-2.0
//
// Waiting for what is answered through a callback.

#ifndef INSIGHTLOOP_ENGINE_DOMAIN_AWAIT_H_
#define INSIGHTLOOP_ENGINE_DOMAIN_AWAIT_H_

#include <functional>
#include <future>
#include <memory>
#include <utility>

namespace insightloop {

// Calls `start` with a callback that it has called once, from any thread, and returns what that was
// given.
template <class Result>
Result Await(const std::function<void(std::function<void(Result)>)>& start) {
  // Shared: it must outlive the end of set_value() on the other thread.
  const auto result = std::make_shared<std::promise<Result>>();
  start([result](Result value) { result->set_value(std::move(value)); });
  return result->get_future().get();
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_DOMAIN_AWAIT_H_
