// One node's rows of a layer that is a single chain: product, bias, point-wise operations.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "partition/lower/builder.h"

namespace soliton {

// Whether the layer combines all elements of its vector, so that one node must have them all.
bool reduces_rows(const DenseLayer& layer);

class DenseProgram {
 public:
  // Some columns of a product that is divided over nodes. The node goes on with the sums of the one before
  // it; the last one has the result, and all others pass their sums on.
  struct Share {
    RowRange columns;
    bool last = false;
  };
  // Places matrix, bias and constants.
  DenseProgram(ShardBuilder& builder, const DenseLayer& dense, const std::string& label,
               RowRange rows, const std::vector<std::int64_t>& input_parts,
               const std::optional<Share>& share = {});

  // Where the operand of operation `k`, a vector of another layer, is read: set before emit().
  Memory memory_of(std::size_t k) const { return operations_[k].memory; }
  void set_operand(std::size_t k, std::uint32_t index) { operations_[k].index = index; }
  // The chain from the input vector at InitialVrf[input] on; the result is still to be written.
  // `sums`: the port of those that the product goes on with.
  ChainWriter emit(ShardBuilder& builder, const std::string& label, std::uint32_t input,
                   std::optional<std::uint16_t> sums = {}) const;

 private:
  struct Operation {
    Opcode opcode = Opcode::kVRelu;
    Memory memory = Memory::kNone;
    std::uint32_t index = 0;
  };
  bool product_ = false;
  bool has_bias_ = false;
  PlacedMatrix matrix_;
  std::uint32_t bias_ = 0;  // AddSubVrf_0
  std::uint32_t rows_ = 0;  // native vectors
  std::vector<Operation> operations_;
};

}  // namespace soliton
