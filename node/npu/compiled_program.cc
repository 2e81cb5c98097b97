#include "node/npu/compiled_program.h"

#include <algorithm>

#include "node/npu/input_streams.h"
#include "node/npu/recurrence.h"
#include "protocol/base/check.h"
#include "protocol/isa/memory_map.h"

namespace soliton {
namespace {

// Bits times hertz times engines can exceed 64 bits. Rounded up: a transfer is done when its last bit
// is there.
Ticks transfer_ticks(const NpuDevice& device, std::int64_t bits, BitRate rate) {
  const __int128 scaled = static_cast<__int128>(bits) * device.clock.hertz * device.tile_engines;
  return ticks_up_to_end((scaled + rate.bits_per_second - 1) / rate.bits_per_second);
}

}  // namespace

CompiledProgram::CompiledProgram(const Shard& shard)
    : shard_(shard), costs_(shard.device, shard.beats_per_tile), layout_(shard) {
  std::size_t instructions = 0;
  for (const Chain& chain : shard.program.chains) instructions += chain.instructions.size();
  // Chains keep spans into these two. A reallocation would leave them dangling; there are at most
  // as many entries as instructions.
  operations_.reserve(instructions);
  writes_.reserve(instructions);
  chains_.reserve(shard.program.chains.size());
  for (const Chain& chain : shard.program.chains) add_chain(chain);
  // Nothing can be computed ahead if weights change or addresses are not known.
  const bool fixed = std::ranges::all_of(chains_, [](const CompiledChain& chain) {
    return chain.kind == ChainKind::kVector && !chain.by_offset;
  });
  if (fixed) streams_ = find_input_streams(chains_, kept_ranges());
  by_words_ = shard.device.timing.word_cycles > 0 && fixed && shard.window_tiles == 0 &&
              !is_recurrent(chains_, shard.program, layout_.slots());
  if (by_words_) hand_over_by_words();
}

// Products occupy the unit differently from here on.
void CompiledProgram::hand_over_by_words() {
  for (CompiledChain& chain : chains_) {
    if (chain.matrix == nullptr) continue;
    chain.occupied = costs_.occupied_by_words(chain.matrix->tile_rows, chain.matrix->tile_columns);
    chain.slot = costs_.slot(chain.occupied);
  }
}

// Ranges whose contents no chain has written. Such a register may be read before any message has
// come, so it cannot belong to an input stream.
std::vector<VectorRange> CompiledProgram::kept_ranges() const {
  std::vector<VectorRange> ranges;
  for (const ShardVector& vector : shard_.vectors) {
    if (vector.values.empty()) continue;
    const std::int64_t count =
        native_vectors(static_cast<std::int64_t>(vector.values.size()), shard_.device.native_dim);
    ranges.push_back(
        {layout_.flat(vector.memory, vector.index), static_cast<std::uint32_t>(count)});
  }
  for (const ZeroedRange& zeroed : shard_.zeroed)
    if (zeroed.count != 0)
      ranges.push_back({layout_.flat(zeroed.memory, zeroed.first), zeroed.count});
  return ranges;
}

void CompiledProgram::add_chain(const Chain& chain) {
  SOLITON_CHECK_MSG(!chain.instructions.empty(), "{}: the chain has no instructions", chain.label);
  CompiledChain out;
  out.kind = chain_kind(chain);
  out.rows = chain.rows;
  out.instructions = chain.instructions;
  if (out.kind == ChainKind::kVector) out.source.count = chain.rows;
  if (out.kind == ChainKind::kMatrix)
    out.tiles = static_cast<std::uint32_t>(tiles_of(chain.rows, chain.columns));
  const std::size_t first_operation = operations_.size();
  const std::size_t first_write = writes_.size();
  for (std::size_t i = 0; i < chain.instructions.size(); ++i) {
    const Instruction& instruction = chain.instructions[i];
    const bool reads = instruction.opcode == Opcode::kVRd || instruction.opcode == Opcode::kMRd ||
                       instruction.opcode == Opcode::kSRd;
    // Vector and matrix chains begin with their read; a scalar chain may have none.
    SOLITON_CHECK_MSG(out.kind == ChainKind::kScalar ? !reads || i == 0 : reads == (i == 0),
                      "{}: a chain must begin with its only read", chain.label);
    out.by_offset = out.by_offset || instruction.indexing != Indexing::kDirect;
    add_instruction(instruction, chain, out);
  }
  resolve_source(chain.instructions.front(), chain, out);
  out.operations = std::span<const MfuOperation>(operations_).subspan(first_operation);
  out.writes = std::span<const WriteTarget>(writes_).subspan(first_write);
  out.latency = latency(out);
  if (out.kind == ChainKind::kVector) widest_ = std::max({widest_, out.source.count, out.rows});
  chains_.push_back(out);
}

void CompiledProgram::add_instruction(const Instruction& instruction, const Chain& chain,
                                      CompiledChain& out) {
  switch (instruction.opcode) {
    case Opcode::kVRd:
    case Opcode::kMRd:
    case Opcode::kSRd:
    case Opcode::kSWr:
    case Opcode::kSAdd:
      break;
    case Opcode::kMvMul:
      resolve_product(instruction, chain, out);
      break;
    case Opcode::kMvRd:
      out.onto_sums = true;
      out.port = static_cast<std::uint16_t>(instruction.index);
      break;
    case Opcode::kMvWr:
      out.sends_sums = true;
      writes_.push_back(
          {true, static_cast<std::uint16_t>(instruction.index), {}, 0, 0, instruction});
      break;
    case Opcode::kVWr:
      written_[static_cast<std::size_t>(instruction.memory)] = true;
      [[fallthrough]];
    case Opcode::kMWr:
      writes_.push_back(resolve_write(instruction, chain));
      break;
    default:
      operations_.push_back(resolve_operation(instruction, chain.rows));
  }
}

void CompiledProgram::resolve_source(const Instruction& read, const Chain& chain,
                                     CompiledChain& out) const {
  if (read.opcode == Opcode::kSWr || read.opcode == Opcode::kSAdd) return;
  const auto tiles = static_cast<std::uint32_t>(tiles_of(chain.rows, chain.columns));
  if (read.memory != Memory::kNetQ) {
    const std::uint32_t count = read.opcode == Opcode::kMRd ? tiles : out.source.count;
    out.dram_ticks = dram_ticks(read, count);
    out.source = read.opcode == Opcode::kMRd ? layout_.tiles(read.memory, read.index, tiles)
                                             : range(read, count);
    return;
  }
  const std::uint32_t port = read.opcode == Opcode::kSRd ? scalar_value(read) : read.index;
  SOLITON_CHECK_MSG(port < shard_.in_ports.size(), "there is no in port {}", port);
  const std::int64_t filled =
      native_vectors(shard_.in_ports[port].elements, shard_.device.native_dim);
  // A tile takes N native vectors of a message (N x N values), and s_rd only its first value. A
  // message may be shorter than what is read: the rest is zeros.
  const std::int64_t taken = read.opcode == Opcode::kMRd
                                 ? std::int64_t{tiles} * shard_.device.native_dim
                             : read.opcode == Opcode::kSRd ? 1
                                                           : out.source.count;
  SOLITON_CHECK_MSG(filled <= taken,
                    "a message of in port {} fills {} native vectors, but {} takes {}", port,
                    filled, opcode_name(read.opcode), taken);
  out.from_netq = true;
  out.port = static_cast<std::uint16_t>(port);
  out.host_ticks = host_ticks(shard_.in_ports[port].elements);
}

void CompiledProgram::resolve_product(const Instruction& product, const Chain& chain,
                                      CompiledChain& out) const {
  const auto matrix = std::ranges::find_if(shard_.matrices, [&](const ShardMatrix& it) {
    return it.memory == product.memory && it.tile_address == product.index;
  });
  SOLITON_CHECK_MSG(matrix != shard_.matrices.end(), "{}: no matrix begins at tile {}", chain.label,
                    product.index);
  SOLITON_CHECK_MSG(matrix->tile_rows == chain.rows && matrix->tile_columns == chain.columns,
                    "{}: {} has {} x {} tiles, but the chain handles {} x {}", chain.label,
                    matrix->name, matrix->tile_rows, matrix->tile_columns, chain.rows,
                    chain.columns);
  out.matrix = &*matrix;
  out.matrix_index = static_cast<std::size_t>(matrix - shard_.matrices.begin());
  out.matrix_tiles =
      layout_.tiles(matrix->memory, matrix->tile_address,
                    static_cast<std::uint32_t>(tiles_of(matrix->tile_rows, matrix->tile_columns)));
  out.occupied =
      costs_.occupied(shard_.device.tiles_taken(matrix->tile_rows, matrix->tile_columns));
  out.slot = costs_.slot(out.occupied);
  if (matrix->memory == Memory::kDram)
    out.streamed_tiles = std::int64_t{matrix->tile_rows} * matrix->tile_columns;
  out.tile_ticks = shard_.beats_per_tile;
  out.macs = static_cast<std::uint64_t>(matrix->weights.rows) *
             static_cast<std::uint64_t>(matrix->weights.columns);
  // The v_rd in front of an mv_mul reads the columns, all that follows handles rows (docs/isa.md).
  out.source.count = chain.columns;
}

// D behind a product, V without one (docs/timing.md). A chain without operations is a pure move,
// which takes no time.
Ticks CompiledProgram::latency(const CompiledChain& chain) const {
  Ticks passing = 0;
  if (chain.matrix != nullptr)
    passing = costs_.depth(chain.rows);
  else if (!chain.operations.empty())
    passing = costs_.vector(chain.rows);
  // A reduction lets nothing out before the last vector is in.
  const auto reductions = std::ranges::count_if(
      chain.operations, [](const MfuOperation& it) { return is_reduction(it.opcode); });
  return add_ticks(passing, times_ticks(reductions * chain.rows, costs_.vector_pass()));
}

MfuOperation CompiledProgram::resolve_operation(const Instruction& instruction,
                                                std::uint32_t rows) const {
  const MfuUnit unit = mfu_unit(instruction.opcode);
  SOLITON_CHECK_MSG(unit != MfuUnit::kNone, "{} is not an operation of a vector chain",
                    opcode_name(instruction.opcode));
  if (instruction.memory == Memory::kNone)
    return {
        instruction.opcode, false, {}, is_reduction(instruction.opcode) ? instruction.index : 0};
  return {instruction.opcode, true, range(instruction, rows), 0};
}

WriteTarget CompiledProgram::resolve_write(const Instruction& write, const Chain& chain) const {
  if (write.opcode == Opcode::kMWr) {
    const auto tiles = static_cast<std::uint32_t>(tiles_of(chain.rows, chain.columns));
    return {false, 0,    layout_.tiles(write.memory, write.index, tiles), dram_ticks(write, tiles),
            0,     write};
  }
  if (write.memory != Memory::kNetQ)
    return {false, 0, range(write, chain.rows), dram_ticks(write, chain.rows), 0, write};
  SOLITON_CHECK_MSG(write.index < shard_.out_ports.size(), "there is no out port {}", write.index);
  const std::int64_t filled =
      native_vectors(shard_.out_ports[write.index].elements, shard_.device.native_dim);
  SOLITON_CHECK_MSG(filled <= chain.rows,
                    "a message of out port {} fills {} native vectors, but its v_wr has {}",
                    write.index, filled, chain.rows);
  return {true,
          static_cast<std::uint16_t>(write.index),
          {},
          0,
          host_ticks(shard_.out_ports[write.index].elements),
          write};
}

// An access by offset has no address yet: OffsetRegisters resolves it when the chain is issued.
VectorRange CompiledProgram::range(const Instruction& access, std::uint32_t count) const {
  if (access.indexing != Indexing::kDirect) return {0, count};
  return {layout_.flat(access.memory, access.index), count};
}

Ticks CompiledProgram::dram_ticks(const Instruction& access, std::int64_t count) const {
  if (access.memory != Memory::kDram) return 0;
  const NpuDevice& device = shard_.device;
  const std::int64_t bits = handles_tiles(access.opcode)
                                ? tile_bits(shard_.format, device.native_dim)
                                : std::int64_t{16} * device.native_dim;
  SOLITON_CHECK_MSG(device.dram_rate.bits_per_second > 0, "device {} has no DRAM rate",
                    device.name);
  return transfer_ticks(device, count * bits, device.dram_rate);
}

Ticks CompiledProgram::host_ticks(std::int64_t elements) const {
  if (shard_.device.host_rate.bits_per_second == 0) return 0;
  return transfer_ticks(shard_.device, 16 * elements, shard_.device.host_rate);
}

}  // namespace soliton
