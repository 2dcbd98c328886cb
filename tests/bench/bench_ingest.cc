// SPDX-License-Identifier: Apache-2.0
//
// How fast a real server takes outcomes that are durable when acknowledged: in calls of a thousand
// by 4 clients, while 20 million are stored, and one per call with 64 under way. All units are
// known beforehand; half of the outcomes belong to exposed units of a running experiment with 3
// metrics. The load shares the machine with the server; that of one per call is made to take little
// of it (single_load.h).
//
// The yardsticks: a bare gRPC method in a process of its own, called as one per call is and in
// turns with it, that accepts each outcome at once and forgets it. And SQLite itself, on one
// thread, with the server's settings: it appends rows of the same columns, each in a transaction of
// its own; as many as the server took, with as many to a transaction as the clients have under way;
// and then more with a unique index on a random key of 16 bytes, to the full table. Its longest
// commit before that says what the disk takes at times, whoever writes.
//
// The last line is a JSON object:
//   batch_outcomes_per_s   in calls of 1,000 by 4 clients, over all that is sent at full speed
//   ratio_to_unique_key    that, while the last million is stored, over the rate with the index
//   ratio_to_raw_append    batch_outcomes_per_s over the rate of the bare append
//   single_outcomes_per_s  one per call
//   single_ratio_to_bare   that over the rate of the bare method, both called in turns
//   single_ratio_to_commit_each  that over the rate of SQLite with a transaction for each row
//   rate_20m_over_1m       rate of the last million of 20 over that of the first of another server,
//                          both taken in turns, for machines are not always equally fast
//   worst_ack_ms           longest wait from when a call of 1,000 was due to its
//                          acknowledgement, at 60 % of the rate of the first million, while
//                          the outcomes double
//
// --quick divides all sizes by 12 to 22.

#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "insightloop/v1/measurement.grpc.pb.h"
#include "tests/bench/bare_server.h"
#include "tests/bench/measuring.h"
#include "tests/bench/real_server.h"
#include "tests/bench/single_load.h"

namespace insightloop::bench {
namespace {

constexpr double kSteadyShare = 0.6;
constexpr int kRowsPerCommit = BatchLoad::kClients * BatchLoad::kRowsPerCall;
constexpr double kSecondsOfCommitsEach = 5;
constexpr double kMaxSecondsWithIndex = 20;
constexpr int kMetrics = 3;
constexpr int kTurnsOfBatches = 10;
constexpr int kTurnsOfSingles = 8;

struct Sizes {
  Pool pool;
  std::int64_t million, steady_from, steady_to, all, singles;
};
constexpr Sizes kFull = {
    {2'000'000, 1'000'000}, 1'000'000, 9'000'000, 18'000'000, 20'000'000, 400'000};
constexpr Sizes kQuick = {{100'000, 50'000}, 80'000, 448'000, 900'000, 1'000'000, 20'000};
// A turn is whole calls for every client.
static_assert(kFull.million % (kTurnsOfBatches * kRowsPerCommit) == 0);
static_assert(kQuick.million % (kTurnsOfBatches * kRowsPerCommit) == 0);

// Accepts outcomes, and forgets them.
class ForgetfulService final : public v1::MeasurementService::CallbackService {
 public:
  grpc::ServerUnaryReactor* RecordOutcomes(grpc::CallbackServerContext* context,
                                           const v1::RecordOutcomesRequest* request,
                                           v1::RecordOutcomesResponse* response) override {
    for (int i = 0; i < request->outcomes_size(); ++i) {
      response->add_fates()->set_fate(v1::RowFate::ACCEPTED);
    }
    auto* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

// A table of outcomes in a file of its own.
class BareTable {
 public:
  explicit BareTable(const std::string& path) {
    Check(sqlite3_open(path.c_str(), &database_));
    Execute("PRAGMA journal_mode = WAL");
    Execute("PRAGMA synchronous = FULL");
    Execute("PRAGMA wal_autocheckpoint = 2048");
    Execute(
        "CREATE TABLE outcomes (id INTEGER PRIMARY KEY, unit INTEGER NOT NULL, event INTEGER NOT"
        " NULL, key BLOB NOT NULL, occur_time INTEGER NOT NULL, receive_time INTEGER NOT NULL, kind"
        " INTEGER NOT NULL, value INTEGER NOT NULL, late INTEGER NOT NULL, channel INTEGER,"
        " touchpoint INTEGER, source INTEGER, previous_id INTEGER, outcome_id TEXT, response_id"
        " TEXT, comment TEXT, item TEXT, category TEXT) STRICT");
    Check(sqlite3_prepare_v2(
        database_,
        "INSERT INTO outcomes (unit, event, key, occur_time, receive_time, kind, value, late,"
        " source, previous_id, outcome_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        -1, &insert_, nullptr));
  }
  ~BareTable() {
    sqlite3_finalize(insert_);
    sqlite3_close(database_);
  }
  BareTable(const BareTable&) = delete;
  BareTable& operator=(const BareTable&) = delete;

  void MakeIndex() { Execute("CREATE UNIQUE INDEX outcomes_by_key ON outcomes (key)"); }

  struct Appended {
    double per_second = 0;        // rows
    double longest_commit_s = 0;  // of one transaction from beginning to end
  };
  // Ends early when the time is up.
  Appended Append(std::int64_t rows, std::int64_t units, double max_seconds,
                  int rows_per_commit = kRowsPerCommit) {
    const auto start = SteadyClock::now();
    std::int64_t done = 0;
    Appended appended;
    while (done < rows && SecondsSince(start) < max_seconds) {
      const auto begin = SteadyClock::now();
      Execute("BEGIN IMMEDIATE");
      for (int i = 0; i < rows_per_commit; ++i) AppendOne(units);
      Execute("COMMIT");
      done += rows_per_commit;
      appended.longest_commit_s = std::max(appended.longest_commit_s, SecondsSince(begin));
    }
    appended.per_second = static_cast<double>(done) / SecondsSince(start);
    return appended;
  }

 private:
  void AppendOne(std::int64_t units) {
    const std::uint64_t key[] = {random_(), random_()};
    const auto unit = static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(units)) + 1;
    const std::int64_t time = 1'790'000'000'000'000 + static_cast<std::int64_t>(key[0] % (1 << 30));
    const std::string outcome_id = absl::StrFormat("%016x", ++last_id_);
    int column = 0;
    for (const std::int64_t number : {unit, std::int64_t{2 + last_id_ % 2}}) {
      sqlite3_bind_int64(insert_, ++column, number);
    }
    sqlite3_bind_blob(insert_, ++column, key, sizeof key, SQLITE_STATIC);
    for (const std::int64_t number :
         {time, time + 1'000'000, std::int64_t{1}, static_cast<std::int64_t>(key[1] % 16'384),
          std::int64_t{0}, std::int64_t{5}, last_id_ / 2}) {
      sqlite3_bind_int64(insert_, ++column, number);
    }
    sqlite3_bind_text(insert_, ++column, outcome_id.data(), static_cast<int>(outcome_id.size()),
                      SQLITE_STATIC);
    if (sqlite3_step(insert_) != SQLITE_DONE) Check(SQLITE_ERROR);
    sqlite3_reset(insert_);
  }

  void Execute(const char* sql) { Check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }
  void Check(int code) {
    if (code != SQLITE_OK) Fail(sqlite3_errmsg(database_));
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  std::int64_t last_id_ = 0;
  std::mt19937_64 random_{20'261'126};
};

struct Rates {
  double batch, last, last_over_first, single, bare_call, worst_ack_s;
};

void Start(RealServer& server, const Pool& pool) {
  server.Launch();
  server.WaitUntilListening();
  Prepare(Connect(server.address()), kMetrics, pool);
}

// Seconds that so many outcomes take each of them.
template <class Load>
std::pair<double, double> TakeTurns(Load& one, Load& other, std::int64_t outcomes, int turns) {
  std::pair<double, double> seconds;
  for (int turn = 0; turn < turns; ++turn) {
    seconds.first += one.Run(outcomes / turns);
    seconds.second += other.Run(outcomes / turns);
  }
  return seconds;
}

Rates MeasureServer(const Sizes& sizes) {
  const BareProcess<ForgetfulService> bare;
  RealServer server;
  Start(server, sizes.pool);
  absl::PrintF("%-52s %12d\n", "units known; half exposed", sizes.pool.units);

  BatchLoad batches(server.address(), sizes.pool);
  const auto million = static_cast<double>(sizes.million);
  Rates rates{};
  const double first_s = batches.Run(sizes.million);
  const double steady = kSteadyShare * million / first_s;
  absl::PrintF("%-52s %12.0f /s\n", "calls of 1,000 by 4 clients, first million",
               million / first_s);
  const double before_s = batches.Run(sizes.steady_from - sizes.million);
  rates.worst_ack_s = batches.RunPaced(sizes.steady_to - sizes.steady_from, steady);
  absl::PrintF("%-52s %12.1f ms\n", "longest wait at 60 % of that", 1e3 * rates.worst_ack_s);
  const double after_s = batches.Run(sizes.all - sizes.million - sizes.steady_to);
  double last_s = 0;
  {
    RealServer another;
    Start(another, sizes.pool);
    BatchLoad first_of_another(another.address(), sizes.pool);
    double another_s = 0;
    std::tie(last_s, another_s) =
        TakeTurns(batches, first_of_another, sizes.million, kTurnsOfBatches);
    rates.last = million / last_s;
    rates.last_over_first = another_s / last_s;
    absl::PrintF("%-52s %12.0f /s\n", "last million of 20", rates.last);
    absl::PrintF("%-52s %12.0f /s\n", "first million of another server, in turns with it",
                 million / another_s);
    another.Stop();
  }
  rates.batch = static_cast<double>(sizes.all - (sizes.steady_to - sizes.steady_from)) /
                (first_s + before_s + after_s + last_s);
  absl::PrintF("%-52s %12.0f /s\n", "all at full speed", rates.batch);

  {
    SingleLoad singles(server.address(), sizes.pool);
    SingleLoad bare_calls(bare.address(), sizes.pool);
    const auto [single_s, bare_s] = TakeTurns(singles, bare_calls, sizes.singles, kTurnsOfSingles);
    rates.single = static_cast<double>(sizes.singles) / single_s;
    rates.bare_call = static_cast<double>(sizes.singles) / bare_s;
  }
  absl::PrintF("%-52s %12.0f /s\n", "one per call, 64 under way", rates.single);
  absl::PrintF("%-52s %12.0f /s\n", "yardstick: a bare gRPC method, in turns with it",
               rates.bare_call);
  absl::PrintF("%-52s %12.1f MB\n", "memory of the server",
               static_cast<double>(server.ResidentBytes()) / 1e6);
  server.Stop();
  server.Verify();
  return rates;
}

int Main(const Sizes& sizes) {
  const Rates ours = MeasureServer(sizes);
  const TemporaryFolder folder;
  const double commit_each = BareTable(folder.Path("commits.db"))
                                 .Append(sizes.all, sizes.pool.units, kSecondsOfCommitsEach,
                                         /*rows_per_commit=*/1)
                                 .per_second;
  absl::PrintF("%-52s %12.0f /s\n", "yardstick: SQLite, a commit for each row", commit_each);
  BareTable table(folder.Path("bare.db"));
  const BareTable::Appended bare = table.Append(sizes.all - sizes.million, sizes.pool.units, 1e9);
  const double raw = bare.per_second;
  absl::PrintF("%-52s %12.0f /s\n", "yardstick: SQLite appends", raw);
  absl::PrintF("%-52s %12.1f ms\n", "yardstick: its longest commit", 1e3 * bare.longest_commit_s);
  table.MakeIndex();
  const double unique =
      table.Append(sizes.million, sizes.pool.units, kMaxSecondsWithIndex).per_second;
  absl::PrintF("%-52s %12.0f /s\n", "yardstick: with a unique random key, table full", unique);
  absl::PrintF(
      "{\"batch_outcomes_per_s\": %.0f, \"ratio_to_unique_key\": %.2f, \"ratio_to_raw_append\": "
      "%.3f, \"single_outcomes_per_s\": %.0f, \"single_ratio_to_bare\": %.3f, "
      "\"single_ratio_to_commit_each\": %.2f, \"rate_20m_over_1m\": %.3f, \"worst_ack_ms\": "
      "%.1f}\n",
      ours.batch, ours.last / unique, ours.batch / raw, ours.single, ours.single / ours.bare_call,
      ours.single / commit_each, ours.last_over_first, 1e3 * ours.worst_ack_s);
  return 0;
}

}  // namespace
}  // namespace insightloop::bench

int main(int argc, char** argv) {
  using namespace insightloop::bench;
  // As the server does: for the load and for the bare method.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return Main(IsQuick(argc, argv) ? kQuick : kFull);
}
