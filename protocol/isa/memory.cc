// Budgets of the memories (docs/isa.md).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "protocol/base/check.h"
#include "protocol/isa/memory_map.h"
#include "protocol/isa/offsets.h"
#include "protocol/isa/shard.h"

namespace soliton {

namespace {

constexpr std::int64_t kVectorElementBytes = 2;  // fp16
constexpr std::int64_t kInstructionBytes = 4;

std::int64_t bits_to_bytes_up(std::int64_t bits) { return (bits + 7) / 8; }

void add_program(const Shard& shard, std::vector<Touch>& out) {
  const std::vector<ChainOffsets> offsets = offset_ranges(shard.program);
  for (std::size_t c = 0; c < shard.program.chains.size(); ++c) {
    const Chain& chain = shard.program.chains[c];
    for (std::size_t i = 0; i < chain.instructions.size(); ++i) {
      const Instruction& instruction = chain.instructions[i];
      if (instruction.memory == Memory::kNone || instruction.memory == Memory::kNetQ) continue;
      const bool tiles = handles_tiles(instruction.opcode);
      const std::int64_t count =
          tiles ? tiles_of(chain.rows, chain.columns) : vectors_handled(chain, i);
      const Reach all =
          reach(offsets, c, instruction, count).value_or(Reach{instruction.index, count});
      out.push_back(
          {instruction.memory, all.first, all.count, tiles, {ShardPlace::Kind::kChain, c, i}});
    }
  }
}

// Sizes of a shard that was not checked yet may be anything: only those that tiles_of() takes as
// they are go on to the device's own arithmetic.
std::int64_t tiles_taken(const NpuDevice& device, const ShardMatrix& matrix) {
  const std::int64_t tiles = tiles_of(matrix.tile_rows, matrix.tile_columns);
  const bool exact =
      matrix.memory == Memory::kMatrixRf &&
      static_cast<std::uint64_t>(tiles) == std::uint64_t{matrix.tile_rows} * matrix.tile_columns;
  return exact ? device.tiles_taken(matrix.tile_rows, matrix.tile_columns) : tiles;
}

void add_resident(const Shard& shard, std::vector<Touch>& out) {
  using Kind = ShardPlace::Kind;
  for (std::size_t i = 0; i < shard.matrices.size(); ++i) {
    const ShardMatrix& matrix = shard.matrices[i];
    out.push_back({matrix.memory,
                   matrix.tile_address,
                   tiles_taken(shard.device, matrix),
                   true,
                   {Kind::kMatrix, i, 0}});
  }
  for (std::size_t i = 0; i < shard.vectors.size(); ++i) {
    const ShardVector& vector = shard.vectors[i];
    const std::int64_t count =
        native_vectors(static_cast<std::int64_t>(vector.values.size()), shard.device.native_dim);
    out.push_back({vector.memory, vector.index, count, false, {Kind::kVector, i, 0}});
  }
  for (std::size_t i = 0; i < shard.zeroed.size(); ++i) {
    const ZeroedRange& range = shard.zeroed[i];
    out.push_back({range.memory, range.first, range.count, false, {Kind::kZeroed, i, 0}});
  }
}

// Vectors and tiles lie beside each other.
std::int64_t dram_bytes(const Shard& shard, const std::vector<Touch>& all) {
  const std::int64_t tiles = furthest_end(all, Memory::kDram, true);
  const std::int64_t vectors = furthest_end(all, Memory::kDram, false);
  const std::int64_t tile = tile_bits(shard.format, shard.device.native_dim);
  return vectors * kVectorElementBytes * shard.device.native_dim + bits_to_bytes_up(tiles * tile);
}

constexpr std::array kVectorFiles{Memory::kInitialVrf, Memory::kAddSubVrf0, Memory::kAddSubVrf1,
                                  Memory::kMultiplyVrf};

// Native vectors of all register files that a request has to itself: everything but constants.
std::int64_t lane_vectors(const Shard& shard, const std::vector<Touch>& all) {
  std::int64_t vectors = 0;
  for (const Memory file : kVectorFiles) vectors += furthest_end(all, file, false);
  for (const ShardVector& constant : shard.vectors)
    if (constant.memory != Memory::kDram)
      vectors -= native_vectors(static_cast<std::int64_t>(constant.values.size()),
                                shard.device.native_dim);
  return std::max<std::int64_t>(vectors, 0);
}

std::int64_t lane_tiles_of(const Shard& shard, const std::vector<Touch>& all) {
  const std::int64_t further = std::int64_t{shard.batch} - shard.device.batch_lanes;
  if (further <= 0) return 0;
  // In 128 bits: a hostile program may touch any index, and ask for any batch.
  const __int128 bits = static_cast<__int128>(further) * lane_vectors(shard, all) * 8 *
                        kVectorElementBytes * shard.device.native_dim;
  const std::int64_t tile = tile_bits(shard.format, shard.device.native_dim);
  constexpr std::int64_t kLimit = std::int64_t{1} << 40;
  return static_cast<std::int64_t>(std::min<__int128>((bits + tile - 1) / tile, kLimit));
}

MemoryUse use_of(const std::string& name, std::int64_t used, std::int64_t capacity,
                 std::int64_t unit_bytes) {
  return {name, used, capacity, Bytes{used * unit_bytes}, Bytes{capacity * unit_bytes}};
}

}  // namespace

std::int64_t tile_bits(const NumberFormat& format, int native_dim) {
  SOLITON_CHECK(native_dim > 0);
  return native_dim *
         format.storage_bits(native_dim, format.block == 0 ? native_dim : format.block);
}

std::int64_t tiles_that_fit(const NpuDevice& device, const NumberFormat& format) {
  SOLITON_CHECK(!device.formats.empty());
  const std::int64_t bits =
      device.matrix_rf_tiles * tile_bits(device.formats[0].format, device.native_dim);
  return bits / tile_bits(format, device.native_dim);
}

bool handles_tiles(Opcode opcode) {
  return opcode == Opcode::kMRd || opcode == Opcode::kMWr || opcode == Opcode::kMvMul;
}

std::int64_t vectors_handled(const Chain& chain, std::size_t i) {
  const bool read_for_product = chain.instructions[i].opcode == Opcode::kVRd &&
                                i + 1 < chain.instructions.size() &&
                                chain.instructions[i + 1].opcode == Opcode::kMvMul;
  return read_for_product ? chain.columns : chain.rows;
}

std::string instruction_place(const Shard& shard, std::size_t chain, std::size_t instruction) {
  const Chain& where = shard.program.chains[chain];
  return fmt::format("chain {}{}, instruction {} ({})", chain,
                     where.label.empty() ? "" : fmt::format(" \"{}\"", where.label), instruction,
                     print(where.instructions[instruction]));
}

std::string user_of(const Shard& shard, const Touch& touch) {
  const std::size_t i = touch.place.index;
  switch (touch.place.kind) {
    case ShardPlace::Kind::kMatrix:
      return fmt::format("matrix \"{}\"", shard.matrices[i].name);
    case ShardPlace::Kind::kVector:
      return fmt::format("constant \"{}\"", shard.vectors[i].name);
    case ShardPlace::Kind::kZeroed:
      return "a range zeroed at the beginning of a request";
    case ShardPlace::Kind::kChain:
      return instruction_place(shard, i, touch.place.instruction);
    case ShardPlace::Kind::kShard:
    case ShardPlace::Kind::kSegment:
      break;
  }
  return shard.node;
}

std::int64_t furthest_end(const std::vector<Touch>& all, Memory memory, bool tiles) {
  std::int64_t end = 0;
  for (const Touch& touch : all)
    if (touch.memory == memory && touch.tiles == tiles) end = std::max(end, touch.end());
  return end;
}

std::vector<Touch> touches(const Shard& shard) {
  SOLITON_CHECK(shard.device.native_dim > 0);
  std::vector<Touch> out;
  add_resident(shard, out);
  add_program(shard, out);
  return out;
}

std::int64_t lane_tiles(const Shard& shard) { return lane_tiles_of(shard, touches(shard)); }

std::vector<MemoryUse> memory_use(const Shard& shard) {
  const NpuDevice& device = shard.device;
  const std::vector<Touch> all = touches(shard);
  const std::int64_t vector_bytes = kVectorElementBytes * device.native_dim;
  std::vector<MemoryUse> uses;
  // Tiles are whole numbers of bits, not of bytes, and another format need not divide the memory.
  const std::int64_t tiles =
      furthest_end(all, Memory::kMatrixRf, true) + shard.window_tiles + lane_tiles_of(shard, all);
  const std::int64_t tile = tile_bits(shard.format, device.native_dim);
  const std::int64_t matrix_bits =
      device.matrix_rf_tiles * tile_bits(device.formats.at(0).format, device.native_dim);
  uses.push_back({memory_name(Memory::kMatrixRf), tiles, tiles_that_fit(device, shard.format),
                  Bytes{bits_to_bytes_up(tiles * tile)}, Bytes{matrix_bits / 8}});
  const std::array<std::pair<Memory, std::int64_t>, 4> files{
      {{Memory::kInitialVrf, device.initial_vrf},
       {Memory::kAddSubVrf0, device.add_sub_vrf_0},
       {Memory::kAddSubVrf1, device.add_sub_vrf_1},
       {Memory::kMultiplyVrf, device.multiply_vrf}}};
  for (const auto& [memory, capacity] : files)
    uses.push_back(
        use_of(memory_name(memory), furthest_end(all, memory, false), capacity, vector_bytes));
  uses.push_back(use_of("InstructionMemory", shard.program.instruction_words(),
                        device.instruction_words, kInstructionBytes));
  if (const std::int64_t bytes = dram_bytes(shard, all); bytes > 0)
    uses.push_back(use_of(memory_name(Memory::kDram), bytes, device.dram.count, 1));
  return uses;
}

}  // namespace soliton
