// SPDX-License-Identifier: Apache-2.0

#include "clients/demo/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "clients/demo/interrupt.h"

namespace insightloop::demo {
namespace {

constexpr std::uint16_t kUsualPort = 50051;
constexpr std::chrono::seconds kStartLimit(20);
constexpr std::chrono::seconds kEndLimit(10);
constexpr std::chrono::milliseconds kPoll(5);

// Whether nothing listens on that port of the loopback.
bool IsFree(std::uint16_t port) {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const int on = 1;
  setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free = bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                    listen(probe, 1) == 0;
  close(probe);
  return free;
}

std::string HowItEnded(int wait_status) {
  return WIFSIGNALED(wait_status) ? absl::StrCat("was ended by signal ", WTERMSIG(wait_status))
                                  : absl::StrCat("ended with exit code ", WEXITSTATUS(wait_status));
}

absl::Status SystemError(const std::string& what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

std::string ProgramFolder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(const std::string& start_time,
                                                                    std::uint64_t seed) {
  const std::string program = ProgramFolder() + "/insightloopd";
  if (access(program.c_str(), X_OK) != 0) {
    return absl::NotFoundError(
        absl::StrCat("the server is not beside this program: ", program, " (build it first)"));
  }
  absl::Status status;
  // Another process may take the usual port between our look and the server's start: then any will
  // do.
  for (const std::uint16_t port : {kUsualPort, std::uint16_t{0}}) {
    if (port != 0 && !IsFree(port)) continue;
    std::unique_ptr<ServerProcess> server(new ServerProcess());
    status = server->MakeFolder();
    if (status.ok())
      status = server->Spawn(program, absl::StrCat("127.0.0.1:", port), start_time, seed);
    if (status.ok()) status = server->WaitUntilListening();
    if (status.ok()) return server;
    if (InterruptSignal() != 0) break;
  }
  return status;
}

absl::Status ServerProcess::MakeFolder() {
  const char* const variable = std::getenv("TMPDIR");
  const std::string base = variable != nullptr && *variable != '\0' ? variable : "/tmp";
  std::string folder = (std::filesystem::path(base) / "insightloop-demo-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return SystemError("cannot make a folder in " + base);
  folder_ = folder;
  return absl::OkStatus();
}

absl::Status ServerProcess::Spawn(const std::string& program, const std::string& listen,
                                  const std::string& start_time, std::uint64_t seed) {
  // Everything that allocates happens before the fork.
  const std::string log_file = log_path();
  const std::string database_file = database();
  const std::string seed_text = std::to_string(seed);
  const std::array<const char*, 10> arguments = {program.c_str(),       "--db",
                                                 database_file.c_str(), "--listen",
                                                 listen.c_str(),        "--simulated-clock",
                                                 start_time.c_str(),    "--random-seed",
                                                 seed_text.c_str(),     nullptr};
  const int log = open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return SystemError("cannot write " + log_file);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);  // the demo was gone before the line above
    setpgid(0, 0);                      // Ctrl-C is for the demo, which stops the server itself
    signal(SIGPIPE, SIG_DFL);
    const int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(arguments[0], const_cast<char* const*>(arguments.data()));
    _exit(127);
  }
  const absl::Status failed = pid < 0 ? SystemError("cannot start the server") : absl::OkStatus();
  close(log);
  if (pid > 0) pid_ = pid;
  return failed;
}

absl::Status ServerProcess::WaitUntilListening() {
  const auto limit = std::chrono::steady_clock::now() + kStartLimit;
  while (!ReadGreeting()) {
    if (InterruptSignal() != 0) return absl::CancelledError("asked to end");
    if (absl::Status alive = Check(); !alive.ok()) return alive;
    if (std::chrono::steady_clock::now() > limit) {
      return absl::UnavailableError("the server does not listen after 20 s" + LastWords());
    }
    std::this_thread::sleep_for(kPoll);
  }
  return absl::OkStatus();
}

// Looks for "insightloopd VERSION listening on ADDRESS …", a whole line, in what the server said.
bool ServerProcess::ReadGreeting() {
  constexpr char kMark[] = " listening on ";
  std::ifstream log(log_path());
  for (std::string line; std::getline(log, line) && !log.eof();) {
    const std::size_t mark = line.find(kMark);
    if (mark == std::string::npos || line.rfind("insightloopd ", 0) != 0) continue;
    const std::size_t begin = mark + sizeof kMark - 1;
    address_ = line.substr(begin, line.find_first_of(" ,;", begin) - begin);
    program_ = line.substr(0, mark);
    return true;
  }
  return false;
}

absl::Status ServerProcess::Check() {
  if (pid_ > 0 && waitpid(pid_, &wait_status_, WNOHANG) == pid_) pid_ = 0;
  if (pid_ > 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the server ", HowItEnded(wait_status_), LastWords()));
}

absl::Status ServerProcess::Stop() {
  if (absl::Status alive = Check(); !alive.ok()) return alive;
  kill(pid_, SIGTERM);
  const auto limit = std::chrono::steady_clock::now() + kEndLimit;
  pid_t ended = 0;
  while ((ended = waitpid(pid_, &wait_status_, WNOHANG)) == 0) {
    if (std::chrono::steady_clock::now() > limit) {
      kill(pid_, SIGKILL);
      waitpid(pid_, &wait_status_, 0);
      break;
    }
    std::this_thread::sleep_for(kPoll);
  }
  pid_ = 0;
  const bool well = WIFEXITED(wait_status_) && WEXITSTATUS(wait_status_) == 0;
  if (ended > 0 && well) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("asked to end, the server ",
                   ended == 0 ? "did not within 10 s" : HowItEnded(wait_status_), LastWords()));
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) Stop().IgnoreError();  // whoever wants to know calls Stop()
  std::error_code error;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, error);
}

std::string ServerProcess::LastWords() const {
  std::ifstream log(log_path());
  std::string words((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
  constexpr std::size_t kMost = 2'000;
  if (words.size() > kMost) words.erase(0, words.size() - kMost);
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return words.empty() ? "; it said nothing" : "; its last words:\n" + words;
}

}  // namespace insightloop::demo
