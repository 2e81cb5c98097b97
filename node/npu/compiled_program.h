// A shard's program with every label, address and size looked up once: what timing and values both
// run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "node/npu/register_files.h"
#include "protocol/base/clock_domain.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct MfuOperation {
  Opcode opcode{};
  bool has_operand = false;
  VectorRange operand;
};

// Where a v_wr or m_wr goes: a NetQ port or a memory. `vectors` are tiles for an m_wr.
struct WriteTarget {
  bool to_netq = false;
  std::uint16_t port = 0;
  VectorRange vectors;
  Ticks dram_ticks = 0;  // on the way into Dram
  Instruction instruction{};
};

struct CompiledChain {
  ChainKind kind = ChainKind::kVector;
  bool from_netq = false;
  std::uint16_t port = 0;
  VectorRange source;                   // count also for a NetQ port; tiles for an m_rd
  Ticks dram_ticks = 0;                 // on the way from Dram
  const ShardMatrix* matrix = nullptr;  // null: no mv_mul
  Ticks occupied = 0;                   // of the tile engines, by the product with one vector
  Ticks slot = 0;                       // least one of the unit: dispatch floor and overhead in
  Ticks latency = 0;                    // behind the slot, or of a vector chain; 0: a pure move
  VectorRange matrix_tiles;             // those that a matrix chain may write; mostly none
  std::int64_t streamed_tiles = 0;      // of a matrix in Dram
  Ticks tile_ticks = 0;                 // the unit works on one vector and one of its tiles
  std::uint64_t macs = 0;
  std::uint32_t rows = 1;   // native vectors after the mv_mul
  std::uint32_t tiles = 0;  // of a matrix chain
  std::span<const MfuOperation> operations;
  std::span<const WriteTarget> writes;
  std::span<const Instruction> instructions;  // as in the program
  // An access by offset: `source` and `writes` are known when the chain is issued (offsets.h).
  bool by_offset = false;
  bool source_fault = false;  // then: reads as NaN
  // Position of `matrix` among the shard's.
  std::size_t matrix_index = 0;
  // See InputStreams: the stream this chain takes the next vector of, the stream its mv_mul reads.
  std::optional<std::size_t> feeds;
  std::optional<std::size_t> stream;
};

// Ticks are 1/T of a cycle, so that tiles spread over the T engines without rounding per row or per
// chain: r x c tiles take exactly r * c * (beats a tile) of them (docs/timing.md).
// Where tile columns are split over the engines the fullest engine decides (section 10).
//
// Dram: what a chain moves to or from it takes its bytes / the device's DRAM rate, rounded up to a
// whole tick: 2 N bytes a native vector, the bits of the shard's format a native tile.
class CompiledProgram {
 public:
  // `shard` must outlive the object. A shard check_shard() would refuse ends the process.
  explicit CompiledProgram(const Shard& shard);

  const RegisterLayout& layout() const { return layout_; }
  // Whether some chain writes vectors of `memory`.
  bool writes(Memory memory) const { return written_[static_cast<std::size_t>(memory)]; }
  const CompiledChain& chain(std::uint32_t index) const { return chains_[index]; }
  // Largest number of native vectors any chain holds in its pipeline.
  std::uint32_t widest() const { return widest_; }
  // Streams of input vectors: numbers below this.
  std::size_t streams() const { return streams_; }

 private:
  void add_chain(const Chain& chain);
  void add_instruction(const Instruction& instruction, const Chain& chain, CompiledChain& out);
  void resolve_source(const Instruction& read, const Chain& chain, CompiledChain& out) const;
  Ticks latency(const CompiledChain& chain) const;
  void resolve_product(const Instruction& product, const Chain& chain, CompiledChain& out) const;
  MfuOperation resolve_operation(const Instruction& instruction, std::uint32_t rows) const;
  WriteTarget resolve_write(const Instruction& write, const Chain& chain) const;
  VectorRange range(const Instruction& access, std::uint32_t count) const;
  Ticks dram_ticks(const Instruction& access, std::int64_t count) const;
  std::vector<VectorRange> kept_ranges() const;

  const Shard& shard_;
  RegisterLayout layout_;
  std::vector<CompiledChain> chains_;
  std::vector<MfuOperation>
      operations_;  // of all chains, in order; never grows after the constructor
  std::vector<WriteTarget> writes_;
  std::uint32_t widest_ = 0;
  std::size_t streams_ = 0;
  std::array<bool, static_cast<std::size_t>(Memory::kNetQ) + 1> written_{};
};

}  // namespace soliton
