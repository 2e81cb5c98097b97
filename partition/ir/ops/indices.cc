#include "partition/ir/ops/indices.h"

#include <array>

namespace soliton::ir {

Status check_indices(const Call& call, std::size_t k) {
  static constexpr std::array kTypes = {ElementType::kInt32, ElementType::kInt64};
  return check_type(call, k, kTypes);
}

namespace {

tl::unexpected<Error> out_of_range(std::int64_t index, std::size_t axis, std::int64_t extent) {
  return invalid(fmt::format("has an index {} into axis {} of extent {}", index, axis, extent));
}

}  // namespace

Result<std::vector<std::int64_t>> indices_in(const Array& indices, std::size_t axis,
                                             std::int64_t extent) {
  const Array wide = converted(indices, ElementType::kInt64);
  const std::span<const std::int64_t> values = wide.as<std::int64_t>();
  std::vector<std::int64_t> out(values.begin(), values.end());
  for (std::int64_t& index : out) {
    if (index < -extent || index >= extent) return out_of_range(index, axis, extent);
    if (index < 0) index += extent;
  }
  return out;
}

Result<std::size_t> check_elementwise_indices(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  SOLITON_IR_CHECK(check_indices(call, 1));
  const Shape& data = call.input(0).shape();
  const Shape& indices = call.input(1).shape();
  SOLITON_IR_TRY(attribute, call.node.integer("axis", 0));
  SOLITON_IR_TRY(axis, axis_in(attribute, data.size()));
  bool fits = indices.size() == data.size();
  for (std::size_t a = 0; fits && a < data.size(); ++a) fits = a == axis || indices[a] <= data[a];
  if (!fits)
    return invalid(fmt::format("has indices of shape {} for data of shape {}", shape_text(indices),
                               shape_text(data)));
  return axis;
}

Result<Tuples> tuples_of(const Call& call, std::int64_t batch) {
  SOLITON_IR_CHECK(check_indices(call, 1));
  const Shape& data = call.input(0).shape();
  const Shape& indices = call.input(1).shape();
  const auto rank = static_cast<std::int64_t>(data.size());
  const bool fits = !data.empty() && !indices.empty() && batch >= 0 && batch < rank &&
                    batch < static_cast<std::int64_t>(indices.size()) && indices.back() >= 0 &&
                    indices.back() <= rank - batch &&
                    std::equal(data.begin(), data.begin() + batch, indices.begin());
  if (!fits)
    return invalid(fmt::format("has indices of shape {} for data of shape {} with {} batch axes",
                               shape_text(indices), shape_text(data), batch));
  const auto named = static_cast<std::size_t>(batch + indices.back());
  return Tuples{indices.back(), extent_product(data, named, data.size())};
}

Result<std::vector<std::int64_t>> tuple_offsets(const Shape& data, const Array& indices,
                                                std::int64_t batch) {
  const auto first = static_cast<std::size_t>(batch);
  const auto length = static_cast<std::size_t>(indices.shape().back());
  const std::vector<std::int64_t> steps = strides_of(data);
  const Array wide = converted(indices, ElementType::kInt64);
  const std::int64_t* at = wide.as<std::int64_t>().data();
  const std::int64_t count = extent_product(indices.shape(), 0, indices.rank() - 1);
  const std::int64_t batches = extent_product(data, 0, first);
  const std::int64_t batch_step = extent_product(data, first, data.size());
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(count));
  for (std::int64_t k = 0; k < count; ++k) {
    std::int64_t offset = k / (count / batches) * batch_step;
    for (std::size_t a = 0; a < length; ++a, ++at) {
      const std::int64_t extent = data[first + a];
      if (*at < -extent || *at >= extent) return out_of_range(*at, first + a, extent);
      offset += (*at < 0 ? *at + extent : *at) * steps[first + a];
    }
    out.push_back(offset);
  }
  return out;
}

}  // namespace soliton::ir
