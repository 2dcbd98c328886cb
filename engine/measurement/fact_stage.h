// SPDX-License-Identifier: Apache-2.0
//
// What rows would add to a `FactMemory`: each is judged by what is known, and becomes part of it
// only once the log has it. But identities of outcomes are known at once: rows that could not be
// appended are withdrawn.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_STAGE_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_STAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "engine/domain/facts.h"
#include "engine/measurement/fact_memory.h"
#include "engine/measurement/identity.h"
#include "engine/measurement/outcome_identities.h"
#include "engine/measurement/roster.h"
#include "engine/ports/fact_log.h"

namespace insightloop {

// Rows on their way into the log. Not thread-safe.
class FactStage {
 public:
  // What Add() compares with is in `memory`, in `base` where that is not null (rows that are on
  // their way there), and in `identities`, of all outcomes in both and, as they are added, of these
  // rows. No fact may be added to the first two until the last Add(), after which neither is looked
  // at any more.
  FactStage(const FactMemory& memory, const FactStage* base, OutcomeIdentities& identities,
            KeyedHash& hash)
      : memory_(memory), base_(base), identities_(identities), hash_(hash) {}

  // Makes room for so many more outcomes.
  void Reserve(std::size_t outcomes);

  // Judges the row by what is stored and staged, and stages it when it is new.
  RowFate Add(const Exposure& exposure);
  // The same for each row in order; the texts of new ones must last as long as batch() is used.
  void Add(std::span<const Outcome> outcomes, std::vector<RowFate>& fates);
  void Add(const Rejections& rejections);

  // Takes back the identities of its outcomes, which were not appended. At most once, and before
  // anything is staged that does not have this one or what it is based on as its base.
  void Withdraw();

  // What to append, and to add to the memory after that of the base.
  [[nodiscard]] const FactBatch& batch() const { return batch_; }
  [[nodiscard]] bool has_facts() const {
    return !batch_.exposures.empty() || !batch_.outcomes.empty();
  }
  [[nodiscard]] bool empty() const { return !has_facts() && batch_.rejections.empty(); }

 private:
  // By which an outcome is known.
  struct Identity {
    std::int64_t unit = 0, event = 0;
    absl::uint128 key = 0;
    std::int64_t response_key = 0;
    std::optional<std::uint32_t> erased;  // digest of an erased outcome; nothing else is set then
  };

  // A text that was looked up.
  struct RecentWord {
    std::string text;
    std::int64_t word = 0;
  };

  void Identify(std::span<const Outcome> outcomes, std::vector<Identity>& identities);
  RowFate Add(const Identity& identity, const Outcome& outcome);
  RowFate RejectReused(const Outcome& outcome);
  std::int64_t Word(std::string_view text);  // 0 for an empty text
  std::int64_t FindOrAddWord(std::string_view text);
  // `hash` is that of UnitTable.
  std::int64_t Unit(std::int64_t unit_type, std::string_view unit_id, std::size_t hash);
  [[nodiscard]] std::int64_t LastOutcomeOf(std::int64_t unit) const;
  // The digest of the outcome if its unit has sent it before it was erased.
  std::optional<std::uint32_t> FindErased(const Outcome& outcome);
  // What memory_ will have once the base is part of it.
  [[nodiscard]] std::int64_t last_word() const;
  [[nodiscard]] std::int64_t last_unit() const;
  [[nodiscard]] std::int64_t last_outcome() const;

  const FactMemory& memory_;
  const FactStage* const base_;
  OutcomeIdentities& identities_;
  KeyedHash& hash_;
  FactBatch batch_;
  FactMemory::Words words_;
  std::array<RecentWord, 16> recent_words_;                     // by length and last character
  absl::flat_hash_map<std::int64_t, FactMemory::Words> units_;  // by unit type
  absl::flat_hash_map<std::int64_t, std::int64_t> outcome_of_unit_;
  absl::flat_hash_map<std::pair<std::int64_t, ExposureKey>, ExposureRank> exposures_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_FACT_STAGE_H_
