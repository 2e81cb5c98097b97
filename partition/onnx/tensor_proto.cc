#include "partition/onnx/tensor_proto.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx_pb.h>

#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <set>

#include "partition/ir/model.h"
#include "partition/ir/shown_name.h"
#include "partition/onnx/read_onnx.h"
#include "protocol/tensor/half.h"

namespace soliton::onnx_import {

namespace {

using ::onnx::TensorProto;

struct Type {
  const char* name;
  std::int64_t bytes;
  bool real;
};

std::optional<Type> type_of(int data_type) {
  switch (data_type) {
    case TensorProto::FLOAT:
      return Type{"float32", 4, true};
    case TensorProto::DOUBLE:
      return Type{"float64", 8, true};
    case TensorProto::FLOAT16:
      return Type{"float16", 2, true};
    case TensorProto::BFLOAT16:
      return Type{"bfloat16", 2, true};
    case TensorProto::INT8:
      return Type{"int8", 1, false};
    case TensorProto::UINT8:
      return Type{"uint8", 1, false};
    case TensorProto::BOOL:
      return Type{"bool", 1, false};
    case TensorProto::INT16:
      return Type{"int16", 2, false};
    case TensorProto::UINT16:
      return Type{"uint16", 2, false};
    case TensorProto::INT32:
      return Type{"int32", 4, false};
    case TensorProto::UINT32:
      return Type{"uint32", 4, false};
    case TensorProto::INT64:
      return Type{"int64", 8, false};
    default:
      return std::nullopt;
  }
}

std::string type_text(int data_type) {
  const std::string& name =
      TensorProto::DataType_Name(static_cast<TensorProto::DataType>(data_type));
  return name.empty() ? fmt::format("number {}", data_type) : name;
}

float bfloat(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

template <typename Stored, typename Out, typename Convert>
std::vector<Out> unpack(const std::string& bytes, Convert convert) {
  std::vector<Out> out(bytes.size() / sizeof(Stored));
  for (std::size_t i = 0; i < out.size(); ++i) {
    Stored value;
    std::memcpy(&value, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    out[i] = convert(value);
  }
  return out;
}

template <typename Stored>
Floats floats_of(const std::string& bytes) {
  return unpack<Stored, float>(bytes, [](Stored v) { return static_cast<float>(v); });
}
template <typename Stored>
Integers integers_of(const std::string& bytes) {
  return unpack<Stored, std::int64_t>(bytes, [](Stored v) { return static_cast<std::int64_t>(v); });
}

// REQUIRES: type_of(data_type). `bytes` holds whole elements, little-endian.
std::variant<Floats, Integers> from_raw(int data_type, const std::string& bytes) {
  static_assert(std::endian::native == std::endian::little);
  switch (data_type) {
    case TensorProto::FLOAT:
      return floats_of<float>(bytes);
    case TensorProto::DOUBLE:
      return floats_of<double>(bytes);
    case TensorProto::FLOAT16:
      return unpack<Half, float>(bytes, [](Half v) { return to_float(v); });
    case TensorProto::BFLOAT16:
      return unpack<std::uint16_t, float>(bytes, bfloat);
    case TensorProto::INT8:
      return integers_of<std::int8_t>(bytes);
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return integers_of<std::uint8_t>(bytes);
    case TensorProto::INT16:
      return integers_of<std::int16_t>(bytes);
    case TensorProto::UINT16:
      return integers_of<std::uint16_t>(bytes);
    case TensorProto::INT32:
      return integers_of<std::int32_t>(bytes);
    case TensorProto::UINT32:
      return integers_of<std::uint32_t>(bytes);
    default:
      return integers_of<std::int64_t>(bytes);
  }
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

// Values kept in a typed field instead of raw bytes.
struct TypedField {
  std::int64_t size = 0;
  std::variant<Floats, Integers> (*take)(const TensorProto&) = nullptr;
};

std::variant<Floats, Integers> take_float(const TensorProto& t) {
  return Floats(t.float_data().begin(), t.float_data().end());
}
std::variant<Floats, Integers> take_double(const TensorProto& t) {
  return Floats(t.double_data().begin(), t.double_data().end());
}
std::variant<Floats, Integers> take_int64(const TensorProto& t) {
  return Integers(t.int64_data().begin(), t.int64_data().end());
}
std::variant<Floats, Integers> take_uint32(const TensorProto& t) {
  return Integers(t.uint64_data().begin(), t.uint64_data().end());
}
std::variant<Floats, Integers> take_int32(const TensorProto& t) {
  if (!type_of(t.data_type())->real) return Integers(t.int32_data().begin(), t.int32_data().end());
  Floats out;
  for (const std::int32_t bits : t.int32_data()) {
    const auto low = static_cast<std::uint16_t>(bits);
    out.push_back(t.data_type() == TensorProto::FLOAT16 ? to_float(low) : bfloat(low));
  }
  return out;
}

TypedField typed_field(const TensorProto& t) {
  switch (t.data_type()) {
    case TensorProto::FLOAT:
      return {t.float_data_size(), take_float};
    case TensorProto::DOUBLE:
      return {t.double_data_size(), take_double};
    case TensorProto::INT64:
      return {t.int64_data_size(), take_int64};
    case TensorProto::UINT32:
      return {t.uint64_data_size(), take_uint32};
    default:
      return {t.int32_data_size(), take_int32};
  }
}

Result<std::variant<Floats, Integers>> values_of(const TensorProto& tensor, const Type& type,
                                                 std::int64_t count, ExternalData& external) {
  const std::int64_t wanted = count * type.bytes;
  const bool outside = tensor.data_location() == TensorProto::EXTERNAL;
  const TypedField field = typed_field(tensor);
  if ((outside || tensor.has_raw_data()) && field.size > 0) return invalid("has its values twice");
  if (outside && tensor.has_raw_data()) return invalid("has its values twice");
  const auto differs = [&](std::int64_t present, const char* unit, std::int64_t needed) {
    return invalid(fmt::format("shape [{}] of {} needs {} {}, {} are present",
                               fmt::join(tensor.dims(), ", "), type.name, needed, unit, present));
  };
  if (outside) {
    const Result<std::string> bytes = external_bytes(tensor, wanted, external);
    if (!bytes) return tl::unexpected(bytes.error());
    return from_raw(tensor.data_type(), *bytes);
  }
  if (tensor.has_raw_data()) {
    const auto present = static_cast<std::int64_t>(tensor.raw_data().size());
    if (present != wanted) return differs(present, "bytes", wanted);
    return from_raw(tensor.data_type(), tensor.raw_data());
  }
  if (field.size != count) return differs(field.size, "values", count);
  return field.take(tensor);
}

}  // namespace

Result<ConstantPtr> constant_of(const TensorProto& tensor, ExternalData& external) {
  if (static_cast<std::size_t>(tensor.dims_size()) > kMaxOnnxDims)
    return invalid(fmt::format("has {} dimensions; at most {}", tensor.dims_size(), kMaxOnnxDims));
  const std::optional<Type> type = type_of(tensor.data_type());
  if (!type)
    return invalid(fmt::format("has elements of type {}, which is not supported",
                               type_text(tensor.data_type())));
  if (tensor.has_segment()) return invalid("is stored in segments, which is not supported");
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  const std::optional<std::int64_t> count = element_count(shape);
  if (!count || *count > std::numeric_limits<std::int64_t>::max() / type->bytes)
    return invalid(fmt::format("has an impossible shape [{}]", fmt::join(shape, ", ")));
  auto values = values_of(tensor, *type, *count, external);
  if (!values) return tl::unexpected(values.error());
  return std::make_shared<const Constant>(Constant{std::move(shape), std::move(*values)});
}

}  // namespace soliton::onnx_import
