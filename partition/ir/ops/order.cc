// Operators that look for elements along one axis by their size, and running sums.
//
// Real numbers are in one total order with NaN above all, so that a NaN is neither lost nor does it
// upset a sort.
#include <numeric>

#include "partition/ir/ops/arithmetic.h"
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

template <typename C>
bool less(C a, C b) {
  if constexpr (std::is_floating_point_v<C>) {
    if (std::isnan(a)) return false;
    if (std::isnan(b)) return true;
  }
  return a < b;
}

// ArgMax, ArgMin.
struct Search {
  std::size_t axis = 0;
  bool largest = true;
  bool last = false;  // of equal elements the last
};

template <typename T>
std::vector<std::int64_t> best_indices(const Array& in, const Search& search) {
  using C = Computed<T>;
  const AxisView view = view_of(in.shape(), search.axis);
  const T* x = in.as<T>().data();
  std::vector<std::int64_t> out(static_cast<std::size_t>(view.outer * view.inner), 0);
  for (std::int64_t o = 0; o < view.outer; ++o)
    for (std::int64_t i = 0; i < view.inner; ++i) {
      const T* line = x + o * view.extent * view.inner + i;
      C best = static_cast<C>(line[0]);
      std::int64_t& at = out[static_cast<std::size_t>(o * view.inner + i)];
      for (std::int64_t k = 1; k < view.extent; ++k) {
        const C here = static_cast<C>(line[k * view.inner]);
        const bool better = search.largest ? less(best, here) : less(here, best);
        const bool worse = search.largest ? less(here, best) : less(best, here);
        if (better || (search.last && !worse)) {
          best = here;
          at = k;
        }
      }
    }
  return out;
}

Result<Outputs> search_axis(const Call& call, bool largest) {
  SOLITON_IR_CHECK(check_number(call, 0));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(attribute, call.node.integer("axis", 0));
  SOLITON_IR_TRY(axis, axis_in(attribute, in.rank()));
  SOLITON_IR_TRY(keep, call.node.integer("keepdims", 1));
  SOLITON_IR_TRY(last, call.node.integer("select_last_index", 0));
  if (in.shape()[axis] == 0)
    return invalid(fmt::format("looks along axis {}, which is empty", axis));
  Shape shape = in.shape();
  shape[axis] = 1;
  if (keep == 0) shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  SOLITON_IR_CHECK(check_fits(call, shape));
  if (!in.known()) return one(Array::unknown(ElementType::kInt64, std::move(shape)));
  if (in.elements() == 0) return one(Array::of(std::move(shape), std::vector<std::int64_t>()));
  return with_type(in.type(), [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>)
      return invalid("has an input of type bool");
    else
      return one(Array::of(shape, best_indices<T>(in, {axis, largest, last != 0})));
  });
}
Result<Outputs> arg_max(const Call& call) { return search_axis(call, true); }
Result<Outputs> arg_min(const Call& call) { return search_axis(call, false); }

struct Choice {
  std::size_t axis = 0;
  std::int64_t k = 0;
  bool largest = true;
};

// The k first of each line in order; of equal elements those of lower index.
template <typename T>
Outputs chosen(const Array& in, const Choice& choice, const Shape& shape) {
  using C = Computed<T>;
  const AxisView view = view_of(in.shape(), choice.axis);
  const T* x = in.as<T>().data();
  std::vector<T> values(static_cast<std::size_t>(extent_product(shape, 0, shape.size())));
  std::vector<std::int64_t> indices(values.size());
  std::vector<std::int64_t> order(static_cast<std::size_t>(view.extent));
  for (std::int64_t line = 0; line < (values.empty() ? 0 : view.outer * view.inner); ++line) {
    const std::int64_t o = line / view.inner, i = line % view.inner;
    const T* from = x + o * view.extent * view.inner + i;
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + choice.k, order.end(), [&](auto a, auto b) {
      const C p = static_cast<C>(from[a * view.inner]), q = static_cast<C>(from[b * view.inner]);
      if (less(p, q) || less(q, p)) return choice.largest ? less(q, p) : less(p, q);
      return a < b;
    });
    for (std::int64_t k = 0; k < choice.k; ++k) {
      const auto to = static_cast<std::size_t>((o * choice.k + k) * view.inner + i);
      indices[to] = order[static_cast<std::size_t>(k)];
      values[to] = from[indices[to] * view.inner];
    }
  }
  return {Array::of(shape, std::move(values)), Array::of(shape, std::move(indices))};
}

// k is an attribute before opset 10 and an input since.
Result<Outputs> top_k(const Call& call) {
  SOLITON_IR_CHECK(check_number(call, 0));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(attribute, call.node.integer("axis", -1));
  SOLITON_IR_TRY(axis, axis_in(attribute, in.rank()));
  SOLITON_IR_TRY(largest, call.node.integer("largest", 1));
  SOLITON_IR_TRY(k, call.node.integer("k", -1));
  if (call.node.find("k") == nullptr) {
    SOLITON_IR_TRY(given, integers_of(call, 1, "its k"));
    if (given.size() != 1) return invalid("has a k that is not one number");
    k = given[0];
  }
  if (k < 0 || k > in.shape()[axis])
    return invalid(fmt::format("has a k {} for an axis of extent {}", k, in.shape()[axis]));
  Shape shape = in.shape();
  shape[axis] = k;
  if (!in.known())
    return Outputs{Array::unknown(in.type(), shape), Array::unknown(ElementType::kInt64, shape)};
  return with_type(in.type(), [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>)
      return invalid("has an input of type bool");
    else
      return chosen<T>(in, {axis, k, largest != 0}, shape);
  });
}

struct Running {
  std::size_t axis = 0;
  bool exclusive = false, reverse = false;
};

// Real numbers are summed in double; each sum is rounded once.
template <typename T>
Array running_sums(const Array& in, const Running& how) {
  using A = std::conditional_t<std::is_integral_v<T>, T, double>;
  const AxisView view = view_of(in.shape(), how.axis);
  const T* x = in.as<T>().data();
  std::vector<T> out(static_cast<std::size_t>(in.elements()));
  if (out.empty()) return in;
  std::vector<A> sums(static_cast<std::size_t>(view.inner));
  for (std::int64_t o = 0; o < view.outer; ++o) {
    std::ranges::fill(sums, A{0});
    for (std::int64_t step = 0; step < view.extent; ++step) {
      const std::int64_t k = how.reverse ? view.extent - 1 - step : step;
      const T* from = x + (o * view.extent + k) * view.inner;
      T* to = out.data() + (o * view.extent + k) * view.inner;
      for (std::int64_t i = 0; i < view.inner; ++i) {
        A& sum = sums[static_cast<std::size_t>(i)];
        const A before = sum;
        sum = Add()(sum, static_cast<A>(Computed<T>(from[i])));
        to[i] = static_cast<T>(static_cast<Computed<T>>(how.exclusive ? before : sum));
      }
    }
  }
  return Array::of(in.shape(), std::move(out));
}

Result<Outputs> cum_sum(const Call& call) {
  SOLITON_IR_CHECK(check_number(call, 0));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(given, integers_of(call, 1, "its axis"));
  if (given.size() != 1) return invalid("has an axis that is not one number");
  SOLITON_IR_TRY(axis, axis_in(given[0], in.rank()));
  SOLITON_IR_TRY(exclusive, call.node.integer("exclusive", 0));
  SOLITON_IR_TRY(reverse, call.node.integer("reverse", 0));
  if (!in.known()) return one(in);
  return with_type(in.type(), [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>)
      return invalid("has an input of type bool");
    else
      return one(running_sums<T>(in, {axis, exclusive != 0, reverse != 0}));
  });
}

constexpr Operator kOperators[] = {
    {"ArgMax", arg_max},
    {"ArgMin", arg_min},
    {"CumSum", cum_sum},
    {"TopK", top_k},
};

}  // namespace

std::span<const Operator> order_operators() { return kOperators; }

}  // namespace soliton::ir
