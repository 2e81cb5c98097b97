// How operators that work element by element are built from functions of numbers. Inside
// partition/ir/ops only.
//
// A function takes and returns Computed<T>: fp16 is computed in fp32 and rounded once.
#pragma once

#include <type_traits>
#include <vector>

#include "partition/ir/ops/common.h"

namespace soliton::ir {

template <typename T, typename Out, typename Function>
Array mapped(const Array& in, Function function) {
  const std::span<const T> from = in.as<T>();
  std::vector<Out> to(from.size());
  for (std::size_t i = 0; i < from.size(); ++i)
    to[i] = static_cast<Out>(function(static_cast<Computed<T>>(from[i])));
  return Array::of(in.shape(), std::move(to));
}

// One input, an output of the same type. `function` is called with float, double or an integer type;
// REQUIRES: the type of input 0 was checked.
template <typename Function>
Result<Outputs> unary_real(const Call& call, Function function) {
  SOLITON_IR_CHECK(check_real(call, 0));
  const Array& in = call.input(0);
  if (!in.known()) return one(in);
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return one(mapped<T, T>(in, function));
  });
}
template <typename Function>
Result<Outputs> unary_number(const Call& call, Function function) {
  SOLITON_IR_CHECK(check_number(call, 0));
  const Array& in = call.input(0);
  if (!in.known()) return one(in);
  return with_type(in.type(), [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>)
      return invalid("has an input of type bool");
    else
      return one(mapped<T, T>(in, function));
  });
}

// Two inputs that broadcast. The functor is called with Computed<T> and returns what Out is made of.
template <typename T, typename Out, typename Function>
Array combined(const Array& a, const Array& b, const Shape& shape, Function function) {
  const std::span<const T> x = a.as<T>();
  const std::span<const T> y = b.as<T>();
  std::vector<Out> out(static_cast<std::size_t>(extent_product(shape, 0, shape.size())));
  const auto at = [&](std::int64_t i, std::int64_t j) {
    return static_cast<Out>(function(static_cast<Computed<T>>(x[static_cast<std::size_t>(i)]),
                                     static_cast<Computed<T>>(y[static_cast<std::size_t>(j)])));
  };
  for_each_run(shape, a.shape(), b.shape(), [&](const BroadcastRun& run) {
    Out* to = out.data() + run.out;
    if (run.step_a == 1 && run.step_b == 1)
      for (std::int64_t i = 0; i < run.count; ++i) to[i] = at(run.a + i, run.b + i);
    else if (run.step_b == 0 && run.step_a == 1)
      for (std::int64_t i = 0; i < run.count; ++i) to[i] = at(run.a + i, run.b);
    else
      for (std::int64_t i = 0; i < run.count; ++i)
        to[i] = at(run.a + i * run.step_a, run.b + i * run.step_b);
  });
  return Array::of(shape, std::move(out));
}

// Checks that inputs 0 and 1 have one type and broadcast.
inline Result<Shape> pair_shape(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  static constexpr std::size_t kBoth[] = {0, 1};
  SOLITON_IR_CHECK(check_same_type(call, kBoth));
  const Shape* shapes[] = {&call.input(0).shape(), &call.input(1).shape()};
  SOLITON_IR_TRY(shape, broadcast_shape(shapes));
  SOLITON_IR_CHECK(check_fits(call, shape));
  return shape;
}

}  // namespace soliton::ir
