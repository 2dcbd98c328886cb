// SPDX-License-Identifier: Apache-2.0
//
// A growing column of values in chunks: growing never moves more than one chunk, wastes at most a
// part of one, and a chunk is a plain array to compute on.

#ifndef INSIGHTLOOP_ENGINE_MEASUREMENT_CHUNKED_COLUMN_H_
#define INSIGHTLOOP_ENGINE_MEASUREMENT_CHUNKED_COLUMN_H_

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace insightloop {

// Not thread-safe.
template <class T>
class ChunkedColumn {
 public:
  static constexpr std::size_t kChunk = 16'384;

  [[nodiscard]] std::size_t size() const { return size_; }

  const T& operator[](std::size_t index) const { return chunks_[index / kChunk][index % kChunk]; }
  T& operator[](std::size_t index) { return chunks_[index / kChunk][index % kChunk]; }

  void PushBack(const T& value) {
    if (size_ % kChunk == 0) AddChunk();
    chunks_.back().push_back(value);
    ++size_;
  }

  // Adds default values until there are `size`.
  void GrowTo(std::size_t size) {
    while (size_ < size) {
      if (size_ % kChunk == 0) AddChunk();
      const std::size_t more = std::min(size - size_, kChunk - size_ % kChunk);
      chunks_.back().resize(chunks_.back().size() + more);
      size_ += more;
    }
  }

  // The values from `chunk` * kChunk on, kChunk of them but in the last chunk.
  [[nodiscard]] std::span<const T> Chunk(std::size_t chunk) const { return chunks_[chunk]; }

 private:
  void AddChunk() {
    chunks_.emplace_back();
    if (chunks_.size() > 1) chunks_.back().reserve(kChunk);  // the first one may stay small
  }

  std::vector<std::vector<T>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace insightloop

#endif  // INSIGHTLOOP_ENGINE_MEASUREMENT_CHUNKED_COLUMN_H_
