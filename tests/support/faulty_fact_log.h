// SPDX-License-Identifier: Apache-2.0

#ifndef INSIGHTLOOP_TESTS_SUPPORT_FAULTY_FACT_LOG_H_
#define INSIGHTLOOP_TESTS_SUPPORT_FAULTY_FACT_LOG_H_

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/ports/fact_log.h"

namespace insightloop::testing {

// Passes everything on to a log, except the appends it was told to fail or to hold, and counts
// reads. Thread-safe.
class FaultyFactLog final : public FactLog {
 public:
  // `log` outlives this object.
  explicit FaultyFactLog(FactLog& log) : log_(log) {}

  // The nth append from now on, counted from 1, fails with `status` and appends nothing.
  void FailAppend(int nth, absl::Status status) {
    const std::lock_guard lock(mutex_);
    fail_at_ = appends_ + nth;
    failure_ = std::move(status);
  }

  // Appends wait until they are released.
  void HoldAppends() {
    const std::lock_guard lock(mutex_);
    is_holding_ = true;
  }
  void ReleaseAppends() {
    std::function<void()> held;
    {
      const std::lock_guard lock(mutex_);
      is_holding_ = false;
      held = std::exchange(held_, nullptr);
    }
    if (held) held();
  }

  // Scans of units fail with `status`.
  void FailScansOfUnits(absl::Status status) {
    const std::lock_guard lock(mutex_);
    units_failure_ = std::move(status);
  }

  // Scans of outcomes wait until scans are stopped.
  void HoldScans() {
    const std::lock_guard lock(mutex_);
    is_holding_scans_ = true;
  }

  // Returns once `n` appends in all have begun.
  void AwaitAppends(int n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return appends_ >= n; });
  }

  int appends() const {
    const std::lock_guard lock(mutex_);
    return appends_;
  }

  // How often outcomes were read, all or those of some units.
  int outcome_reads() const {
    const std::lock_guard lock(mutex_);
    return outcome_reads_;
  }

  void Append(const FactBatch& batch, Appended appended) override {
    std::function<void()> append;
    {
      const std::lock_guard lock(mutex_);
      ++appends_;
      if (appends_ == fail_at_) {
        append = [appended = std::move(appended), failure = failure_] { appended(failure); };
      } else {
        append = [this, &batch, appended = std::move(appended)] { log_.Append(batch, appended); };
      }
      if (is_holding_) held_ = std::exchange(append, nullptr);
      changed_.notify_all();
    }
    if (append) append();
  }

  absl::Status ScanWords(const std::function<void(const WordRow&)>& row) override {
    return log_.ScanWords(row);
  }
  absl::Status ScanUnits(const std::function<void(const UnitRow&)>& row) override {
    {
      const std::lock_guard lock(mutex_);
      if (!units_failure_.ok()) return units_failure_;
    }
    return log_.ScanUnits(row);
  }
  absl::Status ScanExposures(std::optional<std::int64_t> experiment,
                             const std::function<void(const ExposureRow&)>& row) override {
    return log_.ScanExposures(experiment, row);
  }
  absl::Status ScanRejections(
      const std::function<void(const RejectionKey&, std::int64_t rows)>& row) override {
    return log_.ScanRejections(row);
  }
  absl::Status ScanOutcomes(const std::function<void(const StoredOutcome&)>& row) override {
    CountOutcomeRead();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !is_holding_scans_; });
    }
    return log_.ScanOutcomes(row);
  }
  absl::Status ScanIdentities(const std::function<void(const StoredIdentity&)>& row) override {
    return log_.ScanIdentities(row);
  }
  absl::Status FollowChains(
      std::span<const std::int64_t> last_ids,
      const std::function<void(std::size_t chain, const StoredOutcome&)>& row) override {
    CountOutcomeRead();
    return log_.FollowChains(last_ids, row);
  }
  void StopScans() override {
    log_.StopScans();
    {
      const std::lock_guard lock(mutex_);
      is_holding_scans_ = false;
    }
    changed_.notify_all();
  }
  absl::StatusOr<std::array<std::uint8_t, 16>> Secret() override { return log_.Secret(); }

 private:
  void CountOutcomeRead() {
    const std::lock_guard lock(mutex_);
    ++outcome_reads_;
  }

  FactLog& log_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  int appends_ = 0;  // begun
  int outcome_reads_ = 0;
  int fail_at_ = 0;
  absl::Status failure_, units_failure_;
  bool is_holding_ = false;
  std::function<void()> held_;  // the append that waits
  bool is_holding_scans_ = false;
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_SUPPORT_FAULTY_FACT_LOG_H_
