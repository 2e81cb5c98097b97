// RNN, GRU and LSTM against ONNX's equations in double, one number at a time.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/ops/apply.h"
#include "tests/unit/ops_heavy/random.h"

namespace soliton::ir {
namespace {

constexpr std::size_t kSteps = 5, kBatch = 3, kInput = 4, kHidden = 6;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// What an oracle knows of one direction of one sequence.
struct Cell {
  std::size_t gates;
  std::vector<double> w, r, bias, peepholes;  // W, R, Wb and Rb, P
  std::vector<double> h, c;
  bool linear = false, coupled = false;
  double clip = 1e300;

  double limited(double x) const { return std::min(clip, std::max(-clip, x)); }
  double of_input(std::size_t row, const double* x) const {
    double sum = bias[row];
    for (std::size_t k = 0; k < kInput; ++k) sum += w[row * kInput + k] * x[k];
    return sum;
  }
  double of_state(std::size_t row, const std::vector<double>& state) const {
    double sum = bias[gates * kHidden + row];
    for (std::size_t k = 0; k < kHidden; ++k) sum += r[row * kHidden + k] * state[k];
    return sum;
  }
  double gate(std::size_t index, std::size_t i, const double* x) const {
    return of_input(index * kHidden + i, x) + of_state(index * kHidden + i, h);
  }
  void step(const double* x) {
    if (gates == 1) rnn(x);
    if (gates == 3) gru(x);
    if (gates == 4) lstm(x);
  }
  void rnn(const double* x) {
    std::vector<double> next(kHidden);
    for (std::size_t i = 0; i < kHidden; ++i) next[i] = std::tanh(limited(gate(0, i, x)));
    h = next;
  }
  void gru(const double* x) {
    std::vector<double> next(kHidden), reset(kHidden), state(kHidden);
    for (std::size_t i = 0; i < kHidden; ++i) {
      reset[i] = sigmoid(limited(gate(1, i, x)));
      state[i] = reset[i] * h[i];
    }
    for (std::size_t i = 0; i < kHidden; ++i) {
      const double z = sigmoid(limited(gate(0, i, x)));
      const std::size_t row = 2 * kHidden + i;
      const double recurrent = linear ? reset[i] * of_state(row, h) : of_state(row, state);
      next[i] = (1 - z) * std::tanh(limited(of_input(row, x) + recurrent)) + z * h[i];
    }
    h = next;
  }
  void lstm(const double* x) {
    std::vector<double> next(kHidden);
    for (std::size_t i = 0; i < kHidden; ++i) {
      const double in = sigmoid(limited(gate(0, i, x) + peepholes[i] * c[i]));
      const double forget =
          coupled ? 1 - in : sigmoid(limited(gate(2, i, x) + peepholes[2 * kHidden + i] * c[i]));
      const double cell = forget * c[i] + in * std::tanh(limited(gate(3, i, x)));
      const double out = sigmoid(limited(gate(1, i, x) + peepholes[kHidden + i] * cell));
      next[i] = out * std::tanh(limited(cell));
      c[i] = cell;
    }
    h = next;
  }
};

struct Case {
  const char* op;
  std::size_t gates;
  const char* direction = "forward";
  bool by_batch = false, lengths = false, states = false, linear = false, coupled = false;
  double clip = 0;
};

const Case kCases[] = {
    {"RNN", 1},
    {"RNN", 1, "bidirectional", false, true, true},
    {"GRU", 3},
    {"GRU", 3, "reverse", true, true, true, true},
    {"GRU", 3, "bidirectional", false, false, true, false, false, 0.5},
    {"LSTM", 4},
    {"LSTM", 4, "reverse", false, true, false},
    {"LSTM", 4, "bidirectional", true, true, true, false, true},
    {"LSTM", 4, "bidirectional", false, false, true, false, false, 0.3},
};

// Inputs of the operator and what the oracle makes of them.
class Story {
 public:
  explicit Story(const Case& c)
      : case_(c),
        directions_(std::string(c.direction) == "bidirectional" ? 2 : 1),
        chance_(c.gates * 100 + directions_) {
    const auto d = static_cast<std::int64_t>(directions_), g = static_cast<std::int64_t>(c.gates);
    constexpr std::int64_t kS = kSteps, kB = kBatch, kI = kInput, kH = kHidden;
    const Shape state = c.by_batch ? Shape{kB, d, kH} : Shape{d, kB, kH};
    inputs_ = {chance_.array(c.by_batch ? Shape{kB, kS, kI} : Shape{kS, kB, kI}),
               chance_.array({d, g * kH, kI}),
               chance_.array({d, g * kH, kH}),
               chance_.array({d, 2 * g * kH}),
               c.lengths ? Array::of<std::int32_t>({kB}, {5, 2, 0}) : Array(),
               c.states ? chance_.array(state) : Array()};
    if (c.gates == 4) {
      inputs_.push_back(c.states ? chance_.array(state) : Array());
      inputs_.push_back(chance_.array({d, 3 * kH}));
    }
    const std::size_t states = directions_ * kBatch * kHidden;
    y.resize(kSteps * states);
    y_h.resize(states);
    y_c.resize(states);
    for (std::size_t d_at = 0; d_at < directions_; ++d_at)
      for (std::size_t b = 0; b < kBatch; ++b) tell(d_at, b);
  }

  Op op() const {
    Op out(case_.op);
    out.set("direction", case_.direction).set("hidden_size", static_cast<std::int64_t>(kHidden));
    if (case_.by_batch) out.set("layout", 1);
    if (case_.linear) out.set("linear_before_reset", 1);
    if (case_.coupled) out.set("input_forget", 1);
    if (case_.clip > 0) out.set("clip", static_cast<float>(case_.clip));
    return out.outputs(case_.gates == 4 ? 3 : 2);
  }
  const std::vector<Array>& inputs() const { return inputs_; }
  std::vector<double> y, y_h, y_c;

 private:
  std::vector<double> part(std::size_t input, std::size_t direction) const {
    const std::vector<double> all = doubles(inputs_[input]);
    const std::size_t size = all.size() / directions_;
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(direction * size);
    return {first, first + static_cast<std::ptrdiff_t>(size)};
  }
  std::size_t state_at(std::size_t d, std::size_t b) const {
    return (case_.by_batch ? b * directions_ + d : d * kBatch + b) * kHidden;
  }
  std::vector<double> state(std::size_t input, std::size_t d, std::size_t b) const {
    if (input >= inputs_.size() || !inputs_[input].present()) return std::vector<double>(kHidden);
    const std::vector<double> all = doubles(inputs_[input]);
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(state_at(d, b));
    return {first, first + kHidden};
  }
  void tell(std::size_t d, std::size_t b) {
    Cell cell{case_.gates,
              part(1, d),
              part(2, d),
              part(3, d),
              case_.gates == 4 ? part(7, d) : std::vector<double>(),
              state(5, d, b),
              state(6, d, b),
              case_.linear,
              case_.coupled};
    if (case_.clip > 0) cell.clip = static_cast<double>(static_cast<float>(case_.clip));
    const std::vector<double> x = doubles(inputs_[0]);
    const std::size_t steps =
        case_.lengths ? static_cast<std::size_t>(inputs_[4].as<std::int32_t>()[b]) : kSteps;
    const bool backward = d == 1 || std::string(case_.direction) == "reverse";
    for (std::size_t s = 0; s < steps; ++s) {
      const std::size_t t = backward ? steps - 1 - s : s;
      cell.step(x.data() + (case_.by_batch ? b * kSteps + t : t * kBatch + b) * kInput);
      const std::size_t to =
          case_.by_batch ? (b * kSteps + t) * directions_ + d : (t * directions_ + d) * kBatch + b;
      std::ranges::copy(cell.h, y.begin() + static_cast<std::ptrdiff_t>(to * kHidden));
    }
    std::ranges::copy(cell.h, y_h.begin() + static_cast<std::ptrdiff_t>(state_at(d, b)));
    std::ranges::copy(cell.c, y_c.begin() + static_cast<std::ptrdiff_t>(state_at(d, b)));
  }

  const Case& case_;
  std::size_t directions_;
  Chance chance_;
  std::vector<Array> inputs_;
};

TEST(Recurrent, FollowsTheEquations) {
  for (const Case& c : kCases) {
    const Story story(c);
    const Outputs out = story.op().all(story.inputs());
    const std::string what = std::string(c.op) + " " + c.direction;
    EXPECT_LT(distance(out[0], story.y), 1e-6) << what;
    EXPECT_LT(distance(out[1], story.y_h), 1e-6) << what;
    if (c.gates == 4) {
      EXPECT_LT(distance(out[2], story.y_c), 1e-6) << what;
    }
    std::vector<Array> unknown = story.inputs();
    unknown[0] = unknown[0].forgotten();
    const Outputs shapes = story.op().all(unknown);
    for (std::size_t k = 0; k < out.size(); ++k) EXPECT_EQ(shapes[k].shape(), out[k].shape());
  }
}

TEST(Recurrent, InDoubleAndInHalves) {
  const Story story(kCases[5]);
  std::vector<Array> wide, half;
  for (const Array& array : story.inputs()) {
    wide.push_back(array.present() ? converted(array, ElementType::kFloat64) : array);
    half.push_back(array.present() ? converted(array, ElementType::kFloat16) : array);
  }
  EXPECT_LT(distance(story.op().all(wide)[0], story.y), 1e-14);
  const Array y = story.op().all(half)[0];
  EXPECT_EQ(y.type(), ElementType::kFloat16);
  EXPECT_LT(distance(y, story.y), 2e-3);
}

TEST(Recurrent, DoesNotMakeWhatNobodyWants) {
  const Story story(kCases[0]);
  Node node;
  node.op = "RNN";
  node.kind = find_operator("RNN");
  node.outputs = {kAbsent, 0};
  const Result<Outputs> out = node.kind->apply(Call{node, story.inputs()});
  ASSERT_TRUE(out.has_value());
  EXPECT_FALSE((*out)[0].present());
  EXPECT_LT(distance((*out)[1], story.y_h), 1e-6);
}

TEST(Recurrent, CountsItsWork) {
  const Story story(kCases[7]);
  EXPECT_EQ(story.op().work(story.inputs()).multiply_adds,
            static_cast<std::int64_t>(2 * kSteps * kBatch * 4 * kHidden * (kInput + kHidden)));
}

// A cell of one number whose gate is x itself.
double one_step(const std::vector<std::string>& names, const Reals& alpha, const Reals& beta,
                float x) {
  Op op("RNN");
  op.set("activations", names).set("activation_alpha", alpha).set("activation_beta", beta);
  return static_cast<double>(elements(op.outputs(2).all(
      {floats({1, 1, 1}, {x}), floats({1, 1, 1}, {1}), floats({1, 1, 1}, {0})})[1])[0]);
}

TEST(Recurrent, KnowsEveryActivation) {
  EXPECT_EQ(one_step({"Affine"}, {2}, {1}, 3), 7);
  EXPECT_EQ(one_step({"Affine"}, {}, {}, 3), 3);
  EXPECT_EQ(one_step({"Relu"}, {}, {}, -3), 0);
  EXPECT_EQ(one_step({"LeakyRelu"}, {0.5F}, {}, -3), -1.5);
  EXPECT_EQ(one_step({"ThresholdedRelu"}, {2}, {}, 2), 0);
  EXPECT_EQ(one_step({"thresholdedrelu"}, {2}, {}, 3), 3);
  EXPECT_EQ(one_step({"HardSigmoid"}, {0.5F}, {0.25F}, 1), 0.75);
  EXPECT_EQ(one_step({"Softsign"}, {}, {}, -3), -0.75);
  EXPECT_NEAR(one_step({"ScaledTanh"}, {2}, {0.5F}, 1), 2 * std::tanh(0.5), 1e-7);
  EXPECT_NEAR(one_step({"Elu"}, {2}, {}, -1), 2 * std::expm1(-1), 1e-7);
  EXPECT_NEAR(one_step({"Softplus"}, {}, {}, 1), std::log1p(std::exp(1)), 1e-7);
  EXPECT_NEAR(one_step({"Sigmoid"}, {}, {}, 1), sigmoid(1), 1e-7);
}

TEST(Recurrent, SaysWhatIsWrong) {
  const Array x = floats({2, 1, 3}, Reals(6)), w = floats({1, 4, 3}, Reals(12)),
              r = floats({1, 4, 1}, Reals(4));
  EXPECT_EQ(Op("LSTM").error({x, w, r}), "");
  EXPECT_EQ(Op("GRU").error({x, w, r}), "has an R of shape [1, 4, 1] for 1 directions and 3 gates");
  EXPECT_EQ(Op("LSTM").set("direction", "back").error({x, w, r}),
            "has a direction that is none of forward, reverse, bidirectional");
  EXPECT_EQ(Op("LSTM").set("hidden_size", 2).error({x, w, r}),
            "has a hidden_size of 2 and an R of shape [1, 4, 1]");
  EXPECT_EQ(Op("LSTM").error({x, r, r}), "has a W of shape [1, 4, 1] instead of [1, 4, 3]");
  EXPECT_EQ(Op("LSTM").error({x, w, r, floats({1, 4}, Reals(4))}),
            "has a B of shape [1, 4] instead of [1, 8]");
  EXPECT_EQ(Op("LSTM").error({x, w, r, Array(), Array::of<std::int32_t>({1}, {3})}),
            "has a sequence of 3 steps in an input of 2");
  EXPECT_EQ(Op("LSTM").set("activations", std::vector<std::string>{"Tanh"}).error({x, w, r}),
            "has 1 activations instead of 3");
  EXPECT_EQ(Op("LSTM").set("activations", std::vector<std::string>{"Swish"}).error({x, w, r}),
            "has an activation \"Swish\", which is not supported");
  EXPECT_EQ(Op("LSTM").set("layout", 2).error({x, w, r}), "has a layout of 2");
  EXPECT_EQ(Op("LSTM").error({floats({6}, Reals(6)), w, r}),
            "has an input of shape [6], not of three axes");
  EXPECT_EQ(Op("LSTM").most(1).error({x, w, r}), "would make 2 elements; at most 1 here");
}

}  // namespace
}  // namespace soliton::ir
