// Reductions over axes. One pass over the input in its own order: each output has an accumulator of
// its own, so every sum runs in row-major order of its elements, whatever the axes. Real numbers are
// accumulated in double and rounded once.
#include <cmath>
#include <limits>

#include "partition/ir/ops/arithmetic.h"
#include "partition/ir/ops/common.h"
#include "protocol/math/functions.h"

namespace soliton::ir {

namespace {

struct Reduction {
  std::vector<bool> over;  // per axis
  Shape kept;              // with 1 for axes that are reduced
  Shape out;
  std::int64_t count = 1;  // elements that become one
};

// Axes are an attribute before opset 18 (13 for ReduceSum) and an input since. No axes: all, or none
// with noop_with_empty_axes.
Result<Reduction> reduction_of(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  const Shape& shape = call.input(0).shape();
  SOLITON_IR_TRY(list, list_of(call, "axes", 1));
  SOLITON_IR_TRY(keep, call.node.integer("keepdims", 1));
  SOLITON_IR_TRY(noop, call.node.integer("noop_with_empty_axes", 0));
  SOLITON_IR_TRY(axes, axes_in(list.values, shape.size()));
  Reduction r{std::vector<bool>(shape.size(), axes.empty() && noop == 0), shape, {}};
  for (const std::size_t axis : axes) r.over[axis] = true;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (r.over[axis]) r.kept[axis] = 1;
    if (!r.over[axis] || keep != 0) r.out.push_back(r.kept[axis]);
    if (r.over[axis]) r.count *= shape[axis];
  }
  SOLITON_IR_CHECK(check_fits(call, r.out));
  return r;
}

// Calls along(in, out, count) for runs of the input that go to one output each, and into(in, out,
// count) for runs that are added to as many outputs; in the input's order.
template <typename Along, typename Into>
void for_each_reduced(const Shape& shape, const Reduction& r, Along along, Into into) {
  if (std::ranges::find(shape, 0) != shape.end()) return;
  std::size_t last = shape.size();  // the axes from here on are all reduced or all kept
  while (last > 0 && r.over[last - 1] == r.over.back()) --last;
  const std::int64_t count = extent_product(shape, last, shape.size());
  const std::vector<std::int64_t> steps = strides_of(r.kept);
  const Shape outer(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(last));
  const bool runs_along = !shape.empty() && r.over.back();
  std::int64_t in = 0;
  for_each_index(outer, [&](const std::vector<std::int64_t>& index) {
    std::int64_t out = 0;
    for (std::size_t axis = 0; axis < index.size(); ++axis)
      if (!r.over[axis]) out += index[axis] * steps[axis];
    if (runs_along)
      along(in, out, count);
    else
      into(in, out, count);
    in += count;
  });
}

// What is accumulated: real numbers in double, integers in themselves.
template <typename T>
using Accumulated = std::conditional_t<std::is_integral_v<T>, T, double>;

// fold(accumulator, element, output) over all elements, from `first`.
template <typename T, typename A, typename Fold>
std::vector<A> folded(const Array& in, const Reduction& r, A first, Fold fold) {
  const T* x = in.as<T>().data();
  std::vector<A> sums(static_cast<std::size_t>(extent_product(r.kept, 0, r.kept.size())), first);
  const auto element = [&](std::int64_t i) { return static_cast<A>(Computed<T>(x[i])); };
  for_each_reduced(
      in.shape(), r,
      [&](std::int64_t from, std::int64_t to, std::int64_t count) {
        A sum = sums[static_cast<std::size_t>(to)];
        for (std::int64_t i = 0; i < count; ++i) sum = fold(sum, element(from + i), to);
        sums[static_cast<std::size_t>(to)] = sum;
      },
      [&](std::int64_t from, std::int64_t to, std::int64_t count) {
        A* sum = sums.data() + to;
        for (std::int64_t i = 0; i < count; ++i) sum[i] = fold(sum[i], element(from + i), to + i);
      });
  return sums;
}

template <typename T, typename A, typename Finish>
Array finished(const std::vector<A>& sums, const Reduction& r, Finish finish) {
  std::vector<T> out(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if constexpr (std::is_same_v<T, Float16>)
      out[i] = T(static_cast<float>(finish(sums[i], static_cast<std::int64_t>(i))));
    else
      out[i] = static_cast<T>(finish(sums[i], static_cast<std::int64_t>(i)));
  }
  return Array::of(r.out, std::move(out));
}

// Integers are reduced in double where the result is a root or a logarithm, and are then cut off.
template <typename T>
T from_real(double x) {
  if constexpr (std::is_integral_v<T>) {
    const Array as = converted(Array::scalar(x), element_type_of<T>);
    return as.template as<T>()[0];
  } else {
    return static_cast<T>(x);
  }
}

template <typename T>
T magnitude(T x) {
  if constexpr (std::is_unsigned_v<T>)
    return x;
  else
    return x < 0 ? Subtract()(T{0}, x) : x;
}

struct Sum {
  template <typename T>
  static Array apply(const Array& in, const Reduction& r) {
    using A = Accumulated<T>;
    const auto sums = folded<T, A>(in, r, 0, [](A sum, A x, auto) { return Add()(sum, x); });
    return finished<T>(sums, r, [](A sum, auto) { return sum; });
  }
};
struct SumSquare {
  template <typename T>
  static Array apply(const Array& in, const Reduction& r) {
    using A = Accumulated<T>;
    const auto sums =
        folded<T, A>(in, r, 0, [](A sum, A x, auto) { return Add()(sum, Multiply()(x, x)); });
    return finished<T>(sums, r, [](A sum, auto) { return sum; });
  }
};
struct AbsoluteSum {
  template <typename T>
  static Array apply(const Array& in, const Reduction& r) {
    using A = Accumulated<T>;
    const auto sums =
        folded<T, A>(in, r, 0, [](A sum, A x, auto) { return Add()(sum, magnitude(x)); });
    return finished<T>(sums, r, [](A sum, auto) { return sum; });
  }
};
struct Product {
  template <typename T>
  static Array apply(const Array& in, const Reduction& r) {
    using A = Accumulated<T>;
    const auto sums =
        folded<T, A>(in, r, 1, [](A product, A x, auto) { return Multiply()(product, x); });
    return finished<T>(sums, r, [](A product, auto) { return product; });
  }
};
// The mean of nothing is NaN, or 0 of integers, which are divided with the rest cut off.
struct Mean {
  template <typename T>
  static Array apply(const Array& in, const Reduction& r) {
    using A = std::conditional_t<std::is_integral_v<T>, std::int64_t, double>;
    const auto sums = folded<T, A>(in, r, 0, [](A sum, A x, auto) { return Add()(sum, x); });
    return finished<T>(sums, r,
                       [&](A sum, auto) { return Divide()(sum, static_cast<A>(r.count)); });
  }
};
struct Norm {
  template <typename T>
  static Array apply(const Array& in, const Reduction& r) {
    const auto sums =
        folded<T, double>(in, r, 0, [](double sum, double x, auto) { return sum + x * x; });
    return finished<T>(sums, r,
                       [](double sum, auto) { return from_real<Computed<T>>(std::sqrt(sum)); });
  }
};
struct LogSum {
  template <typename T>
  static Array apply(const Array& in, const Reduction& r) {
    const auto sums =
        folded<T, double>(in, r, 0, [](double sum, double x, auto) { return sum + x; });
    return finished<T>(sums, r,
                       [](double sum, auto) { return from_real<Computed<T>>(math::log(sum)); });
  }
};
// Relative to the largest element, so that no exponential overflows.
struct LogSumExp {
  template <typename T>
  static Array apply(const Array& in, const Reduction& r) {
    constexpr double kNone = -std::numeric_limits<double>::infinity();
    std::vector<double> most =
        folded<T, double>(in, r, kNone, [](double a, double b, auto) { return Maximum()(a, b); });
    for (double& m : most)
      if (std::isinf(m)) m = 0;
    const auto sums = folded<T, double>(in, r, 0, [&](double sum, double x, std::int64_t to) {
      return sum + math::exp(x - most[static_cast<std::size_t>(to)]);
    });
    return finished<T>(sums, r, [&](double sum, std::int64_t at) {
      return from_real<Computed<T>>(math::log(sum) + most[static_cast<std::size_t>(at)]);
    });
  }
};
// The largest of nothing is the lowest number there is: -infinity of real ones.
struct Largest {
  template <typename T>
  static Array apply(const Array& in, const Reduction& r) {
    using C = Computed<T>;
    constexpr C kFirst = std::is_integral_v<C> ? std::numeric_limits<C>::lowest()
                                               : -std::numeric_limits<C>::infinity();
    const auto most = folded<T, C>(in, r, kFirst, [](C a, C b, auto) { return Maximum()(a, b); });
    return finished<T>(most, r, [](C x, auto) { return x; });
  }
};
struct Smallest {
  template <typename T>
  static Array apply(const Array& in, const Reduction& r) {
    using C = Computed<T>;
    constexpr C kFirst =
        std::is_integral_v<C> ? std::numeric_limits<C>::max() : std::numeric_limits<C>::infinity();
    const auto least = folded<T, C>(in, r, kFirst, [](C a, C b, auto) { return Minimum()(a, b); });
    return finished<T>(least, r, [](C x, auto) { return x; });
  }
};

template <typename Kind>
Result<Outputs> reduce(const Call& call) {
  constexpr bool kOrders = std::is_same_v<Kind, Largest> || std::is_same_v<Kind, Smallest>;
  SOLITON_IR_TRY(r, reduction_of(call));
  if (!kOrders) SOLITON_IR_CHECK(check_number(call, 0));
  const Array& in = call.input(0);
  if (!in.known()) return one(Array::unknown(in.type(), r.out));
  if (std::ranges::find(r.over, true) == r.over.end() && r.out == in.shape() &&
      call.node.find("noop_with_empty_axes") != nullptr)
    return one(in);
  return with_type(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>)  // true is more than false
      return one(
          converted(Kind::template apply<std::uint8_t>(converted(in, ElementType::kUint8), r),
                    ElementType::kBool));
    else
      return one(Kind::template apply<T>(in, r));
  });
}

// One operation for each element that is read.
Work work(const Call& call, const Outputs&) { return {0, call.input(0).elements()}; }

constexpr Operator kOperators[] = {
    {"ReduceL1", reduce<AbsoluteSum>, work}, {"ReduceL2", reduce<Norm>, work},
    {"ReduceLogSum", reduce<LogSum>, work},  {"ReduceLogSumExp", reduce<LogSumExp>, work},
    {"ReduceMax", reduce<Largest>, work},    {"ReduceMean", reduce<Mean>, work},
    {"ReduceMin", reduce<Smallest>, work},   {"ReduceProd", reduce<Product>, work},
    {"ReduceSum", reduce<Sum>, work},        {"ReduceSumSquare", reduce<SumSquare>, work},
};

}  // namespace

std::span<const Operator> reduce_operators() { return kOperators; }

}  // namespace soliton::ir
