#include "partition/ir/array.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "partition/ir/element_count.h"

namespace soliton::ir {

namespace {

struct TypeRow {
  ElementType type;
  std::string_view name;
  std::size_t bytes;
};

constexpr std::array<TypeRow, 13> kTypes = {{
    {ElementType::kNone, "none", 0},
    {ElementType::kFloat32, "float32", 4},
    {ElementType::kFloat64, "float64", 8},
    {ElementType::kFloat16, "float16", 2},
    {ElementType::kInt8, "int8", 1},
    {ElementType::kInt16, "int16", 2},
    {ElementType::kInt32, "int32", 4},
    {ElementType::kInt64, "int64", 8},
    {ElementType::kUint8, "uint8", 1},
    {ElementType::kUint16, "uint16", 2},
    {ElementType::kUint32, "uint32", 4},
    {ElementType::kUint64, "uint64", 8},
    {ElementType::kBool, "bool", 1},
}};

const TypeRow& row_of(ElementType type) { return kTypes[static_cast<std::size_t>(type)]; }

// A C++ conversion of a real number outside the integer's range is undefined; this one is not.
template <typename To>
To saturated(double value) {
  constexpr double kLow = static_cast<double>(std::numeric_limits<To>::lowest());
  constexpr double kHigh = static_cast<double>(std::numeric_limits<To>::max());
  if (std::isnan(value)) return 0;
  if (value <= kLow) return std::numeric_limits<To>::lowest();
  if (value >= kHigh) return std::numeric_limits<To>::max();
  return static_cast<To>(value);
}

template <typename To, typename From>
To convert_one(From from) {
  if constexpr (std::is_same_v<From, Float16>) {
    return convert_one<To>(static_cast<float>(from));
  } else if constexpr (std::is_same_v<From, Bool>) {
    return convert_one<To>(static_cast<std::int32_t>(from.value));
  } else if constexpr (std::is_same_v<To, Bool>) {
    return Bool(from != From{});
  } else if constexpr (std::is_same_v<To, Float16>) {
    return Float16(static_cast<float>(from));
  } else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>) {
    return saturated<To>(static_cast<double>(from));
  } else {
    return static_cast<To>(from);
  }
}

template <typename To, typename From>
Array converted_as(const Array& array) {
  const std::span<const From> in = array.as<From>();
  std::vector<To> out(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) out[i] = convert_one<To>(in[i]);
  return Array::of(array.shape(), std::move(out));
}

}  // namespace

std::size_t element_bytes(ElementType type) { return row_of(type).bytes; }
std::string_view element_name(ElementType type) { return row_of(type).name; }

std::optional<ElementType> element_named(std::string_view name) {
  for (const TypeRow& row : kTypes)
    if (row.name == name && row.bytes != 0) return row.type;
  return std::nullopt;
}

std::string shape_text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Array Array::unknown(ElementType type, Shape shape) {
  const std::optional<std::int64_t> count = element_count(shape);
  SOLITON_CHECK_MSG(count.has_value(), "{}", shape_text(shape));
  Array out;
  out.type_ = type;
  out.shape_ = std::move(shape);
  out.elements_ = *count;
  return out;
}

Array Array::of_bytes(ElementType type, Shape shape, std::vector<std::byte> bytes) {
  auto storage = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  Array out = unknown(type, std::move(shape));
  SOLITON_CHECK_MSG(static_cast<std::int64_t>(storage->size()) == out.bytes(), "{} != {}",
                    storage->size(), out.bytes());
  out.data_ = storage->data();
  out.storage_ = std::move(storage);
  return out;
}

Array Array::integers(std::vector<std::int64_t> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return of<std::int64_t>({count}, std::move(values));
}

std::span<const std::byte> Array::raw() const {
  SOLITON_CHECK(known());
  return {static_cast<const std::byte*>(data_), static_cast<std::size_t>(bytes())};
}

Array Array::reshaped(Shape shape) const {
  Array out = unknown(type_, std::move(shape));
  SOLITON_CHECK_MSG(out.elements_ == elements_, "{} != {}", out.elements_, elements_);
  out.storage_ = storage_;
  out.data_ = data_;
  return out;
}

bool identical(const Array& a, const Array& b) {
  if (a.type() != b.type() || a.shape() != b.shape() || a.known() != b.known()) return false;
  return !a.known() || a.bytes() == 0 ||
         std::memcmp(a.raw().data(), b.raw().data(), a.raw().size()) == 0;
}

Array without_numbers(const Array& array) {
  return array.present() && is_real(array.type()) ? array.forgotten() : array;
}

Array converted(const Array& array, ElementType type) {
  if (array.type() == type || !array.present()) return array;
  if (!array.known()) return Array::unknown(type, array.shape());
  return with_type(array.type(), [&](auto from) {
    return with_type(type, [&](auto to) {
      return converted_as<typename decltype(to)::type, typename decltype(from)::type>(array);
    });
  });
}

}  // namespace soliton::ir
