// SPDX-License-Identifier: Apache-2.0
//
// Assigns units inside the caller's process, in well under a microsecond: holds the server's
// catalog in memory, kept up to date by a stream, and runs the server's own code on it. Exposures
// and outcomes are buffered and delivered in the background.
//
//   const auto client = insightloop::Client::Connect({.target = "experiments.example:50051"});
//   const auto evaluator = insightloop::LocalEvaluator::Start(*client, {});
//   (*evaluator)->WaitUntilReady(absl::Seconds(10));
//   const auto answer =
//       (*evaluator)->AssignInExperiment("experiments/spring", "customer-42", {{"country", "VN"}});
//   if (answer.ok() && answer->variant() == "reminder") {
//     …  // show it, then
//     (*evaluator)->RecordExposure(*answer, "customer-42", {{"country", "VN"}});
//   }
//
// When the server is gone, answers go on from the last catalog and facts stay in the buffer. What
// was buffered counts exactly once, however often it has to be sent.

#ifndef INSIGHTLOOP_CLIENTS_CPP_LOCAL_EVALUATOR_H_
#define INSIGHTLOOP_CLIENTS_CPP_LOCAL_EVALUATOR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "insightloop/v1/assignment.pb.h"
#include "insightloop/v1/measurement.pb.h"

namespace insightloop {

class Catalog;
class Client;
struct ReadyExperiment;
struct ReadyHoldout;

// What is known of a unit: values of declared attributes by id.
using AttributeValue = std::variant<std::string, double, bool>;
using AttributeMap = std::map<std::string, AttributeValue, std::less<>>;

// A row that the server will not take; `fate` says why. It is not sent again.
struct RejectedRow {
  std::variant<v1::Exposure, v1::Outcome> row;
  v1::RowFate fate;
};

struct LocalEvaluatorOptions {
  // Bounds of what waits for delivery. In memory a short row takes some five times its bytes.
  std::size_t max_buffered_rows = 100'000;
  std::size_t max_buffered_bytes = 32 << 20;  // as on the wire
  // How long a row waits for others to travel with.
  absl::Duration flush_interval = absl::Seconds(1);
  // How many rows travel in one call, 1 to 10,000.
  int rows_per_call = 1'000;
  // How long the destructor tries to deliver what is left.
  absl::Duration patience_of_destructor = absl::Seconds(5);
  // Runs on the delivering thread, which waits for it. May buffer rows; must not call Flush().
  std::function<void(const RejectedRow&)> on_rejected;
};

// An answer: what the unit gets, and why. Keeps what it points to alive. Cheap to copy.
class LocalAssignment {
 public:
  // Empty: in a layer where the unit is in no experiment.
  std::string_view experiment() const;
  // The variant to serve; empty when the unit is not in the experiment.
  std::string_view variant() const { return variant_; }
  // NEEDS_SERVER: only the server knows, because the unit may have been exposed before the weights
  // changed, or because this version of the library cannot read the definition. Ask it, with
  // Client::Assign.
  v1::AssignResponse::Reason reason() const { return reason_; }
  // The stretch of one allocation that the answer belongs to.
  std::int32_t epoch() const { return epoch_; }
  // With HOLDOUT: which, such as `layers/mail/holdout`.
  std::string_view holdout() const;

 private:
  friend class LocalEvaluator;
  struct Standing {
    const ReadyHoldout* holdout = nullptr;
    bool is_held_out = false;
  };
  LocalAssignment() = default;

  std::shared_ptr<const Catalog> catalog_;  // owns what the others point to
  const ReadyExperiment* experiment_ = nullptr;
  std::string_view variant_;
  std::string_view unit_type_;  // of exposures of holdouts
  v1::AssignResponse::Reason reason_{};
  std::int32_t epoch_ = 0;
  Standing programme_, layer_;
};

// Rows since the start, but for `buffered`, which are waiting now.
struct DeliveryCounts {
  std::int64_t buffered = 0;
  std::int64_t delivered = 0;   // and new to the server
  std::int64_t duplicates = 0;  // which the server had already
  std::int64_t rejected = 0;
};

// Safe for concurrent calls.
class LocalEvaluator {
 public:
  // Starts to follow the catalog, without waiting for it. Facts are delivered with the client's
  // deadline. Errors: kInvalidArgument for an option out of its range.
  static absl::StatusOr<std::unique_ptr<LocalEvaluator>> Start(const Client& client,
                                                               LocalEvaluatorOptions options = {});
  // Delivers what is buffered as long as the options allow; what is left then is lost. Call Flush()
  // before to know.
  ~LocalEvaluator();
  LocalEvaluator(const LocalEvaluator&) = delete;
  LocalEvaluator& operator=(const LocalEvaluator&) = delete;

  // Waits until there is a catalog. Error: kDeadlineExceeded (NO_CATALOG), with what is in the way.
  absl::Status WaitUntilReady(absl::Duration timeout) const;
  // Why the catalog may be behind the server's, such as kUnavailable; or incomplete:
  // kFailedPrecondition (UNREADABLE_DEFINITION). OK when it is neither.
  absl::Status CatalogStatus() const;

  // What `Assign` of the contract answers for an experiment, `experiments/{id}`, or a layer,
  // `layers/{id}`, there for units of a type, `unitTypes/customer` when empty. No I/O, no lock, no
  // allocation.
  //
  // Errors: those of `Assign`, with its reasons; kUnavailable (NO_CATALOG) before there is one.
  absl::StatusOr<LocalAssignment> AssignInExperiment(std::string_view experiment,
                                                     std::string_view unit_id,
                                                     const AttributeMap& attributes) const;
  absl::StatusOr<LocalAssignment> AssignInLayer(std::string_view layer, std::string_view unit_id,
                                                const AttributeMap& attributes,
                                                std::string_view unit_type = "") const;

  // Buffers that the unit could see what the answer gave it: its variant where it got one, and
  // whether it is in a holdout. Nothing follows from an answer such as PAUSED. Of the attributes,
  // those are sent that the plan uses. `time` is when it could see it.
  //
  // Errors: kInvalidArgument for a text that is not UTF-8 or too long; kResourceExhausted
  // (BUFFER_FULL) when the rows do not fit: nothing of them is buffered then.
  absl::Status RecordExposure(const LocalAssignment& assignment, std::string_view unit_id,
                              const AttributeMap& attributes, absl::Time time = absl::Now());
  // Buffers what a unit did. An `occur_time` that is not set is now. An empty `outcome_id` is
  // filled in; give one where the same outcome may be recorded again, such as by a process that
  // restarts. Errors: as RecordExposure.
  absl::Status RecordOutcome(v1::Outcome outcome);

  // Waits until everything that is buffered now is delivered or rejected. Error: kDeadlineExceeded
  // (NOT_DELIVERED), with what is in the way; nothing is lost.
  absl::Status Flush(absl::Duration timeout);
  DeliveryCounts counts() const;

 private:
  struct Impl;
  explicit LocalEvaluator(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_CLIENTS_CPP_LOCAL_EVALUATOR_H_
