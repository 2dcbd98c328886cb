// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/real_server.h"

#include <fcntl.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "insightloop/v1/attribute.grpc.pb.h"
#include "insightloop/v1/event.grpc.pb.h"
#include "insightloop/v1/experiment.grpc.pb.h"
#include "insightloop/v1/hypothesis.grpc.pb.h"
#include "insightloop/v1/insight.grpc.pb.h"
#include "insightloop/v1/layer.grpc.pb.h"
#include "insightloop/v1/measurement.grpc.pb.h"
#include "insightloop/v1/metric.grpc.pb.h"
#include "tests/bench/measuring.h"

namespace insightloop::bench {
namespace {

constexpr std::int64_t kDay = 86'400;  // seconds
constexpr std::int64_t kStartedAgo = 21 * kDay;
constexpr std::int64_t kExposedAgo = 20 * kDay;
constexpr std::int64_t kWindow = 7 * kDay;
constexpr std::chrono::milliseconds kPoll{2};
constexpr std::chrono::seconds kPatience{300};
constexpr int kRowsPerExposureCall = 10'000;
constexpr const char* kCountries[] = {"DE", "FR", "US", "VN"};

// One call that must go well.
template <class Stub, class Request, class Response>
void Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
          const Request& request) {
  grpc::ClientContext context;
  Response response;
  if (const grpc::Status status = (stub.*method)(&context, request, &response); !status.ok()) {
    Fail(status.error_message());
  }
}

// SplitMix64 (Steele, Lea and Flood 2014).
std::uint64_t NextRandom(std::uint64_t& state) {
  std::uint64_t bits = state += 0x9e3779b97f4a7c15;
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111eb;
  return bits ^ bits >> 31;
}

std::string UnitId(std::int64_t unit) { return absl::StrFormat("customer-%07d", unit); }

// A program beside this one.
std::string Sibling(const char* name) {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).replace_filename(name);
}

void MakeEvent(const std::shared_ptr<grpc::Channel>& channel, const std::string& id,
               v1::Event::ValueKind kind) {
  v1::CreateEventRequest request;
  request.set_event_id(id);
  request.mutable_event()->set_value_kind(kind);
  if (kind == v1::Event::MONEY) request.mutable_event()->set_currency("EUR");
  Call(*v1::EventService::NewStub(channel), &v1::EventService::Stub::CreateEvent, request);
}

void MakeMetric(const std::shared_ptr<grpc::Channel>& channel, const std::string& id,
                v1::Metric::Kind kind, const std::string& event, std::int64_t delay) {
  v1::CreateMetricRequest request;
  request.set_metric_id(id);
  request.mutable_metric()->set_kind(kind);
  request.mutable_metric()->set_event(event);
  auto& window = *request.mutable_metric()->mutable_window();
  window.mutable_delay()->set_seconds(delay);
  window.mutable_length()->set_seconds(kWindow - delay);
  Call(*v1::MetricService::NewStub(channel), &v1::MetricService::Stub::CreateMetric, request);
}

void MakeInsight(const std::shared_ptr<grpc::Channel>& channel) {
  v1::CreateInsightRequest request;
  request.set_insight_id("why");
  request.mutable_insight()->set_statement("Reminders bring customers back.");
  Call(*v1::InsightService::NewStub(channel), &v1::InsightService::Stub::CreateInsight, request);
}

void MakeHypothesis(const std::shared_ptr<grpc::Channel>& channel) {
  v1::CreateHypothesisRequest request;
  request.set_hypothesis_id("reminder");
  v1::Hypothesis& hypothesis = *request.mutable_hypothesis();
  hypothesis.add_insights("insights/why");
  hypothesis.set_because("customers forget");
  hypothesis.set_if_action("we remind them");
  hypothesis.set_then_outcome("they spend more");
  hypothesis.set_primary_metric("metrics/revenue");
  Call(*v1::HypothesisService::NewStub(channel), &v1::HypothesisService::Stub::CreateHypothesis,
       request);
}

v1::Experiment TwoVariants() {
  v1::Experiment experiment;
  experiment.set_hypothesis("hypotheses/reminder");
  for (const char* const id : {"control", "reminder"}) {
    v1::Variant& variant = *experiment.add_variants();
    variant.set_variant_id(id);
    variant.set_weight(1);
    variant.set_control(experiment.variants_size() == 1);
  }
  return experiment;
}

void Run(const std::shared_ptr<grpc::Channel>& channel, const std::string& id,
         const v1::Experiment& experiment) {
  const auto stub = v1::ExperimentService::NewStub(channel);
  v1::CreateExperimentRequest request;
  request.set_experiment_id(id);
  *request.mutable_experiment() = experiment;
  Call(*stub, &v1::ExperimentService::Stub::CreateExperiment, request);
  v1::StartExperimentRequest start;
  start.set_name("experiments/" + id);
  if (experiment.external())
    start.mutable_start_time()->set_seconds(std::time(nullptr) - kStartedAgo);
  Call(*stub, &v1::ExperimentService::Stub::StartExperiment, start);
}

void RecordPool(const std::shared_ptr<grpc::Channel>& channel, const Pool& pool) {
  const auto stub = v1::MeasurementService::NewStub(channel);
  const std::int64_t occur_time = std::time(nullptr) - kExposedAgo;
  v1::RecordExposuresRequest request;
  for (std::int64_t unit = 0; unit < pool.units; ++unit) {
    v1::Exposure& exposure = *request.add_exposures();
    exposure.set_experiment("experiments/spring");
    exposure.set_unit_id(UnitId(unit));
    exposure.set_variant(unit % 2 == 0 ? "control" : "reminder");
    exposure.mutable_occur_time()->set_seconds(occur_time);
    exposure.set_overridden(unit >= pool.exposed);
    (*exposure.mutable_attributes())["country"].set_string_value(kCountries[unit / 2 % 4]);
    if (request.exposures_size() < kRowsPerExposureCall && unit + 1 < pool.units) continue;
    grpc::ClientContext context;
    v1::RecordExposuresResponse response;
    const grpc::Status status = stub->RecordExposures(&context, request, &response);
    if (!status.ok()) Fail(status.error_message());
    for (const v1::RowFate& fate : response.fates()) {
      if (fate.fate() != v1::RowFate::ACCEPTED) Fail("an exposure: " + fate.ShortDebugString());
    }
    request.clear_exposures();
  }
}

}  // namespace

// -------------------------------------------------------------------------------------------------
// Server

TemporaryFolder::TemporaryFolder() {
  const char* const variable = std::getenv("TMPDIR");
  folder_ = absl::StrCat(variable != nullptr && *variable != '\0' ? variable : "/tmp",
                         "/insightloop-bench-XXXXXX");
  if (mkdtemp(folder_.data()) == nullptr) Fail("cannot make the folder " + folder_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

RealServer::~RealServer() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void RealServer::Launch() {
  const std::string program = Sibling("insightloopd");
  // Everything that allocates happens before the fork.
  const std::string file = database();
  const char* const arguments[] = {program.c_str(),  "--db",        file.c_str(), "--listen",
                                   address_.c_str(), "--log-level", "warning",    nullptr};
  const int log = open(LogPath().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (log < 0) Fail("cannot write " + LogPath());
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    EndWith(parent);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execv(arguments[0], const_cast<char* const*>(arguments));
    _exit(127);
  }
  close(log);
  if (pid_ < 0) Fail("cannot start " + program);
}

void RealServer::WaitUntilListening() {
  constexpr char kMark[] = " listening on ";
  const auto limit = SteadyClock::now() + kPatience;
  while (SteadyClock::now() < limit && waitpid(pid_, nullptr, WNOHANG) == 0) {
    std::ifstream log(LogPath());
    for (std::string line; std::getline(log, line) && !log.eof();) {
      const std::size_t mark = line.find(kMark);
      if (mark == std::string::npos) continue;
      const std::size_t begin = mark + sizeof kMark - 1;
      address_ = line.substr(begin, line.find(' ', begin) - begin);
      return;
    }
    std::this_thread::sleep_for(kPoll);
  }
  std::stringstream words;
  words << std::ifstream(LogPath()).rdbuf();
  Fail("the server did not start; it said:\n" + words.str());
}

void RealServer::Stop() {
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) Fail("the server did not end well");
}

void RealServer::Verify() const {
  const auto start = SteadyClock::now();
  const std::string program = Sibling("insightloop"), path = database();
  std::fflush(stdout);  // its table comes after what was printed so far
  const pid_t verifier = fork();
  if (verifier == 0) {
    execl(program.c_str(), program.c_str(), "verify", "--db", path.c_str(), "--quiet", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(verifier, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) Fail("verify found something wrong");
  absl::PrintF("verified in %.0f s\n", SecondsSince(start));
}

std::int64_t RealServer::ResidentBytes() const {
  std::int64_t size = 0;
  std::int64_t resident = 0;
  std::ifstream(absl::StrCat("/proc/", pid_, "/statm")) >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// -------------------------------------------------------------------------------------------------
// Facts

void Prepare(const std::shared_ptr<grpc::Channel>& channel, int metrics, const Pool& pool) {
  MakeEvent(channel, "order", v1::Event::MONEY);
  MakeEvent(channel, "visit", v1::Event::NONE);
  MakeMetric(channel, "revenue", v1::Metric::MEAN, "events/order", 0);
  MakeMetric(channel, "bought", v1::Metric::PROPORTION, "events/order", 0);
  MakeMetric(channel, "visits", v1::Metric::COUNT, "events/visit", 0);
  MakeMetric(channel, "visited", v1::Metric::PROPORTION, "events/visit", 0);
  MakeMetric(channel, "later-revenue", v1::Metric::MEAN, "events/order", kDay);
  v1::CreateAttributeRequest country;
  country.set_attribute_id("country");
  country.mutable_attribute()->set_value_type(v1::Attribute::STRING);
  Call(*v1::AttributeService::NewStub(channel), &v1::AttributeService::Stub::CreateAttribute,
       country);
  MakeInsight(channel);
  MakeHypothesis(channel);

  v1::Experiment spring = TwoVariants();
  spring.set_external(true);
  spring.mutable_plan()->add_segment_attributes("attributes/country");
  const char* const secondary[] = {"metrics/bought", "metrics/visits", "metrics/visited",
                                   "metrics/later-revenue"};
  for (int i = 0; i + 1 < metrics; ++i) {
    spring.mutable_plan()->add_secondary_metrics(secondary[i]);
  }
  Run(channel, "spring", spring);

  v1::CreateLayerRequest site;
  site.set_layer_id("site");
  site.mutable_layer();
  Call(*v1::LayerService::NewStub(channel), &v1::LayerService::Stub::CreateLayer, site);
  v1::Experiment door = TwoVariants();
  door.set_layer("layers/site");
  door.set_slot_count(1'000);
  Run(channel, "door", door);
  RecordPool(channel, pool);
}

OutcomeCall::OutcomeCall(const Pool& pool, int rows, std::uint32_t seed)
    : pool_(pool), next_id_(std::uint64_t{seed} << 32), random_(seed), now_s_(std::time(nullptr)) {
  for (int i = 0; i < rows; ++i) {
    v1::Outcome& outcome = *request_.add_outcomes();
    outcome.set_outcome_id(std::string(16, '0'));
    outcome.set_unit_id(UnitId(0));
    outcome.set_event(i % 2 == 0 ? "events/order" : "events/visit");
    outcome.set_source("shop");
    outcome.mutable_occur_time();
  }
}

void OutcomeCall::Renew() {
  constexpr char kDigits[] = "0123456789abcdef";
  for (v1::Outcome& outcome : *request_.mutable_outcomes()) {
    std::uint64_t id = next_id_++;
    for (char& digit : *outcome.mutable_outcome_id()) {
      digit = kDigits[id >> 60];
      id <<= 4;
    }
    const std::uint64_t bits = NextRandom(random_);
    std::uint64_t unit = (bits & 0xffffffff) * static_cast<std::uint64_t>(pool_.units) >> 32;
    std::string& unit_id = *outcome.mutable_unit_id();
    for (auto digit = unit_id.rbegin(); *digit != '-'; ++digit) {
      *digit = kDigits[unit % 10];
      unit /= 10;
    }
    const auto after = static_cast<std::int64_t>((bits >> 32) % kWindow);
    outcome.mutable_occur_time()->set_seconds(now_s_ - kExposedAgo + after);
    if (outcome.event() == "events/order") {
      outcome.set_value(static_cast<double>(bits >> 48 & 0x3fff) / 100);
    }
  }
}

void MustBeAccepted(const v1::RecordOutcomesResponse& response, int rows) {
  if (response.fates_size() != rows) Fail("not one fate per row");
  for (const v1::RowFate& fate : response.fates()) {
    if (fate.fate() != v1::RowFate::ACCEPTED) Fail("an outcome: " + fate.ShortDebugString());
  }
}

struct BatchLoad::Client {
  // One call; the time from `due` to its answer.
  double Record(SteadyClock::time_point due) {
    call->Renew();
    grpc::ClientContext context;
    const grpc::Status status = stub->RecordOutcomes(&context, call->request(), &response);
    const double waited = SecondsSince(due);
    if (!status.ok()) Fail(status.error_message());
    MustBeAccepted(response, kRowsPerCall);
    return waited;
  }

  std::unique_ptr<v1::MeasurementService::Stub> stub;
  std::optional<OutcomeCall> call;
  v1::RecordOutcomesResponse response;
};

BatchLoad::BatchLoad(const std::string& address, const Pool& pool)
    : clients_(std::make_unique<Client[]>(kClients)) {
  for (int i = 0; i < kClients; ++i) {
    clients_[i].stub = v1::MeasurementService::NewStub(Connect(address));
    clients_[i].call.emplace(pool, kRowsPerCall, static_cast<std::uint32_t>(i + 1));
  }
}

BatchLoad::~BatchLoad() = default;

double BatchLoad::Run(std::int64_t outcomes) {
  const std::int64_t calls = outcomes / kClients / kRowsPerCall;
  const auto start = SteadyClock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&client = clients_[i], calls] {
      for (std::int64_t call = 0; call < calls; ++call) client.Record(SteadyClock::now());
    });
  }
  for (std::thread& thread : threads) thread.join();
  return SecondsSince(start);
}

double BatchLoad::RunPaced(std::int64_t outcomes, double per_second) {
  const std::int64_t calls = outcomes / kClients / kRowsPerCall;
  const std::chrono::duration<double> interval(kClients * kRowsPerCall / per_second);
  const auto start = SteadyClock::now();
  std::vector<double> longest(kClients);
  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) {
    threads.emplace_back([&, i] {
      for (std::int64_t call = 0; call < calls; ++call) {
        // The clients take turns.
        const auto due = start + std::chrono::duration_cast<SteadyClock::duration>(
                                     interval * (static_cast<double>(call) + i / double{kClients}));
        std::this_thread::sleep_until(due);
        longest[i] = std::max(longest[i], clients_[i].Record(due));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return *std::max_element(longest.begin(), longest.end());
}

}  // namespace insightloop::bench
