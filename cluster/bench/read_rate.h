// How fast this processor reads memory: the limit of every product at batch 1.
#pragma once

#include <cstddef>
#include <cstdint>

#include "node/npu/kernels/packed_matrix.h"

namespace soliton {

class ReadRate {
 public:
  // Memory of at least `bytes`.
  explicit ReadRate(std::size_t bytes);
  // Reads all of it once, with the widest registers. Returns a sum of what was read, so that the
  // compiler keeps the reads.
  std::uint64_t run();

 private:
  std::size_t chunks_;
  AlignedArray<std::uint8_t> memory_;
};

}  // namespace soliton
