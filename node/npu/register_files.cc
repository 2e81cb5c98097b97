#include "node/npu/register_files.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/isa/memory_map.h"

namespace soliton {
namespace {

constexpr std::array kVectorMemories{Memory::kInitialVrf, Memory::kAddSubVrf0, Memory::kAddSubVrf1,
                                     Memory::kMultiplyVrf, Memory::kDram};

// Tiles of `memory` up to the last that a matrix chain touches.
std::uint32_t moved_tiles(const Shard& shard, Memory memory) {
  std::int64_t end = 0;
  for (const Chain& chain : shard.program.chains)
    for (const Instruction& instruction : chain.instructions)
      if (instruction.memory == memory &&
          (instruction.opcode == Opcode::kMRd || instruction.opcode == Opcode::kMWr))
        end = std::max(end, instruction.index + tiles_of(chain.rows, chain.columns));
  return static_cast<std::uint32_t>(end);
}

}  // namespace

RegisterLayout::RegisterLayout(const Shard& shard)
    : matrix_rf_tiles_(moved_tiles(shard, Memory::kMatrixRf)),
      dram_tiles_(moved_tiles(shard, Memory::kDram)) {
  const std::vector<Touch> all = touches(shard);
  for (std::size_t i = 0; i < kFiles; ++i)
    first_[i + 1] =
        first_[i] + static_cast<std::uint32_t>(furthest_end(all, kVectorMemories[i], false));
}

std::size_t RegisterLayout::position(Memory memory) {
  const auto found = std::ranges::find(kVectorMemories, memory);
  SOLITON_CHECK_MSG(found != kVectorMemories.end(), "{} holds no vectors", memory_name(memory));
  return static_cast<std::size_t>(found - kVectorMemories.begin());
}

std::uint32_t RegisterLayout::flat(Memory memory, std::uint32_t index) const {
  const std::size_t i = position(memory);
  SOLITON_CHECK_MSG(index < first_[i + 1] - first_[i], "{}[{}] is not used by the shard",
                    memory_name(memory), index);
  return first_[i] + index;
}

VectorRange RegisterLayout::file(Memory memory) const {
  const std::size_t i = position(memory);
  return {first_[i], first_[i + 1] - first_[i]};
}

VectorRange RegisterLayout::tiles(Memory memory, std::uint32_t first, std::uint32_t count) const {
  const bool dram = memory == Memory::kDram;
  const std::uint32_t tracked = dram ? dram_tiles_ : matrix_rf_tiles_;
  if (first >= tracked) return {};
  const std::uint32_t base = size() + (dram ? matrix_rf_tiles_ : 0);
  return {base + first, std::min(count, tracked - first)};
}

}  // namespace soliton
