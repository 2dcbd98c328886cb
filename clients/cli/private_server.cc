// SPDX-License-Identifier: Apache-2.0

#include "clients/cli/private_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "clients/cli/errors.h"
#include "clients/cli/interrupt.h"
#include "clients/cli/text.h"

namespace insightloop::cli {
namespace {

constexpr std::string_view kProgram = "insightloopd";
constexpr std::chrono::seconds kStartLimit(30);
constexpr std::chrono::seconds kEndLimit(10);

bool IsProgram(const std::string& path) {
  struct stat about {};
  return stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
         access(path.c_str(), X_OK) == 0;
}

absl::StatusOr<std::string> FindProgram() {
  if (const char* const named = std::getenv("INSIGHTLOOP_SERVER_PROGRAM")) {
    if (IsProgram(named)) return std::string(named);
  }
  std::array<char, PATH_MAX> self{};
  const ssize_t size = readlink("/proc/self/exe", self.data(), self.size() - 1);
  if (size > 0) {
    std::string path(self.data(), static_cast<std::size_t>(size));
    path = Join({path.substr(0, path.rfind('/') + 1), kProgram});
    if (IsProgram(path)) return path;
  }
  const char* const variable = std::getenv("PATH");
  std::string_view folders = variable == nullptr ? "" : variable;
  while (!folders.empty()) {
    const std::size_t colon = std::min(folders.find(':'), folders.size());
    const std::string path = Join({folders.substr(0, colon), "/", kProgram});
    if (colon > 0 && IsProgram(path)) return path;
    folders.remove_prefix(std::min(colon + 1, folders.size()));
  }
  return MakeError(
      absl::StatusCode::kUnavailable, "NO_SERVER_PROGRAM",
      "a private server is needed, and insightloopd is neither beside this program nor "
      "on PATH",
      "Install insightloopd, or name a running server with --server HOST:PORT.");
}

// The end of what the server said.
std::string LastWords(const std::string& log) {
  std::ifstream file(log);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  text = std::string(Trimmed(text));
  constexpr std::size_t kMost = 2000;
  return text.size() > kMost ? "…" + text.substr(text.size() - kMost) : text;
}

// Whether a response of grpc.health.v1.Health/Check says SERVING (1). The message has one field,
// `status = 1`, so its bytes are 08 01; its .proto is not packaged by the system.
bool SaysServing(const grpc::ByteBuffer& response) {
  grpc::Slice slice;
  return response.TrySingleSlice(&slice).ok() && slice.size() == 2 && slice.begin()[0] == 0x08 &&
         slice.begin()[1] == 0x01;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateServer>> PrivateServer::Start(const std::string& database,
                                                                    bool simulated_clock) {
  absl::StatusOr<std::string> program = FindProgram();
  if (!program.ok()) return program.status();

  const char* const temporary = std::getenv("TMPDIR");
  std::string folder = Join(
      {temporary != nullptr && *temporary != '\0' ? temporary : "/tmp", "/insightloop-XXXXXX"});
  // A socket's path may have 107 bytes, and a long TMPDIR leaves too few.
  if (folder.size() > 90) folder = "/tmp/insightloop-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) {  // mode 0700
    return absl::InternalError(
        ToAbsl(Join({"cannot make a folder ", folder, ": ", std::strerror(errno)})));
  }
  std::unique_ptr<PrivateServer> server(new PrivateServer());
  server->folder_ = folder;
  server->socket_ = folder + "/socket";
  server->log_ = folder + "/log";
  const int log = open(server->log_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  const std::string listen = server->target();
  // Everything that allocates happens before the fork: other threads may hold locks.
  std::array<const char*, 8> arguments = {program->c_str(), "--db", database.c_str(), "--listen",
                                          listen.c_str()};
  if (simulated_clock) {
    arguments[5] = "--simulated-clock";
    arguments[6] = "2000-01-01T00:00:00Z";  // before any change
  }
  const pid_t parent = getpid();
  const pid_t pid = log < 0 || null < 0 ? -1 : fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);  // the parent was gone before the line above
    setpgid(0, 0);                      // Ctrl-C is for us; we end the server when we are done
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    execv(arguments[0], const_cast<char* const*>(arguments.data()));
    _exit(127);
  }
  const int error = errno;
  if (log >= 0) close(log);
  if (null >= 0) close(null);
  if (pid < 0) {
    return absl::InternalError(
        ToAbsl(Join({"cannot start ", *program, ": ", std::strerror(error)})));
  }
  server->pid_ = pid;
  NoteLeftovers(pid, {server->socket_, server->log_}, folder);
  return server;
}

PrivateServer::~PrivateServer() {
  if (pid_ > 0 && !ended_) {
    kill(pid_, SIGTERM);
    const auto limit = std::chrono::steady_clock::now() + kEndLimit;
    while (waitpid(pid_, &wait_status_, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > limit) {
        kill(pid_, SIGKILL);
        waitpid(pid_, &wait_status_, 0);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  NoteLeftovers(0, {}, {});
  unlink(socket_.c_str());
  unlink(log_.c_str());
  rmdir(folder_.c_str());
}

absl::Status PrivateServer::Check() {
  if (!ended_ && waitpid(pid_, &wait_status_, WNOHANG) == pid_) ended_ = true;
  if (!ended_) return absl::OkStatus();
  const std::string how =
      WIFSIGNALED(wait_status_)
          ? Join({"was ended by signal ", std::to_string(WTERMSIG(wait_status_))})
          : Join({"ended with exit code ", std::to_string(WEXITSTATUS(wait_status_))});
  const std::string words = LastWords(log_);
  return MakeError(absl::StatusCode::kInternal, "SERVER_ENDED", Join({"the private server ", how}),
                   words.empty() ? "It said nothing." : Join({"Its last words:\n", words}));
}

absl::Status PrivateServer::WaitUntilServing(Caller& caller) {
  struct Wait {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    bool serving = false;
  };
  const grpc::Slice empty;
  const grpc::ByteBuffer request(&empty, 1);
  const auto limit = std::chrono::steady_clock::now() + kStartLimit;
  while (std::chrono::steady_clock::now() < limit) {
    if (Interrupted()) return InterruptedError();
    const absl::Status alive = Check();
    if (!alive.ok()) return alive;
    // Asking before the socket is there would only make gRPC wait before it tries again.
    if (access(socket_.c_str(), F_OK) == 0) {
      auto wait = std::make_shared<Wait>();
      const auto attempt = caller.Start("/grpc.health.v1.Health/Check", request,
                                        std::chrono::system_clock::now() + std::chrono::seconds(5),
                                        [wait](const grpc::Status& status) {
                                          const std::lock_guard lock(wait->mutex);
                                          wait->serving = status.ok();
                                          wait->done = true;
                                          wait->changed.notify_all();
                                        });
      std::unique_lock lock(wait->mutex);
      wait->changed.wait(lock, [&] { return wait->done; });
      if (wait->serving && SaysServing(Caller::Response(*attempt))) return absl::OkStatus();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  return MakeError(absl::StatusCode::kDeadlineExceeded, "SERVER_NOT_READY",
                   "the private server does not serve after 30 s",
                   Join({"Its last words:\n", LastWords(log_)}));
}

}  // namespace insightloop::cli
