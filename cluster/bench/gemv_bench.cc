#include "cluster/bench/gemv_bench.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cluster/bench/npu_peers.h"
#include "cluster/bench/read_rate.h"
#include "node/npu/kernels/product.h"
#include "protocol/base/check.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

constexpr char kSgemv[] = "OpenBLAS sgemv";
constexpr char kRead[] = "reading the same bytes";

// One of ours: a format at a block size, at one level.
struct Entry {
  const char* name;
  const char* format;
  int native_dim;
  KernelLevel level;
};

constexpr Entry kEntries[] = {
    {"int8 b16", "msfp16", 400, KernelLevel::kAvx512Vnni},
    {"int8 b32", "mxint8", 400, KernelLevel::kAvx512Vnni},
    {"4-bit b16", "msfp12", 400, KernelLevel::kAvx512Vnni},
    {"4-bit b128", "ms-fp9", 128, KernelLevel::kAvx512Vnni},
    {"4-bit b400", "ms-fp9", 400, KernelLevel::kAvx512Vnni},
    {"ms-fp8 b400", "ms-fp8", 400, KernelLevel::kAvx512Vnni},
    {"AVX2 int8 b16", "msfp16", 400, KernelLevel::kAvx2},
    {"AVX2 4-bit b16", "msfp12", 400, KernelLevel::kAvx2},
    {"fp32", "fp32", 128, KernelLevel::kAvx512Vnni},
    {"AVX2 fp32", "fp32", 128, KernelLevel::kAvx2},
};

// A ratio that is reported, and what it must reach; 0: for information.
struct Wanted {
  int size;
  const char* ours;
  const char* peer;
  double goal;
};

constexpr Wanted kWanted[] = {
    {1024, "int8 b16", kSgemv, 0},
    {1024, "fp32", kSgemv, 1 / 1.3},
    {2048, "fp32", kSgemv, 1 / 1.3},
    {2048, "AVX2 fp32", kSgemv, 1 / 1.3},
    {2816, "fp32", kSgemv, 1 / 1.3},
    {1024, "4-bit b16", kSgemv, 0},
    {2048, "int8 b16", kSgemv, 4.3},
    {2048, "int8 b16", "oneDNN u8s8", 0.95},
    {2048, "int8 b16", "oneDNN bf16", 0},
    {2048, "int8 b16", "oneDNN f32", 0},
    {2048, "int8 b16", kRead, 0.85},
    {2048, "int8 b32", kSgemv, 4.3},
    {2048, "4-bit b16", kSgemv, 7},
    {2048, "4-bit b128", kSgemv, 9},
    {2048, "4-bit b400", kSgemv, 9},
    // The same code on the same number of bytes: what is below 1 is noise.
    {2048, "ms-fp8 b400", "4-bit b400", 0.97},
    {2048, "AVX2 int8 b16", kSgemv, 1.8},
    {2048, "AVX2 4-bit b16", kSgemv, 2.3},
    {2816, "int8 b16", kSgemv, 9},
    {2816, "int8 b16", "oneDNN u8s8", 0.95},
    {2816, "4-bit b16", kSgemv, 0},
    {2816, "4-bit b400", kSgemv, 0},
};

// Opened once and never closed, because libraries with threads of their own do not unload cleanly.
const SolitonGemvPeer* open_peers(const std::string& folder, BenchReport& report) {
  const std::string path = folder + "/" + kGemvPeersModule;
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = module == nullptr ? nullptr : dlsym(module, kGemvPeersSymbol);
  if (symbol == nullptr) {
    report.notes.emplace_back(
        "OpenBLAS and oneDNN are not installed for the comparison: ./dev bench npu installs and "
        "builds "
        "them");
    return nullptr;
  }
  return reinterpret_cast<SolitonGemvPeers>(symbol)();
}

std::vector<float> random_weights(int size) {
  const Random random(1, "bench weights");
  std::vector<float> weights(static_cast<std::size_t>(size) * static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = 0.03f * static_cast<float>(2 * random.unit(i) - 1);
  return weights;
}

std::vector<Half> random_vector(int size) {
  const Random random(2, "bench vector");
  std::vector<Half> x;
  for (int i = 0; i < size; ++i)
    x.push_back(to_half(static_cast<float>(random.normal(static_cast<std::uint64_t>(i)))));
  return x;
}

// Everything one of our contestants owns. Quantising the vector is part of the product.
struct OwnProduct {
  BfpMatrix matrix;
  PackedMatrix packed;
  Activation activation;
  std::vector<float> sums;

  OwnProduct(BfpMatrix quantised, KernelLevel level)
      : matrix(std::move(quantised)),
        packed(matrix, level),
        sums(static_cast<std::size_t>(matrix.rows)) {}
  void run(std::span<const Half> x) {
    activation.quantise(x, packed);
    multiply(packed, activation, sums);
  }
};

class SizeContest {
 public:
  SizeContest(int size, const SolitonGemvPeer* peers) : size_(size), x_(random_vector(size)) {
    const std::vector<float> weights = random_weights(size);
    for (const Entry& entry : kEntries) add_own(entry, weights);
    for (const SolitonGemvPeer* peer = peers; peer != nullptr && peer->name != nullptr; ++peer)
      add_peer(*peer, weights);
  }
  ~SizeContest() {
    for (const auto& [peer, product] : peers_) peer->destroy(product);
  }
  SizeContest(const SizeContest&) = delete;
  SizeContest& operator=(const SizeContest&) = delete;

  void hold(const ContestOptions& options) { hold_contest(contestants_, options); }

  void report(const Wanted& wanted, BenchReport& report) const {
    const std::optional<double> ours = time_of(wanted.ours);
    const std::optional<double> peer = time_of(wanted.peer);
    if (!ours || !peer) return;
    report.rows.push_back({.name = fmt::format("{} product {}²", wanted.ours, size_),
                           .ours = *ours,
                           .peer = wanted.peer,
                           .peer_value = *peer,
                           .unit = "us",
                           .goal = wanted.goal > 0 ? std::optional(wanted.goal) : std::nullopt});
  }

 private:
  void add_own(const Entry& entry, const std::vector<float>& weights) {
    if (!supported(entry.level)) return;
    BfpMatrix matrix = quantise_matrix(weights, size_, size_, parse_format(entry.format).value(),
                                       entry.native_dim, "bench")
                           .value();
    OwnProduct& product =
        *own_.emplace_back(std::make_unique<OwnProduct>(std::move(matrix), entry.level));
    contestants_.push_back({entry.name, [this, &product] { product.run(x_); }});
    if (&entry == &kEntries[0]) {
      read_ = std::make_unique<ReadRate>(product.packed.bytes());
      contestants_.push_back({kRead, [this] { read_->run(); }});
    }
  }

  void add_peer(const SolitonGemvPeer& peer, const std::vector<float>& weights) {
    void* product = peer.make(size_, size_, weights.data());
    if (product == nullptr) return;
    peers_.emplace_back(&peer, product);
    contestants_.push_back({peer.name, [&peer, product] { peer.run(product); }});
  }

  // OpenBLAS has two layouts to choose from: its better one counts.
  std::optional<double> time_of(const std::string& name) const {
    std::optional<double> least;
    for (const Contestant& contestant : contestants_)
      if (contestant.name == name || (name == kSgemv && contestant.name.starts_with(kSgemv)))
        least = std::min(least.value_or(contestant.least_us), contestant.least_us);
    return least;
  }

  int size_;
  std::vector<Half> x_;
  std::vector<std::unique_ptr<OwnProduct>> own_;
  std::unique_ptr<ReadRate> read_;
  std::vector<std::pair<const SolitonGemvPeer*, void*>> peers_;
  std::vector<Contestant> contestants_;
};

}  // namespace

void bench_gemv(const std::string& peers_folder, const ContestOptions& options,
                BenchReport& report) {
  const SolitonGemvPeer* peers = open_peers(peers_folder, report);
  if (best_kernel_level() != KernelLevel::kAvx512Vnni)
    report.notes.emplace_back(
        "this processor has no AVX-512 VNNI: rows of that level are left out");
  for (const int size : {1024, 2048, 2816}) {
    SizeContest contest(size, peers);
    contest.hold(options);
    for (const Wanted& wanted : kWanted)
      if (wanted.size == size) contest.report(wanted, report);
  }
}

}  // namespace soliton
