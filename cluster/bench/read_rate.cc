#include "cluster/bench/read_rate.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <numeric>

#if SOLITON_X86_KERNELS
#include <immintrin.h>
#endif

namespace soliton {
namespace {

constexpr std::size_t kChunk = 512;

std::uint64_t read_scalar(const std::uint8_t* memory, std::size_t chunks) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < chunks * kChunk; i += sizeof sum) {
    std::uint64_t word;
    std::memcpy(&word, memory + i, sizeof word);
    sum += word;
  }
  return sum;
}

#if SOLITON_X86_KERNELS

#define SOLITON_UNROLL _Pragma("GCC unroll 16")

SOLITON_TARGET_AVX512 std::uint64_t read_avx512(const std::uint8_t* memory, std::size_t chunks) {
  constexpr int kRegisters = 8;
  __m512i sums[kRegisters];
  SOLITON_UNROLL
  for (int r = 0; r < kRegisters; ++r) sums[r] = _mm512_setzero_si512();
  for (std::size_t i = 0; i < chunks; ++i) {
    SOLITON_UNROLL
    for (int r = 0; r < kRegisters; ++r)
      sums[r] = _mm512_add_epi64(sums[r], _mm512_load_si512(memory + i * kChunk + r * 64));
  }
  SOLITON_UNROLL
  for (int r = 1; r < kRegisters; ++r) sums[0] = _mm512_add_epi64(sums[0], sums[r]);
  alignas(64) std::uint64_t lanes[8];
  _mm512_store_si512(lanes, sums[0]);
  return std::accumulate(lanes, lanes + 8, std::uint64_t{0});
}

#endif

}  // namespace

ReadRate::ReadRate(std::size_t bytes) : chunks_((bytes + kChunk - 1) / kChunk) {
  void* memory = std::aligned_alloc(kChunk, chunks_ * kChunk);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 1, chunks_ * kChunk);
  memory_.reset(static_cast<std::uint8_t*>(memory));
}

std::uint64_t ReadRate::run() {
#if SOLITON_X86_KERNELS
  if (supported(KernelLevel::kAvx512Vnni)) return read_avx512(memory_.get(), chunks_);
#endif
  return read_scalar(memory_.get(), chunks_);
}

}  // namespace soliton
