#include "node/npu/kernels/product.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "protocol/base/check.h"

namespace soliton {
namespace {

bool fast(const PackedMatrix& matrix, const Activation& x) {
  return matrix.layout().packing != Packing::kNone && x.poisoned_blocks() == 0 &&
         x.in_range(matrix);
}

void run(const ProductJob& job) {
  const Packing packing = job.matrix.layout().packing;
  const bool wide =
      packing == Packing::kShorts || packing == Packing::kClasses || packing == Packing::kFloats;
  if (job.matrix.level() == KernelLevel::kAvx512Vnni)
    return wide ? multiply_wide_avx512(job) : multiply_avx512(job);
  wide ? multiply_wide_avx2(job) : multiply_avx2(job);
}

using Pointers = std::array<float*, kVectorsAtOnce>;

// Kernels store whole groups: rows of a last group that is not full take a detour.
void run_with_rest(const PackedMatrix& matrix, std::span<const Activation* const> xs,
                   GroupRange groups, std::span<float* const> sums) {
  const int whole = std::clamp(matrix.rows() / kGroupRows, groups.first, groups.last);
  Pointers to{};
  if (groups.first < whole) {
    for (std::size_t v = 0; v < xs.size(); ++v) to[v] = sums[v] + groups.first * kGroupRows;
    run({matrix, xs, std::span<float* const>(to).first(xs.size()), {groups.first, whole}});
  }
  if (whole == groups.last) return;
  std::array<std::array<float, kGroupRows>, kVectorsAtOnce> rest;
  const int first = whole * kGroupRows;
  for (std::size_t v = 0; v < xs.size(); ++v) {
    rest[v] = {};
    std::copy_n(sums[v] + first, matrix.rows() - first, rest[v].data());
    to[v] = rest[v].data();
  }
  run({matrix, xs, std::span<float* const>(to).first(xs.size()), {whole, groups.last}});
  for (std::size_t v = 0; v < xs.size(); ++v)
    std::copy_n(rest[v].data(), matrix.rows() - first, sums[v] + first);
}

// The rows of `groups` among `sums`.
std::span<float> rows_of(GroupRange groups, std::span<float> sums) {
  const auto first = static_cast<std::size_t>(groups.first) * kGroupRows;
  const auto last = std::min(static_cast<std::size_t>(groups.last) * kGroupRows, sums.size());
  return sums.subspan(first, last - first);
}

// Through the reference, which knows whole matrices only.
void reference_onto(const PackedMatrix& matrix, const Activation& x, GroupRange groups,
                    std::span<float> sums) {
  std::vector<float> all(sums.begin(), sums.end());
  multiply_onto(matrix.source(), x.reference(), all);
  std::ranges::copy(rows_of(groups, all), rows_of(groups, sums).begin());
}

void add_groups(const PackedMatrix& matrix, const Activation& x, GroupRange groups,
                std::span<float> sums) {
  SOLITON_CHECK(x.suits(matrix));
  SOLITON_CHECK(sums.size() == static_cast<std::size_t>(matrix.rows()));
  SOLITON_CHECK(0 <= groups.first && groups.first <= groups.last && groups.last <= matrix.groups());
  if (!fast(matrix, x)) return reference_onto(matrix, x, groups, sums);
  const std::array<const Activation*, 1> xs{&x};
  const std::array<float*, 1> to{sums.data()};
  run_with_rest(matrix, xs, groups, to);
}

}  // namespace

void multiply(const PackedMatrix& matrix, const Activation& x, GroupRange groups,
              std::span<float> sums) {
  std::ranges::fill(rows_of(groups, sums), 0.0F);
  add_groups(matrix, x, groups, sums);
}

void multiply(const PackedMatrix& matrix, const Activation& x, std::span<float> sums) {
  multiply(matrix, x, {0, matrix.groups()}, sums);
}

void multiply_onto(const PackedMatrix& matrix, const Activation& x, std::span<float> sums) {
  add_groups(matrix, x, {0, matrix.groups()}, sums);
}

void multiply(const PackedMatrix& matrix, std::span<const Activation* const> xs,
              std::span<float* const> sums) {
  SOLITON_CHECK(xs.size() <= kVectorsAtOnce && xs.size() == sums.size());
  const auto rows = static_cast<std::size_t>(matrix.rows());
  for (float* const it : sums) std::fill_n(it, rows, 0.0F);
  const bool all_fast = std::ranges::all_of(
      xs, [&](const Activation* x) { return x->suits(matrix) && fast(matrix, *x); });
  if (all_fast) return run_with_rest(matrix, xs, {0, matrix.groups()}, sums);
  for (std::size_t v = 0; v < xs.size(); ++v) multiply_onto(matrix, *xs[v], {sums[v], rows});
}

}  // namespace soliton
