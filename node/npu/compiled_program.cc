#include "node/npu/compiled_program.h"

#include <algorithm>

#include "node/npu/input_streams.h"
#include "protocol/base/check.h"
#include "protocol/isa/memory_map.h"

namespace soliton {

CompiledProgram::CompiledProgram(const Shard& shard) : shard_(shard), layout_(shard) {
  std::size_t instructions = 0;
  for (const Chain& chain : shard.program.chains) instructions += chain.instructions.size();
  // Chains keep spans into these two.
  operations_.reserve(instructions);
  writes_.reserve(instructions);
  chains_.reserve(shard.program.chains.size());
  for (const Chain& chain : shard.program.chains) add_chain(chain);
  streams_ = find_input_streams(chains_, kept_ranges());
}

// Ranges with a content that no chain has written.
std::vector<VectorRange> CompiledProgram::kept_ranges() const {
  std::vector<VectorRange> ranges;
  for (const ShardVector& vector : shard_.vectors) {
    if (vector.values.empty()) continue;
    const std::int64_t count =
        native_vectors(static_cast<std::int64_t>(vector.values.size()), shard_.device.native_dim);
    ranges.push_back(range(vector.memory, vector.index, static_cast<std::uint32_t>(count)));
  }
  for (const ZeroedRange& zeroed : shard_.zeroed)
    if (zeroed.count != 0) ranges.push_back(range(zeroed.memory, zeroed.first, zeroed.count));
  return ranges;
}

void CompiledProgram::add_chain(const Chain& chain) {
  CompiledChain out;
  out.rows = chain.rows;
  out.source.count = chain.rows;
  const std::size_t first_operation = operations_.size();
  const std::size_t first_write = writes_.size();
  for (std::size_t i = 0; i < chain.instructions.size(); ++i) {
    const Instruction& instruction = chain.instructions[i];
    SOLITON_CHECK_MSG((i == 0) == (instruction.opcode == Opcode::kVRd),
                      "{}: v_rd must come first, once", chain.label);
    switch (instruction.opcode) {
      case Opcode::kVRd:
        break;
      case Opcode::kMvMul:
        resolve_product(instruction, chain, out);
        break;
      case Opcode::kVWr:
        writes_.push_back(resolve_write(instruction, chain.rows));
        break;
      default:
        operations_.push_back(resolve_operation(instruction, chain.rows));
    }
  }
  SOLITON_CHECK_MSG(!chain.instructions.empty(), "{}: empty chain", chain.label);
  resolve_source(chain.instructions.front(), out);
  out.operations = std::span<const MfuOperation>(operations_).subspan(first_operation);
  out.writes = std::span<const WriteTarget>(writes_).subspan(first_write);
  widest_ = std::max({widest_, out.source.count, out.rows});
  chains_.push_back(out);
}

void CompiledProgram::resolve_source(const Instruction& read, CompiledChain& out) const {
  if (read.memory != Memory::kNetQ) {
    out.source = range(read.memory, read.index, out.source.count);
    return;
  }
  SOLITON_CHECK_MSG(read.index < shard_.in_ports.size(), "in port {}", read.index);
  const std::int64_t filled =
      native_vectors(shard_.in_ports[read.index].elements, shard_.device.native_dim);
  SOLITON_CHECK_MSG(filled <= out.source.count, "in port {} has {} vectors, v_rd takes {}",
                    read.index, filled, out.source.count);
  out.from_netq = true;
  out.port = static_cast<std::uint16_t>(read.index);
}

void CompiledProgram::resolve_product(const Instruction& product, const Chain& chain,
                                      CompiledChain& out) const {
  const auto matrix = std::ranges::find_if(shard_.matrices, [&](const ShardMatrix& it) {
    return it.memory == product.memory && it.tile_address == product.index;
  });
  SOLITON_CHECK_MSG(matrix != shard_.matrices.end(), "{}: no matrix at tile {}", chain.label,
                    product.index);
  SOLITON_CHECK_MSG(matrix->tile_rows == chain.rows && matrix->tile_columns == chain.columns,
                    "{}: {} is {} x {} tiles, the chain {} x {}", chain.label, matrix->name,
                    matrix->tile_rows, matrix->tile_columns, chain.rows, chain.columns);
  const std::int64_t tiles = std::int64_t{matrix->tile_rows} * matrix->tile_columns;
  const Ticks occupied = tiles * shard_.beats_per_tile;
  out.matrix = &*matrix;
  out.matrix_index = static_cast<std::size_t>(matrix - shard_.matrices.begin());
  out.slot = std::max(shard_.device.timing.dispatch_cycles * shard_.device.tile_engines, occupied);
  out.occupied = occupied;
  if (matrix->memory == Memory::kDram) out.streamed_tiles = tiles;
  out.tile_ticks = shard_.beats_per_tile;
  out.macs = static_cast<std::uint64_t>(matrix->weights.rows) *
             static_cast<std::uint64_t>(matrix->weights.columns);
  out.source.count = chain.columns;
}

MfuOperation CompiledProgram::resolve_operation(const Instruction& instruction,
                                                std::uint32_t rows) const {
  const MfuUnit unit = mfu_unit(instruction.opcode);
  SOLITON_CHECK_MSG(unit != MfuUnit::kNone, "{} in a vector chain",
                    opcode_name(instruction.opcode));
  if (unit == MfuUnit::kActivation) return {instruction.opcode, false, {}};
  return {instruction.opcode, true, range(instruction.memory, instruction.index, rows)};
}

WriteTarget CompiledProgram::resolve_write(const Instruction& write, std::uint32_t rows) const {
  if (write.memory != Memory::kNetQ) return {false, 0, range(write.memory, write.index, rows)};
  SOLITON_CHECK_MSG(write.index < shard_.out_ports.size(), "out port {}", write.index);
  const std::int64_t filled =
      native_vectors(shard_.out_ports[write.index].elements, shard_.device.native_dim);
  SOLITON_CHECK_MSG(filled <= rows, "out port {} takes {} vectors, v_wr has {}", write.index,
                    filled, rows);
  return {true, static_cast<std::uint16_t>(write.index), {}};
}

VectorRange CompiledProgram::range(Memory memory, std::uint32_t first, std::uint32_t count) const {
  return {layout_.flat(memory, first), count};
}

}  // namespace soliton
