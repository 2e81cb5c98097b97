#include "node/npu/kernels/pointwise.h"

#include <algorithm>
#include <bit>

#include "protocol/base/check.h"

#if SOLITON_X86_KERNELS
#include <immintrin.h>
#endif

namespace soliton {
namespace {

bool is_finite(Half value) { return (value & kHalfInfinity) != kHalfInfinity; }

Half apply_one(PointwiseOp op, Half a, Half b) {
  switch (op) {
    case PointwiseOp::kAdd:
      return half_add(a, b);
    case PointwiseOp::kAMinusB:
      return half_sub(a, b);
    case PointwiseOp::kBMinusA:
      return half_sub(b, a);
    case PointwiseOp::kMultiply:
      return half_mul(a, b);
    case PointwiseOp::kMax:
      return half_max(a, b);
    case PointwiseOp::kMin:
      return half_min(a, b);
  }
  check_failed("op is a PointwiseOp", "the operation is not point-wise");
}

std::uint64_t apply_scalar(PointwiseOp op, std::span<Half> a, std::span<const Half> b) {
  std::uint64_t overflows = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    // An infinity that comes from an infinite operand is no overflow.
    const bool finite = is_finite(a[i]) && is_finite(b[i]);
    a[i] = apply_one(op, a[i], b[i]);
    overflows += half_is_infinite(a[i]) && finite;
  }
  return overflows;
}

std::uint64_t round_scalar(std::span<const float> sums, std::span<Half> out) {
  std::uint64_t overflows = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    out[i] = to_half(sums[i]);
    // An infinity that came in has poisoned its block and every row, so this one was made here.
    overflows += half_is_infinite(out[i]);
  }
  return overflows;
}

// For functions that are finite everywhere finite.
std::uint64_t look_up(const Half* table, std::span<Half> values) {
  for (Half& value : values) value = table[value];
  return 0;
}

std::uint64_t look_up_counting(const Half* table, std::span<Half> values) {
  std::uint64_t overflows = 0;
  for (Half& value : values) {
    const bool finite = is_finite(value);
    value = table[value];
    overflows += half_is_infinite(value) && finite;
  }
  return overflows;
}

Half largest(std::span<const Half> values) {
  Half out = values.front();
  for (const Half value : values) out = half_max(out, value);
  return out;
}

// At most 2^24 summands below 2^16: no sum leaves the range of fp32. The quotient of an fp32 number and
// a count of 24 bits is a half-way point of fp16 or more than a double's rounding away from one, so
// rounding it to double first changes nothing.
Half sum_or_mean(Reduction reduction, std::span<const Half> values) {
  float sum = 0;
  for (const Half value : values) sum += to_float(value);
  if (reduction == Reduction::kSum) return to_half(sum);
  return round_to_half(static_cast<double>(sum) / static_cast<double>(values.size()));
}

#if SOLITON_X86_KERNELS

constexpr std::size_t kLanes = 8;

#define SOLITON_AVX2_INLINE SOLITON_TARGET_AVX2 __attribute__((always_inline)) inline

SOLITON_AVX2_INLINE __m128i load8(const Half* values) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(values));
}

SOLITON_AVX2_INLINE void store8(Half* to, __m128i values) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), values);
}

// Half to even, as to_half(); every NaN becomes the canonical one.
SOLITON_AVX2_INLINE __m128i round8(__m256 values) {
  const __m128i rounded = _mm256_cvtps_ph(values, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(values, values, _CMP_UNORD_Q));
  // Packing saturates, which keeps masks: all ones are -1 in either width.
  const __m128i nan16 =
      _mm_packs_epi32(_mm256_castsi256_si128(nan), _mm256_extracti128_si256(nan, 1));
  return _mm_blendv_epi8(rounded, _mm_set1_epi16(kHalfNan), nan16);
}

// All ones where a value is neither infinite nor NaN.
SOLITON_AVX2_INLINE __m128i finite8(__m128i values) {
  const __m128i exponent = _mm_set1_epi16(kHalfInfinity);
  return _mm_xor_si128(_mm_cmpeq_epi16(_mm_and_si128(values, exponent), exponent),
                       _mm_set1_epi16(-1));
}

SOLITON_AVX2_INLINE __m128i infinite8(__m128i values) {
  return _mm_cmpeq_epi16(_mm_and_si128(values, _mm_set1_epi16(0x7fff)),
                         _mm_set1_epi16(kHalfInfinity));
}

// The mask of bytes has two bits for each value.
SOLITON_AVX2_INLINE std::uint64_t count8(__m128i mask) {
  return static_cast<std::uint64_t>(std::popcount(static_cast<unsigned>(_mm_movemask_epi8(mask))) /
                                    2);
}

// In fp32, then rounded to fp16, as half_add() and the others do: fp32 has 24 bits, at least twice
// the 11 of fp16 and two more, so rounding twice gives what rounding once would (Figueroa, "When is
// double rounding innocuous?", 1995). A product is even exact in fp32.
template <PointwiseOp kOp>
SOLITON_AVX2_INLINE __m256 arithmetic8(__m256 a, __m256 b) {
  if constexpr (kOp == PointwiseOp::kAdd) return _mm256_add_ps(a, b);
  if constexpr (kOp == PointwiseOp::kAMinusB) return _mm256_sub_ps(a, b);
  if constexpr (kOp == PointwiseOp::kBMinusA) return _mm256_sub_ps(b, a);
  return _mm256_mul_ps(a, b);
}

// half_max() and half_min(): as integers, with the negative half mirrored, bit patterns order like
// the numbers. maxps would not do: for +0 and -0, and where either is a NaN, it returns its second
// operand.
template <PointwiseOp kOp>
SOLITON_AVX2_INLINE __m128i extreme8(__m128i a, __m128i b) {
  const __m128i magnitude = _mm_set1_epi16(0x7fff);
  const __m128i order_a = _mm_xor_si128(a, _mm_and_si128(_mm_srai_epi16(a, 15), magnitude));
  const __m128i order_b = _mm_xor_si128(b, _mm_and_si128(_mm_srai_epi16(b, 15), magnitude));
  const __m128i takes_b = kOp == PointwiseOp::kMax ? _mm_cmpgt_epi16(order_b, order_a)
                                                   : _mm_cmpgt_epi16(order_a, order_b);
  const __m128i extreme = _mm_blendv_epi8(a, b, takes_b);
  const __m128i infinity = _mm_set1_epi16(kHalfInfinity);
  const __m128i nan = _mm_or_si128(_mm_cmpgt_epi16(_mm_and_si128(a, magnitude), infinity),
                                   _mm_cmpgt_epi16(_mm_and_si128(b, magnitude), infinity));
  return _mm_blendv_epi8(extreme, _mm_set1_epi16(kHalfNan), nan);
}

template <PointwiseOp kOp>
SOLITON_TARGET_AVX2 std::uint64_t apply_avx2(std::span<Half> a, std::span<const Half> b) {
  std::uint64_t overflows = 0;
  std::size_t i = 0;
  for (; i + kLanes <= a.size(); i += kLanes) {
    const __m128i left = load8(a.data() + i);
    const __m128i right = load8(b.data() + i);
    __m128i result;
    if constexpr (kOp == PointwiseOp::kMax || kOp == PointwiseOp::kMin) {
      result = extreme8<kOp>(left, right);
    } else {
      result = round8(arithmetic8<kOp>(_mm256_cvtph_ps(left), _mm256_cvtph_ps(right)));
      const __m128i finite = _mm_and_si128(finite8(left), finite8(right));
      overflows += count8(_mm_and_si128(infinite8(result), finite));
    }
    store8(a.data() + i, result);
  }
  // Fewer than kLanes values are left. The scalar code gives the same bits, so it does not matter
  // where a vector is cut.
  return overflows + apply_scalar(kOp, a.subspan(i), b.subspan(i));
}

SOLITON_TARGET_AVX2 std::uint64_t round_avx2(std::span<const float> sums, std::span<Half> out) {
  std::uint64_t overflows = 0;
  std::size_t i = 0;
  for (; i + kLanes <= sums.size(); i += kLanes) {
    const __m128i rounded = round8(_mm256_loadu_ps(sums.data() + i));
    overflows += count8(infinite8(rounded));
    store8(out.data() + i, rounded);
  }
  return overflows + round_scalar(sums.subspan(i), out.subspan(i));
}

#endif

}  // namespace

std::uint64_t apply(PointwiseOp op, std::span<Half> a, std::span<const Half> b, KernelLevel level) {
  SOLITON_CHECK(a.size() == b.size());
#if SOLITON_X86_KERNELS
  if (level != KernelLevel::kScalar) {
    switch (op) {
      case PointwiseOp::kAdd:
        return apply_avx2<PointwiseOp::kAdd>(a, b);
      case PointwiseOp::kAMinusB:
        return apply_avx2<PointwiseOp::kAMinusB>(a, b);
      case PointwiseOp::kBMinusA:
        return apply_avx2<PointwiseOp::kBMinusA>(a, b);
      case PointwiseOp::kMultiply:
        return apply_avx2<PointwiseOp::kMultiply>(a, b);
      case PointwiseOp::kMax:
        return apply_avx2<PointwiseOp::kMax>(a, b);
      case PointwiseOp::kMin:
        return apply_avx2<PointwiseOp::kMin>(a, b);
    }
  }
#endif
  return apply_scalar(op, a, b);
}

// A value for each of the 65,536 bit patterns, rounded from double precision
// (protocol/tensor/half.h): no approximation whose last bit would depend on the instruction set.
std::uint64_t apply(ActivationFunction function, std::span<Half> values) {
  switch (function) {
    case ActivationFunction::kRelu:
      for (Half& value : values) value = half_relu(value);
      return 0;
    case ActivationFunction::kSigmoid:
      return look_up(half_sigmoid_table(), values);
    case ActivationFunction::kTanh:
      return look_up(half_tanh_table(), values);
    case ActivationFunction::kExp:
      return look_up_counting(half_exp_table(), values);
    case ActivationFunction::kReciprocal:
      return look_up_counting(half_reciprocal_table(), values);
    case ActivationFunction::kRsqrt:
      return look_up_counting(half_rsqrt_table(), values);
  }
  check_failed("function is an ActivationFunction", "the operation is no function of one value");
}

std::uint64_t reduce(Reduction reduction, std::span<Half> values, std::size_t elements) {
  SOLITON_CHECK(elements >= 1 && elements <= values.size());
  const std::span<const Half> first = values.first(elements);
  const Half result = reduction == Reduction::kMax ? largest(first) : sum_or_mean(reduction, first);
  const bool overflow = half_is_infinite(result) && std::ranges::all_of(first, is_finite);
  std::ranges::fill(values, result);
  return overflow ? 1 : 0;
}

std::uint64_t round_sums(std::span<const float> sums, std::span<Half> out, KernelLevel level) {
  SOLITON_CHECK(sums.size() == out.size());
#if SOLITON_X86_KERNELS
  if (level != KernelLevel::kScalar) return round_avx2(sums, out);
#endif
  return round_scalar(sums, out);
}

}  // namespace soliton
