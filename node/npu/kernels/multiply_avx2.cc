// Products on AVX2: half a group, 8 rows, a register.
//
// Bytes. vpmaddubsw multiplies unsigned by signed bytes and adds pairs in 16 bits: |w| with the
// sign of w moved to x, at most 2 * 127 * 127 < 2^15. Nibbles: the identity of multiply_avx512.cc;
// a pair is at most 2 * (255 * 7 + 15 * 119), so that four steps fit 16 bits before they must be
// widened.
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

#define SOLITON_AVX2_INLINE SOLITON_TARGET_AVX2 __attribute__((always_inline)) inline

// Short loops must be unrolled before registers are given out, or the sums live in memory.
#define SOLITON_UNROLL _Pragma("GCC unroll 8")

constexpr int kHalfRows = kGroupRows / 2;
constexpr int kHalfBytes = kStepBytes / 2;
constexpr int kStepsIn16Bits = 4;

SOLITON_AVX2_INLINE __m256i broadcast(const std::int8_t* lanes) {
  std::int32_t word;
  std::memcpy(&word, lanes, sizeof word);
  return _mm256_set1_epi32(word);
}

SOLITON_AVX2_INLINE __m256i load(const std::uint8_t* weights) {
  return _mm256_load_si256(reinterpret_cast<const __m256i*>(weights));
}

SOLITON_AVX2_INLINE __m256i widen(__m256i pairs) {
  return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

SOLITON_AVX2_INLINE __m256 add_scaled(__m256 acc, __m256i sum, const std::int8_t* weight_exponents,
                                      std::int32_t activation_scale) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(weight_exponents));
  const __m256i scale = _mm256_add_epi32(_mm256_slli_epi32(_mm256_cvtepi8_epi32(bytes), 23),
                                         _mm256_set1_epi32(activation_scale));
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_castsi256_ps(scale), acc);
}

// Steps of a block, `stride` bytes of weights apart.
struct StepRange {
  int first;
  int last;
  std::ptrdiff_t stride;
};

SOLITON_AVX2_INLINE __m256i sum_bytes(const std::uint8_t* weights, const std::int8_t* lanes,
                                      StepRange steps) {
  __m256i sum = _mm256_setzero_si256();
  for (int s = steps.first; s < steps.last; ++s) {
    const __m256i w = load(weights + s * steps.stride);
    const __m256i x = _mm256_sign_epi8(broadcast(lanes + s * 4), w);
    sum = _mm256_add_epi32(sum, widen(_mm256_maddubs_epi16(_mm256_abs_epi8(w), x)));
  }
  return sum;
}

SOLITON_AVX2_INLINE __m256i nibble_pairs(const std::uint8_t* weights, const std::int8_t* lanes) {
  const __m256i w = load(weights);
  const __m256i low = _mm256_and_si256(w, _mm256_set1_epi8(0x0f));
  return _mm256_add_epi16(_mm256_maddubs_epi16(w, broadcast(lanes)),
                          _mm256_maddubs_epi16(low, broadcast(lanes + 4)));
}

SOLITON_AVX2_INLINE __m256i sum_nibbles(const std::uint8_t* weights, const std::int8_t* lanes,
                                        StepRange steps, std::int32_t initial) {
  __m256i sum = _mm256_set1_epi32(initial);
  int s = steps.first;
  for (; s + kStepsIn16Bits <= steps.last; s += kStepsIn16Bits) {
    __m256i pairs = _mm256_setzero_si256();
    SOLITON_UNROLL
    for (int i = 0; i < kStepsIn16Bits; ++i)
      pairs = _mm256_add_epi16(pairs,
                               nibble_pairs(weights + (s + i) * steps.stride, lanes + (s + i) * 8));
    sum = _mm256_add_epi32(sum, widen(pairs));
  }
  if (s == steps.last) return sum;
  __m256i pairs = _mm256_setzero_si256();
  for (; s < steps.last; ++s)
    pairs = _mm256_add_epi16(pairs, nibble_pairs(weights + s * steps.stride, lanes + s * 8));
  return _mm256_add_epi32(sum, widen(pairs));
}

// `kHalves` times 8 rows, from half `half` of the matrix.
template <Packing kPacking, int kHalves>
SOLITON_TARGET_AVX2 void multiply_halves(const ProductJob& job, int half, const Activation& x,
                                         float* sums) {
  const BlockLayout& layout = job.matrix.layout();
  const std::ptrdiff_t panel_groups = job.matrix.panel_groups(half / 2);
  const std::int8_t* lanes = x.lanes();
  const std::int32_t* initial = x.initial();
  const std::int32_t* activation_scales = x.scales();
  const std::uint8_t* weights[kHalves];
  const std::int8_t* exponents[kHalves];
  float* rows = sums + std::ptrdiff_t(half - 2 * job.groups.first) * kHalfRows;
  __m256 acc[kHalves];
  SOLITON_UNROLL
  for (int h = 0; h < kHalves; ++h) {
    weights[h] = job.matrix.weights((half + h) / 2) + (half + h) % 2 * kHalfBytes;
    exponents[h] = job.matrix.exponents((half + h) / 2) + (half + h) % 2 * kHalfRows;
    acc[h] = _mm256_loadu_ps(rows + std::ptrdiff_t(h) * kHalfRows);
  }
  for (std::size_t block = 0; block < layout.blocks(); ++block) {
    const StepRange steps{layout.steps[block], layout.steps[block + 1], panel_groups * kStepBytes};
    SOLITON_UNROLL
    for (int h = 0; h < kHalves; ++h) {
      const __m256i sum = kPacking == Packing::kNibbles
                              ? sum_nibbles(weights[h], lanes, steps, initial[block])
                              : sum_bytes(weights[h], lanes, steps);
      acc[h] =
          add_scaled(acc[h], sum, exponents[h] + std::ptrdiff_t(block) * panel_groups * kGroupRows,
                     activation_scales[block]);
    }
  }
  SOLITON_UNROLL
  for (int h = 0; h < kHalves; ++h) _mm256_storeu_ps(rows + std::ptrdiff_t(h) * kHalfRows, acc[h]);
}

template <Packing kPacking>
void multiply_packed(const ProductJob& job) {
  constexpr int kHalves = 2 * kPanelGroups;
  const int last = job.groups.last * 2;
  for (std::size_t v = 0; v < job.xs.size(); ++v) {
    int half = job.groups.first * 2;
    while (half < last) {
      // kHalves at once where they lie in one panel.
      const int panel_end =
          half / 2 / kPanelGroups * kPanelGroups + job.matrix.panel_groups(half / 2);
      if (std::min(last, 2 * panel_end) - half >= kHalves) {
        multiply_halves<kPacking, kHalves>(job, half, *job.xs[v], job.sums[v]);
        half += kHalves;
      } else {
        multiply_halves<kPacking, 1>(job, half, *job.xs[v], job.sums[v]);
        ++half;
      }
    }
  }
}

}  // namespace

void multiply_avx2(const ProductJob& job) {
  if (job.matrix.layout().packing == Packing::kNibbles)
    return multiply_packed<Packing::kNibbles>(job);
  multiply_packed<Packing::kBytesSigned>(job);
}

#else

void multiply_avx2(const ProductJob&) {
  check_failed("SOLITON_X86_KERNELS", "this build has no packed kernels: they need x86-64");
}

#endif

}  // namespace soliton
