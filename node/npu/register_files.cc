#include "node/npu/register_files.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/isa/memory_map.h"

namespace soliton {
namespace {

bool is_register_file(Memory memory) {
  return memory >= Memory::kInitialVrf && memory <= Memory::kMultiplyVrf;
}

}  // namespace

RegisterLayout::RegisterLayout(const Shard& shard) {
  std::array<std::int64_t, kFiles> extent{};
  const auto touch = [&extent](Memory memory, std::int64_t first, std::int64_t count) {
    extent[file(memory)] = std::max(extent[file(memory)], first + count);
  };
  for (const Chain& chain : shard.program.chains) {
    for (std::size_t i = 0; i < chain.instructions.size(); ++i) {
      const Instruction& instruction = chain.instructions[i];
      if (!is_register_file(instruction.memory)) continue;
      touch(instruction.memory, instruction.index, vectors_handled(chain, i));
    }
  }
  for (const ShardVector& vector : shard.vectors) {
    touch(vector.memory, vector.index,
          native_vectors(static_cast<std::int64_t>(vector.values.size()), shard.device.native_dim));
  }
  for (const ZeroedRange& range : shard.zeroed) touch(range.memory, range.first, range.count);
  for (std::size_t i = 0; i < kFiles; ++i)
    first_[i + 1] = first_[i] + static_cast<std::uint32_t>(extent[i]);
}

std::size_t RegisterLayout::file(Memory memory) {
  SOLITON_CHECK_MSG(is_register_file(memory), "{} is no vector register file", memory_name(memory));
  return static_cast<std::size_t>(memory) - static_cast<std::size_t>(Memory::kInitialVrf);
}

std::uint32_t RegisterLayout::flat(Memory memory, std::uint32_t index) const {
  const std::size_t i = file(memory);
  SOLITON_CHECK_MSG(index < first_[i + 1] - first_[i], "{}[{}]", memory_name(memory), index);
  return first_[i] + index;
}

}  // namespace soliton
