// A shard: everything that one emulated FPGA needs for its part of a model. Written by
// partition/lower, run by node/npu, carried to the node process through one memfd. Peers are
// logical names and become connections at deployment, so that a spare can take a shard over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/isa/device.h"
#include "protocol/isa/program.h"
#include "protocol/tensor/format.h"
#include "protocol/tensor/half.h"

namespace soliton {

// Weights stored tile by tile, row-major, from `tile_address` of `memory`. weights.rows and
// weights.columns are the unpadded extents; the padding to tiles is zeros and is charged. A matrix
// in Dram is streamed through the shard's window, tile by tile, for every chain that multiplies by
// it. m_wr may replace tiles of a matrix, never its padding.
struct ShardMatrix {
  std::string name;
  std::uint32_t tile_address = 0;
  std::uint32_t tile_rows = 0;
  std::uint32_t tile_columns = 0;
  BfpMatrix weights;                  // no elements under `compute: timing`
  Memory memory = Memory::kMatrixRf;  // pinned there, or kDram
};

// Constants written into a vector register file or Dram when the shard is loaded: ceil(values / N)
// native vectors, zero-padded.
struct ShardVector {
  std::string name;
  Memory memory = Memory::kAddSubVrf0;
  std::uint32_t index = 0;
  std::vector<Half> values;
};

// A NetQ port that receives: one message carries `elements` fp16 values and fills ceil(elements /
// N) native vectors.
struct InPort {
  std::string name;  // "gru0.h from fpga1"
  std::uint32_t elements = 0;
  // The port holds the request's messages until all `steps` of them are there and hands them out
  // last first: how the reverse direction of a layer reads what a forward one wrote.
  bool reversed = false;
  bool operator==(const InPort&) const = default;
};

// A NetQ port that sends its message to every destination, in this order. A destination on the same
// node is a loop back: it takes no time and never leaves the node.
struct OutPort {
  std::string name;
  std::uint32_t elements = 0;
  struct Destination {
    std::string peer;        // logical node name
    std::uint16_t port = 0;  // its InPort
    bool operator==(const Destination&) const = default;
  };
  std::vector<Destination> destinations;
  bool operator==(const OutPort&) const = default;
};

// A range of a register file or of the vectors in Dram that is zeroed when a request begins
// (initial hidden and cell state).
struct ZeroedRange {
  Memory memory = Memory::kInitialVrf;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  bool once = false;  // before the first request only: the others go on with what is there
  bool operator==(const ZeroedRange&) const = default;
};

struct Shard {
  std::string node;  // logical name
  NpuDevice device;
  NumberFormat format;
  std::int64_t beats_per_tile = 10;
  Program program;
  std::vector<ShardMatrix> matrices;
  std::vector<ShardVector> vectors;
  std::vector<ZeroedRange> zeroed;
  std::vector<InPort> in_ports;
  std::vector<OutPort> out_ports;
  // Tiles of the matrix register file that the matrices in Dram stream through; 0 without any.
  std::uint32_t window_tiles = 0;
  // Most requests that run through the program together, each in a lane of its own.
  std::uint32_t batch = 1;
};

// How full each memory of the device is, in bytes and in its unit of allocation.
struct MemoryUse {
  std::string memory;  // "MatrixRf"
  std::int64_t used = 0;
  std::int64_t capacity = 0;  // native tiles, native vectors or words
  Bytes used_bytes{};
  Bytes capacity_bytes{};
};

// Bits of one native tile: N^2 elements and the shared exponents of N rows, blocks restarting at
// the tile edge.
std::int64_t tile_bits(const NumberFormat& format, int native_dim);
// Tiles of `format` the matrix register file holds: its bits (native tiles * native tile bits) /
// tile_bits(format).
std::int64_t tiles_that_fit(const NpuDevice& device, const NumberFormat& format);
// Tiles of the matrix register file that the lanes of a batch take. The register files hold as many
// lanes as the device handles at once; further ones lie in the block RAM that weights leave free,
// which is an assumption of this project.
std::int64_t lane_tiles(const Shard& shard);
// MatrixRf (pinned matrices, window and lanes), InitialVrf, AddSubVrf_0, AddSubVrf_1, MultiplyVrf,
// InstructionMemory, and Dram (in bytes) when something lies there. Everything the program touches;
// accesses by an offset that a message or the number of steps decides count with offset 0.
std::vector<MemoryUse> memory_use(const Shard& shard);

// What of a shard a fault is in.
struct ShardPlace {
  enum class Kind : std::uint8_t { kShard, kMatrix, kVector, kZeroed, kChain, kSegment };
  Kind kind = Kind::kShard;
  std::size_t index = 0;        // of the matrix, vector, range, chain or segment
  std::size_t instruction = 0;  // of a chain; their number when the chain as a whole is meant
};
struct ShardFault {
  Error error;  // the place in words, without the shard's name
  ShardPlace place;
};
// Chain rules, indices, ports, what is read but never written, and memory budgets: every violation,
// with chain, instruction, number and limit.
std::vector<ShardFault> shard_faults(const Shard& shard);
// The same as errors, each behind the shard's name.
Diagnostics check_shard(const Shard& shard);

}  // namespace soliton
