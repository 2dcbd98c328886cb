// SPDX-License-Identifier: Apache-2.0
//
// What benchmarks have in common: they end at the first error, and tell times and sizes.

#ifndef INSIGHTLOOP_TESTS_BENCH_MEASURING_H_
#define INSIGHTLOOP_TESTS_BENCH_MEASURING_H_

#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace insightloop::bench {

using SteadyClock = std::chrono::steady_clock;

[[noreturn]] inline void Fail(const std::string& what) {
  std::fprintf(stderr, "error: %s\n", what.c_str());
  std::exit(1);
}

inline void Must(const absl::Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

template <class T>
T Must(absl::StatusOr<T> result) {
  Must(result.status());
  return *std::move(result);
}

// Called by a process that was just forked: it ends when the thread of `parent` that forked it
// does.
inline void EndWith(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // which was gone before the line above
}

inline double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

// Whether the command line asks for small sizes.
inline bool IsQuick(int argc, char** argv) {
  return argc > 1 && std::string_view(argv[1]) == "--quick";
}

// The upper one of an even number of values; there is one at least.
inline double MedianOf(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

}  // namespace insightloop::bench

#endif  // INSIGHTLOOP_TESTS_BENCH_MEASURING_H_
