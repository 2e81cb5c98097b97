#include "partition/onnx/tensor_proto.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx_pb.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <set>

#include "partition/ir/element_count.h"
#include "partition/ir/shown_name.h"
#include "partition/onnx/limits.h"

namespace soliton::onnx_import {

namespace {

using ir::Array;
using ir::ElementType;
using ir::Float16;
using ir::Shape;
using ::onnx::TensorProto;

// How a data type is stored: Stored is the element of raw bytes, Element that of the array.
template <typename StoredType, typename ElementCpp>
struct Kind {
  using Stored = StoredType;
  using Element = ElementCpp;
};
struct Bfloat16 {
  std::uint16_t bits;
  explicit operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
};

// Calls body(Kind<…>{}) for a supported type; otherwise returns `otherwise`.
template <typename Out, typename Body>
Out with_kind(int data_type, Out otherwise, Body&& body) {
  switch (data_type) {
    case TensorProto::FLOAT:
      return body(Kind<float, float>{});
    case TensorProto::DOUBLE:
      return body(Kind<double, double>{});
    case TensorProto::FLOAT16:
      return body(Kind<Float16, Float16>{});
    case TensorProto::BFLOAT16:
      return body(Kind<Bfloat16, float>{});
    case TensorProto::INT8:
      return body(Kind<std::int8_t, std::int8_t>{});
    case TensorProto::UINT8:
      return body(Kind<std::uint8_t, std::uint8_t>{});
    case TensorProto::BOOL:
      return body(Kind<std::uint8_t, ir::Bool>{});
    case TensorProto::INT16:
      return body(Kind<std::int16_t, std::int16_t>{});
    case TensorProto::UINT16:
      return body(Kind<std::uint16_t, std::uint16_t>{});
    case TensorProto::INT32:
      return body(Kind<std::int32_t, std::int32_t>{});
    case TensorProto::UINT32:
      return body(Kind<std::uint32_t, std::uint32_t>{});
    case TensorProto::INT64:
      return body(Kind<std::int64_t, std::int64_t>{});
    case TensorProto::UINT64:
      return body(Kind<std::uint64_t, std::uint64_t>{});
    default:
      return otherwise;
  }
}

std::int64_t stored_bytes(int data_type) {
  return with_kind(data_type, std::int64_t{0}, [](auto kind) {
    return static_cast<std::int64_t>(sizeof(typename decltype(kind)::Stored));
  });
}

template <typename Element, typename Stored>
Element element_of(Stored stored) {
  if constexpr (std::is_same_v<Element, ir::Bool>)
    return ir::Bool(stored != 0);
  else
    return static_cast<Element>(stored);
}

// REQUIRES: the type is supported. `bytes` holds whole elements, little-endian.
Array from_raw(int data_type, const Shape& shape, const std::string& bytes) {
  static_assert(std::endian::native == std::endian::little);
  return with_kind(data_type, Array(), [&](auto kind) {
    using Stored = typename decltype(kind)::Stored;
    using Element = typename decltype(kind)::Element;
    std::vector<Element> out(bytes.size() / sizeof(Stored));
    if constexpr (std::is_same_v<Stored, Element>) {
      if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    } else {
      for (std::size_t i = 0; i < out.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
        out[i] = element_of<Element>(stored);
      }
    }
    return Array::of(shape, std::move(out));
  });
}

Result<std::string> external_bytes(const TensorProto& tensor, std::int64_t wanted,
                                   ExternalData& external) {
  std::string location;
  std::int64_t offset = 0;
  std::int64_t length = wanted;
  std::set<std::string> seen;
  for (const auto& entry : tensor.external_data()) {
    if (!seen.insert(entry.key()).second)
      return invalid(fmt::format("external data has \"{}\" twice", shown_name(entry.key())));
    if (entry.key() == "location") location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    std::int64_t& number = entry.key() == "offset" ? offset : length;
    const char* end = entry.value().data() + entry.value().size();
    if (const auto [at, error] = std::from_chars(entry.value().data(), end, number);
        error != std::errc{} || at != end || number < 0)
      return invalid(
          fmt::format("external data has {} \"{}\"", entry.key(), shown_name(entry.value())));
  }
  if (length != wanted)
    return invalid(fmt::format("needs {} bytes, but external data has length {}", wanted, length));
  return external.read(location, offset, length);
}

// Values kept in a typed field instead of raw bytes. Narrow types are kept in int32_data, one
// element each; 16-bit real types as their bits.
template <typename Kind, typename Field>
Array from_field(const Shape& shape, const Field& field) {
  using Stored = typename Kind::Stored;
  std::vector<typename Kind::Element> out;
  out.reserve(static_cast<std::size_t>(field.size()));
  for (const auto value : field) {
    if constexpr (std::is_class_v<Stored>)
      out.push_back(element_of<typename Kind::Element>(
          std::bit_cast<Stored>(static_cast<std::uint16_t>(value))));
    else
      out.push_back(element_of<typename Kind::Element>(static_cast<Stored>(value)));
  }
  return Array::of(shape, std::move(out));
}

std::int64_t field_size(const TensorProto& t) {
  switch (t.data_type()) {
    case TensorProto::FLOAT:
      return t.float_data_size();
    case TensorProto::DOUBLE:
      return t.double_data_size();
    case TensorProto::INT64:
      return t.int64_data_size();
    case TensorProto::UINT32:
    case TensorProto::UINT64:
      return t.uint64_data_size();
    default:
      return t.int32_data_size();
  }
}

Array from_typed(const TensorProto& t, const Shape& shape) {
  return with_kind(t.data_type(), Array(), [&](auto kind) {
    using K = decltype(kind);
    switch (t.data_type()) {
      case TensorProto::FLOAT:
        return from_field<K>(shape, t.float_data());
      case TensorProto::DOUBLE:
        return from_field<K>(shape, t.double_data());
      case TensorProto::INT64:
        return from_field<K>(shape, t.int64_data());
      case TensorProto::UINT32:
      case TensorProto::UINT64:
        return from_field<K>(shape, t.uint64_data());
      default:
        return from_field<K>(shape, t.int32_data());
    }
  });
}

Result<Array> values_of(const TensorProto& tensor, const Shape& shape, std::int64_t count,
                        ExternalData& external) {
  const std::int64_t wanted = count * stored_bytes(tensor.data_type());
  const bool outside = tensor.data_location() == TensorProto::EXTERNAL;
  const std::int64_t in_field = field_size(tensor);
  if ((outside || tensor.has_raw_data()) && in_field > 0) return invalid("has its values twice");
  if (outside && tensor.has_raw_data()) return invalid("has its values twice");
  const auto differs = [&](std::int64_t present, const char* unit, std::int64_t needed) {
    return invalid(fmt::format("shape {} of {} needs {} {}, {} are present", ir::shape_text(shape),
                               ir::element_name(element_type_of(tensor.data_type())), needed, unit,
                               present));
  };
  if (outside) {
    const Result<std::string> bytes = external_bytes(tensor, wanted, external);
    if (!bytes) return tl::unexpected(bytes.error());
    return from_raw(tensor.data_type(), shape, *bytes);
  }
  if (tensor.has_raw_data()) {
    const auto present = static_cast<std::int64_t>(tensor.raw_data().size());
    if (present != wanted) return differs(present, "bytes", wanted);
    return from_raw(tensor.data_type(), shape, tensor.raw_data());
  }
  if (in_field != count) return differs(in_field, "values", count);
  return from_typed(tensor, shape);
}

}  // namespace

ElementType element_type_of(int data_type) {
  return with_kind(data_type, ElementType::kNone,
                   [](auto kind) { return ir::element_type_of<typename decltype(kind)::Element>; });
}

std::string type_text(int data_type) {
  const std::string& name =
      TensorProto::DataType_Name(static_cast<TensorProto::DataType>(data_type));
  return name.empty() ? fmt::format("number {}", data_type) : name;
}

Result<Array> array_of(const TensorProto& tensor, ExternalData& external) {
  if (static_cast<std::size_t>(tensor.dims_size()) > kMaxOnnxDims)
    return invalid(fmt::format("has {} dimensions; at most {}", tensor.dims_size(), kMaxOnnxDims));
  if (element_type_of(tensor.data_type()) == ElementType::kNone)
    return invalid(fmt::format("has elements of type {}, which is not supported",
                               type_text(tensor.data_type())));
  if (tensor.has_segment()) return invalid("is stored in segments, which is not supported");
  const Shape shape(tensor.dims().begin(), tensor.dims().end());
  const std::optional<std::int64_t> count = element_count(shape);
  if (!count ||
      *count > std::numeric_limits<std::int64_t>::max() / stored_bytes(tensor.data_type()))
    return invalid(fmt::format("has an impossible shape {}", ir::shape_text(shape)));
  return values_of(tensor, shape, *count, external);
}

}  // namespace soliton::onnx_import
