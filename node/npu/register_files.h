// The memories of one NPU that hold native vectors: their values, and one flat numbering of all
// native vectors that the program touches. Behind these, the same numbering covers the native tiles
// that matrix chains move, whose contents are in matrix_tiles.h.
//
// The numbering covers [0, furthest entry touched] of each memory, so an idle node costs what its
// shard uses and not what the device could hold; check_shard() decides whether that fits the
// device. An access by offset can reach the entries in this range at run time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton {

// A range of native vectors, or native tiles, by flat number.
struct VectorRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

class RegisterLayout {
 public:
  explicit RegisterLayout(const Shard& shard);

  // The flat number of a native vector. REQUIRES: the shard touches memory[index].
  std::uint32_t flat(Memory memory, std::uint32_t index) const;
  // Number of native vectors in all memories.
  std::uint32_t size() const { return first_.back(); }
  // All native vectors of one memory.
  VectorRange file(Memory memory) const;
  // The flat numbers of `count` native tiles; an empty range if no matrix chain touches them.
  VectorRange tiles(Memory memory, std::uint32_t first, std::uint32_t count) const;
  // Number of native vectors and tiles together.
  std::uint32_t slots() const { return size() + matrix_rf_tiles_ + dram_tiles_; }

 private:
  static constexpr std::size_t kFiles = 5;
  static std::size_t position(Memory memory);

  std::array<std::uint32_t, kFiles + 1> first_{};
  std::uint32_t matrix_rf_tiles_ = 0;
  std::uint32_t dram_tiles_ = 0;
};

// The fp16 values of the native vectors, by flat number. Consecutive vectors are contiguous.
class RegisterValues {
 public:
  RegisterValues(std::uint32_t vectors, int native_dim)
      : native_dim_(static_cast<std::size_t>(native_dim)), values_(vectors * native_dim_) {}

  std::span<Half> vectors(std::uint32_t first, std::uint32_t count) {
    return std::span<Half>(values_).subspan(first * native_dim_, count * native_dim_);
  }
  std::span<const Half> vectors(std::uint32_t first, std::uint32_t count) const {
    return std::span<const Half>(values_).subspan(first * native_dim_, count * native_dim_);
  }

 private:
  std::size_t native_dim_;
  std::vector<Half> values_;
};

}  // namespace soliton
