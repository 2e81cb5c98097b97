// The vector register files of one NPU: one flat numbering of the native vectors its program
// touches, and their values.
//
// The numbering covers [0, highest index touched] of each file, so an idle node pays for what its
// shard uses and not for the device's capacity; whether that fits the device is check_shard()'s
// concern.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton {

class RegisterLayout {
 public:
  explicit RegisterLayout(const Shard& shard);

  // Number of the native vector over all files. REQUIRES: the shard touches memory[index].
  std::uint32_t flat(Memory memory, std::uint32_t index) const;
  // Native vectors in all files.
  std::uint32_t size() const { return first_.back(); }

 private:
  static constexpr std::size_t kFiles = 4;
  static std::size_t file(Memory memory);

  std::array<std::uint32_t, kFiles + 1> first_{};
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
