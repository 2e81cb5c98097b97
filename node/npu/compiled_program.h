// A shard's program with every label, address and size resolved once: the form that both timing and
// values execute.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "node/npu/chain_costs.h"
#include "node/npu/register_files.h"
#include "protocol/base/clock_domain.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct MfuOperation {
  Opcode opcode{};
  bool has_operand = false;
  VectorRange operand;
  std::uint32_t elements = 0;  // of a reduction
};

// The target of a v_wr or m_wr: a NetQ port or a memory. For an m_wr `vectors` counts tiles.
struct WriteTarget {
  bool to_netq = false;
  std::uint16_t port = 0;
  VectorRange vectors;
  Ticks dram_ticks = 0;  // duration of the transfer into Dram
  Ticks host_ticks = 0;  // of one lane's vector on its way out of NetQ
  Instruction instruction{};
};

struct CompiledChain {
  ChainKind kind = ChainKind::kVector;
  bool from_netq = false;               // the vector comes in a message,
  bool onto_sums = false;               // or the sums do that its product goes on with
  std::uint16_t port = 0;               // of that message
  bool sends_sums = false;              // what leaves are the sums of its product, as they are
  VectorRange source;                   // count also for a NetQ port; tiles for an m_rd
  Ticks dram_ticks = 0;                 // duration of the transfer from Dram
  Ticks host_ticks = 0;                 // of one lane's vector on its way into NetQ
  const ShardMatrix* matrix = nullptr;  // null: no mv_mul
  Ticks occupied = 0;                   // tile engines' time for the product with one vector
  Ticks slot = 0;                       // minimum, with dispatch floor and overhead
  Ticks latency = 0;                    // after the slot, or of a vector chain; 0: pure move
  VectorRange matrix_tiles;             // those that a matrix chain may write; usually none
  std::int64_t streamed_tiles = 0;      // of a matrix in Dram
  Ticks tile_ticks = 0;                 // the unit's time for one vector and one of its tiles
  std::uint64_t macs = 0;
  std::uint32_t rows = 1;   // native vectors after the mv_mul
  std::uint32_t tiles = 0;  // of a matrix chain
  std::span<const MfuOperation> operations;
  std::span<const WriteTarget> writes;
  std::span<const Instruction> instructions;  // as in the program
  // An access by offset: `source` and `writes` become known when the chain is issued
  // (offset_registers.h).
  bool by_offset = false;
  bool source_fault = false;  // true: the read is out of range and gives NaN
  // Index of `matrix` among the shard's matrices.
  std::size_t matrix_index = 0;
  // Input streams (input_streams.h): the one whose next vector this chain takes, and the one that
  // its mv_mul reads.
  std::optional<std::size_t> feeds;
  std::optional<std::size_t> stream;

  bool takes_message() const { return from_netq || onto_sums; }
};

// Ticks are 1/T of a cycle, so that tiles spread over the T engines without rounding for each row
// or chain: r x c tiles take exactly r * c * (beats per tile) ticks (docs/timing.md). Where tile
// columns are divided among the engines, the engine with the most tiles decides.
//
// Dram: a transfer takes its bytes / the device's DRAM rate, rounded up to a whole tick. A native
// vector has 2 N bytes; a native tile has the size that the shard's format gives it.
class CompiledProgram {
 public:
  // `shard` must outlive the object. REQUIRES: check_shard() accepts the shard; any other ends the
  // process.
  explicit CompiledProgram(const Shard& shard);

  const RegisterLayout& layout() const { return layout_; }
  // Whether any chain writes vectors of `memory`.
  bool writes(Memory memory) const { return written_[static_cast<std::size_t>(memory)]; }
  const CompiledChain& chain(std::uint32_t index) const { return chains_[index]; }
  // The largest number of native vectors that any chain holds in its pipeline.
  std::uint32_t widest() const { return widest_; }
  // Number of input streams; streams are numbered from 0.
  std::size_t streams() const { return streams_; }
  // Whether vectors are handed over word by word (word_path.h): the device does so, and the program
  // carries nothing from round to round (recurrence.h).
  bool by_words() const { return by_words_; }

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
  Ticks host_ticks(std::int64_t elements) const;
  void hand_over_by_words();
  std::vector<VectorRange> kept_ranges() const;

  const Shard& shard_;
  ChainCosts costs_;
  RegisterLayout layout_;
  std::vector<CompiledChain> chains_;
  std::vector<MfuOperation>
      operations_;  // of all chains, in order; never grows after the constructor
  std::vector<WriteTarget> writes_;
  std::uint32_t widest_ = 0;
  std::size_t streams_ = 0;
  bool by_words_ = false;
  std::array<bool, static_cast<std::size_t>(Memory::kNetQ) + 1> written_{};
};

}  // namespace soliton
