// Libraries that multiply a matrix by a vector, behind a C interface. They are in a module that
// `soliton bench npu` loads if present, so that the tool does not depend on them.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// `make` converts row-major rows x columns fp32 weights to the library's own form; `run` computes
// one product.
struct SolitonGemvPeer {
  const char* name;                                            // "OpenBLAS sgemv"
  void* (*make)(int rows, int columns, const float* weights);  // null: not supported here
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
