// Products of wide elements on AVX2, half a group, 8 rows, a register: vpmaddwd multiplies 16-bit
// integers and adds pairs of products in 32 bits (wide_elements.h says of what).
#include <array>
#include <cstring>

#include "node/npu/kernels/product.h"
#include "protocol/base/check.h"

#if SOLITON_X86_KERNELS
#include <immintrin.h>
#endif

namespace soliton {

#if SOLITON_X86_KERNELS
namespace {

#define SOLITON_AVX2_INLINE SOLITON_TARGET_AVX2 __attribute__((always_inline)) inline
#define SOLITON_UNROLL _Pragma("GCC unroll 8")

constexpr int kHalfRows = kGroupRows / 2;
constexpr int kHalfBytes = kStepBytes / 2;

SOLITON_AVX2_INLINE __m256i broadcast(const std::int8_t* pair) {
  std::int32_t word;
  std::memcpy(&word, pair, sizeof word);
  return _mm256_set1_epi32(word);
}

SOLITON_AVX2_INLINE __m256i load(const std::uint8_t* weights) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(weights));
}

// The first or the last 4 rows.
template <bool kHigh>
SOLITON_AVX2_INLINE __m256d rows_of(__m256i sums) {
  return _mm256_cvtepi32_pd(kHigh ? _mm256_extracti128_si256(sums, 1)
                                  : _mm256_castsi256_si128(sums));
}
SOLITON_AVX2_INLINE __m256 joined(__m128 low, __m128 high) {
  return _mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
}

// As in multiply_wide_avx512.cc.
SOLITON_AVX2_INLINE __m128 rounded_sum(__m256d a, __m256d b) {
  const __m256d sum = _mm256_add_pd(a, b);
  // Knuth's two-sum: `sum` plus `error` is a + b exactly.
  const __m256d part = _mm256_sub_pd(sum, a);
  const __m256d error =
      _mm256_add_pd(_mm256_sub_pd(a, _mm256_sub_pd(sum, part)), _mm256_sub_pd(b, part));
  const __m256i bits = _mm256_castpd_si256(sum);
  const __m256i one = _mm256_set1_epi64x(1);
  const __m256i inexact =
      _mm256_castpd_si256(_mm256_cmp_pd(error, _mm256_setzero_pd(), _CMP_NEQ_UQ));
  const __m256i even = _mm256_cmpeq_epi64(_mm256_and_si256(bits, one), _mm256_setzero_si256());
  // -1 where the error has another sign than the sum: towards zero.
  const __m256i towards = _mm256_cmpgt_epi64(_mm256_setzero_si256(),
                                             _mm256_xor_si256(bits, _mm256_castpd_si256(error)));
  // An inexact sum with an even last bit moves to its neighbour on the side of the error, which is
  // odd: the sum rounded to odd.
  const __m256i step = _mm256_or_si256(towards, one);
  const __m256i moved =
      _mm256_add_epi64(bits, _mm256_and_si256(step, _mm256_and_si256(inexact, even)));
  return _mm256_cvtpd_ps(_mm256_castsi256_pd(moved));
}

// A vector, and where the rows of half `half` of a group go.
struct Target {
  const ProductJob& job;
  const Activation& x;
  float* sums;
  int half;

  // `half` counts halves of groups from the start of the matrix. The two of a group lie side by
  // side in each of its steps.
  int group() const { return half / 2; }
  std::ptrdiff_t stride() const {
    return std::ptrdiff_t{job.matrix.panel_groups(group())} * kStepBytes;
  }
  const std::uint8_t* weights(int h) const {
    return job.matrix.weights((half + h) / 2) + (half + h) % 2 * kHalfBytes;
  }
  float* rows(int h) const {
    return sums + std::ptrdiff_t(half - 2 * job.groups.first + h) * kHalfRows;
  }
};

SOLITON_AVX2_INLINE __m256 add_scaled(__m256 acc, __m256 dot, const Target& t, int h,
                                      std::size_t block) {
  const int group = (t.half + h) / 2;
  const std::ptrdiff_t at = std::ptrdiff_t(block) * t.job.matrix.panel_groups(group) * kGroupRows +
                            (t.half + h) % 2 * kHalfRows;
  if (const float* factors = t.job.matrix.scales(group))
    // The scale of a block is sw * sx, rounded once (docs/numbers.md, "Products").
    return _mm256_fmadd_ps(
        dot, _mm256_mul_ps(_mm256_load_ps(factors + at), _mm256_set1_ps(t.x.float_scales()[block])),
        acc);
  const __m128i bytes =
      _mm_loadl_epi64(reinterpret_cast<const __m128i*>(t.job.matrix.exponents(group) + at));
  // The exponents are added as fields of an fp32 number; Activation::in_range() has made sure that
  // the result is a normal one.
  const __m256i scale = _mm256_add_epi32(_mm256_slli_epi32(_mm256_cvtepi8_epi32(bytes), 23),
                                         _mm256_set1_epi32(t.x.scales()[block]));
  return _mm256_fmadd_ps(dot, _mm256_castsi256_ps(scale), acc);
}

// One NaN pattern, whatever operation made it.
SOLITON_AVX2_INLINE void store(float* to, __m256 sums) {
  const __m256 nan = _mm256_cmp_ps(sums, sums, _CMP_UNORD_Q);
  const __m256 canonical = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000));
  _mm256_storeu_ps(to, _mm256_blendv_ps(sums, canonical, nan));
}

template <int kDigits>
SOLITON_TARGET_AVX2 void multiply_shorts(const Target& t) {
  constexpr int kHalves = 2;
  const BlockLayout& layout = t.job.matrix.layout();
  const std::ptrdiff_t stride = t.stride();
  __m256 acc[kHalves] = {_mm256_loadu_ps(t.rows(0)), _mm256_loadu_ps(t.rows(1))};
  for (std::size_t block = 0; block < layout.blocks(); ++block) {
    __m256i sums[kDigits][kHalves];
    SOLITON_UNROLL
    for (int d = 0; d < kDigits; ++d) sums[d][0] = sums[d][1] = _mm256_setzero_si256();
    for (std::ptrdiff_t s = layout.steps[block]; s < layout.steps[block + 1]; ++s) {
      const __m256i w[kHalves] = {load(t.weights(0) + s * stride), load(t.weights(1) + s * stride)};
      SOLITON_UNROLL
      for (int d = 0; d < kDigits; ++d) {
        const __m256i x = broadcast(t.x.plane(d) + s * 4);
        SOLITON_UNROLL
        for (int h = 0; h < kHalves; ++h)
          sums[d][h] = _mm256_add_epi32(sums[d][h], _mm256_madd_epi16(w[h], x));
      }
    }
    SOLITON_UNROLL
    for (int h = 0; h < kHalves; ++h) {
      __m256 dot = _mm256_cvtepi32_ps(sums[0][h]);
      if constexpr (kDigits > 1) {
        // From the highest digit down. All steps are whole numbers below 2^53 (as_shorts()), so the
        // only rounding is that to fp32.
        const __m256d radix = _mm256_set1_pd(1 << layout.wide.digit_bits);
        __m256d low = rows_of<false>(sums[kDigits - 1][h]);
        __m256d high = rows_of<true>(sums[kDigits - 1][h]);
        SOLITON_UNROLL
        for (int d = kDigits - 2; d >= 0; --d) {
          low = _mm256_fmadd_pd(low, radix, rows_of<false>(sums[d][h]));
          high = _mm256_fmadd_pd(high, radix, rows_of<true>(sums[d][h]));
        }
        dot = joined(_mm256_cvtpd_ps(low), _mm256_cvtpd_ps(high));
      }
      acc[h] = add_scaled(acc[h], dot, t, h, block);
    }
  }
  SOLITON_UNROLL
  for (int h = 0; h < kHalves; ++h) store(t.rows(h), acc[h]);
}

// Sums of one block by level, over the classes from kFirst on.
template <int kFirst, int kClasses>
SOLITON_AVX2_INLINE void add_block(const Target& t, int h, int first, int last,
                                   __m256i (&sums)[2 * kClasses - 1]) {
  const std::ptrdiff_t stride = t.stride();
  const std::uint8_t* weights = t.weights(h);
  // A product of parts of the classes c and d belongs to level c + d. Elements of other classes are
  // zero in `part`, and in the vector's plane.
  for (std::ptrdiff_t s = first; s < last; ++s) {
    const __m256i w = load(weights + s * stride);
    const __m256i value = _mm256_srai_epi16(w, 2);
    const __m256i own = _mm256_and_si256(w, _mm256_set1_epi16(3));
    SOLITON_UNROLL
    for (int c = kFirst; c < kClasses; ++c) {
      const __m256i part = _mm256_and_si256(
          value, _mm256_cmpeq_epi16(own, _mm256_set1_epi16(static_cast<short>(c))));
      SOLITON_UNROLL
      for (int d = kFirst; d < kClasses; ++d)
        sums[c + d] =
            _mm256_add_epi32(sums[c + d], _mm256_madd_epi16(part, broadcast(t.x.plane(d) + s * 4)));
    }
  }
}

// The levels of 4 rows, added and rounded once.
template <int kClasses, bool kHigh>
SOLITON_AVX2_INLINE __m128 rounded(const __m256i* levels, const WideElements& wide) {
  const __m256d radix = _mm256_set1_pd(1 << wide.class_bits);
  __m256d high = rows_of<kHigh>(levels[2 * kClasses - 2]);
  SOLITON_UNROLL
  for (int l = 2 * kClasses - 3; l >= kClasses; --l)
    high = _mm256_fmadd_pd(high, radix, rows_of<kHigh>(levels[l]));
  __m256d low = rows_of<kHigh>(levels[kClasses - 1]);
  SOLITON_UNROLL
  for (int l = kClasses - 2; l >= 0; --l)
    low = _mm256_fmadd_pd(low, radix, rows_of<kHigh>(levels[l]));
  high = _mm256_mul_pd(high, _mm256_set1_pd(power_of_two(kClasses * wide.class_bits)));
  // Each half of the levels is a whole number below 2^53 (as_classes()); their sum may need more
  // bits, and rounding it twice could give another fp32 number.
  return wide.exact_in_double ? _mm256_cvtpd_ps(_mm256_add_pd(high, low)) : rounded_sum(high, low);
}

// The sums of a block whose weights are shorts, digit after digit of the vector.
SOLITON_AVX2_INLINE __m256 short_dots(const Target& t, int h, std::size_t block) {
  const BlockLayout& layout = t.job.matrix.layout();
  const WideElements& wide = layout.wide;
  const std::ptrdiff_t stride = t.stride();
  const std::uint8_t* weights = t.weights(h);
  __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
  // Digits below the first are zero in the whole block.
  for (int digit = t.x.first_digit()[block]; digit < wide.digits; ++digit) {
    const std::int8_t* x = t.x.plane(wide.classes + digit);
    __m256i sum = _mm256_setzero_si256();
    for (std::ptrdiff_t s = layout.steps[block]; s < layout.steps[block + 1]; ++s)
      sum = _mm256_add_epi32(sum,
                             _mm256_madd_epi16(load(weights + s * stride), broadcast(x + s * 4)));
    const __m256d unit = _mm256_set1_pd(power_of_two(digit * wide.digit_bits));
    low = _mm256_fmadd_pd(rows_of<false>(sum), unit, low);
    high = _mm256_fmadd_pd(rows_of<true>(sum), unit, high);
  }
  return _mm256_mul_ps(joined(_mm256_cvtpd_ps(low), _mm256_cvtpd_ps(high)),
                       _mm256_set1_ps(static_cast<float>(power_of_two(wide.short_shift))));
}

// The sums of a block in classes.
template <int kClasses>
SOLITON_AVX2_INLINE __m256 class_dots(const Target& t, int h, std::size_t block) {
  const BlockLayout& layout = t.job.matrix.layout();
  __m256i sums[2 * kClasses - 1];
  SOLITON_UNROLL
  for (int l = 0; l < 2 * kClasses - 1; ++l) sums[l] = _mm256_setzero_si256();
  const int first = layout.steps[block], last = layout.steps[block + 1];
  const bool lowest =
      t.job.matrix.has_lowest(t.group())[block] != 0 || t.x.has_lowest()[block] != 0;
  // Elements of the lowest of three classes are rare. In a block without any, on either side, four
  // of the nine products of classes remain.
  if (kClasses == 2 || lowest)
    add_block<0, kClasses>(t, h, first, last, sums);
  else
    add_block<1, kClasses>(t, h, first, last, sums);
  return joined(rounded<kClasses, false>(sums, layout.wide),
                rounded<kClasses, true>(sums, layout.wide));
}

template <int kClasses>
SOLITON_TARGET_AVX2 void multiply_classes(const Target& t) {
  const std::size_t blocks = t.job.matrix.layout().blocks();
  const std::uint8_t* shorts = t.job.matrix.is_short(t.group());
  for (int h = 0; h < 2; ++h) {
    __m256 acc = _mm256_loadu_ps(t.rows(h));
    for (std::size_t block = 0; block < blocks; ++block) {
      const __m256 dot =
          shorts[block] != 0 ? short_dots(t, h, block) : class_dots<kClasses>(t, h, block);
      acc = add_scaled(acc, dot, t, h, block);
    }
    store(t.rows(h), acc);
  }
}

template <int kHalves>
SOLITON_TARGET_AVX2 void multiply_floats(const Target& t) {
  const std::ptrdiff_t stride = t.stride();
  const float* x = t.x.floats();
  const float* weights[kHalves];
  __m256 acc[kHalves];
  SOLITON_UNROLL
  for (int h = 0; h < kHalves; ++h) {
    acc[h] = _mm256_loadu_ps(t.rows(h));
    weights[h] = reinterpret_cast<const float*>(t.weights(h));
  }
  // The sum of a row goes element by element in ascending order (docs/numbers.md), so one row
  // cannot use several accumulators. A whole panel has eight independent sums, which hide the
  // latency of the multiply-add.
  for (int k = 0; k < t.job.matrix.columns(); ++k) {
    const __m256 value = _mm256_set1_ps(x[k]);
    const std::ptrdiff_t at = k * (stride / std::ptrdiff_t{sizeof(float)});
    SOLITON_UNROLL
    for (int h = 0; h < kHalves; ++h)
      acc[h] = _mm256_fmadd_ps(_mm256_load_ps(weights[h] + at), value, acc[h]);
  }
  SOLITON_UNROLL
  for (int h = 0; h < kHalves; ++h) store(t.rows(h), acc[h]);
}

void multiply_group(const Target& t) {
  const BlockLayout& layout = t.job.matrix.layout();
  if (layout.packing == Packing::kFloats) return multiply_floats<2>(t);
  if (layout.packing == Packing::kClasses)
    return layout.wide.classes == 2 ? multiply_classes<2>(t) : multiply_classes<3>(t);
  switch (layout.wide.digits) {
    case 1:
      return multiply_shorts<1>(t);
    case 2:
      return multiply_shorts<2>(t);
    case 3:
      return multiply_shorts<3>(t);
    default:
      return multiply_shorts<4>(t);
  }
}

}  // namespace

void multiply_wide_avx2(const ProductJob& job) {
  constexpr int kPanelHalves = 2 * kPanelGroups;
  const bool floats = job.matrix.layout().packing == Packing::kFloats;
  // The second vector finds the weights in the cache.
  for (int group = job.groups.first; group < job.groups.last;) {
    const bool panel =
        floats && group % kPanelGroups == 0 && group + kPanelGroups <= job.groups.last;
    for (std::size_t v = 0; v < job.xs.size(); ++v) {
      const Target target{job, *job.xs[v], job.sums[v], 2 * group};
      panel ? multiply_floats<kPanelHalves>(target) : multiply_group(target);
    }
    group += panel ? kPanelGroups : 1;
  }
}

#else

void multiply_wide_avx2(const ProductJob&) {
  check_failed("SOLITON_X86_KERNELS", "this build has no packed kernels: they need x86-64");
}

#endif

}  // namespace soliton
