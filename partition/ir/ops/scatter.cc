// Operators that write elements at positions that are data, in the order of the positions, so that a
// position named twice has one meaning.
#include <optional>

#include "partition/ir/ops/arithmetic.h"
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/indices.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

enum class Combine : std::uint8_t { kNone, kAdd, kMultiply, kMaximum, kMinimum };

// What becomes of an element that is written to.
Result<Combine> combine_of(const Call& call) {
  SOLITON_IR_TRY(name, call.node.text("reduction", "none"));
  constexpr std::pair<std::string_view, Combine> kNames[] = {{"none", Combine::kNone},
                                                             {"add", Combine::kAdd},
                                                             {"mul", Combine::kMultiply},
                                                             {"max", Combine::kMaximum},
                                                             {"min", Combine::kMinimum}};
  for (const auto& [known, combine] : kNames)
    if (name == known) {
      if (combine != Combine::kNone) SOLITON_IR_CHECK(check_number(call, 0));
      return combine;
    }
  return invalid("has a reduction that is none of none, add, mul, max, min");
}

template <typename T>
T combined_as(Combine combine, T old, T update) {
  if constexpr (!std::is_same_v<T, Bool>) {
    using C = Computed<T>;
    const C a = static_cast<C>(old), b = static_cast<C>(update);
    if (combine == Combine::kAdd) return static_cast<T>(Add()(a, b));
    if (combine == Combine::kMultiply) return static_cast<T>(Multiply()(a, b));
    if (combine == Combine::kMaximum) return static_cast<T>(Maximum()(a, b));
    if (combine == Combine::kMinimum) return static_cast<T>(Minimum()(a, b));
  }
  return update;
}

// Inputs 0 (data) and 2 (updates) are there and of one type.
Status check_updates(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 3));
  static constexpr std::size_t kBoth[] = {0, 2};
  return check_same_type(call, kBoth);
}

template <typename T>
Array scatter_elements_as(const Call& call, std::size_t axis, Combine combine,
                          const std::vector<std::int64_t>& indices) {
  const std::span<const T> data = call.input(0).as<T>();
  const T* updates = call.input(2).as<T>().data();
  std::vector<T> out(data.begin(), data.end());
  for_each_line(call.input(1).shape(), call.input(0).shape(), axis, [&](const IndexLine& line) {
    for (std::int64_t i = 0; i < line.count; ++i) {
      const std::int64_t at = line.index + i;
      T& to = out[static_cast<std::size_t>(line.data + i * line.data_step +
                                           indices[static_cast<std::size_t>(at)] * line.axis_step)];
      to = combined_as(combine, to, updates[at]);
    }
  });
  return Array::of(call.input(0).shape(), std::move(out));
}

Result<Outputs> scatter_elements(const Call& call) {
  SOLITON_IR_CHECK(check_updates(call));
  SOLITON_IR_TRY(axis, check_elementwise_indices(call));
  SOLITON_IR_TRY(combine, combine_of(call));
  const Array& in = call.input(0);
  if (call.input(1).shape() != call.input(2).shape())
    return invalid(fmt::format("has indices of shape {} and updates of shape {}",
                               shape_text(call.input(1).shape()),
                               shape_text(call.input(2).shape())));
  if (!call.known()) return one(in.forgotten());
  SOLITON_IR_TRY(indices, indices_in(call.input(1), axis, in.shape()[axis]));
  return with_type(in.type(), [&](auto tag) {
    return one(scatter_elements_as<typename decltype(tag)::type>(call, axis, combine, indices));
  });
}

template <typename T>
Array scatter_slices(const Call& call, std::int64_t inner, Combine combine,
                     const std::vector<std::int64_t>& offsets) {
  const std::span<const T> data = call.input(0).as<T>();
  const T* update = call.input(2).as<T>().data();
  std::vector<T> out(data.begin(), data.end());
  for (const std::int64_t offset : offsets) {
    T* to = out.data() + offset;
    for (std::int64_t i = 0; i < inner; ++i) to[i] = combined_as(combine, to[i], update[i]);
    update += inner;
  }
  return Array::of(call.input(0).shape(), std::move(out));
}

Result<Outputs> scatter_nd(const Call& call) {
  SOLITON_IR_CHECK(check_updates(call));
  SOLITON_IR_TRY(tuples, tuples_of(call, 0));
  SOLITON_IR_TRY(combine, combine_of(call));
  const Array& in = call.input(0);
  const Shape& where = call.input(1).shape();
  Shape expected(where.begin(), where.end() - 1);
  expected.insert(expected.end(), in.shape().begin() + tuples.length, in.shape().end());
  if (call.input(2).shape() != expected)
    return invalid(fmt::format("has updates of shape {}, not {}", shape_text(call.input(2).shape()),
                               shape_text(expected)));
  if (!call.known()) return one(in.forgotten());
  if (call.input(2).elements() == 0) return one(in);
  SOLITON_IR_TRY(offsets, tuple_offsets(in.shape(), call.input(1), 0));
  return with_type(in.type(), [&](auto tag) {
    return one(scatter_slices<typename decltype(tag)::type>(call, tuples.inner, combine, offsets));
  });
}

constexpr Operator kOperators[] = {
    {"Scatter", scatter_elements},
    {"ScatterElements", scatter_elements},
    {"ScatterND", scatter_nd},
};

}  // namespace

std::span<const Operator> scatter_operators() { return kOperators; }

}  // namespace soliton::ir
