// Products of wide elements on AVX-512: vpdpwssd adds, lane by lane, two products of 16-bit
// integers to a 32-bit sum (wide_elements.h says of what).
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

#define SOLITON_AVX512_INLINE SOLITON_TARGET_AVX512 __attribute__((always_inline)) inline
#define SOLITON_UNROLL _Pragma("GCC unroll 8")

SOLITON_AVX512_INLINE __m512i broadcast(const std::int8_t* pair) {
  std::int32_t word;
  std::memcpy(&word, pair, sizeof word);
  return _mm512_set1_epi32(word);
}

// The first or the last 8 rows.
template <bool kHigh>
SOLITON_AVX512_INLINE __m512d rows_of(__m512i sums) {
  return _mm512_cvtepi32_pd(kHigh ? _mm512_extracti64x4_epi64(sums, 1)
                                  : _mm512_castsi512_si256(sums));
}
SOLITON_AVX512_INLINE __m512 joined(__m256 low, __m256 high) {
  return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}

// a + b rounded to fp32 once, both doubles: the sum is rounded to odd first (Boldo, Melquiond,
// "Emulation of a FMA and correctly rounded sums", 2008), after which a second rounding to fewer
// bits is the right one.
SOLITON_AVX512_INLINE __m256 rounded_sum(__m512d a, __m512d b) {
  const __m512d sum = _mm512_add_pd(a, b);
  // Knuth's two-sum: `sum` plus `error` is a + b exactly.
  const __m512d part = _mm512_sub_pd(sum, a);
  const __m512d error =
      _mm512_add_pd(_mm512_sub_pd(a, _mm512_sub_pd(sum, part)), _mm512_sub_pd(b, part));
  const __m512i bits = _mm512_castpd_si512(sum);
  const __mmask8 inexact = _mm512_cmp_pd_mask(error, _mm512_setzero_pd(), _CMP_NEQ_UQ);
  const __mmask8 even = _mm512_testn_epi64_mask(bits, _mm512_set1_epi64(1));
  // Away from zero when the error has the sign of the sum.
  const __mmask8 away = _mm512_cmp_epi64_mask(_mm512_xor_si512(bits, _mm512_castpd_si512(error)),
                                              _mm512_setzero_si512(), _MM_CMPINT_GE);
  const __m512i one = _mm512_set1_epi64(1);
  __m512i odd = _mm512_mask_add_epi64(bits, inexact & even & away, bits, one);
  odd = _mm512_mask_sub_epi64(odd, inexact & even & static_cast<__mmask8>(~away), bits, one);
  return _mm512_cvtpd_ps(_mm512_castsi512_pd(odd));
}

// What a product adds to the rows' sums: dot * 2^(ew + ex), or dot * (sw * sx).
struct ScaleView {
  const std::int8_t* exponents;  // of the weights, at the group
  const float* factors;          // or these; null: exponents
  std::ptrdiff_t stride;         // from block to block
};

SOLITON_AVX512_INLINE __m512 add_scaled(__m512 acc, __m512 dot, const ScaleView& view, int group,
                                        const Activation& x, std::size_t block) {
  const std::ptrdiff_t at = std::ptrdiff_t(block) * view.stride + group * kGroupRows;
  if (view.factors != nullptr)
    return _mm512_fmadd_ps(
        dot,
        _mm512_mul_ps(_mm512_load_ps(view.factors + at), _mm512_set1_ps(x.float_scales()[block])),
        acc);
  const __m128i bytes = _mm_load_si128(reinterpret_cast<const __m128i*>(view.exponents + at));
  const __m512i scale = _mm512_add_epi32(_mm512_slli_epi32(_mm512_cvtepi8_epi32(bytes), 23),
                                         _mm512_set1_epi32(x.scales()[block]));
  return _mm512_fmadd_ps(dot, _mm512_castsi512_ps(scale), acc);
}

// One NaN pattern, whatever operation made it.
SOLITON_AVX512_INLINE void store(float* to, __m512 sums) {
  const __mmask16 nan = _mm512_cmp_ps_mask(sums, sums, _CMP_UNORD_Q);
  _mm512_storeu_ps(
      to, _mm512_castsi512_ps(_mm512_mask_set1_epi32(_mm512_castps_si512(sums), nan, 0x7fc00000)));
}

// A vector, and where the rows of `group` go.
struct Target {
  const ProductJob& job;
  const Activation& x;
  float* sums;
  int group;

  ScaleView scales() const {
    return {job.matrix.exponents(group), job.matrix.scales(group),
            std::ptrdiff_t{job.matrix.panel_groups(group)} * kGroupRows};
  }
  float* rows(int g) const {
    return sums + std::ptrdiff_t(group - job.groups.first + g) * kGroupRows;
  }
};

template <int kDigits, int kGroups>
SOLITON_TARGET_AVX512 void multiply_shorts(const Target& t) {
  const BlockLayout& layout = t.job.matrix.layout();
  const std::ptrdiff_t stride = std::ptrdiff_t{t.job.matrix.panel_groups(t.group)} * kStepBytes;
  const std::uint8_t* weights = t.job.matrix.weights(t.group);
  const ScaleView scales = t.scales();
  __m512 acc[kGroups];
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g) acc[g] = _mm512_loadu_ps(t.rows(g));
  for (std::size_t block = 0; block < layout.blocks(); ++block) {
    __m512i sums[kDigits][kGroups];
    SOLITON_UNROLL
    for (int d = 0; d < kDigits; ++d) {
      SOLITON_UNROLL
      for (int g = 0; g < kGroups; ++g) sums[d][g] = _mm512_setzero_si512();
    }
    for (std::ptrdiff_t s = layout.steps[block]; s < layout.steps[block + 1]; ++s) {
      __m512i x[kDigits];
      SOLITON_UNROLL
      for (int d = 0; d < kDigits; ++d) x[d] = broadcast(t.x.plane(d) + s * 4);
      SOLITON_UNROLL
      for (int g = 0; g < kGroups; ++g) {
        const __m512i w = _mm512_load_si512(weights + g * kStepBytes);
        SOLITON_UNROLL
        for (int d = 0; d < kDigits; ++d) sums[d][g] = _mm512_dpwssd_epi32(sums[d][g], w, x[d]);
      }
      weights += stride;
    }
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      __m512 dot = _mm512_cvtepi32_ps(sums[0][g]);
      if constexpr (kDigits > 1) {
        // Whole numbers below 2^53 (as_shorts()): the only rounding is that to fp32.
        const __m512d radix = _mm512_set1_pd(1 << layout.wide.digit_bits);
        __m512d low = rows_of<false>(sums[kDigits - 1][g]),
                high = rows_of<true>(sums[kDigits - 1][g]);
        SOLITON_UNROLL
        for (int d = kDigits - 2; d >= 0; --d) {
          low = _mm512_fmadd_pd(low, radix, rows_of<false>(sums[d][g]));
          high = _mm512_fmadd_pd(high, radix, rows_of<true>(sums[d][g]));
        }
        dot = joined(_mm512_cvtpd_ps(low), _mm512_cvtpd_ps(high));
      }
      acc[g] = add_scaled(acc[g], dot, scales, g, t.x, block);
    }
  }
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g) store(t.rows(g), acc[g]);
}

// Sums of one block by level.
template <int kClasses, int kGroups>
SOLITON_AVX512_INLINE void add_block(const Target& t, const std::uint8_t* weights,
                                     std::ptrdiff_t stride, int first, int last,
                                     __m512i (&sums)[2 * kClasses - 1][kGroups]) {
  for (std::ptrdiff_t s = first; s < last; ++s, weights += stride) {
    __m512i x[kClasses];
    SOLITON_UNROLL
    for (int c = 0; c < kClasses; ++c) x[c] = broadcast(t.x.plane(c) + s * 4);
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      const __m512i w = _mm512_load_si512(weights + g * kStepBytes);
      const __m512i value = _mm512_srai_epi16(w, 2);
      const __m512i own = _mm512_and_si512(w, _mm512_set1_epi16(3));
      SOLITON_UNROLL
      for (int c = 0; c < kClasses; ++c) {
        const __mmask32 is = _mm512_cmpeq_epi16_mask(own, _mm512_set1_epi16(static_cast<short>(c)));
        const __m512i part = _mm512_maskz_mov_epi16(is, value);
        SOLITON_UNROLL
        for (int d = 0; d < kClasses; ++d)
          sums[c + d][g] = _mm512_dpwssd_epi32(sums[c + d][g], part, x[d]);
      }
    }
  }
}

// The same where nothing is below the two highest classes. With h and l what an element has of the
// two, the middle level, l * h' + h * l', is (h + l) * (h' + l') less the outer ones: three
// products in place of four.
template <int kClasses, int kGroups>
SOLITON_AVX512_INLINE void add_high_block(const Target& t, const std::uint8_t* weights,
                                          std::ptrdiff_t stride, int first, int last,
                                          __m512i (&sums)[2 * kClasses - 1][kGroups]) {
  constexpr int kTop = 2 * kClasses - 2;
  __m512i low[kGroups], high[kGroups], all[kGroups];
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g) low[g] = high[g] = all[g] = _mm512_setzero_si512();
  for (std::ptrdiff_t s = first; s < last; ++s, weights += stride) {
    const __m512i low_x = broadcast(t.x.plane(kClasses - 2) + s * 4);
    const __m512i high_x = broadcast(t.x.plane(kClasses - 1) + s * 4);
    const __m512i all_x = _mm512_or_si512(low_x, high_x);  // one of them is zero
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      const __m512i w = _mm512_load_si512(weights + g * kStepBytes);
      const __m512i value = _mm512_srai_epi16(w, 2);
      // Of the two highest classes only the highest has the bit.
      const __mmask32 highest = _mm512_test_epi16_mask(w, _mm512_set1_epi16(kClasses - 1));
      const __m512i part = _mm512_maskz_mov_epi16(highest, value);
      all[g] = _mm512_dpwssd_epi32(all[g], value, all_x);
      high[g] = _mm512_dpwssd_epi32(high[g], part, high_x);
      low[g] = _mm512_dpwssd_epi32(low[g], _mm512_sub_epi16(value, part), low_x);
    }
  }
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g) {
    sums[kTop - 2][g] = low[g];
    sums[kTop - 1][g] = _mm512_sub_epi32(_mm512_sub_epi32(all[g], high[g]), low[g]);
    sums[kTop][g] = high[g];
  }
}

// The levels of 8 rows, added and rounded once.
template <int kClasses, bool kHigh>
SOLITON_AVX512_INLINE __m256 rounded(const __m512i* levels, std::ptrdiff_t pitch,
                                     const WideElements& wide) {
  const __m512d radix = _mm512_set1_pd(1 << wide.class_bits);
  __m512d high = rows_of<kHigh>(levels[(2 * kClasses - 2) * pitch]);
  SOLITON_UNROLL
  for (int l = 2 * kClasses - 3; l >= kClasses; --l)
    high = _mm512_fmadd_pd(high, radix, rows_of<kHigh>(levels[l * pitch]));
  __m512d low = rows_of<kHigh>(levels[(kClasses - 1) * pitch]);
  SOLITON_UNROLL
  for (int l = kClasses - 2; l >= 0; --l)
    low = _mm512_fmadd_pd(low, radix, rows_of<kHigh>(levels[l * pitch]));
  high = _mm512_mul_pd(high, _mm512_set1_pd(power_of_two(kClasses * wide.class_bits)));
  return wide.exact_in_double ? _mm512_cvtpd_ps(_mm512_add_pd(high, low)) : rounded_sum(high, low);
}

// Shorts of minifloats against kCount digits of the vector, from `digit` on: added to the sums of
// the block, of the first and the last 8 rows.
template <int kCount, int kGroups>
SOLITON_AVX512_INLINE void add_digits(const Target& t, const std::uint8_t* weights,
                                      std::ptrdiff_t stride, int first, int last, int digit,
                                      __m512d (&low)[kGroups], __m512d (&high)[kGroups]) {
  const WideElements& wide = t.job.matrix.layout().wide;
  __m512i sums[kCount][kGroups];
  SOLITON_UNROLL
  for (int c = 0; c < kCount; ++c) {
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g) sums[c][g] = _mm512_setzero_si512();
  }
  for (std::ptrdiff_t s = first; s < last; ++s, weights += stride) {
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      const __m512i w = _mm512_load_si512(weights + g * kStepBytes);
      SOLITON_UNROLL
      for (int c = 0; c < kCount; ++c)
        sums[c][g] = _mm512_dpwssd_epi32(sums[c][g], w,
                                         broadcast(t.x.plane(wide.classes + digit + c) + s * 4));
    }
  }
  SOLITON_UNROLL
  for (int c = 0; c < kCount; ++c) {
    const __m512d unit = _mm512_set1_pd(power_of_two((digit + c) * wide.digit_bits));
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      low[g] = _mm512_fmadd_pd(rows_of<false>(sums[c][g]), unit, low[g]);
      high[g] = _mm512_fmadd_pd(rows_of<true>(sums[c][g]), unit, high[g]);
    }
  }
}

// The sums of a block whose weights are shorts.
template <int kGroups>
SOLITON_AVX512_INLINE void short_dots(const Target& t, const std::uint8_t* weights,
                                      std::ptrdiff_t stride, std::size_t block,
                                      __m512 (&dots)[kGroups]) {
  const BlockLayout& layout = t.job.matrix.layout();
  const int first = layout.steps[block], last = layout.steps[block + 1];
  __m512d low[kGroups], high[kGroups];
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g) low[g] = high[g] = _mm512_setzero_pd();
  int digit = t.x.first_digit()[block];
  for (; digit + 1 < layout.wide.digits; digit += 2)
    add_digits<2, kGroups>(t, weights, stride, first, last, digit, low, high);
  if (digit < layout.wide.digits)
    add_digits<1, kGroups>(t, weights, stride, first, last, digit, low, high);
  const __m512 unit = _mm512_set1_ps(static_cast<float>(power_of_two(layout.wide.short_shift)));
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g)
    dots[g] = _mm512_mul_ps(joined(_mm512_cvtpd_ps(low[g]), _mm512_cvtpd_ps(high[g])), unit);
}

// The sums of a block in classes.
template <int kClasses, int kGroups>
SOLITON_AVX512_INLINE void class_dots(const Target& t, const std::uint8_t* weights,
                                      std::ptrdiff_t stride, std::size_t block,
                                      __m512 (&dots)[kGroups]) {
  const BlockLayout& layout = t.job.matrix.layout();
  const int first = layout.steps[block], last = layout.steps[block + 1];
  __m512i sums[2 * kClasses - 1][kGroups];
  SOLITON_UNROLL
  for (int l = 0; l < 2 * kClasses - 1; ++l) {
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g) sums[l][g] = _mm512_setzero_si512();
  }
  const bool lowest = t.job.matrix.has_lowest(t.group)[block] != 0 || t.x.has_lowest()[block] != 0;
  if (kClasses > 2 && lowest)
    add_block<kClasses, kGroups>(t, weights, stride, first, last, sums);
  else
    add_high_block<kClasses, kGroups>(t, weights, stride, first, last, sums);
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g)
    dots[g] = joined(rounded<kClasses, false>(&sums[0][g], kGroups, layout.wide),
                     rounded<kClasses, true>(&sums[0][g], kGroups, layout.wide));
}

template <int kClasses, int kGroups>
SOLITON_TARGET_AVX512 void multiply_classes(const Target& t) {
  const BlockLayout& layout = t.job.matrix.layout();
  const std::ptrdiff_t stride = std::ptrdiff_t{t.job.matrix.panel_groups(t.group)} * kStepBytes;
  const std::uint8_t* weights = t.job.matrix.weights(t.group);
  const ScaleView scales = t.scales();
  __m512 acc[kGroups];
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g) acc[g] = _mm512_loadu_ps(t.rows(g));
  for (std::size_t block = 0; block < layout.blocks(); ++block) {
    int shorts = 0;
    for (int g = 0; g < kGroups; ++g) shorts += t.job.matrix.is_short(t.group + g)[block];
    __m512 dots[kGroups];
    if (shorts == kGroups) {
      short_dots<kGroups>(t, weights, stride, block, dots);
    } else if (shorts == 0) {
      class_dots<kClasses, kGroups>(t, weights, stride, block, dots);
    } else {
      SOLITON_UNROLL
      for (int g = 0; g < kGroups; ++g) {
        __m512 one[1];
        if (t.job.matrix.is_short(t.group + g)[block] != 0)
          short_dots<1>(t, weights + g * kStepBytes, stride, block, one);
        else
          class_dots<kClasses, 1>(t, weights + g * kStepBytes, stride, block, one);
        dots[g] = one[0];
      }
    }
    weights += (layout.steps[block + 1] - layout.steps[block]) * stride;
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g) acc[g] = add_scaled(acc[g], dots[g], scales, g, t.x, block);
  }
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g) store(t.rows(g), acc[g]);
}

template <int kGroups>
SOLITON_TARGET_AVX512 void multiply_floats(const Target& t) {
  const std::ptrdiff_t stride = std::ptrdiff_t{t.job.matrix.panel_groups(t.group)} * kStepBytes;
  const std::uint8_t* weights = t.job.matrix.weights(t.group);
  const float* x = t.x.floats();
  __m512 acc[kGroups];
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g) acc[g] = _mm512_loadu_ps(t.rows(g));
  for (int k = 0; k < t.job.matrix.columns(); ++k, weights += stride) {
    const __m512 value = _mm512_set1_ps(x[k]);
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g)
      acc[g] = _mm512_fmadd_ps(
          _mm512_load_ps(reinterpret_cast<const float*>(weights + g * kStepBytes)), value, acc[g]);
  }
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g) store(t.rows(g), acc[g]);
}

template <int kGroups>
void multiply_groups(const Target& t) {
  const BlockLayout& layout = t.job.matrix.layout();
  if (layout.packing == Packing::kFloats) return multiply_floats<kGroups>(t);
  if (layout.packing == Packing::kClasses)
    return layout.wide.classes == 2 ? multiply_classes<2, kGroups>(t)
                                    : multiply_classes<3, kGroups>(t);
  switch (layout.wide.digits) {
    case 1:
      return multiply_shorts<1, kGroups>(t);
    case 2:
      return multiply_shorts<2, kGroups>(t);
    case 3:
      return multiply_shorts<3, kGroups>(t);
    default:
      return multiply_shorts<4, kGroups>(t);
  }
}

}  // namespace

void multiply_wide_avx512(const ProductJob& job) {
  // The second vector finds a panel's weights in the cache.
  for (int group = job.groups.first; group < job.groups.last;) {
    const bool whole = group % kPanelGroups == 0 && group + kPanelGroups <= job.groups.last;
    for (std::size_t v = 0; v < job.xs.size(); ++v) {
      const Target target{job, *job.xs[v], job.sums[v], group};
      whole ? multiply_groups<kPanelGroups>(target) : multiply_groups<1>(target);
    }
    group += whole ? kPanelGroups : 1;
  }
}

#else

void multiply_wide_avx512(const ProductJob&) {
  check_failed("SOLITON_X86_KERNELS", "this build has no packed kernels: they need x86-64");
}

#endif

}  // namespace soliton
