// SPDX-License-Identifier: Apache-2.0
//
// Rows are handled some at once, so that memory can be asked for what all of them need before the
// first is looked at.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_ROW_BLOCKS_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_ROW_BLOCKS_H_

#include <algorithm>
#include <cstddef>
#include <span>

namespace insightloop {

inline constexpr std::size_t kRowsAtOnce = 32;

// Takes off the first rows, at most kRowsAtOnce; none when there are none.
template <class Row>
std::span<const Row> TakeBlock(std::span<const Row>& rows) {
  const std::span<const Row> block = rows.first(std::min(rows.size(), kRowsAtOnce));
  rows = rows.subspan(block.size());
  return block;
}

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_ROW_BLOCKS_H_
