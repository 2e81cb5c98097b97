// Products on AVX-512 VNNI: vpdpbusd adds, lane by lane, four products of an unsigned and a signed
// byte to a 32-bit sum.
//
// Nibbles. A byte v holds two mantissas, v = lo + 16 hi. Separating hi would cost a shift and a
// mask a step; instead, with x0 and x1 the activations that belong to lo and hi,
//   v * x1 + lo * (16 * x0 - x1) = 16 * (lo * x0 + hi * x1),
// and since activations have the weights' 3 bits, 16 * x0 - x1 is a signed byte. The factor 16
// goes into the scale. Sums are below 16 * 15 * 7 * columns, so 32 bits hold them.
#include <algorithm>
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

SOLITON_AVX512_INLINE __m512i broadcast(const std::int8_t* lanes) {
  std::int32_t word;
  std::memcpy(&word, lanes, sizeof word);
  return _mm512_set1_epi32(word);
}

// One step of one group against one vector.
template <Packing kPacking>
SOLITON_AVX512_INLINE __m512i step(__m512i sum, __m512i weights, const std::int8_t* lanes) {
  if constexpr (kPacking == Packing::kBytes)
    return _mm512_dpbusd_epi32(sum, weights, broadcast(lanes));
  const __m512i low = _mm512_and_si512(weights, _mm512_set1_epi8(0x0f));
  return _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(sum, weights, broadcast(lanes)), low,
                             broadcast(lanes + 4));
}

// 2^exponent of 16 rows, less the activation's part, as bits of the exponent field.
SOLITON_AVX512_INLINE __m512i weight_scales(const std::int8_t* exponents) {
  const __m128i bytes = _mm_load_si128(reinterpret_cast<const __m128i*>(exponents));
  return _mm512_slli_epi32(_mm512_cvtepi8_epi32(bytes), 23);
}

// acc + sum * 2^(weight exponent + activation exponent), one rounding.
SOLITON_AVX512_INLINE __m512 add_scaled(__m512 acc, __m512i sum, __m512i weight_scales,
                                        std::int32_t activation_scale) {
  const __m512i scale = _mm512_add_epi32(weight_scales, _mm512_set1_epi32(activation_scale));
  return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_castsi512_ps(scale), acc);
}

// Loops over groups and vectors have constant bounds and index registers: they must be unrolled
// before registers are given out, or the sums live in memory.
#define SOLITON_UNROLL _Pragma("GCC unroll 8")

// What a kernel reads of one vector.
struct VectorView {
  const std::int8_t* lanes;
  const std::int32_t* initial;
  const std::int32_t* scales;
};

// `kGroups` groups of rows against `kVectors` vectors: enough independent sums to hide latencies.
template <Packing kPacking, int kGroups, int kVectors>
SOLITON_TARGET_AVX512 void multiply_groups(const ProductJob& job, const VectorView* views,
                                           int group) {
  constexpr int kLaneBytes = kPacking == Packing::kBytes ? 4 : 8;
  const BlockLayout& layout = job.matrix.layout();
  const std::size_t blocks = layout.blocks();
  const int* steps = layout.steps.data();
  const std::ptrdiff_t panel_groups = job.matrix.panel_groups(group);
  const std::uint8_t* weights = job.matrix.weights(group);
  const std::int8_t* exponents = job.matrix.exponents(group);
  VectorView x[kVectors];
  SOLITON_UNROLL
  for (int v = 0; v < kVectors; ++v) x[v] = views[v];
  const auto rows = [&](int g, int v) {
    return job.sums[v] + std::ptrdiff_t(group - job.groups.first + g) * kGroupRows;
  };
  __m512 acc[kGroups][kVectors];
  SOLITON_UNROLL
  for (int g = 0; g < kGroups; ++g) {
    SOLITON_UNROLL
    for (int v = 0; v < kVectors; ++v) acc[g][v] = _mm512_loadu_ps(rows(g, v));
  }
  std::ptrdiff_t step_index = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    __m512i sums[kGroups][kVectors];
    SOLITON_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const __m512i initial = _mm512_set1_epi32(x[v].initial[block]);
      SOLITON_UNROLL
      for (int g = 0; g < kGroups; ++g) sums[g][v] = initial;
    }
    for (const std::ptrdiff_t end = steps[block + 1]; step_index < end; ++step_index) {
      SOLITON_UNROLL
      for (int g = 0; g < kGroups; ++g) {
        const __m512i w = _mm512_load_si512(weights + g * kStepBytes);
        SOLITON_UNROLL
        for (int v = 0; v < kVectors; ++v)
          sums[g][v] = step<kPacking>(sums[g][v], w, x[v].lanes + step_index * kLaneBytes);
      }
      weights += panel_groups * kStepBytes;
    }
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g) {
      const __m512i scales = weight_scales(exponents + g * kGroupRows);
      SOLITON_UNROLL
      for (int v = 0; v < kVectors; ++v)
        acc[g][v] = add_scaled(acc[g][v], sums[g][v], scales, x[v].scales[block]);
    }
    exponents += panel_groups * kGroupRows;
  }
  SOLITON_UNROLL
  for (int v = 0; v < kVectors; ++v) {
    SOLITON_UNROLL
    for (int g = 0; g < kGroups; ++g) _mm512_storeu_ps(rows(g, v), acc[g][v]);
  }
}

template <Packing kPacking, int kGroups, int kVectors>
void multiply_all(const ProductJob& job) {
  std::array<VectorView, kVectors> views;
  for (int v = 0; v < kVectors; ++v)
    views[v] = {job.xs[v]->lanes(), job.xs[v]->initial(), job.xs[v]->scales()};
  int group = job.groups.first;
  while (group < job.groups.last) {
    // kGroups at once where they lie in one panel.
    const int left = job.matrix.panel_groups(group) - group % kPanelGroups;
    if (std::min(left, job.groups.last - group) >= kGroups) {
      multiply_groups<kPacking, kGroups, kVectors>(job, views.data(), group);
      group += kGroups;
    } else {
      multiply_groups<kPacking, 1, kVectors>(job, views.data(), group);
      ++group;
    }
  }
}

template <Packing kPacking>
void multiply_packed(const ProductJob& job) {
  switch (job.xs.size()) {
    case 1:
      return multiply_all<kPacking, 4, 1>(job);
    case 2:
      return multiply_all<kPacking, 4, 2>(job);
    case 3:
      return multiply_all<kPacking, 2, 3>(job);
    case 4:
      return multiply_all<kPacking, 2, 4>(job);
    default:
      check_failed("1 <= job.xs.size() <= kVectorsAtOnce", "a product takes 1 to 4 vectors");
  }
}

}  // namespace

void multiply_avx512(const ProductJob& job) {
  if (job.matrix.layout().packing == Packing::kNibbles)
    return multiply_packed<Packing::kNibbles>(job);
  multiply_packed<Packing::kBytes>(job);
}

#else

void multiply_avx512(const ProductJob&) {
  check_failed("SOLITON_X86_KERNELS", "this build has no packed kernels: they need x86-64");
}

#endif

}  // namespace soliton
