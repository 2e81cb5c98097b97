// A pause for loops that poll shared memory.
#pragma once

namespace soliton {

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace soliton
