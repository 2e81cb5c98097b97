// What each chain computes: the arithmetic contract of docs/numbers.md, in
// program order. It knows no time.
//
//   activation in:  fp16 -> block floating point, per block of the matrix
//   product:        exact in a block, fp32 across blocks, one rounding to fp16, half to even
//   MFU:            fp16, each operation correctly rounded
// Vectors are padded to native vectors; what a product does not produce is zero.
//
// Chains are queued and computed when something asks for a value: a message, a register, a count.
// Behind, the inputs of later steps are known, and products_ahead.h reads a matrix once for
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
  std::uint64_t fp16_overflows = 0;    // finite operands, infinite result
  std::uint64_t poisoned_blocks = 0;   // with a NaN or infinity, counted once for each product
  std::uint64_t poisoned_weights = 0;  // blocks of weights that arrived with one
};

class ChainValues {
 public:
  // Loads the shard's constants and packs its weights. `shard` and `program` must outlive the
  // object. REQUIRES: the shard's matrices have their weights.
  ChainValues(const Shard& shard, const CompiledProgram& program,
              KernelLevel level = best_kernel_level());

  // Another lane of a batch: registers of its own, the weights of `first`.
  struct Lane {
    const ChainValues& first;
  };
  explicit ChainValues(Lane lane);

  // Zeroes the initial state. REQUIRES: flush() since the last issue().
  void begin();
  // The next vector or matrix chain in program order, up to its writes to memories. `message` is
  // what it takes from NetQ; ignored when it reads memories. A chain by offset has been resolved,
  // and is computed before the call returns; any other must outlive the object.
  void issue(const CompiledChain& chain, Payload message);
  // The next message that a chain wrote to NetQ, in order of issue: fp16 values, little endian.
  // REQUIRES: a chain issued so far wrote one that has not been taken.
  Payload take_message();
  std::span<const Half> vector(std::uint32_t flat);
  const ValueCounts& counts();
  // Computes what is queued.
  void flush();
  // From when it is true on, nothing is computed; messages keep their sizes. It outlives the
  // object.
  void give_up_when(const std::atomic<bool>& given_up) { given_up_ = &given_up; }

 private:
  struct Queued {
    const CompiledChain* chain = nullptr;
    Payload message;
  };

  // What the lanes share. Only a program without a batch may write it: check_shard().
  struct Weights {
    Weights(const Shard& shard, KernelLevel level);
    KernelLevel level;
    MatrixTiles tiles;
    std::vector<PackedMatrix> packed;  // by position among the shard's matrices
  };

  ChainValues(const Shard& shard, const CompiledProgram& program, std::shared_ptr<Weights> weights);
  void load_constants();
  void run(std::size_t at);
  // The pipeline's content is `pipe_`, except that a product reads registers in place.
  std::span<const Half> read(const Queued& queued);
  void move_tiles(const Queued& queued);
  void repack(std::size_t matrix);
  void copy_message(const Payload& message, std::span<Half> to) const;
  void multiply_registers(const CompiledChain& chain, std::span<const Half> input);
  void multiply_stream(const CompiledChain& chain, std::span<const Half> input, std::size_t at);
  std::size_t collect_vectors(const CompiledChain& chain, std::span<const Half> input,
                              std::size_t at, std::span<StreamVector> vectors);
  void into_pipe(const CompiledChain& chain, std::span<const float> sums);
  void apply(const MfuOperation& operation, std::span<Half> values);
  void write(const CompiledChain& chain);
  void send(std::uint16_t port);
  std::uint64_t ordinal(std::size_t at) const { return first_ordinal_ + at; }

  const Shard& shard_;
  const CompiledProgram& program_;
  std::size_t native_dim_;
  RegisterValues values_;
  std::shared_ptr<Weights> weights_;  // of all lanes
  ValueCounts counts_;

  std::vector<Queued> queue_;
  std::size_t queued_messages_ = 0;
  std::uint64_t first_ordinal_ = 0;             // of queue_[0]
  std::vector<std::uint64_t> current_ordinal_;  // of the vector each stream's registers hold
  ProductsAhead ahead_;
  std::vector<std::vector<Half>> ahead_values_;  // of the vectors behind the current one

  const std::atomic<bool>* given_up_ = nullptr;

  std::vector<Payload> sent_;  // the first `taken_` are gone
  std::size_t taken_ = 0;

  std::vector<Half> pipe_;
  std::vector<float> sums_;
  Activation activation_;
  // What `activation_` was made from: several products of a step read the same vector.
  bool activation_known_ = false;
  bool begun_ = false;  // a request has
  VectorRange activation_source_;
};

}  // namespace soliton
