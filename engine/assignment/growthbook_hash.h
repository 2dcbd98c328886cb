// SPDX-License-Identifier: Apache-2.0
//
// GrowthBook's way to place a unit, for teams that migrate running experiments: the same unit gets
// the same variation. FNV-1a of 32 bits over UTF-16 code units, as its JavaScript client hashes;
// its clients that hash UTF-8 bytes agree on ASCII only. New experiments use hashing.h, which has
// neither the remainder nor the floating point of these rules.
//
// Texts are well-formed UTF-8; others have a hash too, but not GrowthBook's. Hashes are in [0, 1)
// in steps of 1/1,000 (version 1 and namespaces) or 1/10,000 (version 2). Pure; no errors; only
// the functions that make ranges allocate.
//
// Sources: Build Your Own SDK, GrowthBook's documentation; FNV-1a: Fowler, Noll, Vo, Eastlake,
// draft-eastlake-fnv.

#ifndef INSIGHTLOOP_ENGINE_ASSIGNMENT_GROWTHBOOK_HASH_H_
#define INSIGHTLOOP_ENGINE_ASSIGNMENT_GROWTHBOOK_HASH_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace insightloop {

// GrowthBook's hashVersion.
enum class GrowthBookVersion { kV1 = 1, kV2 = 2 };

// FNV-1a of the pieces, one after the other, as if they were one text.
std::uint32_t GrowthBookFnv32a(std::initializer_list<std::string_view> pieces);

// Where in [0, 1) a unit lies. `seed` is the experiment's seed, or its key where it has none;
// `value` is the unit id.
double GrowthBookHash(GrowthBookVersion version, std::string_view seed, std::string_view value);

// Whether a unit is in the part [from, to) of a namespace: GrowthBook's mutual exclusion.
bool InGrowthBookNamespace(std::string_view unit_id, std::string_view namespace_id, double from,
                           double to);

// The hashes of one variation: [from, to).
struct GrowthBookRange {
  double from = 0, to = 0;
};

// Integer weights, not below 0 and their sum above 0, as shares of 1. Division rounds correctly, so
// weights of 4 and 6 give the same numbers as a GrowthBook experiment that says 0.4 and 0.6.
std::vector<double> GrowthBookShares(std::span<const std::int32_t> weights);

// The ranges of all variations, in their order. `weights` are shares of 1; where their sum is not
// within 0.99 and 1.01, all variations get the same share. `coverage` is the share of units that
// take part, brought into [0, 1]; it shortens each range in place, so that raising it moves nobody
// to another variation. Made once per experiment.
std::vector<GrowthBookRange> GrowthBookRanges(std::span<const double> weights, double coverage);

// Index of the first range that holds the hash; absent when the unit does not take part.
std::optional<std::size_t> ChooseGrowthBookVariation(double hash,
                                                     std::span<const GrowthBookRange> ranges);

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_ASSIGNMENT_GROWTHBOOK_HASH_H_
