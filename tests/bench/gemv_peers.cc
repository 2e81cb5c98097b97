// OpenBLAS and oneDNN as peers of `soliton bench npu` (cluster/bench/npu_peers.h), one thread.
#include <cblas.h>

#include <cstdint>
#include <cstring>
#include <dnnl.hpp>
#include <memory>
#include <unordered_map>
#include <vector>

#include "cluster/bench/npu_peers.h"

namespace {

struct Blas {
  int rows, columns;
  std::vector<float> weights, x, y;
};

void* make_blas(int rows, int columns, const float* weights) {
  const auto count = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  return new Blas{rows, columns, std::vector<float>(weights, weights + count),
                  std::vector<float>(static_cast<std::size_t>(columns), 0.5f),
                  std::vector<float>(static_cast<std::size_t>(rows))};
}

template <CBLAS_TRANSPOSE kTranspose>
void run_blas(void* product) {
  Blas& b = *static_cast<Blas*>(product);
  // The transposed layout holds the same matrix column by column.
  const bool transposed = kTranspose == CblasTrans;
  const int m = transposed ? b.columns : b.rows;
  const int n = transposed ? b.rows : b.columns;
  cblas_sgemv(CblasRowMajor, kTranspose, m, n, 1, b.weights.data(), n, b.x.data(), 1, 0, b.y.data(),
              1);
}

void destroy_blas(void* product) { delete static_cast<Blas*>(product); }

using Type = dnnl::memory::data_type;

struct OneDnn {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::matmul product;
  std::unordered_map<int, dnnl::memory> arguments;
};

void fill(const dnnl::memory& memory) {
  // A small number in every type: neither zeros nor subnormals.
  std::memset(memory.get_data_handle(), 0x3c, memory.get_desc().get_size());
}

template <Type kInput, Type kWeights, Type kOutput>
void* make_onednn(int rows, int columns, const float*) {
  using dnnl::memory;
  auto out = std::make_unique<OneDnn>();
  try {
    const memory::desc x({1, columns}, kInput, memory::format_tag::ab);
    const memory::desc w({columns, rows}, kWeights, memory::format_tag::any);
    const memory::desc y({1, rows}, kOutput, memory::format_tag::ab);
    const dnnl::matmul::primitive_desc plan(dnnl::matmul::desc(x, w, y), out->engine);
    out->product = dnnl::matmul(plan);
    out->arguments = {{DNNL_ARG_SRC, memory(plan.src_desc(), out->engine)},
                      {DNNL_ARG_WEIGHTS, memory(plan.weights_desc(), out->engine)},
                      {DNNL_ARG_DST, memory(plan.dst_desc(), out->engine)}};
  } catch (const dnnl::error&) {
    return nullptr;
  }
  for (const auto& [unused, memory] : out->arguments) fill(memory);
  return out.release();
}

void run_onednn(void* product) {
  OneDnn& it = *static_cast<OneDnn*>(product);
  it.product.execute(it.stream, it.arguments);
  it.stream.wait();
}

void destroy_onednn(void* product) { delete static_cast<OneDnn*>(product); }

constexpr SolitonGemvPeer kPeers[] = {
    {"OpenBLAS sgemv", make_blas, run_blas<CblasNoTrans>, destroy_blas},
    {"OpenBLAS sgemv transposed", make_blas, run_blas<CblasTrans>, destroy_blas},
    {"oneDNN f32", make_onednn<Type::f32, Type::f32, Type::f32>, run_onednn, destroy_onednn},
    {"oneDNN bf16", make_onednn<Type::bf16, Type::bf16, Type::f32>, run_onednn, destroy_onednn},
    {"oneDNN u8s8", make_onednn<Type::u8, Type::s8, Type::s32>, run_onednn, destroy_onednn},
    {nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

extern "C" const SolitonGemvPeer* soliton_gemv_peers() { return kPeers; }
