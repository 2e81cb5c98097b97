#include "node/npu/kernels/processor.h"

namespace soliton {

bool supported(KernelLevel level) {
#if SOLITON_X86_KERNELS
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("f16c");
  switch (level) {
    case KernelLevel::kScalar:
      return true;
    case KernelLevel::kAvx2:
      return avx2;
    case KernelLevel::kAvx512Vnni:
      return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vnni");
  }
#endif
  return level == KernelLevel::kScalar;
}

std::vector<KernelLevel> supported_kernel_levels() {
  std::vector<KernelLevel> levels;
  for (const KernelLevel level :
       {KernelLevel::kScalar, KernelLevel::kAvx2, KernelLevel::kAvx512Vnni})
    if (supported(level)) levels.push_back(level);
  return levels;
}

KernelLevel best_kernel_level() {
  static const KernelLevel best = supported_kernel_levels().back();
  return best;
}

}  // namespace soliton
