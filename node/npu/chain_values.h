// What each chain computes: the arithmetic contract of docs/numbers.md, in program order. Times
// play no part here.
//
//   activation in:  fp16 -> block floating point, per block of the matrix
//   product:        exact in a block, fp32 across blocks, one rounding to fp16, half to even
//   MFU:            fp16, each operation correctly rounded
//
// Vectors are padded to native vectors; elements that a product does not produce are zero.
//
// Chains are queued, and computed only when a value is needed: a message, a register, a count. By
// then the inputs of later steps are often known, so products_ahead.h can read a matrix once for
// several of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "node/npu/compiled_program.h"
#include "node/npu/kernels/product.h"
#include "node/npu/matrix_tiles.h"
#include "node/npu/products_ahead.h"
#include "node/npu/register_files.h"
#include "protocol/base/payload.h"

namespace soliton {

struct ValueCounts {
  std::uint64_t fp16_overflows = 0;   // results that became infinite with finite operands
  std::uint64_t poisoned_blocks = 0;  // with a NaN or infinity, once for each product that reads it
  std::uint64_t poisoned_weights = 0;  // blocks of weights that arrived with a NaN or infinity
};

class ChainValues {
 public:
  // Loads the shard's constants and packs its weights. `shard` and `program` must outlive the
  // object. REQUIRES: the shard's matrices have their weights.
  ChainValues(const Shard& shard, const CompiledProgram& program,
              KernelLevel level = best_kernel_level());

  // Another lane of a batch: its own registers, and the weights of `first`.
  struct Lane {
    const ChainValues& first;
  };
  explicit ChainValues(Lane lane);

  // Zeroes the initial state. REQUIRES: flush() was called after the last issue().
  void begin();
  // Queues the next vector or matrix chain in program order, up to its writes to memories.
  // `message` is the message it takes from NetQ, ignored if it reads memories. A chain that
  // addresses by offset must have been resolved and is computed before the call returns; any other
  // chain must outlive the object.
  void issue(const CompiledChain& chain, Payload message);
  // The next message that a chain wrote to NetQ, in order of issue: fp16 values, little endian.
  // REQUIRES: a chain issued so far wrote one that has not been taken.
  Payload take_message();
  std::span<const Half> vector(std::uint32_t flat);
  const ValueCounts& counts();
  // Computes everything that is queued.
  void flush();
  // Once `given_up` is true nothing more is computed; messages keep their sizes. It must outlive
  // the object.
  void give_up_when(const std::atomic<bool>& given_up) { given_up_ = &given_up; }

 private:
  struct Queued {
    const CompiledChain* chain = nullptr;
    Payload message;
  };

  // What the lanes share. Only a program without a batch may write it (check_shard()).
  struct Weights {
    Weights(const Shard& shard, KernelLevel level);
    KernelLevel level;
    MatrixTiles tiles;
    std::vector<PackedMatrix> packed;  // by position among the shard's matrices
  };

  ChainValues(const Shard& shard, const CompiledProgram& program, std::shared_ptr<Weights> weights);
  void load_constants();
  void run(std::size_t at);
  // `pipe_` holds the content of the pipeline, except that a product reads registers in place.
  std::span<const Half> read(const Queued& queued);
  void move_tiles(const Queued& queued);
  void repack(std::size_t matrix);
  void copy_message(const Payload& message, std::span<Half> to) const;
  void multiply_registers(const Queued& queued, std::span<const Half> input);
  void multiply_stream(const CompiledChain& chain, std::span<const Half> input, std::size_t at);
  std::size_t collect_vectors(const CompiledChain& chain, std::span<const Half> input,
                              std::size_t at, std::span<StreamVector> vectors);
  void into_pipe(const CompiledChain& chain, std::span<const float> sums);
  void apply(const MfuOperation& operation, std::span<Half> values);
  void write(const CompiledChain& chain);
  void send(std::uint16_t port);
  void send_sums(std::uint16_t port);
  std::uint64_t ordinal(std::size_t at) const { return first_ordinal_ + at; }

  const Shard& shard_;
  const CompiledProgram& program_;
  std::size_t native_dim_;
  RegisterValues values_;
  std::shared_ptr<Weights> weights_;  // shared by all lanes
  ValueCounts counts_;

  std::vector<Queued> queue_;
  std::size_t queued_messages_ = 0;
  std::uint64_t first_ordinal_ = 0;             // of queue_[0]
  std::vector<std::uint64_t> current_ordinal_;  // of the vector each stream's registers hold
  ProductsAhead ahead_;
  std::vector<std::vector<Half>> ahead_values_;  // of the vectors behind the current one

  const std::atomic<bool>* given_up_ = nullptr;

  std::vector<Payload> sent_;  // the first `taken_` have been taken
  std::size_t taken_ = 0;

  std::vector<Half> pipe_;
  std::vector<float> sums_;
  std::vector<float> whole_sums_;  // of a product that leave unrounded
  Activation activation_;
  // What `activation_` was made from: several products of a step read the same vector.
  bool activation_known_ = false;
  bool begun_ = false;  // a request has
  VectorRange activation_source_;
};

}  // namespace soliton
