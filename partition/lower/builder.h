// One shard under construction: it allocates registers, tiles and ports, and appends chains to
// segments.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "partition/lower/weights.h"
#include "protocol/isa/shard.h"

namespace soliton {

// A matrix as chains address it, in native tiles.
struct PlacedMatrix {
  Memory memory = Memory::kMatrixRf;
  std::uint32_t tile = 0;
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
};

// A chain being written, in program order: builder.chain("gru0.r", rows,
// columns).read(h).product(m).add0(xr).sigmoid()...
class ChainWriter {
 public:
  explicit ChainWriter(Chain& chain) : chain_(chain) {}
  ChainWriter& read(std::uint32_t initial_vrf) {
    return put(Opcode::kVRd, Memory::kInitialVrf, initial_vrf);
  }
  ChainWriter& read_port(std::uint16_t port) { return put(Opcode::kVRd, Memory::kNetQ, port); }
  ChainWriter& product(const PlacedMatrix& matrix) {
    return put(Opcode::kMvMul, matrix.memory, matrix.tile);
  }
  ChainWriter& add0(std::uint32_t index) { return put(Opcode::kVvAdd, Memory::kAddSubVrf0, index); }
  ChainWriter& add1(std::uint32_t index) { return put(Opcode::kVvAdd, Memory::kAddSubVrf1, index); }
  ChainWriter& minus0(std::uint32_t index) {
    return put(Opcode::kVvASubB, Memory::kAddSubVrf0, index);
  }
  ChainWriter& times(std::uint32_t index) {
    return put(Opcode::kVvMul, Memory::kMultiplyVrf, index);
  }
  ChainWriter& point(Opcode opcode, Memory memory, std::uint32_t index) {
    return put(opcode, memory, index);
  }
  ChainWriter& relu() { return put(Opcode::kVRelu, Memory::kNone, 0); }
  ChainWriter& sigmoid() { return put(Opcode::kVSigm, Memory::kNone, 0); }
  ChainWriter& tanh() { return put(Opcode::kVTanh, Memory::kNone, 0); }
  ChainWriter& write(Memory memory, std::uint32_t index) {
    return put(Opcode::kVWr, memory, index);
  }
  // Access by an offset register.
  ChainWriter& read_at(Memory memory, std::uint32_t index, Indexing offset) {
    return put(Opcode::kVRd, memory, index, offset);
  }
  ChainWriter& write_at(Memory memory, std::uint32_t index, Indexing offset) {
    return put(Opcode::kVWr, memory, index, offset);
  }
  // For scalar chains.
  ChainWriter& scalar(const Instruction& instruction) {
    chain_.instructions.push_back(instruction);
    return *this;
  }
  // The sums of the product before it start from those of a message, or leave as they are.
  ChainWriter& onto_sums(std::uint16_t port) { return put(Opcode::kMvRd, Memory::kNetQ, port); }
  ChainWriter& send_sums(std::uint16_t port) { return put(Opcode::kMvWr, Memory::kNetQ, port); }
  ChainWriter& send(std::uint16_t port) { return put(Opcode::kVWr, Memory::kNetQ, port); }
  ChainWriter& send(const std::vector<std::uint16_t>& ports) {
    for (const std::uint16_t port : ports) send(port);
    return *this;
  }

 private:
  ChainWriter& put(Opcode opcode, Memory memory, std::uint32_t index,
                   Indexing offset = Indexing::kDirect) {
    chain_.instructions.push_back({opcode, memory, index, offset});
    return *this;
  }
  Chain& chain_;
};

class ShardBuilder {
 public:
  ShardBuilder(std::string node, const NpuDevice& device, const NpuFormat& format,
               bool with_weights);

  const std::string& node() const { return shard_.node; }
  int native_dim() const { return shard_.device.native_dim; }
  const NpuDevice& device() const { return shard_.device; }
  // Number of native vectors that `elements` values fill.
  std::uint32_t vectors(std::int64_t elements) const;

  std::uint32_t reserve(Memory memory, std::uint32_t count);
  // Registers for a time: what is given back is lent again, but never becomes a constant's or a
  // state's, which hold values from the start of a request on.
  std::uint32_t borrow(Memory memory, std::uint32_t count);
  void give_back(Memory memory, std::uint32_t first, std::uint32_t count);
  // `once`: the value is set only before the first request, for state that is carried on.
  void zero(Memory memory, std::uint32_t first, std::uint32_t count, bool once = false) {
    shard_.zeroed.push_back({memory, first, count, once});
  }
  std::uint32_t constant(std::string name, Memory memory, std::vector<Half> values);
  // Only the first failure is kept; take() returns it.
  PlacedMatrix matrix(const MatrixCut& cut);

  std::uint16_t in_port(std::string name, std::int64_t elements, bool reversed = false);
  // `turn`: the destination that is served first; the others follow in order, wrapping around. If
  // slices start with different destinations, they do not all queue for the same receiver at once.
  std::uint16_t out_port(std::string name, std::int64_t elements, std::size_t turn = 0);
  void connect(std::uint16_t out_port, const std::string& peer, std::uint16_t in_port);
  std::int64_t in_port_elements(std::uint16_t port) const { return shard_.in_ports[port].elements; }

  ChainWriter chain(std::string label, std::uint32_t rows, std::uint32_t columns = 1);
  // Makes the chains added since the last call a segment of `fixed + per_step * steps` rounds. Does
  // nothing if there are none.
  void end_segment(std::int32_t fixed, std::int32_t per_step);

  // Chains so far, and a segment of any of them: for loops inside each other.
  std::uint32_t chains() const { return static_cast<std::uint32_t>(shard_.program.chains.size()); }
  void add_segment(const Segment& segment);

  bool empty() const { return shard_.program.chains.empty(); }
  // Reserves a window for weights in Dram: `window` tiles or, for 0, everything that weights and
  // lanes leave of the matrix register file, but not more tiles than lie in Dram. It has at least
  // one tile, even if that exceeds the register file by one.
  Result<Shard> take(std::uint32_t batch, std::uint32_t window);

 private:
  Shard shard_;
  bool with_weights_;
  std::uint32_t tiles_ = 0, dram_tiles_ = 0;
  std::uint32_t segment_first_ = 0;
  std::vector<std::size_t> turns_;  // by OutPort
  std::map<Memory, std::uint32_t> reserved_;
  std::map<Memory, std::map<std::uint32_t, std::uint32_t>> free_;  // vectors by first one
  std::optional<Error> failure_;
};

}  // namespace soliton
