// Arrays: the values that flow between the operators of a graph. A value type; the elements are
// immutable and shared, so a copy costs nothing.
//
// Three states: absent (an optional input that is left out), unknown (type and shape only, as in
// shape inference and under `compute: timing`), and known (with elements, row-major).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "partition/ir/element_type.h"
#include "protocol/base/check.h"

namespace soliton::ir {

using Shape = std::vector<std::int64_t>;

// "[1, 80]"
std::string shape_text(const Shape& shape);

class Array {
 public:
  // Absent.
  Array() = default;
  // Type and shape without elements.
  static Array unknown(ElementType type, Shape shape);
  // REQUIRES: as many elements as the shape says.
  template <typename T>
  static Array of(Shape shape, std::vector<T> elements) {
    auto storage = std::make_shared<const std::vector<T>>(std::move(elements));
    Array out = unknown(element_type_of<T>, std::move(shape));
    SOLITON_CHECK_MSG(static_cast<std::int64_t>(storage->size()) == out.elements_, "{} != {}",
                      storage->size(), out.elements_);
    out.data_ = storage->data();
    out.storage_ = std::move(storage);
    return out;
  }
  template <typename T>
  static Array scalar(T value) {
    return of<T>({}, std::vector<T>{value});
  }
  // Elements that were moved as bytes. REQUIRES: as many bytes as the shape and the type say.
  static Array of_bytes(ElementType type, Shape shape, std::vector<std::byte> bytes);
  // A list of integers, as shapes, axes and the like are.
  static Array integers(std::vector<std::int64_t> values);

  bool present() const { return type_ != ElementType::kNone; }
  bool known() const { return storage_ != nullptr; }
  ElementType type() const { return type_; }
  const Shape& shape() const { return shape_; }
  std::size_t rank() const { return shape_.size(); }
  std::int64_t elements() const { return elements_; }
  std::int64_t bytes() const { return elements_ * static_cast<std::int64_t>(element_bytes(type_)); }
  // REQUIRES: known(), and T is the type of the elements.
  template <typename T>
  std::span<const T> as() const {
    SOLITON_CHECK(known() && type_ == element_type_of<T>);
    return {static_cast<const T*>(data_), static_cast<std::size_t>(elements_)};
  }
  // The elements as bytes, in the machine's byte order. REQUIRES: known().
  std::span<const std::byte> raw() const;
  // The same elements, shared, in another shape. REQUIRES: as many elements.
  Array reshaped(Shape shape) const;
  // The same type and shape without elements.
  Array forgotten() const { return unknown(type_, shape_); }

 private:
  ElementType type_ = ElementType::kNone;
  Shape shape_;
  std::int64_t elements_ = 0;
  std::shared_ptr<const void> storage_;  // the vector that owns the elements
  const void* data_ = nullptr;
};

// Whether both have the same type, shape and bits; both must be known, or both not.
bool identical(const Array& a, const Array& b);

// What is left of an array where no values are computed (`compute: timing`): real numbers are
// forgotten, integers and truth values stay, because they decide shapes and branches.
Array without_numbers(const Array& array);

// Elements converted one by one: real to integer truncates towards zero and saturates (NaN gives
// 0), integers wrap, anything but zero is true. An unknown array stays unknown.
Array converted(const Array& array, ElementType type);

}  // namespace soliton::ir
