// SPDX-License-Identifier: Apache-2.0
//
// A hash map in 256 parts. A part grows by itself, so that growing copies a small piece at a time
// and never holds up the writer for long.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_SHARDED_MAP_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_SHARDED_MAP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"

namespace insightloop {

// Not thread-safe. `Key` needs absl::Hash.
template <class Key, class Value>
class ShardedMap {
 public:
  // nullptr when there is none. Adding may move what it points to.
  [[nodiscard]] const Value* Find(const Key& key) const {
    const Shard& shard = shards_[ShardOf(key)];
    const auto found = shard.find(key);
    return found == shard.end() ? nullptr : &found->second;
  }

  // The value that is there or else `value`, added; and whether it was added.
  std::pair<Value&, bool> Emplace(const Key& key, const Value& value) {
    const auto [found, is_new] = shards_[ShardOf(key)].emplace(key, value);
    return {found->second, is_new};
  }

 private:
  using Shard = absl::flat_hash_map<Key, Value>;

  // The highest byte of the hash, as the parts place their entries by the lower ones.
  static std::size_t ShardOf(const Key& key) {
    return static_cast<std::size_t>(std::uint64_t{absl::Hash<Key>()(key)} >> 56);
  }

  std::array<Shard, 256> shards_;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_SHARDED_MAP_H_
