// Operators that move or reshape: applied to constants (folding) and to the stream (axes with
// roles).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "partition/onnx/chain.h"
#include "partition/onnx/fold.h"

namespace soliton::onnx_import {

namespace {

// Sets the first output to a result, if it is one.
template <typename T>
Status put(Chain& chain, const Node& node, Result<T> result) {
  if (!result) return tl::unexpected(std::move(result.error()));
  chain.set(node, 0, Value(std::move(*result)));
  return {};
}

// Runs the half of an operator that fits its first input; a Uniform stays what it is whatever its
// shape.
template <typename OnConstant, typename OnStream>
Status by_kind(Chain& chain, const Node& node, OnConstant on_constant, OnStream on_stream) {
  if (!node.has_input(0)) return invalid("has no input");
  const Value& value = chain.value(node, 0);
  if (const auto* constant = std::get_if<ConstantPtr>(&value))
    return put(chain, node, on_constant(**constant));
  if (const auto* stream = std::get_if<Stream>(&value)) return put(chain, node, on_stream(*stream));
  chain.set(node, 0, Value(value));
  return {};
}

}  // namespace

Result<ListArgument> list_argument(const Chain& chain, const Node& node,
                                   const std::string& attribute, std::size_t input) {
  if (const Attribute* given = node.find(attribute)) {
    if (given->kind != Attribute::Kind::kIntegers)
      return invalid(fmt::format("attribute {} is not a list of integers", attribute));
    return ListArgument{true, given->integers};
  }
  if (!node.has_input(input)) return ListArgument{};
  const ConstantPtr constant = chain.constant(node, input);
  if (!constant || constant->integers() == nullptr)
    return invalid(fmt::format("its {} are not constant integers", attribute));
  return ListArgument{true, *constant->integers()};
}

Status handle_identity(Chain& chain, const Node& node) {
  if (!node.has_input(0)) return invalid("has no input");
  if (node.op == "Dropout" && node.has_input(2) && single_value(chain.value(node, 2)) != 0.0)
    return invalid("is in training mode");
  chain.set(node, 0, Value(chain.value(node, 0)));
  return {};
}

namespace {

// Numbers of ONNX's element types that a cast may go to.
bool is_integer_type(std::int64_t type) { return type == 6 || type == 7; }  // int32, int64
bool is_real_type(std::int64_t type) {
  return type == 1 || type == 10 || type == 11;
}  // fp32, fp16, fp64

}  // namespace

Status handle_cast(Chain& chain, const Node& node) {
  const Result<std::int64_t> to = node.integer("to", 0);
  if (!to) return tl::unexpected(to.error());
  if (!is_integer_type(*to) && !is_real_type(*to))
    return invalid(fmt::format("casts to type {}", *to));
  if (const ConstantPtr constant = chain.constant(node, 0))
    return put(chain, node,
               is_integer_type(*to) ? to_integers(chain, constant) : to_floats(chain, constant));
  if (const Stream* stream = chain.stream(node, 0))
    if (stream->integers != is_integer_type(*to)) return invalid("casts the data of a request");
  return handle_identity(chain, node);
}

Status handle_transpose(Chain& chain, const Node& node) {
  const auto order_for = [&](std::size_t rank) -> Result<std::vector<std::size_t>> {
    Integers order(rank);
    std::iota(order.rbegin(), order.rend(), 0);
    const Result<ListArgument> given = list_argument(chain, node, "perm", 1);
    if (!given) return tl::unexpected(given.error());
    return axes_of(given->found ? given->values : order, rank);
  };
  return by_kind(
      chain, node,
      [&](const Constant& in) {
        return order_for(in.shape.size()).and_then([&](const auto& order) {
          return transposed(chain, in, order);
        });
      },
      [&](const Stream& in) {
        return order_for(in.axes.size()).and_then([&](const auto& order) {
          return transposed(in, order);
        });
      });
}

namespace {

Result<std::vector<std::size_t>> unit_axes(const Chain& chain, const Node& node,
                                           const Shape& shape) {
  const Result<ListArgument> given = list_argument(chain, node, "axes", 1);
  if (!given) return tl::unexpected(given.error());
  if (given->found) return axes_of(given->values, shape.size());
  std::vector<std::size_t> units;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 1) units.push_back(i);
  return units;
}

Shape sizes_of(const Stream& stream) {
  Shape out;
  for (const Axis& axis : stream.axes) out.push_back(axis.size);
  return out;
}

Result<ConstantPtr> squeezed_constant(Chain& chain, const Constant& in,
                                      const std::vector<std::size_t>& axes) {
  Shape shape;
  for (std::size_t i = 0; i < in.shape.size(); ++i)
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) shape.push_back(in.shape[i]);
  return with_shape(chain, in, shape);
}

Result<std::vector<std::size_t>> new_axes(const Chain& chain, const Node& node, std::size_t rank) {
  const Result<ListArgument> given = list_argument(chain, node, "axes", 1);
  if (!given) return tl::unexpected(given.error());
  if (!given->found) return invalid("has no axes");
  if (given->values.size() + rank > kMaxOnnxDims) return invalid("makes too many axes");
  return axes_of(given->values, rank + given->values.size());
}

Result<ConstantPtr> unsqueezed_constant(Chain& chain, const Constant& in,
                                        std::vector<std::size_t> axes) {
  std::sort(axes.begin(), axes.end());
  Shape shape = in.shape;
  for (const std::size_t axis : axes)
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis), 1);
  return with_shape(chain, in, shape);
}

}  // namespace

Status handle_squeeze(Chain& chain, const Node& node) {
  return by_kind(
      chain, node,
      [&](const Constant& in) {
        return unit_axes(chain, node, in.shape).and_then([&](const auto& axes) {
          return squeezed_constant(chain, in, axes);
        });
      },
      [&](const Stream& in) {
        return unit_axes(chain, node, sizes_of(in)).and_then([&](const auto& axes) {
          return squeezed(in, axes);
        });
      });
}

Status handle_unsqueeze(Chain& chain, const Node& node) {
  return by_kind(
      chain, node,
      [&](const Constant& in) {
        return new_axes(chain, node, in.shape.size()).and_then([&](const auto& axes) {
          return unsqueezed_constant(chain, in, axes);
        });
      },
      [&](const Stream& in) {
        return new_axes(chain, node, in.axes.size()).and_then([&](const auto& axes) {
          return unsqueezed(in, axes);
        });
      });
}

namespace {

// The target with zeros ("as it is") replaced.
Result<Shape> reshape_target(const Chain& chain, const Node& node, const Shape& from) {
  const Result<ListArgument> given = list_argument(chain, node, "shape", 1);
  if (!given) return tl::unexpected(given.error());
  const Result<std::int64_t> allow_zero = node.integer("allowzero", 0);
  if (!allow_zero) return tl::unexpected(allow_zero.error());
  if (!given->found) return invalid("has no shape to reshape to");
  Shape target = given->values;
  if (target.size() > kMaxOnnxDims)
    return invalid(fmt::format("makes {} axes; at most {}", target.size(), kMaxOnnxDims));
  if (std::count(target.begin(), target.end(), -1) > 1)
    return invalid("leaves more than one size open");
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (target[i] < -1 && target[i] != kUnknown)
      return invalid(fmt::format("makes an axis of {}", target[i]));
    if (target[i] != 0 || *allow_zero != 0) continue;
    if (i >= from.size())
      return invalid(fmt::format("keeps axis {} of a tensor with {} axes", i, from.size()));
    target[i] = from[i];
  }
  return target;
}

Result<ConstantPtr> reshaped_constant(Chain& chain, const Constant& in, Shape target) {
  std::int64_t known = 1;
  for (const std::int64_t size : target)
    if (size != -1 && (size == kUnknown || __builtin_mul_overflow(known, size, &known)))
      return invalid("makes an impossible shape of a constant");
  const std::int64_t count = *element_count(in.shape);
  for (std::int64_t& size : target)
    if (size == -1) size = known > 0 && count % known == 0 ? count / known : 0;
  return with_shape(chain, in, target);
}

// A network without recurrent layers may take its whole input as one vector.
bool may_merge_input(const Chain& chain, const Stream& stream) {
  return !chain.any_recurrent && !stream.integers && stream.pieces == std::vector<Piece>{Piece{}};
}

}  // namespace

Status handle_reshape(Chain& chain, const Node& node) {
  return by_kind(
      chain, node,
      [&](const Constant& in) {
        return reshape_target(chain, node, in.shape).and_then([&](const Shape& to) {
          return reshaped_constant(chain, in, to);
        });
      },
      [&](const Stream& in) {
        return reshape_target(chain, node, sizes_of(in)).and_then([&](const Shape& to) {
          return reshaped(in, to, may_merge_input(chain, in));
        });
      });
}

namespace {

// Product of two sizes; -1 (open) when a size known only with the request is multiplied.
Result<std::int64_t> flat_size(std::int64_t a, std::int64_t b) {
  if (a == 1) return b;
  if (b == 1) return a;
  if (a == kUnknown || b == kUnknown || a == -1) return -1;
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return invalid("makes an impossible shape");
  return product;
}

// [everything before `axis`, everything from it on].
Result<Shape> flat_target(const Node& node, const Shape& from) {
  const Result<std::int64_t> given = node.integer("axis", 1);
  if (!given) return tl::unexpected(given.error());
  const auto rank = static_cast<std::int64_t>(from.size());
  const std::int64_t axis = *given < 0 ? *given + rank : *given;
  if (axis < 0 || axis > rank)
    return invalid(fmt::format("axis {} of a tensor with {} axes", *given, rank));
  Shape target{1, 1};
  for (std::int64_t i = 0; i < rank; ++i) {
    const Result<std::int64_t> product =
        flat_size(target[i < axis ? 0 : 1], from[static_cast<std::size_t>(i)]);
    if (!product) return tl::unexpected(product.error());
    target[i < axis ? 0 : 1] = *product;
  }
  return target;
}

}  // namespace

Status handle_flatten(Chain& chain, const Node& node) {
  return by_kind(
      chain, node,
      [&](const Constant& in) {
        return flat_target(node, in.shape).and_then([&](const Shape& to) {
          return reshaped_constant(chain, in, to);
        });
      },
      [&](const Stream& in) {
        return flat_target(node, sizes_of(in)).and_then([&](const Shape& to) {
          return reshaped(in, to, may_merge_input(chain, in));
        });
      });
}

namespace {

// Elements of a stream's axis by a list of constant places, which must be evenly spaced.
Result<Stream> gathered_stream(const Stream& in, std::size_t axis, const Constant& places) {
  const Integers& list = *places.integers();
  if (places.shape.size() > 1 || list.empty())
    return invalid("picks from the data with a table of indices");
  const std::int64_t stride = list.size() > 1 ? list[1] - list[0] : 1;
  for (std::size_t i = 0; i < list.size(); ++i)
    if (list[i] != list[0] + static_cast<std::int64_t>(i) * stride)
      return invalid("picks from the data at uneven distances");
  return picked(in, axis, list[0], static_cast<std::int64_t>(list.size()), stride,
                places.shape.empty());
}

bool sane_places(const Constant& places) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 40;
  return places.integers() != nullptr &&
         std::all_of(places.integers()->begin(), places.integers()->end(),
                     [](auto v) { return v > -kLimit && v < kLimit; });
}

}  // namespace

Status handle_gather(Chain& chain, const Node& node) {
  if (!node.has_input(0) || !node.has_input(1)) return invalid("needs data and indices");
  const Result<std::int64_t> axis = node.integer("axis", 0);
  if (!axis) return tl::unexpected(axis.error());
  const ConstantPtr table = chain.constant(node, 0);
  const Stream* symbols = chain.stream(node, 1);
  if (table && symbols != nullptr && (*axis == 0 || *axis == -2))
    return embed_symbols(chain, node, table, *symbols);
  const ConstantPtr places = chain.constant(node, 1);
  if (!places || !sane_places(*places)) return invalid("its indices are not constant integers");
  return by_kind(
      chain, node,
      [&](const Constant& in) {
        return axis_of(*axis, in.shape.size()).and_then([&](std::size_t at) {
          return gathered(chain, in, at, *places);
        });
      },
      [&](const Stream& in) {
        return axis_of(*axis, in.axes.size()).and_then([&](std::size_t at) {
          return gathered_stream(in, at, *places);
        });
      });
}

namespace {

struct Cut {
  std::size_t axis = 0;
  std::int64_t start = 0;
  std::int64_t end = 0;
  std::int64_t step = 1;
};

Result<std::vector<Cut>> cuts_of(const Chain& chain, const Node& node, std::size_t rank) {
  const Result<ListArgument> starts = list_argument(chain, node, "starts", 1);
  const Result<ListArgument> ends = list_argument(chain, node, "ends", 2);
  const Result<ListArgument> axes = list_argument(chain, node, "axes", 3);
  const Result<ListArgument> steps = list_argument(chain, node, "steps", 4);
  for (const auto* list : {&starts, &ends, &axes, &steps})
    if (!*list) return tl::unexpected(list->error());
  Integers order(starts->values.size());
  std::iota(order.begin(), order.end(), 0);
  const Result<std::vector<std::size_t>> at = axes_of(axes->found ? axes->values : order, rank);
  if (!at) return tl::unexpected(at.error());
  if (at->size() != order.size() || ends->values.size() != order.size() ||
      (steps->found && steps->values.size() != order.size()))
    return invalid("its starts, ends, axes and steps differ in number");
  std::vector<Cut> cuts;
  for (std::size_t i = 0; i < order.size(); ++i)
    cuts.push_back(
        {(*at)[i], starts->values[i], ends->values[i], steps->found ? steps->values[i] : 1});
  return cuts;
}

// ONNX Slice: negative places count from the end, places outside are moved to the edge.
Result<Range> range_of(const Cut& cut, std::int64_t size) {
  if (cut.step == 0 || cut.step == kUnknown) return invalid("slices with step 0");
  if (cut.start == kUnknown || cut.end == kUnknown)
    return invalid("slices at a place known only with the request");
  const bool up = cut.step > 0;
  const auto placed = [&](std::int64_t place) {
    const std::int64_t from_front = place < 0 ? place + size : place;
    return std::clamp<std::int64_t>(from_front, up ? 0 : -1, up ? size : size - 1);
  };
  const std::int64_t start = placed(cut.start);
  const std::int64_t span = up ? placed(cut.end) - start : start - placed(cut.end);
  // Both at most `size`, so neither the sum nor the negation overflows.
  const std::int64_t stride = std::clamp<std::int64_t>(cut.step, -size - 1, size + 1);
  const std::int64_t step = up ? stride : -stride;
  return Range{start, span <= 0 ? 0 : (span + step - 1) / step, stride};
}

Result<ConstantPtr> sliced_constant(Chain& chain, const Constant& in,
                                    const std::vector<Cut>& cuts) {
  Result<ConstantPtr> out = std::make_shared<const Constant>(in);
  for (const Cut& cut : cuts) {
    const Result<Range> range = range_of(cut, (*out)->shape[cut.axis]);
    if (!range) return tl::unexpected(range.error());
    out = sliced(chain, **out, cut.axis, *range);
    if (!out) return out;
  }
  return out;
}

// Of an unknown number of steps: all, the first, or the last.
Result<Stream> cut_unknown(const Stream& in, const Cut& cut) {
  constexpr std::int64_t kEnd = 0x7fffffff;  // exporters write this or more for "to the end"
  const bool to_end = cut.end >= kEnd;
  if (cut.step == 1 && cut.start == 0 && to_end) return in;
  if (cut.step == 1 && cut.start == -1 && to_end) return picked(in, cut.axis, -1, 1, 1, false);
  if (cut.step == 1 && cut.start == 0 && cut.end == 1) return picked(in, cut.axis, 0, 1, 1, false);
  return invalid(fmt::format("takes a part of axis {} of {}", cut.axis, describe(in)));
}

Result<Stream> sliced_stream(const Stream& in, const std::vector<Cut>& cuts) {
  Result<Stream> out = in;
  for (const Cut& cut : cuts) {
    const std::int64_t size = out->axes[cut.axis].size;
    if (size == kUnknown) {
      out = cut_unknown(*out, cut);
    } else {
      const Result<Range> range = range_of(cut, size);
      if (!range) return tl::unexpected(range.error());
      out = picked(*out, cut.axis, range->first, range->count, range->stride, false);
    }
    if (!out) return out;
  }
  return out;
}

}  // namespace

Status handle_slice(Chain& chain, const Node& node) {
  return by_kind(
      chain, node,
      [&](const Constant& in) {
        return cuts_of(chain, node, in.shape.size()).and_then([&](const auto& cuts) {
          return sliced_constant(chain, in, cuts);
        });
      },
      [&](const Stream& in) {
        return cuts_of(chain, node, in.axes.size()).and_then([&](const auto& cuts) {
          return sliced_stream(in, cuts);
        });
      });
}

Status handle_concat(Chain& chain, const Node& node) {
  const Result<std::int64_t> axis = node.integer("axis", 0);
  if (!axis) return tl::unexpected(axis.error());
  std::vector<ConstantPtr> constants;
  std::vector<Stream> streams;
  std::size_t equal = 0;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.has_input(i)) return invalid("leaves out an input");
    if (const ConstantPtr constant = chain.constant(node, i)) constants.push_back(constant);
    if (const Stream* stream = chain.stream(node, i)) streams.push_back(*stream);
    const std::optional<double> value = single_value(chain.value(node, i));
    equal += value && value == single_value(chain.value(node, 0));
  }
  if (node.inputs.empty()) return invalid("has no input");
  if (constants.size() == node.inputs.size())
    return put(chain, node, concatenated(chain, constants, *axis));
  if (streams.size() == node.inputs.size()) return put(chain, node, concatenated(streams, *axis));
  if (equal != node.inputs.size()) return invalid("joins constants and the data of a request");
  chain.set(node, 0, Uniform{*single_value(chain.value(node, 0))});
  return {};
}

}  // namespace soliton::onnx_import
