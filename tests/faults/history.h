// SPDX-License-Identifier: Apache-2.0
//
// What clients attempted and what was acknowledged to them, kept outside of the process or disk
// that fails, and the check of what is stored afterwards against it:
//
//   every fact that was acknowledged is stored;
//   every fact is stored once, was acknowledged as new at most once, and is one that was attempted;
//   the outcomes of one call are stored together or not at all;
//   figures equal a plain computation from what was recorded, to the last bit, followed or not.

#ifndef INSIGHTLOOP_TESTS_FAULTS_HISTORY_H_
#define INSIGHTLOOP_TESTS_FAULTS_HISTORY_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "engine/domain/facts.h"
#include "engine/ports/fact_audit.h"
#include "engine/ports/fact_log.h"
#include "engine/ports/measurement.h"

namespace insightloop::testing {

// How many facts break each rule, and an example of each kind.
struct Findings {
  std::int64_t lost = 0;      // acknowledged and not stored
  std::int64_t repeated = 0;  // stored twice, or acknowledged as new twice
  std::int64_t invented = 0;  // stored and never attempted, or with other content
  std::int64_t torn = 0;      // calls of which only a part is stored
  std::int64_t wrong = 0;     // fates and figures that differ, and what the store's audit finds
  std::string detail;

  [[nodiscard]] bool clean() const { return lost + repeated + invented + torn + wrong == 0; }
};
std::ostream& operator<<(std::ostream& out, const Findings& findings);

// The experiment of the facts of a history: `experiments/spring`, epoch 1, variants `control` and
// `reminder`; revenue of `events/order`, number of `events/visit` and share of units with one, over
// 7 days. Everything has matured by kEndOfHistory.
inline constexpr Time kStartOfHistory{1'772'438'400'000'000};       // 2026-03-02T08:00:00Z
inline constexpr Time kEndOfHistory = kStartOfHistory + Days(100);  // 2026-06-10T08:00:00Z
// As FactName() of events that were made at kStartOfHistory.
inline constexpr char kOrder[] = "events/order@1772438400000000";
inline constexpr char kVisit[] = "events/visit@1772438400000000";
MeasurePlan PlanOfHistory();

// An outcome id always comes with the same content, and from one client at a time. Safe for
// concurrent calls.
class History {
 public:
  // Before the rows are sent. Rows of the call that were attempted before are repetitions.
  void Attempt(const FactRows& rows);
  // After the call has returned these fates.
  void Acknowledge(const FactRows& rows, const FactFates& fates);

  // Facts that were acknowledged.
  [[nodiscard]] std::int64_t acknowledged() const;
  // Outcomes of calls that were stored, and whose answer got lost.
  [[nodiscard]] std::int64_t stored_unanswered() const;

  // `measurement` has read the log anew, and nobody records meanwhile.
  Findings Check(FactLog& log, FactAudit& audit, Measurement& measurement) const;

 private:
  // Unit, event, outcome_id.
  using OutcomeKey = std::tuple<std::string, std::string, std::string>;
  // Unit, variant, time.
  using ExposureKey = std::tuple<std::string, std::string, std::int64_t>;
  struct Fact {
    std::int64_t call = 0;   // the first with it
    std::int64_t time = 0;   // of an outcome
    std::int64_t value = 0;  // of an outcome
    bool is_acknowledged = false;
    bool is_accepted = false;  // acknowledged as new
  };
  struct Stored;

  void AcknowledgeOne(Fact& fact, const RowFate& fate, const std::string& name);
  void CheckOutcomes(const Stored& stored, Findings& findings) const;
  void CheckExposures(const Stored& stored, Findings& findings) const;
  void CheckFigures(const Stored& stored, Measurement& measurement, Findings& findings) const;

  mutable std::mutex mutex_;  // guards what follows
  std::int64_t calls_ = 0;
  std::map<OutcomeKey, Fact> outcomes_;
  std::map<ExposureKey, Fact> exposures_;
  std::int64_t stored_unanswered_ = 0;
  Findings fates_;  // what the fates themselves break
};

}  // namespace insightloop::testing

#endif  // INSIGHTLOOP_TESTS_FAULTS_HISTORY_H_
