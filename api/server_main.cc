// SPDX-License-Identifier: Apache-2.0
//
// insightloopd: reads flags, environment and configuration file, puts the rooms together, serves
// until it is told to stop. The only file that sees every room.
//
// Exit codes: 0 stopped when asked; 1 could not start, or lost its store, or was told twice to
// stop; 2 the flags or the configuration are wrong.

#include <grpc/support/log.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "api/auto_pausing.h"
#include "api/listen_address.h"
#include "api/seeded_random.h"
#include "api/server.h"
#include "api/simulated_clock.h"
#include "api/system_clock.h"
#include "api/system_random.h"
#include "engine/assignment/catalog_holder.h"
#include "engine/auto_pause.h"
#include "engine/domain/limits.h"
#include "engine/domain/time.h"
#include "engine/following.h"
#include "engine/lifecycle.h"
#include "engine/measurement/embedded_measurement.h"
#include "engine/measurement/recorder.h"
#include "engine/resources.h"
#include "engine/verdicts.h"
#include "engine/verification.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/fact_audit.h"
#include "storage/sqlite/fact_log.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/resource_store.h"

namespace insightloop::api {
namespace {

constexpr int kStopped = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

constexpr Duration kPatience = Seconds(20);  // for calls under way when the server is told to stop
constexpr Duration kAutoPausePeriod = Seconds(60);
constexpr int kMaxWorkers = 1024;

struct Flags {
  std::string listen = "127.0.0.1:50051";
  std::string database = "insightloop.db";
  std::string simulated_clock;
  std::optional<std::uint64_t> random_seed;
  std::string log_level = "info";
  int workers = 32;
  std::uint64_t memory_limit = 0;
  bool insecure_allow_remote = false;
  bool reflection = false;
};

// Flags as they are to be used.
struct Configuration {
  ListenAddress address;
  std::optional<Time> simulated_start;
  bool reflection = false;
};

void AddFlags(CLI::App& app, Flags& flags, bool& print_config) {
  app.set_version_flag("--version", "insightloopd " INSIGHTLOOP_VERSION);
  // CLI11 reads the file before it looks at the environment, so that this variable is ours to read.
  const char* const variable = std::getenv("INSIGHTLOOP_CONFIG");
  const std::string file = variable == nullptr ? "" : variable;
  app.set_config("--config", file, "Read flags from this TOML file (Env:INSIGHTLOOP_CONFIG)",
                 /*config_required=*/!file.empty());
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--listen", flags.listen, "HOST:PORT (0: any free port) or unix:PATH")
      ->envname("INSIGHTLOOP_LISTEN")
      ->capture_default_str();
  app.add_option("--db", flags.database, "Database file, or :memory: for one that does not last")
      ->envname("INSIGHTLOOP_DB")
      ->capture_default_str();
  app.add_option("--simulated-clock", flags.simulated_clock,
                 "Time at which a clock starts that only AdvanceClock moves, in RFC 3339")
      ->envname("INSIGHTLOOP_SIMULATED_CLOCK");
  app.add_option("--random-seed", flags.random_seed,
                 "Makes ids, salts and slots the same in every run; only with --simulated-clock")
      ->envname("INSIGHTLOOP_RANDOM_SEED");
  app.add_option("--workers", flags.workers, "Threads for calls that wait for the database")
      ->envname("INSIGHTLOOP_WORKERS")
      ->check(CLI::Range(1, kMaxWorkers))
      ->capture_default_str();
  app.add_option("--memory-limit", flags.memory_limit,
                 "Memory for units and identities of facts, such as 4GB; beyond it no new facts are"
                 " taken (0: no limit)")
      ->envname("INSIGHTLOOP_MEMORY_LIMIT")
      ->transform(CLI::AsSizeValue(/*kb_is_1000=*/false))
      ->capture_default_str();
  app.add_option("--log-level", flags.log_level, "debug, info, warning, error or off")
      ->envname("INSIGHTLOOP_LOG_LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}))
      ->capture_default_str();
  app.add_flag("--reflection", flags.reflection,
               "Tell clients the contract also when others than this machine can reach the server")
      ->envname("INSIGHTLOOP_REFLECTION");
  app.add_flag("--insecure-allow-remote", flags.insecure_allow_remote,
               "Listen where other machines can reach the server, without keys or encryption")
      ->envname("INSIGHTLOOP_INSECURE_ALLOW_REMOTE");
  app.add_flag("--print-config", print_config,
               "Print the effective configuration as TOML, for --config, and exit")
      ->configurable(false);
}

// Errors: kInvalidArgument, naming the flag and the remedy.
absl::StatusOr<Configuration> Configure(const Flags& flags) {
  Configuration configuration;
  absl::StatusOr<ListenAddress> address = ParseListenAddress(flags.listen);
  if (!address.ok()) return address.status();
  configuration.address = *std::move(address);
  const bool local = configuration.address.IsLocal();
  if (!local && !flags.insecure_allow_remote) {
    return absl::InvalidArgumentError(absl::StrCat(
        "listen: ", flags.listen,
        " can be reached by other machines, and whoever reaches this server is its administrator;"
        " listen on 127.0.0.1, or insist with --insecure-allow-remote"));
  }
  configuration.reflection = local || flags.reflection;
  if (!flags.simulated_clock.empty()) {
    configuration.simulated_start = ParseTime(flags.simulated_clock);
    if (!configuration.simulated_start.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("simulated-clock: \"", flags.simulated_clock,
                                                     "\" is no time; give one such as"
                                                     " 2026-01-31T09:00:00Z"));
    }
  }
  if (flags.random_seed.has_value() && !configuration.simulated_start.has_value()) {
    return absl::InvalidArgumentError(
        "random-seed: makes secrets that can be guessed; leave it out, or add --simulated-clock");
  }
  return configuration;
}

void SetUpLog(const std::string& level) {
  auto logger = spdlog::stderr_logger_mt("insightloopd");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function([](gpr_log_func_args* entry) {
    const auto severity = entry->severity == GPR_LOG_SEVERITY_ERROR  ? spdlog::level::warn
                          : entry->severity == GPR_LOG_SEVERITY_INFO ? spdlog::level::info
                                                                     : spdlog::level::debug;
    spdlog::log(severity, "grpc: {}", entry->message);
  });
}

// Ends the process without waiting for anything: what was acknowledged is durable.
[[noreturn]] void EndNow() {
  spdlog::default_logger()->flush();
  _exit(kFailed);
}

// The signals that ask for an end, taken by one thread. Make it before any other thread.
class Signals {
 public:
  Signals() {
    signal(SIGPIPE, SIG_IGN);  // a peer that left is an error of a write, not the end
    signal(SIGXFSZ, SIG_IGN);  // so is a file that reached its limit
    sigemptyset(&ends_);
    sigaddset(&ends_, SIGTERM);
    sigaddset(&ends_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends_, nullptr);  // inherited by all threads
  }

  // As if a signal had come.
  static void Raise() { kill(getpid(), SIGTERM); }

  // Returns when the first signal comes; the second ends the process at once.
  int WaitForFirst() {
    int number = 0;
    sigwait(&ends_, &number);
    std::thread([ends = ends_] {
      int second = 0;
      sigwait(&ends, &second);
      spdlog::warn("second signal: ending at once");
      EndNow();
    }).detach();
    return number;
  }

 private:
  sigset_t ends_;
};

int Fail(const absl::Status& status) {
  spdlog::error("{}", std::string(status.message()));
  return kFailed;
}

// Everything between the flags and the end. `signals` block already.
int Serve(const Flags& flags, const Configuration& configuration, Signals& signals) {
  Limits limits;
  limits.max_fact_bytes = static_cast<std::int64_t>(flags.memory_limit);
  const SystemClock wall_clock;
  SystemRandom system_random;
  std::optional<SeededRandom> seeded_random;
  if (flags.random_seed.has_value()) seeded_random.emplace(*flags.random_seed);
  Random& random = seeded_random.has_value() ? static_cast<Random&>(*seeded_random) : system_random;
  std::optional<SimulatedClock> simulated_clock;
  if (configuration.simulated_start.has_value()) {
    simulated_clock.emplace(*configuration.simulated_start);
  }
  const Clock& clock =
      simulated_clock.has_value() ? static_cast<const Clock&>(*simulated_clock) : wall_clock;

  // Before a database is made for nothing.
  if (const auto status = CheckFree(configuration.address); !status.ok()) return Fail(status);

  auto database = storage::SqliteDatabase::Open(
      {.path = flags.database,
       .simulated_clock = simulated_clock.has_value(),
       .now = clock.Now(),
       .on_failure =
           [](const absl::Status& status) {
             // The store no longer knows what it keeps: a new process starts from what is durable.
             spdlog::critical("the database cannot be written any more: {}", status.ToString());
             EndNow();
           }},
      random);
  if (!database.ok()) return Fail(database.status());
  storage::SqliteResourceStore resource_store(**database);
  storage::SqliteFactLog fact_log(**database);
  storage::SqliteFactAudit fact_audit(**database);
  if (simulated_clock.has_value()) {
    // A restart must not take the clock, and with it what was decided, back in time.
    const auto last = resource_store.LastChangeTime();
    if (!last.ok()) return Fail(last.status());
    if (last->has_value() && **last > clock.Now()) {
      if (const auto status = simulated_clock->AdvanceTo(**last); !status.ok()) return Fail(status);
      spdlog::info("the simulated clock goes on at {}", FormatTime(clock.Now()));
    }
  }

  CatalogHolder catalog;
  Resources resources(resource_store, catalog, clock, random, limits);
  if (const auto status = resources.Initialize(); !status.ok()) return Fail(status);
  auto plans = PlansToFollow(resource_store, limits);
  if (!plans.ok()) return Fail(plans.status());
  auto measurement = OpenEmbeddedMeasurement(fact_log, limits, *std::move(plans));
  if (!measurement.ok()) return Fail(measurement.status());
  Recorder recorder(catalog, **measurement, clock, limits);
  Following following(resource_store, **measurement, limits);
  Lifecycle lifecycle(resources, following);
  Verdicts verdicts(resources, **measurement, following);
  AutoPause auto_pause(resources, lifecycle, verdicts);
  Verifier verifier(resources, catalog, **measurement, fact_audit);
  Eraser eraser(resources, catalog, **measurement);

  const Engine engine{.resources = resources,
                      .lifecycle = lifecycle,
                      .verdicts = verdicts,
                      .auto_pause = auto_pause,
                      .verifier = verifier,
                      .recorder = recorder,
                      .eraser = eraser,
                      .catalog = catalog,
                      .exposed_units = **measurement,
                      .clock = clock,
                      .simulated_clock = simulated_clock.has_value() ? &*simulated_clock : nullptr,
                      .version = INSIGHTLOOP_VERSION,
                      .schema_version = storage::AllMigrations().back().version};
  auto server = Server::Start(engine, wall_clock, random, limits,
                              {.address = configuration.address,
                               .reflection = configuration.reflection,
                               .workers = flags.workers});
  if (!server.ok()) return Fail(server.status());

  std::printf("insightloopd %s listening on %s (database %s)\n", INSIGHTLOOP_VERSION,
              (*server)->address().c_str(), flags.database.c_str());
  std::fflush(stdout);
  if (!configuration.address.IsLocal()) {
    spdlog::warn("whoever can reach {} is an administrator of this server", (*server)->address());
  }

  std::optional<AutoPausing> auto_pausing;
  std::atomic<bool> is_ending = false;
  absl::Status failure;
  std::thread loading([&] {
    const absl::Status status = (*measurement)->WaitUntilReady();
    if (status.ok()) {
      spdlog::info("everything recorded is known again");
      // Where the clock is simulated, AdvanceClock looks for harm.
      if (!simulated_clock.has_value()) auto_pausing.emplace(auto_pause, kAutoPausePeriod);
    } else if (!is_ending) {
      failure = status;
      Signals::Raise();
    }
  });
  const int signal_number = signals.WaitForFirst();
  is_ending = true;
  (*measurement)->StopLoading();
  loading.join();
  auto_pausing.reset();
  if (!failure.ok()) return Fail(failure);
  spdlog::info("signal {}: finishing the calls under way", signal_number);
  (*server)->Stop(kPatience);
  *server = nullptr;
  *measurement = nullptr;  // acknowledges what it accepted
  (*database)->Close();
  spdlog::info("stopped");
  return kStopped;
}

int Main(int argc, char** argv) {
  // Debian builds Abseil for debugging: it would look for cycles at every lock that gRPC takes.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  umask(S_IRWXG | S_IRWXO);  // databases and sockets are their owner's
  CLI::App app("insightloopd: the server of insightloop", "insightloopd");
  Flags flags;
  bool print_config = false;
  AddFlags(app, flags, print_config);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kStopped : kUsage;
  }
  const auto configuration = Configure(flags);
  if (!configuration.ok()) {
    std::fprintf(stderr, "%s\n", std::string(configuration.status().message()).c_str());
    return kUsage;
  }
  if (print_config) {
    std::fputs(app.config_to_str(/*default_also=*/true, /*write_description=*/false).c_str(),
               stdout);
    return kStopped;
  }
  Signals signals;
  SetUpLog(flags.log_level);
  return Serve(flags, *configuration, signals);
}

}  // namespace
}  // namespace insightloop::api

int main(int argc, char** argv) { return insightloop::api::Main(argc, argv); }
