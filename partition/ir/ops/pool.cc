// Pools: the largest, the mean or the norm of what a window sees. Sums are in double, in ascending
// order, and rounded once. Taps that lie in the padding are skipped, however many there are.
#include <array>
#include <cmath>

#include "partition/ir/ops/common.h"
#include "partition/ir/ops/wide.h"
#include "partition/ir/ops/window.h"
#include "protocol/math/math.h"

namespace soliton::ir {

namespace {

// The taps [first, last) of a window that lie inside the input; tap t is at origin + t * dilation.
struct Reach {
  std::int64_t origin, first, last;
  std::int64_t padded;  // taps inside the input or its padding
};

Reach reach_of(const WindowAxis& axis, std::int64_t position) {
  // Taps at less than `end` elements behind the origin.
  const auto below = [&](std::int64_t end) {
    if (end <= 0) return std::int64_t{0};
    return std::min(axis.kernel,
                    axis.dilation == 1 ? end : (end + axis.dilation - 1) / axis.dilation);
  };
  const std::int64_t origin = position * axis.stride - axis.before;
  const std::int64_t last = below(axis.in - origin);
  return {origin, std::min(last, below(-origin)), last, below(axis.in + axis.after - origin)};
}

struct PoolPlan {
  std::array<WindowAxis, kMostSpatialAxes> axes;
  Shape out;
  std::int64_t planes = 1;
};

Result<PoolPlan> pool_plan(const Call& call) {
  const Shape& in = call.input(0).shape();
  SOLITON_IR_TRY(kernel, pool_kernel(call));
  SOLITON_IR_TRY(ceil_mode, call.node.integer("ceil_mode", 0));
  SOLITON_IR_TRY(window, window_of(call, in, kernel, ceil_mode != 0));
  PoolPlan plan{window.three(), {in[0], in[1]}, 1};
  for (const WindowAxis& axis : window.axes) {
    if (axis.before >= axis.extent() || axis.after >= axis.extent())
      return invalid(fmt::format("has a padding of {} around a window of {}",
                                 std::max(axis.before, axis.after), axis.extent()));
    plan.out.push_back(axis.out);
  }
  SOLITON_IR_CHECK(check_fits(call, plan.out));
  plan.planes = saturating_product({in[0], in[1]});
  return plan;
}

// What one position of a plane sees.
struct View {
  const Reach &z, &y, &x;
  const PoolPlan& plan;

  // How many taps see an element; how many see one or its padding.
  double count() const {
    return static_cast<double>(z.last - z.first) * static_cast<double>(y.last - y.first) *
           static_cast<double>(x.last - x.first);
  }
  double count_padded() const {
    return static_cast<double>(z.padded) * static_cast<double>(y.padded) *
           static_cast<double>(x.padded);
  }
  // Calls body(offset) for the elements seen, as offsets in their plane.
  template <typename Body>
  void for_each(Body&& body) const {
    const auto& axes = plan.axes;
    for (std::int64_t k = z.first; k < z.last; ++k)
      for (std::int64_t j = y.first; j < y.last; ++j) {
        const std::int64_t line =
            ((z.origin + k * axes[0].dilation) * axes[1].in + y.origin + j * axes[1].dilation) *
            axes[2].in;
        for (std::int64_t i = x.first; i < x.last; ++i)
          body(line + x.origin + i * axes[2].dilation);
      }
  }
};

// Calls body(index of the output, first element of the plane, view) for every output.
template <typename Body>
void for_each_view(const PoolPlan& plan, Body&& body) {
  const auto& axes = plan.axes;
  if (axes[0].out == 0 || axes[1].out == 0 || axes[2].out == 0) return;
  const std::int64_t elements = axes[0].in * axes[1].in * axes[2].in;
  std::int64_t out = 0;
  for (std::int64_t p = 0; p < plan.planes; ++p)
    for (std::int64_t k = 0; k < axes[0].out; ++k) {
      const Reach z = reach_of(axes[0], k);
      for (std::int64_t j = 0; j < axes[1].out; ++j) {
        const Reach y = reach_of(axes[1], j);
        for (std::int64_t i = 0; i < axes[2].out; ++i) {
          const Reach x = reach_of(axes[2], i);
          body(out++, p * elements, View{z, y, x, plan});
        }
      }
    }
}

// The offset of an element in a plane if its first axis were the fastest.
std::int64_t column_major(const PoolPlan& plan, std::int64_t offset) {
  const auto& axes = plan.axes;
  const std::int64_t x = offset % axes[2].in, y = offset / axes[2].in % axes[1].in;
  const std::int64_t z = offset / axes[2].in / axes[1].in;
  return z + axes[0].in * (y + axes[1].in * x);
}

// A NaN is the largest only where there is nothing else. Outputs that see no element are the lowest
// number, with index -1.
template <typename T>
Outputs largest(const PoolPlan& plan, const Array& in, bool wants_indices, bool by_columns) {
  using C = Computed<T>;
  const std::span<const T> from = in.as<T>();
  const std::size_t count = to_size(extent_product(plan.out, 0, plan.out.size()));
  std::vector<T> to(count);
  std::vector<std::int64_t> indices(wants_indices ? count : 0);
  for_each_view(plan, [&](std::int64_t out, std::int64_t plane, const View& view) {
    C best = std::numeric_limits<C>::lowest();
    std::int64_t at = -1;
    view.for_each([&](std::int64_t offset) {
      const C value = static_cast<C>(from[to_size(plane + offset)]);
      if (at >= 0 && !(value > best || best != best)) return;
      best = value;
      at = offset;
    });
    to[to_size(out)] = static_cast<T>(best);
    if (!wants_indices) return;
    const std::int64_t place = at >= 0 && by_columns ? column_major(plan, at) : at;
    indices[to_size(out)] = at < 0 ? -1 : plane + place;
  });
  Outputs outputs = {Array::of(plan.out, std::move(to))};
  if (wants_indices) outputs.push_back(Array::of(plan.out, std::move(indices)));
  return outputs;
}

Result<Outputs> max_pool(const Call& call) {
  static constexpr std::array kTypes = {ElementType::kFloat32, ElementType::kFloat64,
                                        ElementType::kFloat16, ElementType::kInt8,
                                        ElementType::kUint8};
  SOLITON_IR_CHECK(check_type(call, 0, kTypes));
  SOLITON_IR_TRY(plan, pool_plan(call));
  SOLITON_IR_TRY(order, call.node.integer("storage_order", 0));
  const Array& in = call.input(0);
  if (!in.known())
    return Outputs{Array::unknown(in.type(), plan.out),
                   Array::unknown(ElementType::kInt64, plan.out)};
  return with_type(in.type(), [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>)
      return invalid("has an input of type bool");
    else
      return largest<T>(plan, in, call.node.wants(1), order != 0);
  });
}

// Each output from its view and the sum of a function of the elements seen.
template <typename Term, typename Result>
Array summed(const PoolPlan& plan, const Array& in, Term term, Result result) {
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> from = in.as<T>();
    std::vector<T> to(to_size(extent_product(plan.out, 0, plan.out.size())));
    for_each_view(plan, [&](std::int64_t out, std::int64_t plane, const View& view) {
      double sum = 0;
      view.for_each(
          [&](std::int64_t offset) { sum += term(as_double(from[to_size(plane + offset)])); });
      to[to_size(out)] = rounded_to<T>(result(sum, view));
    });
    return Array::of(plan.out, std::move(to));
  });
}

Result<Outputs> average_pool(const Call& call) {
  SOLITON_IR_CHECK(check_real(call, 0));
  SOLITON_IR_TRY(plan, pool_plan(call));
  SOLITON_IR_TRY(with_padding, call.node.integer("count_include_pad", 0));
  const Array& in = call.input(0);
  if (!in.known()) return one(Array::unknown(in.type(), plan.out));
  return one(summed(
      plan, in, [](double x) { return x; },
      [&](double sum, const View& view) {
        const double count = with_padding != 0 ? view.count_padded() : view.count();
        return count == 0 ? 0 : sum / count;
      }));
}

// The norm of order p.
struct Norm {
  double p = 2;
  double term(double x) const {
    if (p == 1) return std::abs(x);
    return p == 2 ? x * x : math::pow(std::abs(x), p);
  }
  double root(double sum) const {
    if (p == 1) return sum;
    return p == 2 ? std::sqrt(sum) : math::pow(sum, 1 / p);
  }
};

Result<Norm> norm_of(const Call& call) {
  SOLITON_IR_TRY(p, call.node.integer("p", 2));
  if (p < 1) return invalid(fmt::format("has a p of {}", p));
  return Norm{static_cast<double>(p)};
}

Result<Outputs> lp_pool(const Call& call) {
  SOLITON_IR_CHECK(check_real(call, 0));
  SOLITON_IR_TRY(plan, pool_plan(call));
  SOLITON_IR_TRY(norm, norm_of(call));
  const Array& in = call.input(0);
  if (!in.known()) return one(Array::unknown(in.type(), plan.out));
  return one(summed(
      plan, in, [&](double x) { return norm.term(x); },
      [&](double sum, const View&) { return norm.root(sum); }));
}

// One output for each channel: `reduce` is called with the elements of its plane.
template <typename Reduce>
Result<Outputs> global_pool(const Call& call, Reduce reduce) {
  SOLITON_IR_CHECK(check_real(call, 0));
  const Array& in = call.input(0);
  Shape shape = in.shape();
  if (shape.size() < 2)
    return invalid(fmt::format("has an input of shape {} without channels", shape_text(shape)));
  const std::int64_t plane = in.elements() == 0 ? 0 : extent_product(shape, 2, shape.size());
  std::fill(shape.begin() + 2, shape.end(), 1);
  SOLITON_IR_CHECK(check_fits(call, shape));
  if (plane == 0 && extent_product(shape, 0, 2) != 0)
    return invalid(fmt::format("has an input of shape {}", shape_text(in.shape())));
  if (!in.known()) return one(Array::unknown(in.type(), shape));
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<T> out(to_size(extent_product(shape, 0, 2)));
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<T>(
          static_cast<Computed<T>>(reduce(in.as<T>().subspan(i * to_size(plane), to_size(plane)))));
    return one(Array::of(shape, std::move(out)));
  });
}

Result<Outputs> global_average_pool(const Call& call) {
  return global_pool(call, [](auto plane) {
    double sum = 0;
    for (const auto value : plane) sum += as_double(value);
    return sum / static_cast<double>(plane.size());
  });
}
Result<Outputs> global_max_pool(const Call& call) {
  return global_pool(call, [](auto plane) {
    double best = as_double(plane[0]);
    for (const auto value : plane)
      if (as_double(value) > best || best != best) best = as_double(value);
    return best;
  });
}
Result<Outputs> global_lp_pool(const Call& call) {
  SOLITON_IR_TRY(norm, norm_of(call));
  return global_pool(call, [&](auto plane) {
    double sum = 0;
    for (const auto value : plane) sum += norm.term(as_double(value));
    return norm.root(sum);
  });
}

// The shape that was pooled, which the indices refer to.
Result<Shape> unpooled_shape(const Call& call) {
  const Shape& in = call.input(0).shape();
  SOLITON_IR_TRY(kernel, pool_kernel(call));
  if (in.size() != kernel.size() + 2 || kernel.size() > kMostSpatialAxes)
    return invalid(fmt::format("has a kernel of {} axes for an input of shape {}", kernel.size(),
                               shape_text(in)));
  SOLITON_IR_TRY(strides, per_axis(call, "strides", kernel.size(), 1, 1));
  SOLITON_IR_TRY(pads, per_axis(call, "pads", 2 * kernel.size(), 0, 0));
  Shape out = {in[0], in[1]};
  for (std::size_t k = 0; k < kernel.size(); ++k) {
    if (in[k + 2] < 1 || in[k + 2] > kMostElements)
      return invalid(fmt::format("has an input of shape {}", shape_text(in)));
    out.push_back((in[k + 2] - 1) * strides[k] + kernel[k] - pads[k] - pads[k + kernel.size()]);
  }
  SOLITON_IR_CHECK(check_fits(call, out));
  return out;
}

Result<Outputs> max_unpool(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  SOLITON_IR_CHECK(check_real(call, 0));
  const Array &in = call.input(0), &indices = call.input(1);
  if (indices.type() != ElementType::kInt64) return invalid("has indices that are not int64");
  SOLITON_IR_CHECK(check_shape(indices, in.shape(), "indices"));
  SOLITON_IR_TRY(pooled, unpooled_shape(call));
  Shape shape = pooled;
  if (call.has(2)) {
    SOLITON_IR_TRY(wanted, integers_of(call, 2, "its output_shape"));
    shape = wanted;
  }
  SOLITON_IR_CHECK(check_fits(call, shape));
  bool holds = shape.size() == pooled.size();
  for (std::size_t k = 0; holds && k < shape.size(); ++k) holds = shape[k] >= pooled[k];
  if (!holds)
    return invalid(
        fmt::format("has an output_shape of {} for {}", shape_text(shape), shape_text(pooled)));
  if (!in.known() || !indices.known()) return one(Array::unknown(in.type(), shape));
  const std::vector<std::int64_t> steps = strides_of(shape);
  const std::int64_t limit = extent_product(pooled, 0, pooled.size());
  return with_real(in.type(), [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    std::vector<T> out(to_size(extent_product(shape, 0, shape.size())));
    for (std::size_t i = 0; i < in.as<T>().size(); ++i) {
      std::int64_t index = indices.as<std::int64_t>()[i], at = 0;
      if (index < 0 || index >= limit)
        return invalid(fmt::format("names index {} of {} elements", index, limit));
      for (std::size_t k = shape.size(); k-- > 0; index /= pooled[k])
        at += index % pooled[k] * steps[k];
      out[to_size(at)] = in.as<T>()[i];
    }
    return one(Array::of(shape, std::move(out)));
  });
}

// Each element divided by a power of the sum of squares of `size` channels around it.
Result<Outputs> lrn(const Call& call) {
  SOLITON_IR_CHECK(check_real(call, 0));
  SOLITON_IR_TRY(size, call.node.integer("size", 0));
  SOLITON_IR_TRY(alpha, call.node.real("alpha", 0.0001F));
  SOLITON_IR_TRY(beta, call.node.real("beta", 0.75F));
  SOLITON_IR_TRY(bias, call.node.real("bias", 1));
  if (size < 1) return invalid(fmt::format("has a size of {}", size));
  const Array& in = call.input(0);
  if (in.rank() < 2)
    return invalid(
        fmt::format("has an input of shape {} without channels", shape_text(in.shape())));
  if (!in.known() || in.elements() == 0) return one(in);
  const std::int64_t channels = in.shape()[1];
  const std::int64_t plane = extent_product(in.shape(), 2, in.rank());
  const std::int64_t before = std::min(channels, (size - 1) / 2);
  const std::int64_t after = std::min(channels, size - 1 - (size - 1) / 2);
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> x = in.as<T>();
    std::vector<T> out(x.size());
    for (std::int64_t i = 0; i < in.elements(); ++i) {
      const std::int64_t channel = i / plane % channels;
      double sum = 0;
      for (std::int64_t c = std::max<std::int64_t>(0, channel - before);
           c <= std::min(channels - 1, channel + after); ++c) {
        const double value = as_double(x[to_size(i + (c - channel) * plane)]);
        sum += value * value;
      }
      const double base =
          static_cast<double>(bias) + static_cast<double>(alpha) / static_cast<double>(size) * sum;
      const double scaled = as_double(x[to_size(i)]) / math::pow(base, static_cast<double>(beta));
      out[to_size(i)] = rounded_to<T>(scaled);
    }
    return one(Array::of(in.shape(), std::move(out)));
  });
}

// One operation for each element seen.
Work pool_work(const Call& call, const Outputs& outputs) {
  std::int64_t taps = 1;
  if (const Attribute* kernel = call.node.find("kernel_shape"))
    for (const std::int64_t extent : kernel->integers) taps = saturating_product({taps, extent});
  return {0, saturating_product({outputs[0].elements(), taps})};
}
Work global_work(const Call& call, const Outputs&) { return {0, call.input(0).elements()}; }

constexpr Operator kOperators[] = {
    {"AveragePool", average_pool, pool_work},
    {"GlobalAveragePool", global_average_pool, global_work},
    {"GlobalLpPool", global_lp_pool, global_work},
    {"GlobalMaxPool", global_max_pool, global_work},
    {"LRN", lrn},
    {"LpPool", lp_pool, pool_work},
    {"MaxPool", max_pool, pool_work},
    {"MaxUnpool", max_unpool},
};

}  // namespace

std::span<const Operator> pool_operators() { return kOperators; }

}  // namespace soliton::ir
