// The matrix product under all operators that multiply and add: products, convolutions, recurrent
// cells. Inside partition/ir/ops only.
//
// Its promise is about order: every element of C is C + a(i,0)*b(0,j) + a(i,1)*b(1,j) + … added one
// by one in ascending k, each product and each sum rounded. Blocking for caches and registers
// (Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication", 2008) only chooses
// which elements are worked on at a time, so bits depend neither on block sizes nor on the
// instruction set: with wider vectors more elements, never more terms of one sum, are in flight.
#pragma once

#include <cstdint>

namespace soliton::ir {

// Element (i, j) is data[i * row_step + j * column_step].
template <typename T>
struct MatrixView {
  const T* data = nullptr;
  std::int64_t row_step = 0;
  std::int64_t column_step = 1;
};

struct ProductSize {
  std::int64_t m = 0;  // rows of A and C
  std::int64_t n = 0;  // columns of B and C
  std::int64_t k = 0;  // columns of A, rows of B
};

enum class Instructions : std::uint8_t { kBaseline, kAvx2 };
// The best that this machine has. They give the same bits.
Instructions fastest_instructions();

// C += A B; element (i, j) of C is c[i * c_step + j]. T: float, double, or std::uint32_t and
// std::uint64_t, which wrap and so serve signed numbers too.
template <typename T>
void add_product(const ProductSize& size, MatrixView<T> a, MatrixView<T> b, T* c,
                 std::int64_t c_step, Instructions instructions = fastest_instructions());

extern template void add_product(const ProductSize&, MatrixView<float>, MatrixView<float>, float*,
                                 std::int64_t, Instructions);
extern template void add_product(const ProductSize&, MatrixView<double>, MatrixView<double>,
                                 double*, std::int64_t, Instructions);
extern template void add_product(const ProductSize&, MatrixView<std::uint32_t>,
                                 MatrixView<std::uint32_t>, std::uint32_t*, std::int64_t,
                                 Instructions);
extern template void add_product(const ProductSize&, MatrixView<std::uint64_t>,
                                 MatrixView<std::uint64_t>, std::uint64_t*, std::int64_t,
                                 Instructions);

}  // namespace soliton::ir
