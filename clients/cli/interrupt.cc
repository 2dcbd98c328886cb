// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>

#include "clients/cli/errors.h"

namespace insightloop::cli {
namespace {

// A signal handler may touch nothing but lock-free atomics and memory that stays where it is.
constexpr std::size_t kMaxFiles = 4;
constexpr std::size_t kMaxPath = 256;
std::atomic<bool> interrupted{false};
std::atomic<pid_t> leftover_process{0};
std::array<std::array<char, kMaxPath>, kMaxFiles> leftover_files{};
std::array<char, kMaxPath> leftover_folder{};

void CopyPath(const std::string& path, std::array<char, kMaxPath>& to) {
  to[0] = '\0';
  // A cut path would name another file.
  if (path.size() < to.size()) std::memcpy(to.data(), path.c_str(), path.size() + 1);
}

extern "C" void OnSignal(int /*number*/) {
  if (!interrupted.exchange(true)) return;
  const pid_t process = leftover_process.load();
  if (process > 0) {
    kill(process, SIGKILL);
    for (const auto& file : leftover_files) {
      if (file[0] != '\0') unlink(file.data());
    }
    rmdir(leftover_folder.data());
  }
  _exit(kExitInterrupted);
}

}  // namespace

void InstallInterruptHandlers() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    // What was ignored, as under nohup, stays ignored.
    struct sigaction before {};
    if (sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(number, &action, nullptr);
  }
  signal(SIGPIPE, SIG_IGN);
}

bool Interrupted() { return interrupted.load(); }

void NoteLeftovers(pid_t process, const std::vector<std::string>& files,
                   const std::string& folder) {
  leftover_process.store(0);
  for (std::size_t i = 0; i < kMaxFiles; ++i) {
    CopyPath(i < files.size() ? files[i] : std::string(), leftover_files[i]);
  }
  CopyPath(folder, leftover_folder);
  leftover_process.store(process);
}

}  // namespace insightloop::cli
