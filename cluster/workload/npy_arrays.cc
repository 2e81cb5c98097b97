// Arrays to and from .npy files.
#include <algorithm>
#include <array>
#include <cstring>

#include "cluster/workload/graph_workload.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr std::array<std::pair<NpyType, ir::ElementType>, 9> kTypes = {{
    {NpyType::kInt32, ir::ElementType::kInt32},
    {NpyType::kInt64, ir::ElementType::kInt64},
    {NpyType::kFloat16, ir::ElementType::kFloat16},
    {NpyType::kFloat32, ir::ElementType::kFloat32},
    {NpyType::kFloat64, ir::ElementType::kFloat64},
    {NpyType::kInt8, ir::ElementType::kInt8},
    {NpyType::kUint8, ir::ElementType::kUint8},
    {NpyType::kInt16, ir::ElementType::kInt16},
    {NpyType::kBool, ir::ElementType::kBool},
}};

ir::ElementType type_of(NpyType type) {
  return std::ranges::find(kTypes, type, &std::pair<NpyType, ir::ElementType>::first)->second;
}

ir::Array part_of(const NpyArray& array, std::int64_t first, ir::Shape shape) {
  return ir::with_type(type_of(array.type), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t count = ir::Array::unknown(type_of(array.type), shape).elements();
    std::vector<T> out(static_cast<std::size_t>(count));
    if (count > 0)
      std::memcpy(out.data(), array.data.data() + static_cast<std::size_t>(first) * sizeof(T),
                  out.size() * sizeof(T));
    // A file may hold any byte for a truth value.
    if constexpr (std::is_same_v<T, ir::Bool>)
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = ir::Bool(array.data[static_cast<std::size_t>(first) + i] != std::byte{0});
    return ir::Array::of(std::move(shape), std::move(out));
  });
}

}  // namespace

ir::Array array_of_row(const NpyArray& array, std::int64_t row) {
  ir::Shape shape(array.shape.begin() + (array.shape.empty() ? 0 : 1), array.shape.end());
  return part_of(array, row * array.row_elements(), std::move(shape));
}

ir::Array array_of(const NpyArray& array) { return part_of(array, 0, array.shape); }

std::optional<NpyArray> npy_of_rows(const std::vector<ir::Array>& rows) {
  SOLITON_CHECK(!rows.empty());
  const ir::Array& first = rows.front();
  const auto type =
      std::ranges::find(kTypes, first.type(), &std::pair<NpyType, ir::ElementType>::second);
  if (type == kTypes.end()) return std::nullopt;
  NpyArray out;
  out.type = type->first;
  out.shape = first.shape();
  out.shape.insert(out.shape.begin(), static_cast<std::int64_t>(rows.size()));
  for (const ir::Array& row : rows) {
    SOLITON_CHECK(row.type() == first.type() && row.shape() == first.shape());
    const auto bytes = row.raw();
    out.data.insert(out.data.end(), bytes.begin(), bytes.end());
  }
  return out;
}

}  // namespace soliton
