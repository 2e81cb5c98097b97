// The loops behind multiply(), one per processor generation: the same source compiled for different
// instruction sets, so the bits cannot differ. Tests run every one the processor has.
#pragma once

#include <span>

#include "protocol/tensor/format.h"

namespace soliton {

struct MultiplyKernel {
  const char* name;
  bool supported;  // by this processor
  void (*run)(const BfpMatrix& matrix, const BfpVector& vector,
              std::span<float> out);  // no poisoned block
};

// Slowest first; the first one runs everywhere.
std::span<const MultiplyKernel> multiply_kernels();

}  // namespace soliton
