#include "node/npu/kernels/quantise_block.h"

#include <algorithm>
#include <cstring>

#include "node/npu/kernels/processor.h"
#include "protocol/base/check.h"

#if SOLITON_X86_KERNELS
#include <immintrin.h>
#endif

namespace soliton {

void clear_lanes(std::size_t count, std::int8_t* lanes) {
  const std::size_t chunks = (count + kQuantiseChunk - 1) / kQuantiseChunk;
  std::memset(lanes, 0, chunks * kQuantiseChunk);
}

#if SOLITON_X86_KERNELS
namespace {

struct Quantiser {
  __m256 inverse_quantum;
  __m256 limit;
  __m256 negative_limit;
};

SOLITON_TARGET_AVX2 inline Quantiser quantiser(float inverse_quantum, float limit) {
  return {_mm256_set1_ps(inverse_quantum), _mm256_set1_ps(limit), _mm256_set1_ps(-limit)};
}

// Clamping before the rounding gives the same integers as after it. The conversion rounds half to
// even, the default of MXCSR, which nothing in this program changes.
SOLITON_TARGET_AVX2 inline __m256i mantissas8(__m128i halves, const Quantiser& q) {
  const __m256 scaled = _mm256_mul_ps(_mm256_cvtph_ps(halves), q.inverse_quantum);
  return _mm256_cvtps_epi32(_mm256_max_ps(_mm256_min_ps(scaled, q.limit), q.negative_limit));
}

SOLITON_TARGET_AVX2 inline __m128i mantissas16(__m256i halves, const Quantiser& q) {
  const __m256i low = mantissas8(_mm256_castsi256_si128(halves), q);
  const __m256i high = mantissas8(_mm256_extracti128_si256(halves, 1), q);
  // Packing works within 128-bit halves: put the quarters back in order.
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
  return _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

SOLITON_TARGET_AVX2 inline __m256i load16(const Half* values) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(values));
}

// The last values of a block, zeros behind them.
SOLITON_TARGET_AVX2 inline __m256i load_rest(const Half* values, std::size_t count) {
  Half padded[kQuantiseChunk] = {};
  std::memcpy(padded, values, count * sizeof(Half));
  return load16(padded);
}

SOLITON_TARGET_AVX2 inline __m256i load_chunk(std::span<const Half> values, std::size_t at) {
  const std::size_t left = values.size() - at;
  return left >= kQuantiseChunk ? load16(values.data() + at) : load_rest(values.data() + at, left);
}

// Adds 16 signed bytes into four 32-bit sums.
SOLITON_TARGET_AVX2 inline __m128i add_bytes(__m128i sums, __m128i bytes) {
  const __m128i pairs = _mm_maddubs_epi16(_mm_set1_epi8(1), bytes);
  return _mm_add_epi32(sums, _mm_madd_epi16(pairs, _mm_set1_epi16(1)));
}

SOLITON_TARGET_AVX2 inline std::int32_t total(__m128i sums) {
  sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0x4e));
  sums = _mm_add_epi32(sums, _mm_shuffle_epi32(sums, 0xb1));
  return _mm_cvtsi128_si32(sums);
}

// Two steps of nibbles: x1 and 16 * x0 - x1 of each. |x| <= 7, so both are signed bytes.
// multiply_avx512.cc has the identity.
SOLITON_TARGET_AVX2 inline __m256i nibble_lanes(__m128i m) {
  const __m128i x0 =
      _mm_shuffle_epi8(m, _mm_setr_epi8(0, 1, 2, 3, 8, 9, 10, 11, -1, -1, -1, -1, -1, -1, -1, -1));
  const __m128i x1 = _mm_shuffle_epi8(
      m, _mm_setr_epi8(4, 5, 6, 7, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1));
  const __m128i sixteen =
      _mm_and_si128(_mm_slli_epi16(x0, 4), _mm_set1_epi8(static_cast<char>(0xf0)));
  return _mm256_castsi128_si256(_mm_unpacklo_epi32(x1, _mm_sub_epi8(sixteen, x1)));
}

SOLITON_TARGET_AVX2 Half largest_avx2(std::span<const Half> values) {
  __m256i largest = _mm256_setzero_si256();
  // Without the sign, patterns of fp16 order as unsigned integers, with NaN on top.
  const __m256i magnitude = _mm256_set1_epi16(0x7fff);
  for (std::size_t at = 0; at < values.size(); at += kQuantiseChunk)
    largest = _mm256_max_epu16(largest, _mm256_and_si256(load_chunk(values, at), magnitude));
  const __m128i half =
      _mm_max_epu16(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
  // The processor has a horizontal minimum only.
  const __m128i inverted = _mm_xor_si128(half, _mm_set1_epi16(-1));
  return static_cast<Half>(~_mm_cvtsi128_si32(_mm_minpos_epu16(inverted)) & 0xffff);
}

SOLITON_TARGET_AVX2 std::int32_t bytes_avx2(std::span<const Half> values, float inverse_quantum,
                                            float limit, std::int8_t* lanes) {
  const Quantiser q = quantiser(inverse_quantum, limit);
  __m128i sums = _mm_setzero_si128();
  for (std::size_t at = 0; at < values.size(); at += kQuantiseChunk) {
    const __m128i m = mantissas16(load_chunk(values, at), q);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(lanes + at), m);
    sums = add_bytes(sums, m);
  }
  return total(sums);
}

SOLITON_TARGET_AVX2 std::int32_t nibbles_avx2(std::span<const Half> values, float inverse_quantum,
                                              float limit, std::int8_t* lanes) {
  const Quantiser q = quantiser(inverse_quantum, limit);
  __m128i sums = _mm_setzero_si128();
  for (std::size_t at = 0; at < values.size(); at += kQuantiseChunk) {
    const __m128i m = mantissas16(load_chunk(values, at), q);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(lanes + at),
                     _mm256_castsi256_si128(nibble_lanes(m)));
    sums = add_bytes(sums, m);
  }
  return total(sums);
}

}  // namespace

Half largest_magnitude(std::span<const Half> values) { return largest_avx2(values); }

std::int32_t quantise_bytes(std::span<const Half> values, float inverse_quantum, float limit,
                            std::int8_t* lanes) {
  return bytes_avx2(values, inverse_quantum, limit, lanes);
}

std::int32_t quantise_nibbles(std::span<const Half> values, float inverse_quantum, float limit,
                              std::int8_t* lanes) {
  return nibbles_avx2(values, inverse_quantum, limit, lanes);
}

#else

Half largest_magnitude(std::span<const Half>) {
  check_failed("SOLITON_X86_KERNELS", "this build has no packed kernels: they need x86-64");
}
std::int32_t quantise_bytes(std::span<const Half>, float, float, std::int8_t*) {
  check_failed("SOLITON_X86_KERNELS", "this build has no packed kernels: they need x86-64");
}
std::int32_t quantise_nibbles(std::span<const Half>, float, float, std::int8_t*) {
  check_failed("SOLITON_X86_KERNELS", "this build has no packed kernels: they need x86-64");
}

#endif

}  // namespace soliton
