// Einsum: operands are contracted from the first to the last. Axes that only one operand has and the
// result does not are summed before; a pair is a batch of matrix products. Each sum runs in row-major
// order of the axes it covers, so the result does not depend on the machine.
#include <map>
#include <optional>

#include "partition/ir/ops/arithmetic.h"
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

// Letters are themselves; axes of an ellipsis count down from kEllipsis, the last one first.
using Label = int;
using Labels = std::vector<Label>;
constexpr Label kEllipsis = -1;

bool has(const Labels& labels, Label label) {
  return std::ranges::find(labels, label) != labels.end();
}

struct Term {
  Labels before, after;  // around the ellipsis
  bool ellipsis = false;
};

Result<Term> parse_term(std::string_view text) {
  Term term;
  while (!text.empty()) {
    const char c = text.front();
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter) {
      (term.ellipsis ? term.after : term.before).push_back(c);
      text.remove_prefix(1);
    } else if (text.starts_with("...") && !term.ellipsis) {
      term.ellipsis = true;
      text.remove_prefix(3);
    } else {
      return invalid(
          "has an equation with something other than letters, \"...\", \",\" and \"->\"");
    }
  }
  return term;
}

struct Equation {
  std::vector<Term> inputs;
  std::optional<Term> output;
};

Result<Equation> parse_equation(std::string text) {
  std::erase(text, ' ');
  Equation equation;
  const std::size_t arrow = text.find("->");
  if (arrow != std::string::npos) {
    SOLITON_IR_TRY(output, parse_term(std::string_view(text).substr(arrow + 2)));
    equation.output = output;
  }
  std::string_view rest = std::string_view(text).substr(0, arrow);
  while (true) {
    const std::size_t comma = rest.find(',');
    SOLITON_IR_TRY(term, parse_term(rest.substr(0, comma)));
    equation.inputs.push_back(term);
    if (comma == std::string_view::npos) return equation;
    rest.remove_prefix(comma + 1);
  }
}

// The labels of an operand's axes. `ellipsis`: how many axes the ellipsis stands for.
Labels labels_of(const Term& term, std::size_t ellipsis) {
  Labels out = term.before;
  if (term.ellipsis)
    for (std::size_t k = ellipsis; k > 0; --k) out.push_back(kEllipsis - static_cast<Label>(k - 1));
  out.insert(out.end(), term.after.begin(), term.after.end());
  return out;
}

// An array whose axes have names, all different.
struct Operand {
  Array array;
  Labels labels;

  std::int64_t extent(Label label) const {
    const auto at = std::ranges::find(labels, label) - labels.begin();
    return array.shape()[static_cast<std::size_t>(at)];
  }
};

struct Problem {
  std::vector<Operand> operands;  // with labels that may repeat and extents of 1 that broadcast
  Labels output;
  std::map<Label, std::int64_t> extents;
};

// Without "->" the result has the ellipsis and then, sorted, the letters that stand there once.
Labels implied_output(const std::vector<Operand>& operands) {
  std::map<Label, int> times;
  for (const Operand& operand : operands)
    for (const Label label : operand.labels) ++times[label];
  Labels out;
  for (const auto& [label, count] : times)
    if (label < 0 || count == 1) out.push_back(label);
  return out;
}

Status take_extents(Problem& problem, const Operand& operand) {
  for (std::size_t axis = 0; axis < operand.labels.size(); ++axis) {
    const std::int64_t extent = operand.array.shape()[axis];
    std::int64_t& known = problem.extents.try_emplace(operand.labels[axis], 1).first->second;
    if (known == 1) known = extent;
    if (extent != known && extent != 1)
      return invalid(fmt::format("has an equation where one label is {} and {}", known, extent));
  }
  return {};
}

Result<Problem> problem_of(const Call& call) {
  SOLITON_IR_TRY(text, call.node.text("equation", ""));
  SOLITON_IR_TRY(equation, parse_equation(text));
  if (equation.inputs.size() != call.inputs.size() || call.inputs.empty())
    return invalid(fmt::format("has an equation of {} terms and {} inputs", equation.inputs.size(),
                               call.inputs.size()));
  SOLITON_IR_CHECK(check_inputs(call, call.inputs.size()));
  Problem problem;
  std::size_t ellipsis = 0;
  for (std::size_t k = 0; k < call.inputs.size(); ++k) {
    const Term& term = equation.inputs[k];
    const std::size_t letters = term.before.size() + term.after.size();
    const std::size_t rank = call.input(k).rank();
    if (term.ellipsis ? rank < letters : rank != letters)
      return invalid(fmt::format("has an input {} of {} axes for a term of {}", k, rank, letters));
    ellipsis = std::max(ellipsis, term.ellipsis ? rank - letters : 0);
    problem.operands.push_back({call.input(k), labels_of(term, rank - letters)});
    SOLITON_IR_CHECK(take_extents(problem, problem.operands.back()));
  }
  problem.output =
      equation.output ? labels_of(*equation.output, ellipsis) : implied_output(problem.operands);
  for (std::size_t k = 0; k < problem.output.size(); ++k)
    if (!problem.extents.contains(problem.output[k]) ||
        std::ranges::count(problem.output, problem.output[k]) != 1)
      return invalid("has an equation whose result names a label twice or one that no input has");
  return problem;
}

// Axes in the order of `labels`; of a label that stands for several axes the diagonal.
Operand arranged(const Operand& in, const Labels& labels) {
  if (in.labels == labels) return in;
  const std::vector<std::int64_t> own = strides_of(in.array.shape());
  Operand out{{}, labels};
  Steps steps;
  Shape shape;
  for (const Label label : labels) {
    std::int64_t step = 0;
    for (std::size_t axis = 0; axis < in.labels.size(); ++axis)
      if (in.labels[axis] == label) step += own[axis];
    steps.steps.push_back(step);
    shape.push_back(in.extent(label));
  }
  out.array = strided(in.array, std::move(shape), steps);
  return out;
}

// Without axes of extent 1 that stand for more, which broadcast.
Operand without_broadcast(const Operand& in, const std::map<Label, std::int64_t>& extents) {
  Operand out;
  Shape shape;
  for (std::size_t axis = 0; axis < in.labels.size(); ++axis) {
    if (in.array.shape()[axis] == 1 && extents.at(in.labels[axis]) != 1) continue;
    out.labels.push_back(in.labels[axis]);
    shape.push_back(in.array.shape()[axis]);
  }
  out.array = in.array.reshaped(std::move(shape));
  return out;
}

struct Product {
  std::int64_t batch, rows, inner, columns;
};

// Loop order batch, row, inner, column: every element of the result is one sum from the first to
// the last.
template <typename T>
Array multiplied_as(const Array& a, const Array& b, const Product& size, const Shape& shape) {
  using C = Computed<T>;
  const T* x = a.as<T>().data();
  const T* y = b.as<T>().data();
  std::vector<T> out(static_cast<std::size_t>(size.batch * size.rows * size.columns));
  std::vector<C> sums(static_cast<std::size_t>(size.columns));
  for (std::int64_t row = 0; row < (out.empty() ? 0 : size.batch * size.rows); ++row) {
    std::ranges::fill(sums, C{0});
    const T* from = y + row / size.rows * size.inner * size.columns;
    for (std::int64_t k = 0; k < size.inner; ++k, from += size.columns) {
      const C factor = static_cast<C>(x[row * size.inner + k]);
      for (std::int64_t j = 0; j < size.columns; ++j)
        sums[static_cast<std::size_t>(j)] =
            Add()(sums[static_cast<std::size_t>(j)], Multiply()(factor, static_cast<C>(from[j])));
    }
    for (std::int64_t j = 0; j < size.columns; ++j)
      out[static_cast<std::size_t>(row * size.columns + j)] =
          static_cast<T>(sums[static_cast<std::size_t>(j)]);
  }
  return Array::of(shape, std::move(out));
}

Array multiplied(const Array& a, const Array& b, const Product& size, const Shape& shape) {
  if (!a.known() || !b.known()) return Array::unknown(a.type(), shape);
  return with_type(a.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>)
      return a;
    else
      return multiplied_as<T>(a, b, size, shape);
  });
}

Labels operator+(Labels a, const Labels& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::int64_t extent_of(const Operand& operand, const Labels& labels) {
  std::int64_t out = 1;
  for (const Label label : labels) out *= operand.extent(label);
  return out;
}

class Contraction {
 public:
  explicit Contraction(const Call& call) : call_(call) {}

  Result<Array> run(const Problem& problem) {
    std::vector<Operand> operands;
    for (std::size_t k = 0; k < problem.operands.size(); ++k) {
      Labels wanted = problem.output;
      for (std::size_t other = 0; other < problem.operands.size(); ++other)
        if (other != k)
          wanted = wanted + without_broadcast(problem.operands[other], problem.extents).labels;
      operands.push_back(summed(without_broadcast(problem.operands[k], problem.extents), wanted));
    }
    Operand result = operands.front();
    for (std::size_t k = 1; k < operands.size(); ++k) {
      Labels wanted = problem.output;
      for (std::size_t later = k + 1; later < operands.size(); ++later)
        wanted = wanted + operands[later].labels;
      SOLITON_IR_TRY(next, pair(result, operands[k], wanted));
      result = std::move(next);
    }
    return finish(result, problem);
  }
  std::int64_t multiply_adds() const { return multiply_adds_; }

 private:
  // The sum over all axes that are not wanted.
  Operand summed(const Operand& in, const Labels& wanted) const {
    Labels kept, gone;
    for (const Label label : in.labels)
      if (!has(kept, label) && !has(gone, label))
        (has(wanted, label) ? kept : gone).push_back(label);
    const Operand ordered = arranged(in, kept + gone);
    if (gone.empty()) return ordered;
    const Product size{1, extent_of(ordered, kept), extent_of(ordered, gone), 1};
    Shape shape(ordered.array.shape().begin(),
                ordered.array.shape().begin() + static_cast<std::ptrdiff_t>(kept.size()));
    return {multiplied(ordered.array, ones(ordered.array, size.inner), size, shape), kept};
  }

  static Array ones(const Array& like, std::int64_t count) {
    if (!like.known()) return Array::unknown(like.type(), {count});
    return converted(
        Array::of({count}, std::vector<std::int8_t>(static_cast<std::size_t>(count), 1)),
        like.type());
  }

  Result<Operand> pair(const Operand& a, const Operand& b, const Labels& wanted) {
    Labels batch, rows, inner, columns;
    for (const Label label : a.labels)
      (has(b.labels, label) ? (has(wanted, label) ? batch : inner) : rows).push_back(label);
    for (const Label label : b.labels)
      if (!has(a.labels, label)) columns.push_back(label);
    Operand out{{}, batch + rows + columns};
    Shape shape;
    for (const Label label : out.labels)
      shape.push_back(has(a.labels, label) ? a.extent(label) : b.extent(label));
    SOLITON_IR_CHECK(check_fits(call_, shape));
    const Product size{extent_of(a, batch), extent_of(a, rows), extent_of(a, inner),
                       extent_of(b, columns)};
    std::int64_t products = 0;
    if (__builtin_mul_overflow(extent_product(shape, 0, shape.size()), size.inner, &products) ||
        __builtin_add_overflow(multiply_adds_, products, &multiply_adds_))
      return invalid("would need more multiplications than can be counted");
    out.array = multiplied(arranged(a, batch + rows + inner).array,
                           arranged(b, batch + inner + columns).array, size, shape);
    return out;
  }

  // The result's axes in order; those that all operands broadcast along have extent 1 there.
  Result<Array> finish(const Operand& result, const Problem& problem) const {
    Labels present;
    Shape shape;
    for (const Label label : problem.output) {
      if (has(result.labels, label)) present.push_back(label);
      shape.push_back(has(result.labels, label) ? result.extent(label) : 1);
    }
    SOLITON_IR_CHECK(check_fits(call_, shape));
    return arranged(result, present).array.reshaped(std::move(shape));
  }

  const Call& call_;
  std::int64_t multiply_adds_ = 0;
};

Result<Outputs> einsum(const Call& call) {
  SOLITON_IR_CHECK(check_number(call, 0));
  for (std::size_t k = 1; k < call.inputs.size(); ++k) {
    const std::size_t both[] = {0, k};
    SOLITON_IR_CHECK(check_same_type(call, both));
  }
  SOLITON_IR_TRY(problem, problem_of(call));
  SOLITON_IR_TRY(out, Contraction(call).run(problem));
  return one(std::move(out));
}

// REQUIRES: einsum() succeeded.
Work work(const Call& call, const Outputs& outputs) {
  Result<Problem> problem = problem_of(call);
  for (Operand& operand : problem->operands) operand.array = operand.array.forgotten();
  Contraction contraction(call);
  SOLITON_CHECK(contraction.run(*problem).has_value());
  return {contraction.multiply_adds(), outputs.front().elements()};
}

constexpr Operator kOperators[] = {{"Einsum", einsum, work}};

}  // namespace

std::span<const Operator> einsum_operators() { return kOperators; }

}  // namespace soliton::ir
