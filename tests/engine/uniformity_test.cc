// SPDX-License-Identifier: Apache-2.0
//
// Whether the two hashes of engine/assignment/hashing.h behave as chance would on ids as they are:
// a million each of sequential numbers, UUIDs, phone numbers and e-mail addresses. Slots and
// variants are spread as planned, and neither tells anything of another layer or experiment.
//
// Every check is a chi-square test. Were the hashes pure chance, one or more of all of them would
// fail with a probability of at most kFalseAlarms: each may reject at kFalseAlarms / kTests
// (Bonferroni), beyond the quantile that Boost.Math computes here. Ids and salts are fixed, so a
// run that passes always passes.

#include <gtest/gtest.h>

#include <array>
#include <boost/math/distributions/chi_squared.hpp>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/assignment/hashing.h"
#include "tests/support/unit_ids.h"

namespace insightloop {
namespace {

using testing::Ids;
using testing::kAllIds;

constexpr std::size_t kUnits = 1'000'000;
constexpr std::size_t kSlots = 1'000;
constexpr std::size_t kSlotGroups = 20;

// Each is the salt of a layer and of an experiment. Salts of ours are UUIDs; the others differ in
// as little as salts can.
constexpr std::array<const char*, 4> kSalts = {"5f0c6a52-7d0e-4f3b-9a53-0d1c2b7e8f61",
                                               "c2b7e8f6-19a5-43d1-8c0d-7d0e4f3b5f0c", "a", "b"};

using Weights = std::vector<std::int32_t>;

const std::array<Weights, 4> kAllWeights = {Weights{1, 1}, {1, 1, 1}, {5, 3, 2}, {97, 1, 1, 1}};

// ---- Places

// Of each unit: its slot, its group of slots or its variant.
struct Places {
  std::vector<std::uint16_t> of_unit;
  std::size_t count = 0;  // of different places
};

// What a million units of one kind of ids get.
class Units {
 public:
  explicit Units(const Ids& ids) {
    std::mt19937_64 random(20261125);
    ids_.reserve(kUnits);
    for (std::size_t unit = 0; unit < kUnits; ++unit) ids_.push_back(ids.make(unit, random));
  }

  [[nodiscard]] Places Slots(std::string_view salt) const {
    return Place(kSlots,
                 [prepared = Salt(salt)](const std::string& id) { return SlotOf(prepared, id); });
  }

  [[nodiscard]] Places Variants(std::string_view salt, const Weights& weights) const {
    return Place(weights.size(), [&, prepared = Salt(salt)](const std::string& id) {
      return VariantOf(prepared, id, weights);
    });
  }

 private:
  template <typename Function>
  [[nodiscard]] Places Place(std::size_t count, const Function& place_of) const {
    Places places = {.of_unit = {}, .count = count};
    places.of_unit.reserve(kUnits);
    for (const std::string& id : ids_) {
      places.of_unit.push_back(static_cast<std::uint16_t>(place_of(id)));
    }
    return places;
  }

  std::vector<std::string> ids_;
};

// Neighbouring slots together: a table of all slots would need more units.
Places Grouped(Places slots) {
  for (std::uint16_t& slot : slots.of_unit) slot /= kSlots / kSlotGroups;
  slots.count = kSlotGroups;
  return slots;
}

// ---- Chi-square

constexpr double kFalseAlarms = 0.001;
constexpr std::size_t kSaltPairs = kSalts.size() * (kSalts.size() - 1) / 2;
// Per kind of ids: slots and variants by themselves; pairs of experiments, and of layers; each
// layer with each experiment.
constexpr std::size_t kTests = kAllIds.size() * (kSalts.size() * (1 + kAllWeights.size()) +
                                                 2 * kSaltPairs + kSalts.size() * kSalts.size());

struct ChiSquared {
  double statistic = 0;
  std::size_t degrees_of_freedom = 0;
};

void ExpectChance(const ChiSquared& test) {
  const boost::math::chi_squared chance(static_cast<double>(test.degrees_of_freedom));
  const double alarm = kFalseAlarms / static_cast<double>(kTests);
  EXPECT_LT(test.statistic, boost::math::quantile(boost::math::complement(chance, alarm)))
      << "degrees of freedom: " << test.degrees_of_freedom;
}

ChiSquared AgainstPlan(const Places& places, const Weights& weights) {
  std::vector<double> counts(places.count);
  for (const std::uint16_t place : places.of_unit) ++counts[place];
  const double total = std::accumulate(weights.begin(), weights.end(), 0);
  ChiSquared test = {.statistic = 0, .degrees_of_freedom = places.count - 1};
  for (std::size_t i = 0; i < places.count; ++i) {
    const double expected = static_cast<double>(kUnits) * weights[i] / total;
    test.statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  return test;
}

// Pearson's test of independence.
ChiSquared OfTable(const Places& rows, const Places& columns) {
  std::vector<double> cells(rows.count * columns.count);
  std::vector<double> row_sums(rows.count), column_sums(columns.count);
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    const std::size_t row = rows.of_unit[unit], column = columns.of_unit[unit];
    ++cells[row * columns.count + column];
    ++row_sums[row];
    ++column_sums[column];
  }
  ChiSquared test = {.statistic = 0, .degrees_of_freedom = (rows.count - 1) * (columns.count - 1)};
  for (std::size_t row = 0; row < rows.count; ++row) {
    for (std::size_t column = 0; column < columns.count; ++column) {
      const double expected = row_sums[row] * column_sums[column] / kUnits;
      const double difference = cells[row * columns.count + column] - expected;
      test.statistic += difference * difference / expected;
    }
  }
  return test;
}

// ---- Tests

TEST(UniformityTest, SpreadsUnitsEvenlyOverSlotsAndByWeightOverVariants) {
  for (const Ids& ids : kAllIds) {
    const Units units(ids);
    for (const char* salt : kSalts) {
      SCOPED_TRACE(absl::StrCat(ids.name, ", salt ", salt));
      ExpectChance(AgainstPlan(units.Slots(salt), Weights(kSlots, 1)));
      for (const Weights& weights : kAllWeights) {
        ExpectChance(AgainstPlan(units.Variants(salt, weights), weights));
      }
    }
  }
}

TEST(UniformityTest, PlacesUnitsInLayersAndExperimentsIndependently) {
  const Weights weights = {5, 3, 2};
  for (const Ids& ids : kAllIds) {
    const Units units(ids);
    std::vector<Places> slots, variants;  // by salt
    for (const char* salt : kSalts) {
      slots.push_back(Grouped(units.Slots(salt)));
      variants.push_back(units.Variants(salt, weights));
    }
    for (std::size_t i = 0; i < kSalts.size(); ++i) {
      for (std::size_t j = 0; j < kSalts.size(); ++j) {
        SCOPED_TRACE(absl::StrCat(ids.name, ", salts ", kSalts[i], " and ", kSalts[j]));
        ExpectChance(OfTable(slots[i], variants[j]));  // also where both salts are the same
        if (i >= j) continue;
        ExpectChance(OfTable(variants[i], variants[j]));
        ExpectChance(OfTable(slots[i], slots[j]));
      }
    }
  }
}

}  // namespace
}  // namespace insightloop
