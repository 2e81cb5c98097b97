// What each chain computes: the arithmetic contract of the numerics design page, section 3, in
// program order. It knows no time.
//
//   activation in:  fp16 -> block floating point, per block of the matrix
//   product:        exact in a block, fp32 across blocks, one rounding to fp16, half to even
//   MFU:            fp16, each operation correctly rounded
// Vectors are padded to native vectors; what a product does not produce is zero.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "node/npu/compiled_program.h"
#include "node/npu/matrix_tiles.h"
#include "node/npu/register_files.h"
#include "protocol/base/payload.h"
#include "protocol/tensor/format.h"

namespace soliton {

struct ValueCounts {
  std::uint64_t fp16_overflows = 0;  // finite operands, infinite result
  std::uint64_t poisoned_blocks =
      0;  // blocks with a NaN or infinity that entered a product; once a product
  std::uint64_t poisoned_weights = 0;  // blocks of weights that arrived with one
};

class ChainValues {
 public:
  // Loads the shard's constants. `shard` and `program` must outlive the object.
  // REQUIRES: the shard's matrices have their mantissas.
  ChainValues(const Shard& shard, const CompiledProgram& program);

  // Zeroes the initial state.
  void begin();
  // Runs one vector or matrix chain up to its writes to memories. `message` is what it takes from
  // NetQ, null otherwise. REQUIRES: a chain by offset has been resolved.
  void run(const CompiledChain& chain, const Payload* message);
  // The first `elements` values the last chain ended with, little endian: what it writes to NetQ.
  Payload message(std::uint32_t elements) const;

  std::span<const Half> vector(std::uint32_t flat) const { return values_.vectors(flat, 1); }
  const ValueCounts& counts() const { return counts_; }

 private:
  // The pipeline's content is `pipe_`, except that a product reads registers in place.
  std::span<const Half> read(const CompiledChain& chain, const Payload* message);
  void move_tiles(const CompiledChain& chain, const Payload* message);
  void quantise(const CompiledChain& chain, std::span<const Half> input);
  void multiply_into_pipe(const CompiledChain& chain);
  void apply(const MfuOperation& operation, std::span<Half> values);
  void write(const CompiledChain& chain);

  const Shard& shard_;
  const CompiledProgram& program_;
  std::size_t native_dim_;
  RegisterValues values_;
  MatrixTiles tiles_;
  ValueCounts counts_;

  std::vector<Half> pipe_;
  std::vector<float> sums_;
  BfpVector activation_;
  // What `activation_` was made from: several products of a step read the same vector. Null:
  // nothing to reuse.
  const ShardMatrix* activation_matrix_ = nullptr;
  VectorRange activation_source_;
  std::uint64_t activation_poisoned_ = 0;
};

}  // namespace soliton
