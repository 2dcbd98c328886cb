// SPDX-License-Identifier: Apache-2.0
//
// How fast units are assigned: inside a client, by one call, and by calls of a thousand. The
// yardstick of the calls is a bare gRPC method that takes and gives the same messages and does
// nothing but a hash of the unit id. Both servers run in this process, on the same machine as the
// load, and are measured in turns; a ratio is the median of those of the turns.
//
// The last line is a JSON object:
//   local_evaluations_per_s  in a layer, with eligibility and two attributes, on one thread
//   unary_ratio              calls per second, 8 at a time, over those of the bare method
//   unary_p50_ratio          median time of a call over that of the bare method
//   batch_ratio              units per second in calls of 1,000 over those of the bare method
//   many_experiments_ratio   time of a local evaluation among 1,000 running experiments in 20
//   layers
//                            over that with one
// Fails when a local evaluation allocates memory.

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "api/seeded_random.h"
#include "api/server.h"
#include "api/system_clock.h"
#include "clients/cpp/client.h"
#include "clients/cpp/local_evaluator.h"
#include "engine/assignment/catalog_holder.h"
#include "engine/assignment/hashing.h"
#include "engine/auto_pause.h"
#include "engine/lifecycle.h"
#include "engine/measurement/embedded_measurement.h"
#include "engine/measurement/recorder.h"
#include "engine/resources.h"
#include "engine/verdicts.h"
#include "insightloop/v1/assignment.grpc.pb.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/fact_audit.h"
#include "storage/sqlite/fact_log.h"
#include "storage/sqlite/resource_store.h"
#include "tests/bench/bare_server.h"
#include "tests/bench/measuring.h"
#include "tests/support/allocations.h"

namespace insightloop {
namespace {

using bench::BareServer;
using bench::Fail;
using bench::MedianOf;
using bench::Must;
using bench::SecondsSince;
using bench::SteadyClock;

constexpr int kTurns = 9;
constexpr std::chrono::milliseconds kTurn{700};
constexpr int kCallsAtOnce = 8;
constexpr int kBatchesAtOnce = 2;
constexpr int kUnitsPerBatch = 1'000;
constexpr int kLayers = 20;
constexpr int kExperimentsPerLayer = 50;
constexpr int kEvaluations = 2'000'000;  // of a turn

// Where results go, so that no compiler leaves the work out.
volatile std::size_t sink = 0;

// -------------------------------------------------------------------------------------------------
// Servers

// A whole server on a database that does not last.
class OurServer {
 public:
  OurServer() {
    Must(resources_.Initialize());
    measurement_ = Must(OpenEmbeddedMeasurement(fact_log_, limits_));
    recorder_ = std::make_unique<Recorder>(catalog_, *measurement_, clock_, limits_);
    following_ = std::make_unique<Following>(store_, *measurement_, limits_);
    lifecycle_ = std::make_unique<Lifecycle>(resources_, *following_);
    verdicts_ = std::make_unique<Verdicts>(resources_, *measurement_, *following_);
    auto_pause_ = std::make_unique<AutoPause>(resources_, *lifecycle_, *verdicts_);
    verifier_ = std::make_unique<Verifier>(resources_, catalog_, *measurement_, fact_audit_);
    eraser_ = std::make_unique<Eraser>(resources_, catalog_, *measurement_);
    const api::Engine engine{.resources = resources_,
                             .lifecycle = *lifecycle_,
                             .verdicts = *verdicts_,
                             .auto_pause = *auto_pause_,
                             .verifier = *verifier_,
                             .recorder = *recorder_,
                             .eraser = *eraser_,
                             .catalog = catalog_,
                             .exposed_units = *measurement_,
                             .clock = clock_,
                             .version = "bench"};
    server_ = Must(api::Server::Start(engine, clock_, random_, limits_,
                                      {.address = Must(api::ParseListenAddress("127.0.0.1:0"))}));
  }

  const std::string& address() const { return server_->address(); }

  // What all experiments rest on.
  void MakeDefinitions() {
    Make<Insight>("why", {.statement = "Reminders bring customers back."});
    Make<Event>("purchase", {.value_kind = ValueKind::kNone});
    Make<Metric>("bought", {.kind = MetricKind::kProportion,
                            .event = "events/purchase",
                            .window = Window{.length = Days(7)}});
    Make<Hypothesis>("reminder", {.insights = {"insights/why"},
                                  .because = "customers forget",
                                  .if_action = "we remind them",
                                  .then_outcome = "more of them buy again",
                                  .primary_metric = "metrics/bought"});
    Make<Attribute>("country", {.value_type = ValueType::kString});
    Make<Attribute>("age", {.value_type = ValueType::kNumber});
  }
  void MakeLayer(const std::string& id) { Make<Layer>(id, {}); }
  void RunExperiment(const std::string& id, const std::string& layer, std::int32_t slots) {
    Make<Experiment>(id, {.hypothesis = "hypotheses/reminder",
                          .layer = "layers/" + layer,
                          .slot_count = slots,
                          .variants = {{.variant_id = "control", .control = true, .weight = 1},
                                       {.variant_id = "reminder", .weight = 1}},
                          .eligibility_filter = "country = \"VN\" AND age >= 18"});
    Must(lifecycle_->Start(caller_, "experiments/" + id, "", std::nullopt).status());
  }

 private:
  template <class T>
  void Make(const std::string& id, T resource) {
    Must(resources_.Create<T>(caller_, id, std::move(resource)).status());
  }

  const Caller caller_{.principal = "bench", .role = "ROLE_ADMIN", .method = "bench"};
  const Limits limits_;
  api::SystemClock clock_;
  api::SeededRandom random_{20261125};
  std::unique_ptr<storage::SqliteDatabase> database_ =
      Must(storage::SqliteDatabase::Open({.path = ":memory:", .now = clock_.Now()}, random_));
  storage::SqliteResourceStore store_{*database_};
  storage::SqliteFactLog fact_log_{*database_};
  storage::SqliteFactAudit fact_audit_{*database_};
  CatalogHolder catalog_;
  Resources resources_{store_, catalog_, clock_, random_, limits_};
  std::unique_ptr<Measurement> measurement_;
  std::unique_ptr<Following> following_;
  std::unique_ptr<Lifecycle> lifecycle_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<Eraser> eraser_;
  std::unique_ptr<Verdicts> verdicts_;
  std::unique_ptr<AutoPause> auto_pause_;
  std::unique_ptr<Verifier> verifier_;
  std::unique_ptr<api::Server> server_;
};

// The least that a server of these messages can do.
class BareService final : public v1::AssignmentService::CallbackService {
 public:
  grpc::ServerUnaryReactor* Assign(grpc::CallbackServerContext* context,
                                   const v1::AssignRequest* request,
                                   v1::AssignResponse* response) override {
    Answer(request->unit_id(), *response);
    auto* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  grpc::ServerUnaryReactor* BatchAssign(grpc::CallbackServerContext* context,
                                        const v1::BatchAssignRequest* request,
                                        v1::BatchAssignResponse* response) override {
    for (const auto& unit : request->units()) Answer(unit.unit_id(), *response->add_responses());
    auto* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  static void Answer(const std::string& unit_id, v1::AssignResponse& response) {
    static const std::vector<std::int32_t> weights = {1, 1};
    static const Salt salt("salt");
    response.set_variant(VariantOf(salt, unit_id, weights) == 0 ? "control" : "reminder");
    response.set_reason(v1::AssignResponse::ASSIGNED);
    response.set_epoch(1);
  }
};

// -------------------------------------------------------------------------------------------------
// Load

struct Rate {
  double per_second = 0;
  double p50_us = 0;
};

// Keeps `at_once` calls under way for one turn; each one that ends begins the next.
template <class Request, class Response>
class Load {
 public:
  using Method = std::function<void(grpc::ClientContext*, const Request*, Response*,
                                    std::function<void(grpc::Status)>)>;

  Load(Method method, const std::vector<Request>& requests)
      : method_(std::move(method)), requests_(requests) {}

  Rate Run(int at_once) {
    micros_.clear();
    micros_.reserve(1'000'000);
    const auto start = SteadyClock::now();
    end_ = start + kTurn;
    running_ = at_once;
    for (int call = 0; call < at_once; ++call) Begin();
    std::unique_lock lock(mutex_);
    all_done_.wait(lock, [this] { return running_ == 0; });
    return {.per_second = static_cast<double>(micros_.size()) / SecondsSince(start),
            .p50_us = MedianOf(micros_)};
  }

 private:
  struct Call {
    grpc::ClientContext context;
    Response response;
    SteadyClock::time_point start;
  };

  void Begin() {
    auto* const call = new Call();
    call->start = SteadyClock::now();
    const Request& request = requests_[next_.fetch_add(1) % requests_.size()];
    method_(&call->context, &request, &call->response,
            [this, call](const grpc::Status& status) { End(call, status); });
  }

  void End(Call* call, const grpc::Status& status) {
    if (!status.ok()) Fail(status.error_message());
    const auto now = SteadyClock::now();
    const double micros = std::chrono::duration<double, std::micro>(now - call->start).count();
    delete call;
    {
      const std::lock_guard lock(mutex_);
      micros_.push_back(micros);
      if (now >= end_) {
        if (--running_ == 0) all_done_.notify_one();
        return;
      }
    }
    Begin();
  }

  const Method method_;
  const std::vector<Request>& requests_;
  std::atomic<std::size_t> next_{0};
  SteadyClock::time_point end_;
  std::mutex mutex_;
  std::condition_variable all_done_;
  int running_ = 0;
  std::vector<double> micros_;
};

std::unique_ptr<v1::AssignmentService::Stub> StubOf(const std::string& address) {
  return v1::AssignmentService::NewStub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
}

Load<v1::AssignRequest, v1::AssignResponse> UnaryLoad(
    v1::AssignmentService::Stub& stub, const std::vector<v1::AssignRequest>& requests) {
  return {[&stub](grpc::ClientContext* context, const v1::AssignRequest* request,
                  v1::AssignResponse* response, std::function<void(grpc::Status)> done) {
            stub.async()->Assign(context, request, response, std::move(done));
          },
          requests};
}

Load<v1::BatchAssignRequest, v1::BatchAssignResponse> BatchLoad(
    v1::AssignmentService::Stub& stub, const std::vector<v1::BatchAssignRequest>& requests) {
  return {[&stub](grpc::ClientContext* context, const v1::BatchAssignRequest* request,
                  v1::BatchAssignResponse* response, std::function<void(grpc::Status)> done) {
            stub.async()->BatchAssign(context, request, response, std::move(done));
          },
          requests};
}

struct Comparison {
  double ours_per_second = 0, bare_per_second = 0, ours_p50_us = 0, bare_p50_us = 0;
  double rate_ratio = 0, p50_ratio = 0;
};

// In turns, after one turn each that does not count.
template <class LoadType>
Comparison Compare(LoadType ours, LoadType bare, int at_once) {
  ours.Run(at_once);
  bare.Run(at_once);
  std::vector<double> our_rates, bare_rates, our_p50s, bare_p50s, rates, p50s;
  for (int turn = 0; turn < kTurns; ++turn) {
    const Rate our_rate = ours.Run(at_once);
    const Rate bare_rate = bare.Run(at_once);
    our_rates.push_back(our_rate.per_second);
    bare_rates.push_back(bare_rate.per_second);
    our_p50s.push_back(our_rate.p50_us);
    bare_p50s.push_back(bare_rate.p50_us);
    rates.push_back(our_rate.per_second / bare_rate.per_second);
    p50s.push_back(our_rate.p50_us / bare_rate.p50_us);
  }
  return {.ours_per_second = MedianOf(our_rates),
          .bare_per_second = MedianOf(bare_rates),
          .ours_p50_us = MedianOf(our_p50s),
          .bare_p50_us = MedianOf(bare_p50s),
          .rate_ratio = MedianOf(rates),
          .p50_ratio = MedianOf(p50s)};
}

// -------------------------------------------------------------------------------------------------
// Local evaluation

struct LocalRate {
  double per_second = 0;
  std::int64_t allocations = 0;  // in all turns
};

LocalRate Evaluate(const LocalEvaluator& evaluator, const std::vector<std::string>& layers,
                   const std::vector<std::string>& units) {
  const AttributeMap attributes = {{"age", 42.0}, {"country", std::string("VN")}};
  std::vector<double> rates;
  std::int64_t allocations = 0;
  for (int turn = 0; turn <= kTurns; ++turn) {
    const std::int64_t before = testing::Allocations();
    const auto start = SteadyClock::now();
    std::size_t layer = 0, unit = 0;
    for (int i = 0; i < kEvaluations; ++i) {
      const auto answer = evaluator.AssignInLayer(layers[layer], units[unit], attributes);
      if (!answer.ok()) Fail(answer.status().ToString());
      sink = sink + answer->variant().size();
      if (++layer == layers.size()) layer = 0;
      if (++unit == units.size()) unit = 0;
    }
    const double seconds = SecondsSince(start);
    const std::int64_t made = testing::Allocations() - before;
    if (turn == 0) continue;  // does not count
    rates.push_back(kEvaluations / seconds);
    allocations += made;
  }
  return {.per_second = MedianOf(rates), .allocations = allocations};
}

LocalRate EvaluateOn(const OurServer& server, const std::vector<std::string>& layers,
                     const std::vector<std::string>& units) {
  const auto evaluator =
      Must(LocalEvaluator::Start(Must(Client::Connect({.target = server.address()}))));
  Must(evaluator->WaitUntilReady(absl::Seconds(10)));
  return Evaluate(*evaluator, layers, units);
}

// -------------------------------------------------------------------------------------------------

std::vector<std::string> MakeUnits() {
  std::vector<std::string> units;
  for (int i = 0; i < 4'096; ++i) units.push_back(absl::StrCat("customer-", 1'000'000 + i * 7));
  return units;
}

std::vector<v1::AssignRequest> MakeRequests(const std::vector<std::string>& units) {
  std::vector<v1::AssignRequest> requests;
  for (const std::string& unit : units) {
    v1::AssignRequest& request = requests.emplace_back();
    request.set_experiment("experiments/spring");
    request.set_unit_id(unit);
    (*request.mutable_attributes())["country"].set_string_value("VN");
    (*request.mutable_attributes())["age"].set_number_value(42);
  }
  return requests;
}

std::vector<v1::BatchAssignRequest> MakeBatches(const std::vector<std::string>& units) {
  std::vector<v1::BatchAssignRequest> batches;
  for (int batch = 0; batch < 4; ++batch) {
    v1::BatchAssignRequest& request = batches.emplace_back();
    request.set_experiment("experiments/spring");
    for (int i = 0; i < kUnitsPerBatch; ++i) {
      auto& unit = *request.add_units();
      unit.set_unit_id(units[static_cast<std::size_t>(batch * kUnitsPerBatch + i)]);
      (*unit.mutable_attributes())["country"].set_string_value("VN");
      (*unit.mutable_attributes())["age"].set_number_value(42);
    }
  }
  return batches;
}

int Main() {
  const std::vector<std::string> units = MakeUnits();
  OurServer one;
  one.MakeDefinitions();
  one.MakeLayer("mail");
  one.RunExperiment("spring", "mail", kSlotsPerLayer);
  const BareServer<BareService> bare;

  const LocalRate local = EvaluateOn(one, {"layers/mail"}, units);
  absl::PrintF("%-44s %12.0f /s  %6.1f ns  %d allocations\n", "local evaluation, one experiment",
               local.per_second, 1e9 / local.per_second, local.allocations);
  OurServer many;
  many.MakeDefinitions();
  std::vector<std::string> layers;
  for (int layer = 0; layer < kLayers; ++layer) {
    const std::string id = absl::StrCat("layer-", layer);
    many.MakeLayer(id);
    layers.push_back("layers/" + id);
    for (int i = 0; i < kExperimentsPerLayer; ++i) {
      many.RunExperiment(absl::StrCat("e-", layer, "-", i), id,
                         kSlotsPerLayer / kExperimentsPerLayer);
    }
  }
  const LocalRate among_many = EvaluateOn(many, layers, units);
  absl::PrintF("%-44s %12.0f /s  %6.1f ns  %d allocations\n", "local evaluation, 1,000 experiments",
               among_many.per_second, 1e9 / among_many.per_second, among_many.allocations);

  const auto our_stub = StubOf(one.address());
  const auto bare_stub = StubOf(bare.address());
  const auto requests = MakeRequests(units);
  const Comparison unary =
      Compare(UnaryLoad(*our_stub, requests), UnaryLoad(*bare_stub, requests), kCallsAtOnce);
  absl::PrintF("%-44s %12.0f /s  %6.1f us\n", "Assign, 8 at a time", unary.ours_per_second,
               unary.ours_p50_us);
  absl::PrintF("%-44s %12.0f /s  %6.1f us\n", "bare method", unary.bare_per_second,
               unary.bare_p50_us);
  const auto batches = MakeBatches(units);
  const Comparison batch =
      Compare(BatchLoad(*our_stub, batches), BatchLoad(*bare_stub, batches), kBatchesAtOnce);
  absl::PrintF("%-44s %12.0f units/s\n", "BatchAssign of 1,000, 2 at a time",
               batch.ours_per_second * kUnitsPerBatch);
  absl::PrintF("%-44s %12.0f units/s\n", "bare batch method",
               batch.bare_per_second * kUnitsPerBatch);

  absl::PrintF(
      "{\"local_evaluations_per_s\": %.0f, \"unary_ratio\": %.3f, \"unary_p50_ratio\": %.3f, "
      "\"batch_ratio\": %.3f, \"many_experiments_ratio\": %.3f}\n",
      local.per_second, unary.rate_ratio, unary.p50_ratio, batch.rate_ratio,
      local.per_second / among_many.per_second);
  return local.allocations + among_many.allocations == 0 ? 0 : 1;
}

}  // namespace
}  // namespace insightloop

int main() { return insightloop::Main(); }
