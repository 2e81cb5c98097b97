// Sums of products with the vectors of input streams, computed a few vectors ahead of the program.
//
// A vector is identified by its ordinal: the number, over the life of the NPU, of the chain that
// took it from NetQ. Each matrix keeps the sums of the vectors it was last multiplied by together;
// each stream keeps the quantised forms of its vectors.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "node/npu/kernels/product.h"

namespace soliton {

struct StreamVector {
  std::uint64_t ordinal = 0;
  std::span<const Half> values;  // at least one for each column
};

struct ProductSums {
  std::span<const float> sums;  // valid until the next call
  std::uint64_t poisoned_blocks = 0;
};

class ProductsAhead {
 public:
  ProductsAhead(std::size_t matrices, std::size_t streams)
      : products_(matrices), streams_(streams) {}

  // The sums of `matrix` with vector `ordinal`, if they have been computed.
  const ProductSums* find(std::size_t matrix, std::uint64_t ordinal);
  // Multiplies 1 to kVectorsAtOnce `vectors` by the matrix and returns the sums of the first.
  ProductSums multiply(const PackedMatrix& packed, std::size_t matrix, std::size_t stream,
                       std::span<const StreamVector> vectors);

 private:
  struct Product {
    std::uint64_t ordinal = kNone;
    std::vector<float> sums;
    ProductSums view;
  };
  struct Quantised {
    std::uint64_t ordinal = kNone;
    Activation activation;
  };
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};

  const Activation& quantised(Quantised& slot, const PackedMatrix& packed,
                              const StreamVector& vector);

  std::vector<std::array<Product, kVectorsAtOnce>> products_;
  std::vector<std::array<Quantised, kVectorsAtOnce>> streams_;
};

}  // namespace soliton
