// Libraries that multiply a matrix by a vector, behind a C interface: a module of their own, loaded
// when `soliton bench npu` finds it, so that the tool neither needs nor loads them.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// Row-major rows x columns fp32 weights become whatever the library wants; `run` is one product.
struct SolitonGemvPeer {
  const char* name;                                            // "OpenBLAS sgemv"
  void* (*make)(int rows, int columns, const float* weights);  // null: not on this processor
  void (*run)(void* product);
  void (*destroy)(void* product);
};

// The module's only symbol: an array ended by a null name.
typedef const SolitonGemvPeer* (*SolitonGemvPeers)(void);

#ifdef __cplusplus
}
#endif

inline constexpr char kGemvPeersSymbol[] = "soliton_gemv_peers";
inline constexpr char kGemvPeersModule[] = "libsoliton_gemv_peers.so";
