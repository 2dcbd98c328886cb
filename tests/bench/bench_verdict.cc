// SPDX-License-Identifier: Apache-2.0
//
// How long the moments of a followed experiment and a verdict take, and what facts cost in memory.
// The experiment has 2 million exposed units of two variants, 5 metrics and a segment attribute of
// 4 values; a new fact precedes each measuring, so that no earlier result can serve. Moments are
// measured in this process, the verdict over gRPC from a real server, whose figures are verified in
// the end. Memory is what the process has allocated more after facts than before.
//
// The last line is a JSON object:
//   moments_ms_10m         median time of Measure() with 10 million outcomes, in milliseconds
//   moments_ms_40m         the same with 40 million
//   cap_ms                 how much longer it takes with a percentile cap on a metric
//   quantile_ms            how much longer with a quantile in place of a mean
//   verdict_rpc_ms         median time of ComputeVerdict with 10 million outcomes, from request to
//                          answer
//   bytes_per_unit         per known unit
//   bytes_per_exposed_unit per exposed unit and experiment, without what metrics take
//   bytes_per_unit_metric  per exposed unit and metric
//   bytes_per_key          per outcome: what tells it from others
//
// --quick divides all sizes by 20.

#include <grpcpp/client_context.h>
#include <malloc.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "api/seeded_random.h"
#include "engine/domain/limits.h"
#include "engine/measurement/embedded_measurement.h"
#include "insightloop/v1/measurement.grpc.pb.h"
#include "insightloop/v1/verdict.grpc.pb.h"
#include "storage/sqlite/database.h"
#include "storage/sqlite/fact_log.h"
#include "tests/bench/measuring.h"
#include "tests/bench/real_server.h"

namespace insightloop::bench {
namespace {

constexpr Time kStart{1'790'000'000'000'000};  // 2026-09-21
constexpr int kMetrics = 5;
constexpr int kTurns = 11;
constexpr int kRowsPerCall = 10'000;
constexpr std::int64_t kFewUnits = 1'000;
constexpr const char* kVariants[] = {"control", "reminder"};
constexpr const char* kCountries[] = {"DE", "FR", "US", "VN"};
constexpr char kExperiment[] = "experiments/spring";

struct Sizes {
  std::int64_t units, first_outcomes, all_outcomes, memory_units, keys;
};
constexpr Sizes kFull = {2'000'000, 10'000'000, 40'000'000, 2'000'000, 6'000'000};
constexpr Sizes kQuick = {100'000, 500'000, 2'000'000, 100'000, 300'000};

// What the process has allocated. Unlike its resident memory without what the allocator holds in
// reserve, which differs by chance from thread to thread.
double AllocatedByProcess() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

MeasurePlan PlanWith(int metrics, std::vector<std::string> segment_attributes) {
  constexpr std::int64_t kCents = 100;
  const Window week{.length = Days(7)};
  std::vector<MeasuredMetric> all(kMetrics);
  all[0] = {.event = "order", .kind = MetricKind::kMean, .window = week, .steps_per_unit = kCents};
  all[1] = {.event = "order",
            .kind = MetricKind::kProportion,
            .event_has_value = true,
            .window = week,
            .steps_per_unit = kCents};
  all[2] = {.event = "visit", .kind = MetricKind::kCount, .window = week};
  all[3] = {.event = "visit", .kind = MetricKind::kProportion, .window = week};
  all[4] = {.event = "order",
            .kind = MetricKind::kMean,
            .window = Window{.delay = Days(1), .length = Days(6)},
            .steps_per_unit = kCents};
  all.resize(static_cast<std::size_t>(metrics));
  return {.experiment = kExperiment,
          .variants = {kVariants[0], kVariants[1]},
          .metrics = std::move(all),
          .segment_attributes = std::move(segment_attributes),
          .lateness_allowance = Days(1),
          .max_segment_values = Limits{}.max_segment_values};
}

// A measurement on a file that does not last, and the facts to feed it with.
class Subject {
 public:
  Measurement& measurement() { return *measurement_; }

  // Exposes units 0 to `units` - 1.
  void Expose(std::int64_t units, bool with_country) {
    FactRows rows;
    for (std::int64_t unit = 0; unit < units; ++unit) {
      Exposure& exposure = rows.exposures.emplace_back(
          Exposure{.unit = {.unit_type = kUnitType, .unit_id = IdOf(unit)},
                   .experiment = kExperiment,
                   .epoch = 1,
                   .variant = kVariants[unit % 2],
                   .occur_time = kStart + Seconds(unit % 86'400),
                   .receive_time = kStart + Days(1),
                   .source = ExposureSource::kExternal});
      if (with_country) exposure.attributes = {{"country", std::string(kCountries[unit / 2 % 4])}};
      FlushIfFull(rows);
    }
    Flush(rows);
  }

  // Outcomes of `events` in turns, of units of the first `units` in turns.
  void Feed(std::int64_t outcomes, std::int64_t units, const std::vector<std::string>& events) {
    FactRows rows;
    for (std::int64_t i = 0; i < outcomes; ++i) {
      const std::string& event = events[static_cast<std::size_t>(i / units) % events.size()];
      const std::uint64_t bits = random_();
      rows.outcomes.push_back(
          {.outcome_id = texts_.emplace_back(absl::StrFormat("%016x", ++last_outcome_)),
           .unit = {.unit_type = kUnitType, .unit_id = texts_.emplace_back(IdOf(i % units))},
           .event = event,
           // Some before the exposure and some after the window.
           .occur_time = kStart + Seconds(static_cast<std::int64_t>(bits % (9 * 86'400))),
           .receive_time = kStart + Days(10),
           .kind = event == "order" ? OutcomeKind::kValue : OutcomeKind::kOccurred,
           .value = event == "order" ? static_cast<std::int64_t>(bits >> 40 & 0x3fff) : 0});
      FlushIfFull(rows);
    }
    Flush(rows);
  }

  // Has buffers reach the size that calls need, and events their numbers: keys hang on these, and
  // where keys are the same so is the room that their tables have in reserve.
  void WarmUp() { Feed(5 * kRowsPerCall, kFewUnits, {"other", "order", "visit"}); }

  // What the process has allocated without what calls took for themselves: one more is answered
  // only when all before it have given that back.
  double AllocatedBytes() {
    Feed(1, 1, {"other"});
    return AllocatedByProcess();
  }

  // Milliseconds of Measure(), one per turn.
  std::vector<double> MeasureTimes(const MeasurePlan& plan, std::int64_t units) {
    std::vector<double> milliseconds;
    for (int turn = 0; turn < kTurns; ++turn) {
      Feed(1, 1, {"order"});
      const auto start = SteadyClock::now();
      const Measured measured = Must(measurement_->Measure(plan, kStart + Days(30)));
      milliseconds.push_back(1e3 * SecondsSince(start));
      if (measured.exposed_units.size() != 2 ||
          measured.exposed_units[0] + measured.exposed_units[1] != units) {
        Fail("not every exposed unit was measured");
      }
    }
    return milliseconds;
  }

 private:
  static constexpr const char* kUnitType = "unitTypes/customer";
  static std::string IdOf(std::int64_t unit) { return absl::StrFormat("customer-%07d", unit); }

  void FlushIfFull(FactRows& rows) {
    if (rows.exposures.size() + rows.outcomes.size() == kRowsPerCall) Flush(rows);
  }
  void Flush(FactRows& rows) {
    const FactFates fates = Must(measurement_->Record(std::exchange(rows, {})));
    const auto is_new = [](const RowFate& fate) { return fate.fate == Fate::kAccepted; };
    if (!std::all_of(fates.exposures.begin(), fates.exposures.end(), is_new) ||
        !std::all_of(fates.outcomes.begin(), fates.outcomes.end(), is_new)) {
      Fail("a fact was not accepted");
    }
    texts_.clear();
  }

  api::SeededRandom secrets_{20'261'126};
  std::mt19937_64 random_{20'261'126};
  std::int64_t last_outcome_ = 0;
  std::deque<std::string> texts_;  // of the outcomes to be flushed
  std::unique_ptr<storage::SqliteDatabase> database_ =
      Must(storage::SqliteDatabase::Open({.path = ":memory:", .now = kStart}, secrets_));
  storage::SqliteFactLog log_{*database_};
  std::unique_ptr<Measurement> measurement_ = Must(OpenEmbeddedMeasurement(log_, Limits{}));
};

// The largest figure while tables grow by steps, for what they hold in reserve differs.
double BytesPerKey(std::int64_t keys) {
  constexpr int kSteps = 12;
  Subject subject;
  subject.WarmUp();
  const double before = subject.AllocatedBytes();
  double most = 0;
  for (int step = 1; step <= kSteps; ++step) {
    subject.Feed(keys / kSteps, kFewUnits, {"other"});
    const double bytes =
        (subject.AllocatedBytes() - before) / static_cast<double>(keys / kSteps * step);
    if (step >= kSteps / 4) most = std::max(most, bytes);
  }
  return most;
}

// What three outcomes of each unit take that is exposed under that many metrics, or not exposed; or
// as many outcomes of few units. Differences between them leave the keys out.
double BytesOf(std::int64_t units, std::int64_t outcomes, int metrics) {
  Subject subject;
  subject.WarmUp();
  const double before = subject.AllocatedBytes();
  subject.Feed(outcomes / 3, units, {"other"});
  if (metrics > 0) {
    subject.measurement().Follow(PlanWith(metrics, {}));
    subject.Expose(units, /*with_country=*/false);
  }
  subject.Feed(outcomes / 3 * 2, units, {"order", "visit"});
  return subject.AllocatedBytes() - before;
}

// Follows the plan from the first fact on, until the first outcomes are there.
void Fill(Subject& subject, const MeasurePlan& plan, const Sizes& sizes) {
  subject.measurement().Follow(plan);
  subject.Expose(sizes.units, /*with_country=*/true);
  subject.Feed(sizes.first_outcomes, sizes.units, {"order", "visit"});
}

// Milliseconds that measuring takes with another first metric.
double MsWith(const MeasuredMetric& first, const Sizes& sizes) {
  MeasurePlan plan = PlanWith(kMetrics, {"country"});
  plan.metrics[0] = first;
  Subject subject;
  Fill(subject, plan, sizes);
  return MedianOf(subject.MeasureTimes(plan, sizes.units));
}

double VerdictMs(const Sizes& sizes) {
  RealServer server;
  server.Launch();
  server.WaitUntilListening();
  const Pool pool = {.units = sizes.units, .exposed = sizes.units};
  const auto channel = Connect(server.address());
  Prepare(channel, kMetrics, pool);
  BatchLoad(server.address(), pool).Run(sizes.first_outcomes);
  OutcomeCall fact(pool, 1, 20'261'126);
  const auto facts = v1::MeasurementService::NewStub(channel);
  const auto verdicts = v1::VerdictService::NewStub(channel);
  v1::ComputeVerdictRequest request;
  request.set_experiment(kExperiment);
  std::vector<double> milliseconds;
  for (int turn = 0; turn < kTurns; ++turn) {
    fact.Renew();
    grpc::ClientContext recording, computing;
    v1::RecordOutcomesResponse fates;
    v1::Verdict verdict;
    if (!facts->RecordOutcomes(&recording, fact.request(), &fates).ok()) Fail("no fact recorded");
    const auto start = SteadyClock::now();
    if (!verdicts->ComputeVerdict(&computing, request, &verdict).ok()) Fail("no verdict");
    milliseconds.push_back(1e3 * SecondsSince(start));
    if (verdict.matured_units() != sizes.units) Fail("not every exposed unit was judged");
  }
  server.Stop();
  server.Verify();
  return MedianOf(milliseconds);
}

double MomentsMs(Subject& subject, const MeasurePlan& plan, std::int64_t units, double outcomes) {
  const std::vector<double> times = subject.MeasureTimes(plan, units);
  const double median = MedianOf(times);
  absl::PrintF("%-44s %12.2f ms (best %.2f ms)\n",
               absl::StrFormat("moments, %.1f million outcomes", outcomes / 1e6), median,
               *std::min_element(times.begin(), times.end()));
  return median;
}

int Main(const Sizes& sizes) {
  const double key = BytesPerKey(sizes.keys);
  absl::PrintF("%-44s %12.1f bytes\n", "key", key);
  const std::int64_t units = sizes.memory_units;
  const double few = BytesOf(kFewUnits, 3 * units, 0);
  const double known = BytesOf(units, 3 * units, 0);
  const double with_one = BytesOf(units, 3 * units, 1);
  const double with_all = BytesOf(units, 3 * units, kMetrics);
  const double unit = (known - few) / static_cast<double>(units);
  const double metric = (with_all - with_one) / (kMetrics - 1) / static_cast<double>(units);
  const double exposed = (with_one - known) / static_cast<double>(units) - metric;
  absl::PrintF("%-44s %12.1f bytes\n", "known unit", unit);
  absl::PrintF("%-44s %12.1f bytes\n", "exposed unit, without metrics", exposed);
  absl::PrintF("%-44s %12.1f bytes\n", "metric of an exposed unit", metric);

  Subject subject;
  const MeasurePlan plan = PlanWith(kMetrics, {"country"});
  Fill(subject, plan, sizes);
  const double at_first =
      MomentsMs(subject, plan, sizes.units, static_cast<double>(sizes.first_outcomes));
  subject.Feed(sizes.all_outcomes - sizes.first_outcomes, sizes.units, {"visit", "order"});
  const double at_last =
      MomentsMs(subject, plan, sizes.units, static_cast<double>(sizes.all_outcomes));

  MeasuredMetric first = plan.metrics[0];
  first.cap = MeasuredCap{.share = 0.99};
  const double cap = MsWith(first, sizes) - at_first;
  absl::PrintF("%-44s %12.2f ms\n", "a percentile cap more", cap);
  first = plan.metrics[0];
  first.kind = MetricKind::kQuantile;
  first.quantile = 0.9;
  const double quantile = MsWith(first, sizes) - at_first;
  absl::PrintF("%-44s %12.2f ms\n", "a quantile for a mean more", quantile);

  const double verdict = VerdictMs(sizes);
  absl::PrintF("%-44s %12.2f ms\n", "ComputeVerdict over gRPC", verdict);

  absl::PrintF(
      "{\"moments_ms_10m\": %.2f, \"moments_ms_40m\": %.2f, \"cap_ms\": %.2f, "
      "\"quantile_ms\": %.2f, \"verdict_rpc_ms\": %.2f, \"bytes_per_unit\": %.1f, "
      "\"bytes_per_exposed_unit\": %.1f, \"bytes_per_unit_metric\": %.1f, \"bytes_per_key\": "
      "%.1f}\n",
      at_first, at_last, cap, quantile, verdict, unit, exposed, metric, key);
  return 0;
}

}  // namespace
}  // namespace insightloop::bench

int main(int argc, char** argv) {
  using namespace insightloop::bench;
  return Main(IsQuick(argc, argv) ? kQuick : kFull);
}
