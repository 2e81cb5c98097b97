// Unique: the different elements of an array, or its different slices along one axis.
#include <numeric>

#include "partition/ir/ops/common.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

// Slices of one axis, compared element by element; NaN equals itself and is above all.
template <typename T>
class Slices {
 public:
  Slices(const Array& in, std::size_t axis)
      : x_(in.as<T>().data()), view_(view_of(in.shape(), axis)) {}

  // Negative, 0 or positive.
  int compare(std::int64_t a, std::int64_t b) const {
    for (std::int64_t o = 0; o < view_.outer; ++o)
      for (std::int64_t i = 0; i < view_.inner; ++i)
        if (const int c = order(at(a, o, i), at(b, o, i)); c != 0) return c;
    return 0;
  }

 private:
  static int order(const T& x, const T& y) {
    if constexpr (std::is_same_v<T, Bool>) {
      return static_cast<int>(x.value) - static_cast<int>(y.value);
    } else {
      const auto a = static_cast<Computed<T>>(x), b = static_cast<Computed<T>>(y);
      if (a < b) return -1;
      if (b < a) return 1;
      return static_cast<int>(a != a) - static_cast<int>(b != b);
    }
  }
  const T& at(std::int64_t slice, std::int64_t o, std::int64_t i) const {
    return x_[(o * view_.extent + slice) * view_.inner + i];
  }

  const T* x_;
  AxisView view_;
};

struct Groups {
  std::vector<std::int64_t> first, counts;  // per different slice
  std::vector<std::int64_t> group;          // per slice
};

template <typename T>
Groups groups_of(const Array& in, std::size_t axis, bool sorted) {
  const Slices<T> slices(in, axis);
  const auto extent = static_cast<std::size_t>(in.shape()[axis]);
  std::vector<std::int64_t> order(extent);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](auto a, auto b) { return slices.compare(a, b) < 0; });
  Groups out{{}, {}, std::vector<std::int64_t>(extent)};
  for (std::size_t k = 0; k < extent; ++k) {
    if (k == 0 || slices.compare(order[k - 1], order[k]) != 0) {
      out.first.push_back(order[k]);
      out.counts.push_back(0);
    }
    ++out.counts.back();
    out.group[static_cast<std::size_t>(order[k])] = static_cast<std::int64_t>(out.first.size()) - 1;
  }
  if (sorted) return out;
  // In the order of first appearance.
  std::vector<std::int64_t> rank(out.first.size()), place(out.first.size());
  std::iota(rank.begin(), rank.end(), 0);
  std::ranges::sort(rank, {}, [&](auto g) { return out.first[static_cast<std::size_t>(g)]; });
  Groups by_first{{}, {}, std::move(out.group)};
  for (const std::int64_t g : rank) {
    place[static_cast<std::size_t>(g)] = static_cast<std::int64_t>(by_first.first.size());
    by_first.first.push_back(out.first[static_cast<std::size_t>(g)]);
    by_first.counts.push_back(out.counts[static_cast<std::size_t>(g)]);
  }
  for (std::int64_t& g : by_first.group) g = place[static_cast<std::size_t>(g)];
  return by_first;
}

Result<Outputs> unique(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 1));
  Array in = call.input(0);
  if (!in.known()) return invalid("makes as many elements as the data of a request say");
  SOLITON_IR_TRY(sorted, call.node.integer("sorted", 1));
  std::size_t axis = 0;
  if (call.node.find("axis") != nullptr) {
    SOLITON_IR_TRY(attribute, call.node.integer("axis", 0));
    SOLITON_IR_TRY(named, axis_in(attribute, in.rank()));
    axis = named;
  } else {
    in = in.reshaped({in.elements()});
  }
  if (in.elements() == 0 && in.shape()[axis] != 0)
    return invalid(
        fmt::format("has an input of shape {}, whose slices are empty", shape_text(in.shape())));
  Groups groups = with_type(in.type(), [&](auto tag) {
    return groups_of<typename decltype(tag)::type>(in, axis, sorted != 0);
  });
  Array values = picked(in, axis, groups.first);
  return Outputs{std::move(values), Array::integers(std::move(groups.first)),
                 Array::integers(std::move(groups.group)),
                 Array::integers(std::move(groups.counts))};
}

constexpr Operator kOperators[] = {{"Unique", unique}};

}  // namespace

std::span<const Operator> unique_operators() { return kOperators; }

}  // namespace soliton::ir
