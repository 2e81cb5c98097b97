// How elements are moved without being computed: strided blocks, and picks along one axis. Both work
// on bytes, by the size of an element, and copy the longest contiguous runs. Inside partition/ir/ops
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "partition/ir/ops/common.h"

namespace soliton::ir {

// One end of a copy: where the first element is, and the elements from one index of each axis to the
// next. A step may be 0 (repetition) or negative.
struct Steps {
  std::int64_t first = 0;
  std::vector<std::int64_t> steps;
};

// Copies the element at every index of `extents`. REQUIRES: all elements named lie in `from` and
// `to`, and no element of `to` is written twice.
void copy_block(std::size_t element_bytes, const Shape& extents, const std::byte* from,
                const Steps& from_steps, std::byte* to, const Steps& to_steps);

// An array that is being filled with moved elements; zero until then.
class Moved {
 public:
  // REQUIRES: check_fits() accepted the shape.
  Moved(ElementType type, Shape shape);
  std::byte* at(std::int64_t element) {
    return bytes_.data() + static_cast<std::size_t>(element) * size_;
  }
  std::size_t element_size() const { return size_; }
  // Sets `count` elements from `first` on to the element at `value`.
  void fill(std::int64_t first, std::int64_t count, const std::byte* value);
  Array take() && { return Array::of_bytes(type_, std::move(shape_), std::move(bytes_)); }

 private:
  ElementType type_;
  Shape shape_;
  std::size_t size_;
  std::vector<std::byte> bytes_;
};

// The elements of `in` read with `steps` as an array of that shape. An unknown array stays unknown.
Array strided(const Array& in, Shape shape, const Steps& steps);

// Output index i of `axis` is input index picks[i]. REQUIRES: indices in range; check_fits().
Array picked(const Array& in, std::size_t axis, std::span<const std::int64_t> picks);

// An array as a matrix of rows around one axis: outer x extent x inner.
struct AxisView {
  std::int64_t outer, extent, inner;
};
AxisView view_of(const Shape& shape, std::size_t axis);

// Element `element` of a known array's bytes.
inline const std::byte* element_at(const Array& array, std::int64_t element) {
  return array.raw().data() + static_cast<std::size_t>(element) * element_bytes(array.type());
}

// One element.
inline void copy_element(std::byte* to, const std::byte* from, std::size_t element_bytes) {
  if (element_bytes == 4)
    std::memcpy(to, from, 4);
  else if (element_bytes == 8)
    std::memcpy(to, from, 8);
  else
    std::memcpy(to, from, element_bytes);
}

// A copy of elements; nothing for none, whatever the pointers are.
void copy_elements(std::byte* to, const std::byte* from, std::int64_t count,
                   std::size_t element_bytes);

}  // namespace soliton::ir
