// A shard's program with every label, address and size looked up once: what timing and values both
// run.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "node/npu/register_files.h"
#include "protocol/base/clock_domain.h"
#include "protocol/isa/shard.h"

namespace soliton {

// Native vectors by flat number.
struct VectorRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

struct MfuOperation {
  Opcode opcode{};
  bool has_operand = false;
  VectorRange operand;
};

// Where a v_wr goes: a NetQ port or register files.
struct WriteTarget {
  bool to_netq = false;
  std::uint16_t port = 0;
  VectorRange vectors;
};

struct CompiledChain {
  bool from_netq = false;
  std::uint16_t port = 0;
  VectorRange source;                   // count also for a NetQ port
  const ShardMatrix* matrix = nullptr;  // null: no mv_mul
  Ticks slot = 0;                       // least time the matrix-vector unit is taken
  Ticks occupied = 0;                   // the unit works on one vector
  std::int64_t streamed_tiles = 0;      // of a matrix in Dram
  Ticks tile_ticks = 0;                 // the unit works on one vector and one of its tiles
  std::uint64_t macs = 0;
  std::uint32_t rows = 1;  // native vectors after the mv_mul
  std::span<const MfuOperation> operations;
  std::span<const WriteTarget> writes;
  // Position of `matrix` among the shard's.
  std::size_t matrix_index = 0;
  // See InputStreams: the stream this chain takes the next vector of, the stream its mv_mul reads.
  std::optional<std::size_t> feeds;
  std::optional<std::size_t> stream;
};

// Ticks are 1/T of a cycle: a product of r x c tiles takes exactly r * c * (beats a tile) of them,
// since tiles spread over the T engines without rounding per row or per chain (npu design page,
// section 8).
class CompiledProgram {
 public:
  // `shard` must outlive the object. A shard check_shard() would refuse ends the process.
  explicit CompiledProgram(const Shard& shard);

  const RegisterLayout& layout() const { return layout_; }
  const CompiledChain& chain(std::uint32_t index) const { return chains_[index]; }
  // Largest number of native vectors any chain holds in its pipeline.
  std::uint32_t widest() const { return widest_; }
  // Streams of input vectors: numbers below this.
  std::size_t streams() const { return streams_; }

 private:
  void add_chain(const Chain& chain);
  void resolve_source(const Instruction& read, CompiledChain& out) const;
  void resolve_product(const Instruction& product, const Chain& chain, CompiledChain& out) const;
  MfuOperation resolve_operation(const Instruction& instruction, std::uint32_t rows) const;
  WriteTarget resolve_write(const Instruction& write, std::uint32_t rows) const;
  VectorRange range(Memory memory, std::uint32_t first, std::uint32_t count) const;
  std::vector<VectorRange> kept_ranges() const;

  const Shard& shard_;
  RegisterLayout layout_;
  std::vector<CompiledChain> chains_;
  std::vector<MfuOperation>
      operations_;  // of all chains, in order; never grows after the constructor
  std::vector<WriteTarget> writes_;
  std::uint32_t widest_ = 0;
  std::size_t streams_ = 0;
};

}  // namespace soliton
