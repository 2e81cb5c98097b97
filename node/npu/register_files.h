// The memories of one NPU that hold native vectors: one flat numbering of the native vectors its
// program touches, and their values; and, behind them in the same numbering, the native tiles that
// matrix chains move, whose contents are matrix_tiles.h's.
//
// The numbering covers [0, furthest entry touched] of each memory, so an idle node pays for what
// its shard uses and not for the device's capacity; whether that fits the device is check_shard()'s
// concern. Entries within it are what an access by offset may reach at run time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton {

// Native vectors, or native tiles, by flat number.
struct VectorRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

class RegisterLayout {
 public:
  explicit RegisterLayout(const Shard& shard);

  // Number of the native vector over all memories. REQUIRES: the shard touches memory[index].
  std::uint32_t flat(Memory memory, std::uint32_t index) const;
  // Native vectors in all memories.
  std::uint32_t size() const { return first_.back(); }
  // All native vectors of one memory.
  VectorRange file(Memory memory) const;
  // Numbers of `count` native tiles; none when no matrix chain touches them.
  VectorRange tiles(Memory memory, std::uint32_t first, std::uint32_t count) const;
  // Native vectors and tiles.
  std::uint32_t slots() const { return size() + matrix_rf_tiles_ + dram_tiles_; }

 private:
  static constexpr std::size_t kFiles = 5;
  static std::size_t position(Memory memory);

  std::array<std::uint32_t, kFiles + 1> first_{};
  std::uint32_t matrix_rf_tiles_ = 0;
  std::uint32_t dram_tiles_ = 0;
};

// fp16 values of the native vectors, by flat number. Vectors of consecutive numbers are contiguous.
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
