// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/interrupt.h"

#include <signal.h>

#include <atomic>

namespace insightloop::demo {
namespace {

std::atomic<int> noted_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may not wait for a lock");

void Note(int signal) { noted_signal.store(signal); }

}  // namespace

void InstallInterruptHandlers() {
  struct sigaction action {};
  action.sa_handler = Note;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
  // Output piped into `head` ends with an error of the stream, not of the process: the server has
  // to be stopped all the same.
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

int InterruptSignal() { return noted_signal.load(); }

}  // namespace insightloop::demo
