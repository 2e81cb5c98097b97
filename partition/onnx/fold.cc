// Constant folding: moving elements of constants, and computing with shapes.
#include "partition/onnx/fold.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "partition/ir/model.h"
#include "protocol/base/check.h"

namespace soliton::onnx_import {

namespace {

Shape strides_of(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i > 1; --i) strides[i - 2] = strides[i - 1] * shape[i - 1];
  return strides;
}

// Source positions of a result of `shape` whose axes step by `strides` from `offset`, in row-major
// order.
template <typename Use>
void each_position(const Shape& shape, const Shape& strides, std::int64_t offset, Use use) {
  if (element_count(shape) == 0) return;
  Shape index(shape.size(), 0);
  while (true) {
    use(offset);
    std::size_t axis = shape.size();
    while (axis > 0 && ++index[axis - 1] == shape[axis - 1]) {
      --axis;
      offset -= (shape[axis] - 1) * strides[axis];
      index[axis] = 0;
    }
    if (axis == 0) return;
    offset += strides[axis - 1];
  }
}

Result<ConstantPtr> strided(Chain& chain, const Constant& in, const Shape& shape,
                            const Shape& strides, std::int64_t offset) {
  const std::optional<std::int64_t> count = element_count(shape);
  if (!count) return invalid(fmt::format("makes an impossible shape [{}]", fmt::join(shape, ", ")));
  if (const Status charged = chain.charge(*count); !charged) return tl::unexpected(charged.error());
  Constant out{shape, {}};
  std::visit(
      [&](const auto& values) {
        auto copied = std::decay_t<decltype(values)>();
        copied.reserve(static_cast<std::size_t>(*count));
        each_position(shape, strides, offset, [&](std::int64_t at) {
          copied.push_back(values[static_cast<std::size_t>(at)]);
        });
        out.values = std::move(copied);
      },
      in.values);
  return std::make_shared<const Constant>(std::move(out));
}

}  // namespace

Result<ConstantPtr> transposed(Chain& chain, const Constant& in,
                               const std::vector<std::size_t>& order) {
  if (order.size() != in.shape.size())
    return invalid("permutes a different number of axes than the tensor has");
  const Shape from = strides_of(in.shape);
  Shape shape;
  Shape strides;
  for (const std::size_t axis : order) {
    shape.push_back(in.shape[axis]);
    strides.push_back(from[axis]);
  }
  return strided(chain, in, shape, strides, 0);
}

Result<ConstantPtr> sliced(Chain& chain, const Constant& in, std::size_t axis, const Range& range) {
  Shape shape = in.shape;
  Shape strides = strides_of(in.shape);
  shape[axis] = range.count;
  const std::int64_t offset = range.first * strides[axis];
  strides[axis] *= range.stride;
  return strided(chain, in, shape, strides, offset);
}

Result<ConstantPtr> expanded(Chain& chain, const Constant& in, const Shape& target) {
  const std::size_t rank = std::max(target.size(), in.shape.size());
  const Shape from = strides_of(in.shape);
  Shape shape(rank, 1);
  Shape strides(rank, 0);
  for (std::size_t k = 1; k <= rank; ++k) {  // from the last axis
    const std::int64_t mine = k <= in.shape.size() ? in.shape[in.shape.size() - k] : 1;
    const std::int64_t wanted = k <= target.size() ? target[target.size() - k] : 1;
    if (mine != wanted && mine != 1 && wanted != 1)
      return invalid(
          fmt::format("expands [{}] to [{}]", fmt::join(in.shape, ", "), fmt::join(target, ", ")));
    shape[rank - k] = mine == 1 ? wanted : mine;
    strides[rank - k] = mine == 1 ? 0 : from[in.shape.size() - k];
  }
  return strided(chain, in, shape, strides, 0);
}

Result<ConstantPtr> gathered(Chain& chain, const Constant& in, std::size_t axis,
                             const Constant& indices) {
  Shape outer(in.shape.begin(), in.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  Shape inner(in.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, in.shape.end());
  Shape shape = outer;
  shape.insert(shape.end(), indices.shape.begin(), indices.shape.end());
  shape.insert(shape.end(), inner.begin(), inner.end());
  const std::optional<std::int64_t> count = element_count(shape);
  if (!count) return invalid("makes an impossible shape");
  if (const Status charged = chain.charge(*count); !charged) return tl::unexpected(charged.error());
  std::vector<std::int64_t> rows;
  for (const std::int64_t index : *indices.integers()) {
    const std::int64_t row = index < 0 && index != kUnknown ? index + in.shape[axis] : index;
    if (row < 0 || row >= in.shape[axis])
      return invalid(fmt::format("index {} of an axis of {}", index, in.shape[axis]));
    rows.push_back(row);
  }
  if (*count == 0)
    return std::make_shared<const Constant>(std::visit(
        [&](const auto& values) {
          return Constant{shape, std::decay_t<decltype(values)>()};
        },
        in.values));
  const std::int64_t block = *element_count(inner);
  const std::int64_t outers = *element_count(outer);
  Constant out{std::move(shape), {}};
  std::visit(
      [&](const auto& values) {
        auto copied = std::decay_t<decltype(values)>();
        for (std::int64_t o = 0; o < outers; ++o)
          for (const std::int64_t row : rows) {
            const auto first = values.begin() + (o * in.shape[axis] + row) * block;
            copied.insert(copied.end(), first, first + block);
          }
        out.values = std::move(copied);
      },
      in.values);
  return std::make_shared<const Constant>(std::move(out));
}

namespace {

bool may_join(const Constant& a, const Constant& b, std::size_t axis) {
  if (a.shape.size() != b.shape.size() || a.values.index() != b.values.index()) return false;
  for (std::size_t i = 0; i < a.shape.size(); ++i)
    if (i != axis && a.shape[i] != b.shape[i]) return false;
  return true;
}

template <typename List>
List joined_values(const std::vector<ConstantPtr>& parts, std::size_t axis, std::int64_t outers) {
  List out;
  for (std::int64_t o = 0; o < outers; ++o)
    for (const ConstantPtr& part : parts) {
      const Shape inner(part->shape.begin() + static_cast<std::ptrdiff_t>(axis), part->shape.end());
      const std::int64_t block = *element_count(inner);
      const auto first = std::get<List>(part->values).begin() + o * block;
      out.insert(out.end(), first, first + block);
    }
  return out;
}

}  // namespace

Result<ConstantPtr> concatenated(Chain& chain, const std::vector<ConstantPtr>& parts,
                                 std::int64_t axis) {
  const Constant& front = *parts.front();
  const Result<std::size_t> at = axis_of(axis, front.shape.size());
  if (!at) return tl::unexpected(at.error());
  Shape shape = front.shape;
  shape[*at] = 0;
  for (const ConstantPtr& part : parts) {
    if (!may_join(front, *part, *at))
      return invalid(fmt::format("joins constants [{}] and [{}]", fmt::join(front.shape, ", "),
                                 fmt::join(part->shape, ", ")));
    if (__builtin_add_overflow(shape[*at], part->shape[*at], &shape[*at]))
      return invalid("joins too much");
  }
  const std::optional<std::int64_t> count = element_count(shape);
  if (!count) return invalid("makes an impossible shape");
  if (const Status charged = chain.charge(*count); !charged) return tl::unexpected(charged.error());
  // An empty result may have many outer rows of nothing.
  const Shape outer(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(*at));
  const std::int64_t outers = *count == 0 ? 0 : *element_count(outer);
  if (front.integers() != nullptr)
    return std::make_shared<const Constant>(
        Constant{shape, joined_values<Integers>(parts, *at, outers)});
  return std::make_shared<const Constant>(
      Constant{shape, joined_values<Floats>(parts, *at, outers)});
}

Result<ConstantPtr> with_shape(Chain& chain, const Constant& in, const Shape& shape) {
  const std::optional<std::int64_t> count = element_count(shape);
  if (!count || count != element_count(in.shape))
    return invalid(
        fmt::format("sees [{}] as [{}]", fmt::join(in.shape, ", "), fmt::join(shape, ", ")));
  if (const Status charged = chain.charge(*count); !charged) return tl::unexpected(charged.error());
  return std::make_shared<const Constant>(Constant{shape, in.values});
}

Value filled(Chain& chain, const Shape& shape, double value, bool integer) {
  constexpr std::int64_t kMaxFilled = 1 << 20;
  const bool known = std::find(shape.begin(), shape.end(), kUnknown) == shape.end();
  const std::optional<std::int64_t> count = known ? element_count(shape) : std::nullopt;
  if (!count || *count > kMaxFilled || !chain.charge(*count)) return Uniform{value};
  const auto n = static_cast<std::size_t>(*count);
  if (integer)
    return std::make_shared<const Constant>(
        Constant{shape, Integers(n, static_cast<std::int64_t>(value))});
  return std::make_shared<const Constant>(Constant{shape, Floats(n, static_cast<float>(value))});
}

std::optional<double> single_value(const Value& value) {
  if (const auto* uniform = std::get_if<Uniform>(&value)) return uniform->value;
  const auto* constant = std::get_if<ConstantPtr>(&value);
  if (constant == nullptr) return std::nullopt;
  return std::visit(
      [](const auto& values) -> std::optional<double> {
        const bool same = !values.empty() && std::all_of(values.begin(), values.end(),
                                                         [&](auto v) { return v == values[0]; });
        return same ? std::optional(static_cast<double>(values[0])) : std::nullopt;
      },
      (*constant)->values);
}

Result<ConstantPtr> to_integers(Chain& chain, const ConstantPtr& in) {
  if (in->integers() != nullptr) return in;
  if (const Status charged = chain.charge(static_cast<std::int64_t>(in->floats()->size()));
      !charged)
    return tl::unexpected(charged.error());
  Integers out;
  for (const float v : *in->floats()) {
    constexpr float kLimit = 9.0e18f;  // below 2^63
    if (!(std::abs(v) <= kLimit)) return invalid(fmt::format("casts {} to an integer", v));
    out.push_back(static_cast<std::int64_t>(v));
  }
  return std::make_shared<const Constant>(Constant{in->shape, std::move(out)});
}

Result<ConstantPtr> to_floats(Chain& chain, const ConstantPtr& in) {
  if (in->floats() != nullptr) return in;
  if (const Status charged = chain.charge(static_cast<std::int64_t>(in->integers()->size()));
      !charged)
    return tl::unexpected(charged.error());
  if (std::find(in->integers()->begin(), in->integers()->end(), kUnknown) != in->integers()->end())
    return invalid("casts a size known only with the request");
  return std::make_shared<const Constant>(
      Constant{in->shape, Floats(in->integers()->begin(), in->integers()->end())});
}

}  // namespace soliton::onnx_import
