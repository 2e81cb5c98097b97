#include "node/npu/products_ahead.h"

#include "protocol/base/check.h"

namespace soliton {

const ProductSums* ProductsAhead::find(std::size_t matrix, std::uint64_t ordinal) {
  for (const Product& product : products_[matrix])
    if (product.ordinal == ordinal) return &product.view;
  return nullptr;
}

const Activation& ProductsAhead::quantised(Quantised& slot, const PackedMatrix& packed,
                                           const StreamVector& vector) {
  // The matrices of the other gates multiply the same vectors, which keep their slots.
  if (slot.ordinal == vector.ordinal && slot.activation.suits(packed)) return slot.activation;
  slot.ordinal = vector.ordinal;
  slot.activation.quantise(vector.values.first(static_cast<std::size_t>(packed.columns())), packed);
  return slot.activation;
}

ProductSums ProductsAhead::multiply(const PackedMatrix& packed, std::size_t matrix,
                                    std::size_t stream, std::span<const StreamVector> vectors) {
  SOLITON_CHECK(!vectors.empty() && vectors.size() <= kVectorsAtOnce);
  std::array<const Activation*, kVectorsAtOnce> xs{};
  std::array<float*, kVectorsAtOnce> sums{};
  for (std::size_t v = 0; v < vectors.size(); ++v) {
    xs[v] = &quantised(streams_[stream][v], packed, vectors[v]);
    Product& product = products_[matrix][v];
    product.ordinal = vectors[v].ordinal;
    product.sums.resize(static_cast<std::size_t>(packed.rows()));
    product.view = {product.sums, xs[v]->poisoned_blocks()};
    sums[v] = product.sums.data();
  }
  soliton::multiply(packed, std::span(xs).first(vectors.size()),
                    std::span<float* const>(sums).first(vectors.size()));
  return products_[matrix].front().view;
}

}  // namespace soliton
