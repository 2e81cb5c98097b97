// Softmax, LogSoftmax and Hardmax. Before opset 13 the array is a matrix whose rows begin at `axis`;
// since then they work along one axis.
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/wide.h"
#include "protocol/math/math.h"

namespace soliton::ir {

namespace {

// Lines of `length` elements that lie `step` apart.
struct Lines {
  std::size_t outer = 0, length = 0, step = 1;
};

Result<Lines> lines_of(const Call& call) {
  SOLITON_IR_CHECK(check_real(call, 0));
  const bool old = call.opset < 13;
  SOLITON_IR_TRY(stated, call.node.integer("axis", old ? 1 : -1));
  const Array& in = call.input(0);
  const bool at_end = old && stated == static_cast<std::int64_t>(in.rank());
  if (!at_end) SOLITON_IR_CHECK(axis_in(stated, in.rank()));
  const std::size_t axis = at_end ? in.rank() : *axis_in(stated, in.rank());
  if (!in.known() || in.elements() == 0) return Lines{};
  const Shape& shape = in.shape();
  const std::size_t outer = to_size(extent_product(shape, 0, axis));
  if (old) return Lines{outer, to_size(extent_product(shape, axis, shape.size())), 1};
  return Lines{outer, to_size(shape[axis]), to_size(extent_product(shape, axis + 1, shape.size()))};
}

// Calls function(line in, line out) with each line as doubles; the results are rounded once.
template <typename Function>
Result<Outputs> line_by_line(const Call& call, Function function) {
  SOLITON_IR_TRY(lines, lines_of(call));
  const Array& in = call.input(0);
  if (!in.known() || in.elements() == 0) return one(in);
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::span<const T> x = in.as<T>();
    std::vector<T> out(x.size());
    std::vector<double> line(lines.length);
    for (std::size_t k = 0; k < lines.outer * lines.step; ++k) {
      const std::size_t first = k / lines.step * lines.length * lines.step + k % lines.step;
      for (std::size_t i = 0; i < lines.length; ++i) line[i] = as_double(x[first + i * lines.step]);
      function(std::span<double>(line));
      for (std::size_t i = 0; i < lines.length; ++i)
        out[first + i * lines.step] = rounded_to<T>(line[i]);
    }
    return one(Array::of(in.shape(), std::move(out)));
  });
}

double largest_of(std::span<const double> line) { return *std::ranges::max_element(line); }

Result<Outputs> softmax(const Call& call) {
  return line_by_line(call, [](std::span<double> line) {
    const double largest = largest_of(line);
    double sum = 0;
    for (double& value : line) sum += value = math::exp(value - largest);
    for (double& value : line) value /= sum;
  });
}

Result<Outputs> log_softmax(const Call& call) {
  return line_by_line(call, [](std::span<double> line) {
    const double largest = largest_of(line);
    double sum = 0;
    for (const double value : line) sum += math::exp(value - largest);
    const double log_sum = math::log(sum);
    for (double& value : line) value = value - largest - log_sum;
  });
}

// 1 at the first of the largest, 0 elsewhere.
Result<Outputs> hardmax(const Call& call) {
  return line_by_line(call, [](std::span<double> line) {
    const auto at = std::ranges::max_element(line) - line.begin();
    std::ranges::fill(line, 0);
    line[static_cast<std::size_t>(at)] = 1;
  });
}

constexpr Operator kOperators[] = {
    {"Hardmax", hardmax},
    {"LogSoftmax", log_softmax},
    {"Softmax", softmax},
};

}  // namespace

std::span<const Operator> softmax_operators() { return kOperators; }

}  // namespace soliton::ir
