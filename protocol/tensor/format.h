// Number formats by one descriptor, the exact block quantiser, and the matrices and vectors that
// the matrix-vector unit multiplies (docs/numbers.md). The quantiser follows the steps of OCP MX
// v1.0, section 6.3, in exact arithmetic.
//
// A block is up to `block` consecutive values along the reduction axis (K); blocks restart at every
// native-tile edge and a tail block may be shorter. value = element * scale of its block.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

// Half to even | half away from zero | truncate | up with a probability equal to the part cut off.
enum class Rounding : std::uint8_t { kEven, kNearest, kFloor, kDither };
// A shared exponent above its range makes the block NaN | becomes the largest. Without a scale: an
// element above the largest becomes infinity (NaN where the element has no infinity) | the largest.
enum class Overflow : std::uint8_t { kPoison, kSaturate };
// What the elements of a block share: 2^exponent | an fp32 factor | nothing.
enum class Scale : std::uint8_t { kPowerOfTwo, kFloat, kNone };

struct NumberFormat {
  std::string name;
  // 0: sign + magnitude integer mantissas (plain block floating point); otherwise an eXmY minifloat
  // element.
  int exponent_bits = 0;
  // Bits after the sign: magnitude bits of an integer element (ms-fp8: 2, ms-fp9: 3), stored
  // fraction bits of a minifloat.
  int mantissa_bits = 2;
  // Values per scale. 0: one native vector (ms-fp8, ms-fp9). 0 without a scale.
  int block = 0;
  // Bits of the shared exponent, 2 to 8; kFloatScaleBits: an fp32 factor; 0: no scale.
  int scale_bits = 5;
  Rounding rounding = Rounding::kEven;
  Overflow overflow = Overflow::kPoison;
  bool flush = false;  // a block whose largest magnitude is below 2^-126 becomes +0
  std::uint64_t dither_seed = 1;
  bool operator==(const NumberFormat&) const = default;

  static constexpr int kFloatScaleBits = 32;
  Scale scale() const {
    return scale_bits == 0                 ? Scale::kNone
           : scale_bits == kFloatScaleBits ? Scale::kFloat
                                           : Scale::kPowerOfTwo;
  }
  // Element bits with the sign, without the scale.
  int element_bits() const { return 1 + exponent_bits + mantissa_bits; }
  // Bits of `count` values in blocks of `block_size` (scales included).
  std::int64_t storage_bits(std::int64_t count, int block_size) const;
};

// ms-fp8, ms-fp9, 1s5e5m, msfp11 ... msfp16, mxint8, mxfp8-e4m3, mxfp8-e5m2, mxfp6-e3m2,
// mxfp6-e2m3, mxfp4, bfp16-amd, int8, int16, float16, bfloat16, fp32.
const std::vector<NumberFormat>& builtin_formats();
// A built-in name or a descriptor, `e0m4,block=16,scale=8` (scale: 2 to 8 bits, float, none),
// either followed by options: round=even|nearest|floor|dither, seed=N, overflow=poison|saturate,
// flush=no|yes; a built-in name takes block= and scale= too, `block=native` is one native vector.
// `overrides` are options that win over those of `text`. Letters may be upper case.
// The result's name is the canonical spelling, so equal formats have equal names. kInvalid names
// the mistake and what is allowed.
Result<NumberFormat> parse_format(const std::string& text,
                                  const std::vector<std::string>& overrides = {});
// As options spell them.
std::string_view rounding_name(Rounding rounding);
std::string_view overflow_name(Overflow overflow);
// "sign + 4 magnitude bits, 8-bit exponent shared by 16 values".
std::string describe(const NumberFormat& format);

// The stream that Rounding::kDither draws from: value i of a block rounds up when number first + i
// of (format.dither_seed, purpose) is at least one minus the part that would be cut off.
struct DitherStream {
  std::string_view purpose = "quantise";
  std::uint64_t first = 0;
};

// One block, quantised and de-quantised again.
struct QuantisedBlock {
  bool poisoned = false;   // NaN or infinity inside, or an exponent above the range under kPoison
  int scale_exponent = 0;  // Scale::kPowerOfTwo; meaningless when poisoned
  float scale = 1;         // Scale::kFloat; meaningless when poisoned
  std::vector<float> values;  // element * scale, NaN when poisoned
};
// The scalar reference that reads like the specification: any element, any rounding. Without a
// scale nothing is poisoned: NaN and infinity stay in their places.
QuantisedBlock quantise_block(std::span<const float> values, const NumberFormat& format,
                              DitherStream stream = {});

// ---- matrices and vectors: what the matrix-vector unit holds and multiplies ----

// Elements are whole numbers of their smallest quantum. At most 127 of them in either direction:
// such formats use `mantissas`, all others `wide`.
bool has_narrow_elements(const NumberFormat& format);
// What quantise_matrix() takes: kInvalid names the format where the sum over a block could not be
// formed exactly.
Status check_multiplies(const NumberFormat& format);

// A matrix of rows x columns in blocks along each row. Row r, column k is
//   e[r * columns + k] * 2^exponents[r * blocks_per_row + block of k]   Scale::kPowerOfTwo
//   e[r * columns + k] * scales[r * blocks_per_row + block of k]        Scale::kFloat
//   e[r * columns + k]                                                  Scale::kNone
// where e is `mantissas` or `wide`. Vectors that the format does not use are empty; all four are
// empty in a matrix of which only the size is known.
struct BfpMatrix {
  NumberFormat format;
  int rows = 0;
  int columns = 0;
  std::vector<int> block_starts;  // first column of each block, then `columns`; see block_borders()
  std::vector<std::int8_t> mantissas;  // narrow elements
  std::vector<std::int16_t>
      exponents;              // Scale::kPowerOfTwo; of the quantum, so with narrow and wide
  std::vector<float> wide;    // other elements: quanta, or under Scale::kNone the value itself
  std::vector<float> scales;  // Scale::kFloat
  int blocks_per_row() const { return static_cast<int>(block_starts.size()) - 1; }
  // Weights held, 0 when only the size is known.
  std::size_t elements() const { return mantissas.size() + wide.size(); }
};

// Block borders of a row of `columns` values: every `format.block` (or `native_dim` when 0),
// restarting at multiples of `native_dim`.
std::vector<int> block_borders(int columns, const NumberFormat& format, int native_dim);

// Quantises row-major fp32 weights. A NaN, an infinity or a poisoned block is refused with `name`,
// row and block; a format that cannot be multiplied with its name. `first_row` is the row of the
// tensor `name` that row 0 is, so that messages and dither do not depend on how a tensor is cut.
// REQUIRES: weights.size() == rows * columns.
Result<BfpMatrix> quantise_matrix(std::span<const float> weights, int rows, int columns,
                                  const NumberFormat& format, int native_dim,
                                  const std::string& name, std::int64_t first_row = 0);

// An activation vector, quantised for the matrix-vector unit (docs/numbers.md). The vectors in use
// are those of the matrices of its format.
struct BfpVector {
  std::vector<std::int8_t> mantissas;
  std::vector<std::int16_t> exponents;  // one per block
  std::vector<bool> poisoned;           // one per block: a NaN or infinity inside
  bool any_poisoned = false;
  std::vector<float> wide;
  std::vector<float> scales;  // one per block
};
// `values` are fp16 bit patterns; they round half to even whatever format.rounding says, and a
// magnitude saturates at the largest element. `out` is reused between calls and does not allocate
// once grown. REQUIRES: check_multiplies(format).
void quantise_activation(std::span<const std::uint16_t> values, const NumberFormat& format,
                         std::span<const int> block_starts, BfpVector& out);

// fp32 sums of matrix * vector, one running sum a row from +0, blocks in ascending order:
//
//   Scale::kPowerOfTwo   acc = fma(dot, 2^(ew + ex), acc)
//   Scale::kFloat        acc = fma(dot, sw * sx, acc)
//   Scale::kNone         acc = fma(w, x, acc) for every element
//
// where dot, the sum over a block, is formed exactly and rounded to fp32 once.
// Every row is NaN when a block of the vector is poisoned. multiply() takes the fastest way this
// processor has, multiply_reference() is the specification; their bits are equal.
// REQUIRES: out.size() == matrix.rows; vector has the matrix's format and blocks.
void multiply(const BfpMatrix& matrix, const BfpVector& vector, std::span<float> out);
void multiply_reference(const BfpMatrix& matrix, const BfpVector& vector, std::span<float> out);
// multiply_reference() from the present `sums` on in place of +0. A matrix that is cut between blocks
// of columns has the bits of the whole one if each piece goes on with the sums of the piece before.
void multiply_onto(const BfpMatrix& matrix, const BfpVector& vector, std::span<float> sums);

}  // namespace soliton
