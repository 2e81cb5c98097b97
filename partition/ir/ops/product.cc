#include "partition/ir/ops/product.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace soliton::ir {

namespace {

// Blocks of A (kRowBlock x kDepthBlock) stay in the second-level cache, strips of B
// (kDepthBlock x strip) in the first.
constexpr std::int64_t kTileRows = 6;
constexpr std::int64_t kDepthBlock = 256;
constexpr std::int64_t kRowBlock = 16 * kTileRows;
constexpr std::int64_t kColumnBlock = 512;
// With fewer rows than this, copying B into strips costs more than it saves.
constexpr std::int64_t kFewRows = 8;
constexpr std::int64_t kFewRowsTransposed = 3;  // of those loops, which do not use vectors

// Two vectors of kBytes side by side are the columns of one tile: 6 x 2 sums in registers, which
// leaves 4 of 16 registers for operands.
template <typename T, std::size_t kBytes>
struct Tile {
  using Vector [[gnu::vector_size(kBytes), gnu::aligned(alignof(T)), gnu::may_alias]] = T;
  static constexpr std::int64_t kLanes = kBytes / sizeof(T);
  static constexpr std::int64_t kColumns = 2 * kLanes;
};

// Tile of C += packed tile of A (depth x kTileRows) * packed strip of B (depth x kColumns).
template <typename T, std::size_t kBytes>
[[gnu::always_inline]] inline void add_tile(std::int64_t depth, const T* a, const T* b, T* c,
                                            std::int64_t c_step) {
  using V = typename Tile<T, kBytes>::Vector;
  constexpr std::int64_t kLanes = Tile<T, kBytes>::kLanes;
  V sums[kTileRows][2];
#pragma GCC unroll 6
  for (std::int64_t i = 0; i < kTileRows; ++i) {
    sums[i][0] = *reinterpret_cast<const V*>(c + i * c_step);
    sums[i][1] = *reinterpret_cast<const V*>(c + i * c_step + kLanes);
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    const V left = *reinterpret_cast<const V*>(b);
    const V right = *reinterpret_cast<const V*>(b + kLanes);
#pragma GCC unroll 6
    for (std::int64_t i = 0; i < kTileRows; ++i) {
      sums[i][0] += a[i] * left;
      sums[i][1] += a[i] * right;
    }
    a += kTileRows;
    b += 2 * kLanes;
  }
#pragma GCC unroll 6
  for (std::int64_t i = 0; i < kTileRows; ++i) {
    *reinterpret_cast<V*>(c + i * c_step) = sums[i][0];
    *reinterpret_cast<V*>(c + i * c_step + kLanes) = sums[i][1];
  }
}

// A tile at the edge of C goes through a full one, whose other elements are dropped.
template <typename T, std::size_t kBytes>
[[gnu::always_inline]] inline void add_edge_tile(const ProductSize& tile, const T* a, const T* b,
                                                 T* c, std::int64_t c_step) {
  constexpr std::int64_t kColumns = Tile<T, kBytes>::kColumns;
  T whole[kTileRows * kColumns] = {};
  for (std::int64_t i = 0; i < tile.m; ++i)
    for (std::int64_t j = 0; j < tile.n; ++j) whole[i * kColumns + j] = c[i * c_step + j];
  add_tile<T, kBytes>(tile.k, a, b, whole, kColumns);
  for (std::int64_t i = 0; i < tile.m; ++i)
    for (std::int64_t j = 0; j < tile.n; ++j) c[i * c_step + j] = whole[i * kColumns + j];
}

// Copies `rows` x `columns` of a matrix into strips of `width` columns each, row after row in each
// strip; missing columns are 0.
template <typename T>
[[gnu::always_inline]] inline void pack(MatrixView<T> from, std::int64_t rows, std::int64_t columns,
                                        std::int64_t width, T* to) {
  for (std::int64_t first = 0; first < columns; first += width) {
    const std::int64_t count = std::min(width, columns - first);
    const T* source = from.data + first * from.column_step;
    for (std::int64_t row = 0; row < rows; ++row, source += from.row_step, to += width) {
      if (from.column_step == 1)
        for (std::int64_t j = 0; j < count; ++j) to[j] = source[j];
      else
        for (std::int64_t j = 0; j < count; ++j) to[j] = source[j * from.column_step];
      for (std::int64_t j = count; j < width; ++j) to[j] = 0;
    }
  }
}

template <typename T>
MatrixView<T> part(MatrixView<T> whole, std::int64_t row, std::int64_t column) {
  whole.data += row * whole.row_step + column * whole.column_step;
  return whole;
}
template <typename T>
MatrixView<T> transposed(MatrixView<T> view) {
  std::swap(view.row_step, view.column_step);
  return view;
}

template <typename T, std::size_t kBytes>
[[gnu::always_inline]] inline void add_block(const ProductSize& block, const T* a, const T* b, T* c,
                                             std::int64_t c_step) {
  constexpr std::int64_t kColumns = Tile<T, kBytes>::kColumns;
  for (std::int64_t j = 0; j < block.n; j += kColumns)
    for (std::int64_t i = 0; i < block.m; i += kTileRows) {
      const ProductSize tile{std::min(kTileRows, block.m - i), std::min(kColumns, block.n - j),
                             block.k};
      const T* left = a + i * block.k;
      const T* right = b + j * block.k;
      T* to = c + i * c_step + j;
      if (tile.m == kTileRows && tile.n == kColumns)
        add_tile<T, kBytes>(block.k, left, right, to, c_step);
      else
        add_edge_tile<T, kBytes>(tile, left, right, to, c_step);
    }
}

std::int64_t rounded_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

template <typename T, std::size_t kBytes>
[[gnu::always_inline]] inline void add_blocked(const ProductSize& size, MatrixView<T> a,
                                               MatrixView<T> b, T* c, std::int64_t c_step) {
  constexpr std::int64_t kColumns = Tile<T, kBytes>::kColumns;
  const std::int64_t depth = std::min(size.k, kDepthBlock);
  std::vector<T> packed_a(
      static_cast<std::size_t>(rounded_up(std::min(size.m, kRowBlock), kTileRows) * depth));
  std::vector<T> packed_b(
      static_cast<std::size_t>(rounded_up(std::min(size.n, kColumnBlock), kColumns) * depth));
  for (std::int64_t j = 0; j < size.n; j += kColumnBlock)
    for (std::int64_t k = 0; k < size.k; k += kDepthBlock) {
      ProductSize block{0, std::min(kColumnBlock, size.n - j), std::min(kDepthBlock, size.k - k)};
      pack(part(b, k, j), block.k, block.n, kColumns, packed_b.data());
      for (std::int64_t i = 0; i < size.m; i += kRowBlock) {
        block.m = std::min(kRowBlock, size.m - i);
        pack(transposed(part(a, i, k)), block.k, block.m, kTileRows, packed_a.data());
        add_block<T, kBytes>(block, packed_a.data(), packed_b.data(), c + i * c_step + j, c_step);
      }
    }
}

// Few rows of A: rows of B are read where they lie, eight at a time, so that C is read and written
// once for eight of its terms.
template <typename T>
[[gnu::always_inline]] inline void add_row(std::int64_t n, std::int64_t k, const T* a,
                                           std::int64_t a_step, const T* b, std::int64_t b_step,
                                           T* __restrict c) {
  std::int64_t at = 0;
  for (; at + 8 <= k; at += 8, a += 8 * a_step, b += 8 * b_step) {
    const T a0 = a[0], a1 = a[a_step], a2 = a[2 * a_step], a3 = a[3 * a_step];
    const T a4 = a[4 * a_step], a5 = a[5 * a_step], a6 = a[6 * a_step], a7 = a[7 * a_step];
    const T* b4 = b + 4 * b_step;
    for (std::int64_t j = 0; j < n; ++j) {
      T sum = c[j] + a0 * b[j];
      sum += a1 * b[b_step + j];
      sum += a2 * b[2 * b_step + j];
      sum += a3 * b[3 * b_step + j];
      sum += a4 * b4[j];
      sum += a5 * b4[b_step + j];
      sum += a6 * b4[2 * b_step + j];
      c[j] = sum + a7 * b4[3 * b_step + j];
    }
  }
  for (; at < k; ++at, a += a_step, b += b_step)
    for (std::int64_t j = 0; j < n; ++j) c[j] += a[0] * b[j];
}

// The columns are taken in blocks whose part of C stays in the first-level cache.
template <typename T>
[[gnu::always_inline]] inline void add_few_rows(const ProductSize& size, MatrixView<T> a,
                                                MatrixView<T> b, T* c, std::int64_t c_step) {
  for (std::int64_t j = 0; j < size.n; j += kColumnBlock)
    for (std::int64_t i = 0; i < size.m; ++i)
      add_row<T>(std::min(kColumnBlock, size.n - j), size.k, a.data + i * a.row_step, a.column_step,
                 b.data + j, b.row_step, c + i * c_step + j);
}

// Few rows of A, and B lies in memory column after column: eight sums are in flight.
template <typename T>
void add_columns(std::int64_t k, const T* a, std::int64_t a_step, const T* b, std::int64_t b_step,
                 T* c) {
  T s0 = c[0], s1 = c[1], s2 = c[2], s3 = c[3], s4 = c[4], s5 = c[5], s6 = c[6], s7 = c[7];
  const T* b4 = b + 4 * b_step;
  for (std::int64_t at = 0; at < k; ++at, a += a_step) {
    const T factor = *a;
    s0 += factor * b[at];
    s1 += factor * b[b_step + at];
    s2 += factor * b[2 * b_step + at];
    s3 += factor * b[3 * b_step + at];
    s4 += factor * b4[at];
    s5 += factor * b4[b_step + at];
    s6 += factor * b4[2 * b_step + at];
    s7 += factor * b4[3 * b_step + at];
  }
  c[0] = s0, c[1] = s1, c[2] = s2, c[3] = s3, c[4] = s4, c[5] = s5, c[6] = s6, c[7] = s7;
}

template <typename T>
void add_few_rows_transposed(const ProductSize& size, MatrixView<T> a, MatrixView<T> b, T* c,
                             std::int64_t c_step) {
  for (std::int64_t j = 0; j < size.n; j += 8)
    for (std::int64_t i = 0; i < size.m; ++i) {
      const T* left = a.data + i * a.row_step;
      const T* right = b.data + j * b.column_step;
      T* to = c + i * c_step + j;
      if (j + 8 <= size.n) {
        add_columns(size.k, left, a.column_step, right, b.column_step, to);
        continue;
      }
      for (std::int64_t column = 0; column < size.n - j; ++column)
        for (std::int64_t at = 0; at < size.k; ++at)
          to[column] += left[at * a.column_step] * right[column * b.column_step + at];
    }
}

template <typename T, std::size_t kBytes>
[[gnu::always_inline]] inline void add_any(const ProductSize& size, MatrixView<T> a,
                                           MatrixView<T> b, T* c, std::int64_t c_step) {
  if (size.m < kFewRows && b.column_step == 1)
    add_few_rows(size, a, b, c, c_step);
  else
    add_blocked<T, kBytes>(size, a, b, c, c_step);
}

template <typename T>
void add_baseline(const ProductSize& size, MatrixView<T> a, MatrixView<T> b, T* c,
                  std::int64_t c_step) {
  add_any<T, 16>(size, a, b, c, c_step);
}
#if defined(__x86_64__)
template <typename T>
[[gnu::target("avx2")]] void add_avx2(const ProductSize& size, MatrixView<T> a, MatrixView<T> b,
                                      T* c, std::int64_t c_step) {
  add_any<T, 32>(size, a, b, c, c_step);
}
#endif

}  // namespace

Instructions fastest_instructions() {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx2) return Instructions::kAvx2;
#endif
  return Instructions::kBaseline;
}

template <typename T>
void add_product(const ProductSize& size, MatrixView<T> a, MatrixView<T> b, T* c,
                 std::int64_t c_step, Instructions instructions) {
  if (size.m <= 0 || size.n <= 0 || size.k <= 0) return;
  if (size.m < kFewRowsTransposed && b.row_step == 1 && b.column_step != 1)
    return add_few_rows_transposed(size, a, b, c, c_step);
#if defined(__x86_64__)
  if (instructions == Instructions::kAvx2) return add_avx2(size, a, b, c, c_step);
#endif
  add_baseline(size, a, b, c, c_step);
}

template void add_product(const ProductSize&, MatrixView<float>, MatrixView<float>, float*,
                          std::int64_t, Instructions);
template void add_product(const ProductSize&, MatrixView<double>, MatrixView<double>, double*,
                          std::int64_t, Instructions);
template void add_product(const ProductSize&, MatrixView<std::uint32_t>, MatrixView<std::uint32_t>,
                          std::uint32_t*, std::int64_t, Instructions);
template void add_product(const ProductSize&, MatrixView<std::uint64_t>, MatrixView<std::uint64_t>,
                          std::uint64_t*, std::int64_t, Instructions);

}  // namespace soliton::ir
