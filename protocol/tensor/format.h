// Number formats by one descriptor, and the exact block quantiser (numerics: OCP MX v1.0
// section 6.3 steps, in exact arithmetic).
//
// A block is up to `block` consecutive values along the reduction axis (K); blocks restart at every
// native-tile edge and a tail block may be shorter. value = element * 2^(shared exponent).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

// Half to even | half away from zero | truncate.
enum class Rounding : std::uint8_t { kEven, kNearest, kFloor };
// A shared exponent above its range makes the block NaN | becomes the largest.
enum class Overflow : std::uint8_t { kPoison, kSaturate };

struct NumberFormat {
  std::string name;
  // 0: sign + magnitude integer mantissas (plain block floating point); otherwise an eXmY minifloat
  // element.
  int exponent_bits = 0;
  // Bits after the sign: magnitude bits of an integer element (ms-fp8: 2, ms-fp9: 3), stored
  // fraction bits of a minifloat.
  int mantissa_bits = 2;
  // Values per shared exponent. 0: one native vector (ms-fp8, ms-fp9).
  int block = 0;
  int scale_bits = 5;  // bits of the shared exponent
  Rounding rounding = Rounding::kEven;
  Overflow overflow = Overflow::kPoison;
  bool flush = false;  // a block whose largest magnitude is below 2^-126 becomes +0
  bool operator==(const NumberFormat&) const = default;

  // Element bits with the sign, without the shared exponent.
  int element_bits() const { return 1 + exponent_bits + mantissa_bits; }
  // Bits of `count` values in blocks of `block_size` (shared exponents included).
  std::int64_t storage_bits(std::int64_t count, int block_size) const;
};

// ms-fp8, ms-fp9, 1s5e5m, msfp11 ... msfp16, mxint8, mxfp8-e4m3, mxfp8-e5m2, mxfp6-e3m2,
// mxfp6-e2m3, mxfp4, bfp16-amd.
const std::vector<NumberFormat>& builtin_formats();
// A built-in name or a descriptor,
// `e0m4,block=16,scale=8[,round=even|nearest|floor][,overflow=poison|saturate][,flush=no|yes]`.
// A built-in name takes the same options, `ms-fp9,block=128`; `block=native` is one native vector.
// The result's name is the canonical spelling, so equal formats have equal names.
Result<NumberFormat> parse_format(const std::string& text);

// One block, quantised and de-quantised again.
struct QuantisedBlock {
  bool poisoned = false;   // NaN or infinity inside, or an exponent above the range under kPoison
  int scale_exponent = 0;  // power of two; meaningless when poisoned
  std::vector<float> values;  // element * 2^scale, NaN when poisoned
};
// The scalar reference that reads like the specification: any element, any rounding.
QuantisedBlock quantise_block(std::span<const float> values, const NumberFormat& format);

// ---- integer-mantissa matrices and vectors: what the matrix-vector unit holds and multiplies ----

// A matrix of rows x columns in integer-mantissa blocks along each row. Row r, column k is
// mantissas[r * columns + k] * 2^exponents[r * blocks_per_row + block of k].
struct BfpMatrix {
  NumberFormat format;
  int rows = 0;
  int columns = 0;
  std::vector<int> block_starts;  // first column of each block, then `columns`; see block_borders()
  std::vector<std::int8_t> mantissas;
  std::vector<std::int16_t> exponents;
  int blocks_per_row() const { return static_cast<int>(block_starts.size()) - 1; }
};

// Block borders of a row of `columns` values: every `format.block` (or `native_dim` when 0),
// restarting at multiples of `native_dim`.
std::vector<int> block_borders(int columns, const NumberFormat& format, int native_dim);

// Quantises row-major fp32 weights. A NaN, an infinity or a poisoned block is refused with `name`,
// row and block; a format other than integer elements of up to 7 magnitude bits with its name.
// REQUIRES: weights.size() == rows * columns.
Result<BfpMatrix> quantise_matrix(std::span<const float> weights, int rows, int columns,
                                  const NumberFormat& format, int native_dim,
                                  const std::string& name);

// An activation vector on its way into the matrix-vector unit (numerics, section 3, activation in).
struct BfpVector {
  std::vector<std::int8_t> mantissas;
  std::vector<std::int16_t> exponents;  // one a block
  std::vector<bool> poisoned;           // one a block: a NaN or infinity inside
  bool any_poisoned = false;
};
// `values` are fp16 bit patterns; they round half to even whatever format.rounding says. `out` is
// reused between calls and does not allocate once grown.
void quantise_activation(std::span<const std::uint16_t> values, const NumberFormat& format,
                         std::span<const int> block_starts, BfpVector& out);

// fp32 sums of matrix * vector: exact integer dot product in a block, then
// acc = fma(dot, 2^(ew + ex), acc) in ascending block order from +0. Every row is NaN when a block
// of the vector is poisoned. REQUIRES: out.size() == matrix.rows; vector has the matrix's blocks.
void multiply(const BfpMatrix& matrix, const BfpVector& vector, std::span<float> out);

}  // namespace soliton
