// The element types of arrays, and how code is chosen by them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "protocol/tensor/half.h"

namespace soliton::ir {

enum class ElementType : std::uint8_t {
  kNone,  // of an absent array
  kFloat32,
  kFloat64,
  kFloat16,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kBool,
};

// An fp16 number. Operators compute in fp32 and round each result once.
struct Float16 {
  Half bits = 0;
  Float16() = default;
  explicit Float16(float value) : bits(to_half(value)) {}
  explicit operator float() const { return to_float(bits); }
};

// A truth value of one byte, so that a vector of them is an array in memory.
struct Bool {
  bool value = false;
  Bool() = default;
  explicit Bool(bool v) : value(v) {}
  explicit operator bool() const { return value; }
};

template <typename T>
struct ElementOf {};
template <>
struct ElementOf<float> {
  static constexpr auto kType = ElementType::kFloat32;
};
template <>
struct ElementOf<double> {
  static constexpr auto kType = ElementType::kFloat64;
};
template <>
struct ElementOf<Float16> {
  static constexpr auto kType = ElementType::kFloat16;
};
template <>
struct ElementOf<std::int8_t> {
  static constexpr auto kType = ElementType::kInt8;
};
template <>
struct ElementOf<std::int16_t> {
  static constexpr auto kType = ElementType::kInt16;
};
template <>
struct ElementOf<std::int32_t> {
  static constexpr auto kType = ElementType::kInt32;
};
template <>
struct ElementOf<std::int64_t> {
  static constexpr auto kType = ElementType::kInt64;
};
template <>
struct ElementOf<std::uint8_t> {
  static constexpr auto kType = ElementType::kUint8;
};
template <>
struct ElementOf<std::uint16_t> {
  static constexpr auto kType = ElementType::kUint16;
};
template <>
struct ElementOf<std::uint32_t> {
  static constexpr auto kType = ElementType::kUint32;
};
template <>
struct ElementOf<std::uint64_t> {
  static constexpr auto kType = ElementType::kUint64;
};
template <>
struct ElementOf<Bool> {
  static constexpr auto kType = ElementType::kBool;
};
template <typename T>
inline constexpr ElementType element_type_of = ElementOf<T>::kType;

std::size_t element_bytes(ElementType type);      // 0 for kNone
std::string_view element_name(ElementType type);  // "float32", "bool"
std::optional<ElementType> element_named(std::string_view name);

constexpr bool is_real(ElementType type) {
  return type >= ElementType::kFloat32 && type <= ElementType::kFloat16;
}
constexpr bool is_integer(ElementType type) {
  return type >= ElementType::kInt8 && type <= ElementType::kUint64;
}

// The type in which arithmetic on T happens: fp32 for fp16, otherwise T itself.
template <typename T>
using Computed = std::conditional_t<std::is_same_v<T, Float16>, float, T>;

template <typename T>
struct TypeTag {
  using type = T;
};

// Calls `body(TypeTag<T>{})` with the C++ type of `type`. REQUIRES: type is not kNone.
template <typename Body>
decltype(auto) with_type(ElementType type, Body&& body) {
  switch (type) {
    case ElementType::kFloat64:
      return body(TypeTag<double>{});
    case ElementType::kFloat16:
      return body(TypeTag<Float16>{});
    case ElementType::kInt8:
      return body(TypeTag<std::int8_t>{});
    case ElementType::kInt16:
      return body(TypeTag<std::int16_t>{});
    case ElementType::kInt32:
      return body(TypeTag<std::int32_t>{});
    case ElementType::kInt64:
      return body(TypeTag<std::int64_t>{});
    case ElementType::kUint8:
      return body(TypeTag<std::uint8_t>{});
    case ElementType::kUint16:
      return body(TypeTag<std::uint16_t>{});
    case ElementType::kUint32:
      return body(TypeTag<std::uint32_t>{});
    case ElementType::kUint64:
      return body(TypeTag<std::uint64_t>{});
    case ElementType::kBool:
      return body(TypeTag<Bool>{});
    default:
      return body(TypeTag<float>{});
  }
}
// The same for real types only. REQUIRES: is_real(type).
template <typename Body>
decltype(auto) with_real(ElementType type, Body&& body) {
  if (type == ElementType::kFloat64) return body(TypeTag<double>{});
  if (type == ElementType::kFloat16) return body(TypeTag<Float16>{});
  return body(TypeTag<float>{});
}

}  // namespace soliton::ir
