// Which instruction sets the kernels may use on this processor. Every level gives the same bits.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// Kernels name their instruction sets function by function, so that the rest of the program runs on
// any x86-64.
#if defined(__x86_64__) && defined(__GNUC__)
#define SOLITON_X86_KERNELS 1
#define SOLITON_TARGET_AVX2 __attribute__((target("avx2,fma,f16c")))
#define SOLITON_TARGET_AVX512 \
  __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#else
#define SOLITON_X86_KERNELS 0
#endif

namespace soliton {

enum class KernelLevel : std::uint8_t {
  kScalar,      // the reference, on any processor
  kAvx2,        // AVX2, FMA, F16C
  kAvx512Vnni,  // AVX-512 F, BW, VL, DQ, VNNI, and the above
};

inline constexpr std::array<std::string_view, 3> kKernelLevelNames{"scalar", "avx2", "avx512-vnni"};
constexpr std::string_view kernel_level_name(KernelLevel level) {
  return kKernelLevelNames[static_cast<std::size_t>(level)];
}

bool supported(KernelLevel level);
// The highest level that this processor supports.
KernelLevel best_kernel_level();
// All levels that this processor supports, lowest first.
std::vector<KernelLevel> supported_kernel_levels();

}  // namespace soliton
