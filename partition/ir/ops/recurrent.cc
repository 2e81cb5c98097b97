// RNN, GRU and LSTM. A gate is its bias, then the products with the input in ascending order, then
// those with the state; activations are in double, rounded once.
//
// Names as in ONNX: W and R are [directions, gates * hidden, input or hidden].
#include <array>
#include <optional>

#include "partition/ir/ops/cell_activation.h"
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/product.h"
#include "partition/ir/ops/wide.h"

namespace soliton::ir {

namespace {

using Kind = CellActivation::Kind;

// Input parts of gates that are computed at a time, for which the memory is bounded.
constexpr std::int64_t kGatesAtATime = std::int64_t{1} << 18;

enum class CellKind : std::uint8_t { kRnn, kGru, kLstm };

struct CellRow {
  std::int64_t gates;
  std::array<Kind, 3> activations;
  std::size_t functions;
};
constexpr CellRow kCells[] = {
    {1, {Kind::kTanh}, 1},
    {3, {Kind::kSigmoid, Kind::kTanh}, 2},
    {4, {Kind::kSigmoid, Kind::kTanh, Kind::kTanh}, 3},
};

struct Plan {
  CellKind cell = CellKind::kRnn;
  std::int64_t steps = 0, batch = 0, input = 0, hidden = 0, directions = 1, gates = 1;
  bool by_batch = false;       // layout 1: batch is the first axis
  bool reverse_first = false;  // direction "reverse"
  bool linear_before_reset = false, input_forget = false;
  std::optional<double> clip;
  std::vector<CellActivation> activations;
  std::size_t functions = 1;  // activations of one direction

  std::int64_t rows() const { return gates * hidden; }
  bool reversed(std::int64_t direction) const { return reverse_first || direction == 1; }
  Shape y() const {
    if (by_batch) return {batch, steps, directions, hidden};
    return {steps, directions, batch, hidden};
  }
  Shape state() const {
    if (by_batch) return {batch, directions, hidden};
    return {directions, batch, hidden};
  }
  // Offsets of the first element.
  std::int64_t x_at(std::int64_t t, std::int64_t b) const {
    return (by_batch ? b * steps + t : t * batch + b) * input;
  }
  std::int64_t y_at(std::int64_t t, std::int64_t d, std::int64_t b) const {
    return (by_batch ? (b * steps + t) * directions + d : (t * directions + d) * batch + b) *
           hidden;
  }
  std::int64_t state_at(std::int64_t d, std::int64_t b) const {
    return (by_batch ? b * directions + d : d * batch + b) * hidden;
  }
};

Status read_attributes(const Call& call, Plan& plan) {
  SOLITON_IR_TRY(direction, call.node.text("direction", "forward"));
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    return invalid("has a direction that is none of forward, reverse, bidirectional");
  plan.directions = direction == "bidirectional" ? 2 : 1;
  plan.reverse_first = direction == "reverse";
  SOLITON_IR_TRY(layout, call.node.integer("layout", 0));
  if (layout != 0 && layout != 1) return invalid(fmt::format("has a layout of {}", layout));
  plan.by_batch = layout == 1;
  SOLITON_IR_TRY(linear, call.node.integer("linear_before_reset", 0));
  SOLITON_IR_TRY(coupled, call.node.integer("input_forget", 0));
  plan.linear_before_reset = linear != 0;
  plan.input_forget = coupled != 0;
  if (call.node.find("clip") != nullptr) {
    SOLITON_IR_TRY(clip, call.node.real("clip", 0));
    if (!(clip >= 0)) return invalid("has a clip that is not a positive number");
    if (clip > 0) plan.clip = static_cast<double>(clip);
  }
  const CellRow& row = kCells[static_cast<std::size_t>(plan.cell)];
  plan.gates = row.gates;
  plan.functions = row.functions;
  SOLITON_IR_TRY(activations, cell_activations(call, to_size(plan.directions),
                                               std::span(row.activations).first(row.functions)));
  plan.activations = activations;
  return {};
}

// Shapes of W, R, B, sequence_lens, the initial states and P.
Status check_shapes(const Call& call, const Plan& plan) {
  const std::int64_t d = plan.directions, h = plan.hidden;
  SOLITON_IR_CHECK(check_shape(call.input(1), {d, plan.rows(), plan.input}, "a W"));
  SOLITON_IR_CHECK(check_shape(call.input(3), {d, 2 * plan.rows()}, "a B"));
  SOLITON_IR_CHECK(check_shape(call.input(4), {plan.batch}, "sequence_lens"));
  SOLITON_IR_CHECK(check_shape(call.input(5), plan.state(), "an initial_h"));
  if (plan.cell != CellKind::kLstm) return {};
  SOLITON_IR_CHECK(check_shape(call.input(6), plan.state(), "an initial_c"));
  return check_shape(call.input(7), {d, 3 * h}, "a P");
}

Status read_sizes(const Call& call, Plan& plan) {
  const Shape &x = call.input(0).shape(), &r = call.input(2).shape();
  if (x.size() != 3)
    return invalid(fmt::format("has an input of shape {}, not of three axes", shape_text(x)));
  plan.steps = x[plan.by_batch ? 1 : 0];
  plan.batch = x[plan.by_batch ? 0 : 1];
  plan.input = x[2];
  if (r.size() != 3 || r[0] != plan.directions || r[2] > kMostElements || r[1] != plan.gates * r[2])
    return invalid(fmt::format("has an R of shape {} for {} directions and {} gates", shape_text(r),
                               plan.directions, plan.gates));
  plan.hidden = r[2];
  if (plan.hidden == 0) return invalid("has a hidden state without elements");
  SOLITON_IR_TRY(stated, call.node.integer("hidden_size", plan.hidden));
  if (stated != plan.hidden)
    return invalid(
        fmt::format("has a hidden_size of {} and an R of shape {}", stated, shape_text(r)));
  SOLITON_IR_CHECK(check_fits(call, plan.state()));
  return check_fits(call, plan.y());
}

Result<Plan> plan_of(const Call& call, CellKind cell) {
  SOLITON_IR_CHECK(check_inputs(call, 3));
  SOLITON_IR_CHECK(check_real(call, 0));
  static constexpr std::size_t kReals[] = {0, 1, 2, 3, 5, 6, 7};
  SOLITON_IR_CHECK(check_same_type(call, kReals));
  static constexpr std::array kLengths = {ElementType::kInt32};
  if (call.has(4)) SOLITON_IR_CHECK(check_type(call, 4, kLengths));
  Plan plan;
  plan.cell = cell;
  SOLITON_IR_CHECK(read_attributes(call, plan));
  SOLITON_IR_CHECK(read_sizes(call, plan));
  SOLITON_IR_CHECK(check_shapes(call, plan));
  return plan;
}

Result<std::vector<std::int64_t>> lengths_of(const Call& call, const Plan& plan) {
  std::vector<std::int64_t> out(to_size(plan.batch), plan.steps);
  if (!call.has(4)) return out;
  for (std::size_t b = 0; b < out.size(); ++b) {
    out[b] = call.input(4).as<std::int32_t>()[b];
    if (out[b] < 0 || out[b] > plan.steps)
      return invalid(
          fmt::format("has a sequence of {} steps in an input of {}", out[b], plan.steps));
  }
  return out;
}

// One direction's parameters.
template <typename T>
struct Parameters {
  MatrixView<T> w, r;          // transposed: [input, rows] and [hidden, rows]
  std::vector<T> transposed;   // what r views, if that is worth a copy
  std::vector<T> bias;         // of W and R, added; see linear_bias
  std::vector<T> linear_bias;  // GRU with linear_before_reset: R's bias of the last gate, apart
  std::span<const T> peepholes;
  std::span<const CellActivation> activations;
};

template <typename T>
void read_bias(const Call& call, const Plan& plan, std::int64_t direction, Parameters<T>& out) {
  out.bias.resize(to_size(plan.rows()));
  out.linear_bias.resize(to_size(plan.hidden));
  if (!call.has(3)) return;
  const T* bias = call.input(3).as<T>().data() + direction * 2 * plan.rows();
  for (std::int64_t i = 0; i < plan.rows(); ++i) {
    const T of_r = bias[plan.rows() + i];
    const bool apart =
        plan.cell == CellKind::kGru && plan.linear_before_reset && i >= 2 * plan.hidden;
    out.bias[to_size(i)] = apart ? bias[i] : bias[i] + of_r;
    if (apart) out.linear_bias[to_size(i - 2 * plan.hidden)] = of_r;
  }
}

template <typename T>
Parameters<T> parameters_of(const Call& call, const Plan& plan, std::int64_t direction) {
  const std::int64_t rows = plan.rows(), hidden = plan.hidden;
  Parameters<T> out;
  out.w = {call.input(1).as<T>().data() + direction * rows * plan.input, 1, plan.input};
  const T* r = call.input(2).as<T>().data() + direction * rows * hidden;
  out.r = {r, 1, hidden};
  if (plan.steps * plan.batch > 4) {  // few vectors would not pay for the copy
    out.transposed.resize(to_size(rows * hidden));
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t k = 0; k < hidden; ++k)
        out.transposed[to_size(k * rows + i)] = r[i * hidden + k];
    out.r = {out.transposed.data(), rows, 1};
  }
  read_bias(call, plan, direction, out);
  if (plan.cell == CellKind::kLstm && call.has(7))
    out.peepholes =
        call.input(7).as<T>().subspan(to_size(direction * 3 * hidden), to_size(3 * hidden));
  out.activations =
      std::span(plan.activations).subspan(to_size(direction) * plan.functions, plan.functions);
  return out;
}

// The states of all sequences of one direction, [batch, hidden].
template <typename T>
struct States {
  std::vector<T> h, c;            // after the last step
  std::vector<T> next_h, next_c;  // what a step makes of them
  std::vector<T> scratch;
};

// One step of one direction. `gates` [batch, rows] has the biases and the products with the input.
template <typename T>
class Step {
 public:
  Step(const Plan& plan, const Parameters<T>& parameters, States<T>& states, T* gates)
      : plan_(plan), parameters_(parameters), states_(states), gates_(gates) {}

  void run() {
    if (plan_.cell == CellKind::kRnn) rnn();
    if (plan_.cell == CellKind::kGru) gru();
    if (plan_.cell == CellKind::kLstm) lstm();
  }

 private:
  T* gate(std::int64_t b, std::int64_t index) const {
    return gates_ + b * plan_.rows() + index * plan_.hidden;
  }
  T* line(std::vector<T>& states, std::int64_t b) const { return states.data() + b * plan_.hidden; }
  // Adds the products of gates [first, first + count) with vectors [batch, hidden] to `to`.
  void add_recurrent(const std::vector<T>& vectors, std::int64_t first, std::int64_t count, T* to,
                     std::int64_t to_step) const {
    MatrixView<T> r = parameters_.r;
    r.data += first * plan_.hidden * r.column_step;
    add_product<T>({plan_.batch, count * plan_.hidden, plan_.hidden},
                   {vectors.data(), plan_.hidden}, r, to, to_step);
  }
  void activate(T* values, std::int64_t gates, std::size_t function) const {
    const std::span<T> span(values, to_size(gates * plan_.hidden));
    if (plan_.clip) {
      const T limit = static_cast<T>(*plan_.clip);
      for (T& value : span) value = std::clamp(value, -limit, limit);
    }
    parameters_.activations[function].apply(span);
  }

  void rnn() {
    add_recurrent(states_.h, 0, 1, gates_, plan_.rows());
    for (std::int64_t b = 0; b < plan_.batch; ++b) {
      activate(gate(b, 0), 1, 0);
      std::copy_n(gate(b, 0), plan_.hidden, line(states_.next_h, b));
    }
  }

  // Gates z, r, h: H' = (1 - z) h + z H.
  void gru() {
    const std::int64_t n = plan_.hidden;
    add_recurrent(states_.h, 0, 2, gates_, plan_.rows());
    for (std::int64_t b = 0; b < plan_.batch; ++b) activate(gate(b, 0), 2, 0);
    gru_candidate();
    for (std::int64_t b = 0; b < plan_.batch; ++b) {
      activate(gate(b, 2), 1, 1);
      const T *z = gate(b, 0), *candidate = gate(b, 2), *h = line(states_.h, b);
      T* to = line(states_.next_h, b);
      for (std::int64_t i = 0; i < n; ++i) to[i] = (1 - z[i]) * candidate[i] + z[i] * h[i];
    }
  }
  // Adds the recurrent part of h: R (r * H), or r * (R H + bias) if linear before the reset.
  void gru_candidate() {
    const std::int64_t n = plan_.hidden;
    std::vector<T>& scratch = states_.scratch;
    const bool linear = plan_.linear_before_reset;
    for (std::int64_t b = 0; b < plan_.batch; ++b) {
      const T *r = gate(b, 1), *h = line(states_.h, b);
      T* to = line(scratch, b);
      for (std::int64_t i = 0; i < n; ++i)
        to[i] = linear ? parameters_.linear_bias[to_size(i)] : r[i] * h[i];
    }
    if (!linear) return add_recurrent(scratch, 2, 1, gates_ + 2 * n, plan_.rows());
    add_recurrent(states_.h, 2, 1, scratch.data(), n);
    for (std::int64_t b = 0; b < plan_.batch; ++b) {
      const T *r = gate(b, 1), *from = line(scratch, b);
      T* to = gate(b, 2);
      for (std::int64_t i = 0; i < n; ++i) to[i] += r[i] * from[i];
    }
  }

  // Gates i, o, f, c: C' = f C + i c, H' = o h(C').
  void lstm() {
    add_recurrent(states_.h, 0, 4, gates_, plan_.rows());
    for (std::int64_t b = 0; b < plan_.batch; ++b) lstm_sequence(b);
  }
  void add_peephole(T* values, std::int64_t index, const T* cells) const {
    if (parameters_.peepholes.empty()) return;
    const T* weights = parameters_.peepholes.data() + index * plan_.hidden;
    for (std::int64_t i = 0; i < plan_.hidden; ++i) values[i] += weights[i] * cells[i];
  }
  void lstm_sequence(std::int64_t b) {
    const std::int64_t n = plan_.hidden;
    T *in = gate(b, 0), *out = gate(b, 1), *forget = gate(b, 2), *candidate = gate(b, 3);
    const T* c = line(states_.c, b);
    T *next_c = line(states_.next_c, b), *next_h = line(states_.next_h, b);
    add_peephole(in, 0, c);
    activate(in, 1, 0);
    if (plan_.input_forget) {
      for (std::int64_t i = 0; i < n; ++i) forget[i] = 1 - in[i];
    } else {
      add_peephole(forget, 2, c);
      activate(forget, 1, 0);
    }
    activate(candidate, 1, 1);
    for (std::int64_t i = 0; i < n; ++i) next_c[i] = forget[i] * c[i] + in[i] * candidate[i];
    add_peephole(out, 1, next_c);
    activate(out, 1, 0);
    std::copy_n(next_c, n, next_h);
    activate(next_h, 1, 2);
    for (std::int64_t i = 0; i < n; ++i) next_h[i] *= out[i];
  }

  const Plan& plan_;
  const Parameters<T>& parameters_;
  States<T>& states_;
  T* gates_;
};

// Runs directions and collects the outputs.
template <typename T>
class Run {
 public:
  Run(const Call& call, const Plan& plan, std::vector<std::int64_t> lengths)
      : call_(call), plan_(plan), lengths_(std::move(lengths)) {
    const std::size_t states = to_size(plan.directions * plan.batch * plan.hidden);
    if (call.node.wants(0)) y_.resize(to_size(plan.steps) * states);
    y_h_.resize(states);
    if (plan.cell == CellKind::kLstm) y_c_.resize(states);
  }

  Outputs outputs() {
    for (std::int64_t d = 0; d < plan_.directions; ++d) run(d);
    Outputs out(plan_.cell == CellKind::kLstm ? 3 : 2);
    if (call_.node.wants(0)) out[0] = Array::of(plan_.y(), std::move(y_));
    out[1] = Array::of(plan_.state(), std::move(y_h_));
    if (plan_.cell == CellKind::kLstm) out[2] = Array::of(plan_.state(), std::move(y_c_));
    return out;
  }

 private:
  // The instant of a sequence at which its step `s` happens.
  std::int64_t instant(std::int64_t direction, std::int64_t b, std::int64_t s) const {
    return plan_.reversed(direction) ? lengths_[to_size(b)] - 1 - s : s;
  }

  States<T> initial(std::int64_t direction) const {
    const std::size_t count = to_size(plan_.batch * plan_.hidden);
    States<T> out{std::vector<T>(count), std::vector<T>(count), std::vector<T>(count),
                  std::vector<T>(count), std::vector<T>(count)};
    for (std::int64_t b = 0; b < plan_.batch; ++b) {
      const std::int64_t at = plan_.state_at(direction, b);
      if (call_.has(5))
        std::copy_n(call_.input(5).as<T>().data() + at, plan_.hidden,
                    out.h.data() + b * plan_.hidden);
      if (plan_.cell == CellKind::kLstm && call_.has(6))
        std::copy_n(call_.input(6).as<T>().data() + at, plan_.hidden,
                    out.c.data() + b * plan_.hidden);
    }
    return out;
  }

  // Biases and input products of the steps [first, first + count); nothing for sequences that are
  // over.
  std::vector<T> input_gates(const Parameters<T>& parameters, std::int64_t direction,
                             std::int64_t first, std::int64_t count) const {
    const std::int64_t rows = plan_.rows(), vectors = count * plan_.batch;
    std::vector<T> x(to_size(vectors * plan_.input));
    std::vector<T> gates(to_size(vectors * rows));
    for (std::int64_t i = 0; i < vectors; ++i) {
      const std::int64_t s = first + i / plan_.batch, b = i % plan_.batch;
      std::ranges::copy(parameters.bias, gates.data() + i * rows);
      if (s < lengths_[to_size(b)])
        std::copy_n(call_.input(0).as<T>().data() + plan_.x_at(instant(direction, b, s), b),
                    plan_.input, x.data() + i * plan_.input);
    }
    add_product<T>({vectors, rows, plan_.input}, {x.data(), plan_.input}, parameters.w,
                   gates.data(), rows);
    return gates;
  }

  // Takes over what step `s` made, for the sequences that are not over.
  void take(std::int64_t direction, std::int64_t s, States<T>& states) {
    const std::int64_t n = plan_.hidden;
    for (std::int64_t b = 0; b < plan_.batch; ++b) {
      if (s >= lengths_[to_size(b)]) continue;
      std::copy_n(states.next_h.data() + b * n, n, states.h.data() + b * n);
      std::copy_n(states.next_c.data() + b * n, n, states.c.data() + b * n);
      if (!y_.empty())
        std::copy_n(states.h.data() + b * n, n,
                    y_.data() + plan_.y_at(instant(direction, b, s), direction, b));
    }
  }

  void run(std::int64_t direction) {
    const Parameters<T> parameters = parameters_of<T>(call_, plan_, direction);
    States<T> states = initial(direction);
    const std::int64_t steps = lengths_.empty() ? 0 : *std::ranges::max_element(lengths_);
    const std::int64_t each = std::max<std::int64_t>(1, plan_.batch * plan_.rows());
    const std::int64_t chunk = std::max<std::int64_t>(1, kGatesAtATime / each);
    for (std::int64_t first = 0; first < steps; first += chunk) {
      const std::int64_t count = std::min(chunk, steps - first);
      std::vector<T> gates = input_gates(parameters, direction, first, count);
      for (std::int64_t s = 0; s < count; ++s) {
        Step<T>(plan_, parameters, states, gates.data() + s * each).run();
        take(direction, first + s, states);
      }
    }
    for (std::int64_t b = 0; b < plan_.batch; ++b) {
      const std::int64_t at = plan_.state_at(direction, b), n = plan_.hidden;
      std::copy_n(states.h.data() + b * n, n, y_h_.data() + at);
      if (!y_c_.empty()) std::copy_n(states.c.data() + b * n, n, y_c_.data() + at);
    }
  }

  const Call& call_;
  const Plan& plan_;
  const std::vector<std::int64_t> lengths_;
  std::vector<T> y_, y_h_, y_c_;
};

template <CellKind cell>
Result<Outputs> recurrent(const Call& call) {
  SOLITON_IR_TRY(plan, plan_of(call, cell));
  const ElementType type = call.input(0).type();
  if (type == ElementType::kFloat16) return through_float32(call, recurrent<cell>);
  if (!call.known()) {
    const Array state = Array::unknown(type, plan.state());
    Outputs out = {Array::unknown(type, plan.y()), state};
    if (cell == CellKind::kLstm) out.push_back(state);
    return out;
  }
  SOLITON_IR_TRY(lengths, lengths_of(call, plan));
  return with_wide(type, [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    return Run<T>(call, plan, std::move(lengths)).outputs();
  });
}

// Shapes were checked.
Work recurrent_work(const Call& call, const Outputs&) {
  const Shape &x = call.input(0).shape(), &r = call.input(2).shape();
  const std::int64_t each = saturating_product({x[0], x[1], r[0], r[1]});
  Work work{saturating_product({each, x[2]}), each};
  if (__builtin_add_overflow(work.multiply_adds, saturating_product({each, r[2]}),
                             &work.multiply_adds))
    work.multiply_adds = std::numeric_limits<std::int64_t>::max();
  return work;
}

constexpr Operator kOperators[] = {
    {"GRU", recurrent<CellKind::kGru>, recurrent_work},
    {"LSTM", recurrent<CellKind::kLstm>, recurrent_work},
    {"RNN", recurrent<CellKind::kRnn>, recurrent_work},
};

}  // namespace

std::span<const Operator> recurrent_operators() { return kOperators; }

}  // namespace soliton::ir
