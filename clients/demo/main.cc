// SPDX-License-Identifier: Apache-2.0
//
// insightloop-demo: starts a server of its own, plays one campaign from insight to verdict, and
// leaves the server up for a look around.
//
// Exit codes: 0 played to the end; 1 something failed; 2 the flags are wrong; 128 + the signal's
// number when a signal ended it before the end of the play.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "clients/demo/client.h"
#include "clients/demo/interrupt.h"
#include "clients/demo/play.h"
#include "clients/demo/printer.h"
#include "clients/demo/server_process.h"
#include "clients/demo/text.h"

namespace insightloop::demo {
namespace {

constexpr std::uint64_t kDefaultSeed = 20261122;
constexpr char kDefaultAddress[] = "127.0.0.1:50051";  // where the command line looks by itself
constexpr int kFailed = 1;
constexpr int kUsage = 2;

bool WantsColor() {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0') &&
         (terminal == nullptr || std::string(terminal) != "dumb");
}

int Fail(const absl::Status& status) {
  std::cout.flush();
  if (InterruptSignal() != 0) {
    std::cerr << "\nended before the end; the server is stopped\n";
    return 128 + InterruptSignal();
  }
  std::cerr << "\nerror: " << std::string(status.message()) << "\n";
  return kFailed;
}

// The command line's program as somebody would type it here.
std::string CommandLine(const std::string& address) {
  std::error_code error;
  const std::string program = ProgramFolder() + "/insightloop";
  const std::string near = std::filesystem::proximate(program, error).string();
  std::string command = error || near.rfind("..", 0) == 0 ? program : near;
  if (command.find('/') == std::string::npos) command.insert(0, "./");
  if (address != kDefaultAddress) absl::StrAppend(&command, " --server ", address);
  return command;
}

void Invite(const ServerProcess& server, const Ending& ending, Printer& print) {
  const std::string command = CommandLine(server.address());
  print.Step("Look around");
  print.Say(absl::StrCat("The server stays up at ", server.address(),
                         " until you press Ctrl-C. In another terminal:"));
  print.Line();
  print.Line(absl::StrCat("     ", command, " experiments get ", ending.experiment));
  print.Line(absl::StrCat("     ", command, " verdicts get ", ending.verdict));
  print.Line(absl::StrCat("     ", command, " insights list"));
  print.Line(absl::StrCat("     ", command, " insights get ", ending.insight));
  print.Line();
}

// Waits for a signal, or for the end of the server, which is an error.
absl::Status WaitForVisitor(ServerProcess& server) {
  while (InterruptSignal() == 0) {
    if (absl::Status alive = server.Check(); !alive.ok()) return alive;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return absl::OkStatus();
}

void PrintOpening(const ServerProcess& server, std::uint64_t seed, Printer& print) {
  print.Title("insightloop: one campaign, from insight to verdict and back");
  print.Say(absl::StrCat(
      "A coffee roaster's web store wonders why customers do not come back. 30,000 simulated "
      "customers, three arms, three weeks in a few seconds. Everything below goes through the "
      "server's public interface; the simulation knows the truth, the server does not."));
  print.Line();
  print.Item("server", absl::StrCat(server.program(), " on ", server.address(),
                                    ", with a clock that is simulated"));
  print.Item("database", server.database());
  print.Item("customers", absl::StrCat("seed ", seed,
                                       " makes the same campaign every time, to the last figure"));
}

// The connection ends with the play: a server that stops waits for idle connections, too.
absl::StatusOr<Ending> PlayAgainst(ServerProcess& server, std::uint64_t seed, Printer& print) {
  const auto ending = Play(Connect(server.address()), seed, print);
  if (ending.ok() || InterruptSignal() != 0) return ending;
  // Calls fail a moment before the system tells that the server has ended, which says more.
  for (int i = 0; i < 50; ++i) {
    if (absl::Status alive = server.Check(); !alive.ok()) return alive;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return ending;
}

int Perform(std::uint64_t seed, bool once) {
  Printer print(std::cout, WantsColor());
  auto server = ServerProcess::Start(kStartText, seed);
  if (!server.ok()) return Fail(server.status());
  PrintOpening(**server, seed, print);
  const auto ending = PlayAgainst(**server, seed, print);
  if (!ending.ok()) return Fail(ending.status());
  if (!once && std::cout.good()) {  // nobody reads on after `insightloop-demo | head`
    Invite(**server, *ending, print);
    if (auto status = WaitForVisitor(**server); !status.ok()) return Fail(status);
  }
  if (auto status = (*server)->Stop(); !status.ok()) return Fail(status);
  *server = nullptr;
  print.Line();
  print.Say("The server is stopped and its folder removed.");
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Shows insightloop at work: one campaign from insight to verdict.",
               "insightloop-demo");
  std::uint64_t seed = kDefaultSeed;
  bool once = false;
  app.add_option("--seed", seed, "Makes other customers")->capture_default_str();
  app.add_flag("--once", once, "End after the play instead of leaving the server up");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  InstallInterruptHandlers();
  return Perform(seed, once);
}

}  // namespace
}  // namespace insightloop::demo

int main(int argc, char** argv) { return insightloop::demo::Main(argc, argv); }
