// SPDX-License-Identifier: Apache-2.0
//
// The one writer of facts: stage, append, publish, acknowledge. Calls that come while others are
// written form the next group, and are staged meanwhile on top of the one under way.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_WRITER_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_WRITER_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "engine/domain/facts.h"
#include "engine/domain/limits.h"
#include "engine/measurement/fact_memory.h"
#include "engine/measurement/fact_stage.h"
#include "engine/measurement/identity.h"
#include "engine/measurement/outcome_identities.h"
#include "engine/ports/fact_log.h"
#include "engine/ports/measurement.h"

namespace insightloop {

// What the log has, in memory. The mutexes are taken in the order in which they stand here; who
// holds one must not wait for the writer.
struct GuardedFactMemory {
  std::mutex publish_mutex;  // held by the writer to publish, and by who must not be overtaken
  std::shared_mutex mutex;   // guards `memory`
  FactMemory memory;
};

// Safe for concurrent calls.
class FactWriter {
 public:
  // `published` is called after facts were added to `memory`, while it is locked.
  FactWriter(FactLog& log, const Limits& limits, KeyedHash hash, GuardedFactMemory& memory,
             std::function<void()> published);
  FactWriter(const FactWriter&) = delete;
  FactWriter& operator=(const FactWriter&) = delete;
  // Writes what was accepted first.
  ~FactWriter();

  // Begins to write, once `load` has filled the memory, and `identities` with those of all outcomes
  // in it. After its error all calls get that.
  void Start(std::function<absl::Status(OutcomeIdentities& identities)> load);

  // As Measurement.
  void Record(FactRows rows, Recorded recorded);

  // Runs `work` while nothing is staged or under way. What it gets is its to use meanwhile. Errors:
  // those of `work`; why the log takes no more.
  absl::Status RunAlone(
      const std::function<absl::Status(KeyedHash& hash, OutcomeIdentities& identities)>& work);

 private:
  using Alone = std::function<void(const absl::Status& failed)>;
  // A call of Record(), or of RunAlone().
  struct Call {
    [[nodiscard]] std::size_t size() const {
      return rows.exposures.size() + rows.outcomes.size() + rows.rejections.size();
    }

    FactRows rows;
    Recorded recorded;
    FactFates fates;
    Alone alone;
  };
  // Calls that are written together, and what came of it.
  struct Group {
    std::vector<Call> calls;
    std::size_t rows = 0;
    std::unique_ptr<FactStage> stage;
    absl::Status status;
  };
  // What there is to do.
  struct Work {
    std::optional<absl::Status> appended;  // how the append under way has ended
    std::vector<Call> calls;               // to be staged, or one to be run alone
  };

  absl::Status Enqueue(Call& call);
  void Run(const std::function<absl::Status(OutcomeIdentities& identities)>& load);
  Work AwaitWork();  // empty: the end
  [[nodiscard]] bool CanTakeNext(std::size_t rows) const;
  void StageCalls(std::vector<Call> calls);
  void StageCall(Call& call);
  [[nodiscard]] absl::Status CheckMemory() const;
  Group EndAppend(const absl::Status& status);
  std::optional<Group> BeginAppend();
  void Publish(const Group& group);
  void AnswerOrHandOver(Group group);
  void AnswerHandedOver();
  static void Answer(Group& group);

  FactLog& log_;
  const std::size_t max_queued_rows_;
  const std::int64_t max_bytes_;
  GuardedFactMemory& memory_;
  const std::function<void()> published_;

  // The writer thread's own:
  KeyedHash hash_;
  OutcomeIdentities identities_;  // of what is in the memory, under way and staged
  absl::Status failed_;           // why the log takes no more; OK while it does
  Group staged_;
  std::optional<Group> under_way_;

  std::mutex queue_mutex_;        // guards what follows
  std::condition_variable wake_;  // the writer: there is work, or it should end
  std::deque<Call> queue_;
  std::size_t queued_rows_ = 0;  // of the calls in the queue, and of those staged
  bool is_stopping_ = false;
  std::optional<absl::Status> appended_;

  // The writer answers groups of small calls itself, which is quick. It does not wait for the many
  // fates of large ones, which the answerer hands out.
  std::mutex answer_mutex_;         // guards what follows
  std::condition_variable answer_;  // the answerer: there are answers, or it should end
  std::vector<Group> written_;
  bool is_all_written_ = false;

  std::thread writer_, answerer_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_WRITER_H_
