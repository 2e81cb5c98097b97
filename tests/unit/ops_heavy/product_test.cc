// The order of sums: bit for bit that of the plain triple loop, whatever the sizes, the layout of the
// matrices and the instruction set.
#include "partition/ir/ops/product.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/ops_heavy/random.h"

namespace soliton::ir {
namespace {

template <typename T>
void add_plainly(const ProductSize& size, MatrixView<T> a, MatrixView<T> b, std::vector<T>& c) {
  for (std::int64_t i = 0; i < size.m; ++i)
    for (std::int64_t j = 0; j < size.n; ++j)
      for (std::int64_t k = 0; k < size.k; ++k) {
        const T term =
            a.data[i * a.row_step + k * a.column_step] * b.data[k * b.row_step + j * b.column_step];
        c[static_cast<std::size_t>(i * size.n + j)] += term;
      }
}

// Numbers whose sums depend on their order.
template <typename T>
std::vector<T> numbers(Chance& chance, std::int64_t count) {
  std::vector<T> out(static_cast<std::size_t>(count));
  for (T& value : out)
    value = static_cast<T>(std::ldexp(chance.real() / 3, static_cast<int>(chance.whole(-6, 6))));
  return out;
}
template <>
std::vector<std::uint32_t> numbers(Chance& chance, std::int64_t count) {
  std::vector<std::uint32_t> out(static_cast<std::size_t>(count));
  for (std::uint32_t& value : out) value = static_cast<std::uint32_t>(chance.whole(0, 0xffff'ffff));
  return out;
}
template <>
std::vector<std::uint64_t> numbers(Chance& chance, std::int64_t count) {
  std::vector<std::uint64_t> out(static_cast<std::size_t>(count));
  for (std::uint64_t& value : out)
    value = static_cast<std::uint64_t>(chance.whole(0, 0xffff'ffff)) * 0x1'0000'0001;
  return out;
}

template <typename T>
void expect_plain_bits(const ProductSize& size, bool transpose_a, bool transpose_b) {
  Chance chance(static_cast<std::uint64_t>(size.m * 31 + size.n * 7 + size.k));
  const std::vector<T> a = numbers<T>(chance, size.m * size.k);
  const std::vector<T> b = numbers<T>(chance, size.k * size.n);
  MatrixView<T> left{a.data(), size.k, 1}, right{b.data(), size.n, 1};
  if (transpose_a) left = {a.data(), 1, size.m};
  if (transpose_b) right = {b.data(), 1, size.k};
  const std::vector<T> start = numbers<T>(chance, size.m * size.n);
  std::vector<T> want = start;
  add_plainly(size, left, right, want);
  for (const Instructions instructions : {Instructions::kBaseline, fastest_instructions()}) {
    std::vector<T> got = start;
    add_product<T>(size, left, right, got.data(), size.n, instructions);
    EXPECT_EQ(std::memcmp(got.data(), want.data(), got.size() * sizeof(T)), 0)
        << size.m << " x " << size.n << " x " << size.k << (transpose_a ? " AT" : "")
        << (transpose_b ? " BT" : "");
  }
}

template <typename T>
void expect_plain_bits_of_all_sizes() {
  for (const ProductSize& size : std::vector<ProductSize>{{1, 1, 1},
                                                          {1, 37, 19},
                                                          {2, 9, 17},
                                                          {3, 8, 40},
                                                          {7, 600, 9},
                                                          {8, 16, 8},
                                                          {13, 33, 257},
                                                          {97, 17, 300},
                                                          {100, 513, 5},
                                                          {6, 16, 513}})
    for (const bool transpose_a : {false, true})
      for (const bool transpose_b : {false, true})
        expect_plain_bits<T>(size, transpose_a, transpose_b);
}

TEST(Product, HasTheBitsOfThePlainLoop) {
  expect_plain_bits_of_all_sizes<float>();
  expect_plain_bits_of_all_sizes<double>();
  expect_plain_bits_of_all_sizes<std::uint32_t>();
  expect_plain_bits_of_all_sizes<std::uint64_t>();
}

TEST(Product, LeavesEverythingElseAlone) {
  const std::vector<float> ones(64, 1.0F);
  std::vector<float> c(10 * 12, 5.0F);
  add_product<float>({9, 3, 2}, {ones.data(), 2}, {ones.data(), 3}, c.data(), 12);
  for (std::size_t i = 0; i < c.size(); ++i)
    EXPECT_EQ(c[i], i / 12 < 9 && i % 12 < 3 ? 7.0F : 5.0F) << i;
}

TEST(Product, OfNothingIsNothing) {
  std::vector<float> c(4, 1.0F);
  add_product<float>({2, 2, 0}, {nullptr, 0}, {nullptr, 2}, c.data(), 2);
  add_product<float>({0, 2, 2}, {nullptr, 2}, {nullptr, 2}, c.data(), 2);
  EXPECT_EQ(c, std::vector<float>(4, 1.0F));
}

}  // namespace
}  // namespace soliton::ir
