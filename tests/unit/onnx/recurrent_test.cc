// LSTM, GRU and RNN nodes against the equations of the ONNX operator pages, in ONNX's own gate
// order.
#include <cmath>

#include "tests/unit/ir/run_fp32.h"
#include "tests/unit/onnx/graphs.h"

namespace soliton::test {
namespace {

constexpr std::int64_t kIn = 3, kHidden = 4, kSteps = 5;
using Row = std::vector<double>;
using Rows = std::vector<Row>;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// Weights as an ONNX node has them: all directions, gates z r h, i o f c, or one.
struct Node {
  std::string op = "LSTM";
  std::string direction = "forward";
  bool linear_before_reset = false;
  std::int64_t input = kIn;
  std::uint64_t salt = 1;

  std::size_t directions() const { return direction == "bidirectional" ? 2 : 1; }
  std::size_t gates() const { return op == "GRU" ? 3 : op == "LSTM" ? 4 : 1; }
  std::size_t rows() const { return gates() * kHidden; }
  std::vector<float> w() const {
    return values(directions() * rows() * static_cast<std::size_t>(input), salt);
  }
  std::vector<float> r() const { return values(directions() * rows() * kHidden, salt + 100); }
  std::vector<float> b() const { return values(directions() * rows() * 2, salt + 200); }
};

// One direction over `steps` in the order given; the states after each.
Rows run_direction(const Node& node, std::size_t d, const Rows& steps) {
  const std::vector<float> w = node.w(), r = node.r(), b = node.b();
  const auto n = static_cast<std::size_t>(node.input);
  const std::size_t rows = node.rows();
  const auto from_x = [&](std::size_t gate, std::size_t i, const Row& x) {
    const std::size_t row = gate * kHidden + i;
    double sum = b[d * 2 * rows + row];
    for (std::size_t k = 0; k < n; ++k) sum += w[(d * rows + row) * n + k] * x[k];
    return sum;
  };
  const auto from_h = [&](std::size_t gate, std::size_t i, const Row& h) {
    const std::size_t row = gate * kHidden + i;
    double sum = b[d * 2 * rows + rows + row];
    for (std::size_t k = 0; k < kHidden; ++k) sum += r[(d * rows + row) * kHidden + k] * h[k];
    return sum;
  };
  Row h(kHidden), c(kHidden);
  Rows out;
  for (const Row& x : steps) {
    Row next(kHidden), reset(kHidden), reset_h(kHidden);
    for (std::size_t i = 0; i < kHidden && node.op == "GRU"; ++i) {
      reset[i] = logistic(from_x(1, i, x) + from_h(1, i, h));
      reset_h[i] = reset[i] * h[i];
    }
    for (std::size_t i = 0; i < kHidden; ++i) {
      if (node.op == "RNN") {
        next[i] = std::tanh(from_x(0, i, x) + from_h(0, i, h));
      } else if (node.op == "GRU") {
        const double z = logistic(from_x(0, i, x) + from_h(0, i, h));
        const double inner =
            node.linear_before_reset ? reset[i] * from_h(2, i, h) : from_h(2, i, reset_h);
        next[i] = (1 - z) * std::tanh(from_x(2, i, x) + inner) + z * h[i];
      } else {
        const double in = logistic(from_x(0, i, x) + from_h(0, i, h));
        const double emit = logistic(from_x(1, i, x) + from_h(1, i, h));
        const double forget = logistic(from_x(2, i, x) + from_h(2, i, h));
        c[i] = forget * c[i] + in * std::tanh(from_x(3, i, x) + from_h(3, i, h));
        next[i] = emit * std::tanh(c[i]);
      }
    }
    h = next;
    out.push_back(h);
  }
  return out;
}

struct Outputs {
  Rows y;   // [steps][directions * hidden]
  Row y_h;  // [directions * hidden]
};

Outputs run_node(const Node& node, const Rows& x) {
  Outputs out;
  out.y.resize(x.size());
  for (std::size_t d = 0; d < node.directions(); ++d) {
    const bool backwards = d == 1 || node.direction == "reverse";
    Rows states = run_direction(node, d, backwards ? Rows(x.rbegin(), x.rend()) : x);
    out.y_h.insert(out.y_h.end(), states.back().begin(), states.back().end());
    if (backwards) states = Rows(states.rbegin(), states.rend());
    for (std::size_t t = 0; t < x.size(); ++t)
      out.y[t].insert(out.y[t].end(), states[t].begin(), states[t].end());
  }
  return out;
}

Row joined(const Rows& rows) {
  Row out;
  for (const Row& row : rows) out.insert(out.end(), row.begin(), row.end());
  return out;
}

std::vector<float> input_values() { return values(kSteps * kIn, 99); }

Rows input_rows() {
  const std::vector<float> all = input_values();
  Rows out;
  for (std::size_t t = 0; t < kSteps; ++t)
    out.emplace_back(all.begin() + t * kIn, all.begin() + (t + 1) * kIn);
  return out;
}

// Adds the node with weights called after its first output; outputs are y, y_h (and y_c) +
// `suffix`.
::onnx::NodeProto* add(GraphMaker& g, const Node& node, const std::string& x,
                       const std::string& suffix = "") {
  const auto d = static_cast<std::int64_t>(node.directions()),
             rows = static_cast<std::int64_t>(node.rows());
  g.weights("w" + suffix, {d, rows, node.input}, node.w());
  g.weights("r" + suffix, {d, rows, kHidden}, node.r());
  g.weights("b" + suffix, {d, 2 * rows}, node.b());
  auto* out = g.node(node.op, {x, "w" + suffix, "r" + suffix, "b" + suffix},
                     {"y" + suffix, "y_h" + suffix});
  attribute(out, "hidden_size", kHidden);
  if (node.direction != "forward") attribute(out, "direction", node.direction.c_str());
  if (node.linear_before_reset) attribute(out, "linear_before_reset", std::int64_t{1});
  return out;
}

GraphMaker single(const Node& node, const std::string& output) {
  GraphMaker g;
  g.input("x", {-1, 1, kIn});
  add(g, node, "x");
  g.output(output);
  return g;
}

std::vector<Node> all_kinds() {
  std::vector<Node> out;
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    out.push_back({"LSTM", direction});
    out.push_back({"RNN", direction});
    out.push_back({"GRU", direction, false});
    out.push_back({"GRU", direction, true});
  }
  return out;
}

class Recurrent : public OnnxTest {
 protected:
  void expect_output(const GraphMaker& g, const Row& want) {
    const Model model = model_of(g);
    expect_near(run_fp32(model, input_values(), kSteps), want);
  }
};

TEST_F(Recurrent, SequenceOutputOfEveryCellAndDirection) {
  for (const Node& node : all_kinds()) {
    SCOPED_TRACE(node.op + " " + node.direction);
    const GraphMaker g = single(node, "y");
    const Model model = model_of(g);
    EXPECT_TRUE(model.sequence_output);
    EXPECT_EQ(model.fixed_steps, 0);
    EXPECT_EQ(model.before.kind, HostBefore::Kind::kVectors);
    EXPECT_EQ(model.output, static_cast<std::int64_t>(node.directions()) * kHidden);
    EXPECT_EQ(std::get<RecurrentLayer>(model.layers[0]).reverse, node.direction == "reverse");
    expect_output(g, joined(run_node(node, input_rows()).y));
  }
}

TEST_F(Recurrent, LastStateOfEveryCellAndDirection) {
  for (const Node& node : all_kinds()) {
    SCOPED_TRACE(node.op + " " + node.direction);
    const GraphMaker g = single(node, "y_h");
    EXPECT_FALSE(model_of(g).sequence_output);
    EXPECT_FALSE(std::get<RecurrentLayer>(model_of(g).layers[0]).emits_sequence);
    expect_output(g, run_node(node, input_rows()).y_h);
  }
}

TEST_F(Recurrent, BiasesMayBeLeftOut) {
  GraphMaker g = single({"LSTM"}, "y");
  g.graph().mutable_node(0)->mutable_input()->RemoveLast();
  const Model model = model_of(g);
  const auto& layer = std::get<RecurrentLayer>(model.layers[0]);
  EXPECT_EQ(*layer.directions[0].input_bias.values, std::vector<float>(4 * kHidden));
  EXPECT_EQ(*layer.directions[0].recurrent_bias.values, std::vector<float>(4 * kHidden));
}

TEST_F(Recurrent, BatchFirstLayout) {
  GraphMaker g;
  g.input("x", {1, -1, kIn});
  const Node node{"GRU", "bidirectional"};
  attribute(add(g, node, "x"), "layout", std::int64_t{1});
  g.output("y");
  expect_output(g, joined(run_node(node, input_rows()).y));
}

TEST_F(Recurrent, BatchFirstExportsTransposeInFrontAndBehind) {
  GraphMaker g;
  g.input("x", {-1, -1, kIn});
  attribute(g.node("Transpose", {"x"}, {"xt"}), "perm", Dims{1, 0, 2});
  add(g, {"LSTM"}, "xt");
  g.integers("one", {1}, {1});
  g.node("Squeeze", {"y", "one"}, {"ys"});
  attribute(g.node("Transpose", {"ys"}, {"out"}), "perm", Dims{1, 0, 2});
  g.output("out");
  const Model model = model_of(g);
  ASSERT_EQ(model.notes.size(), 1u);
  EXPECT_EQ(model.notes[0], "the input's free dimension \"free\" is taken as 1");
  expect_output(g, joined(run_node({"LSTM"}, input_rows()).y));
}

// Two layers as torch exports them: Squeeze between forward layers, Transpose and Reshape between
// bidirectional ones.
GraphMaker stacked(const Node& first, const Node& second) {
  GraphMaker g;
  g.input("x", {-1, 1, kIn});
  add(g, first, "x", "0");
  if (first.directions() == 1) {
    g.integers("one", {1}, {1});
    g.node("Squeeze", {"y0", "one"}, {"between"});
  } else {
    attribute(g.node("Transpose", {"y0"}, {"turned"}), "perm", Dims{0, 2, 1, 3});
    g.integers("shape", {3}, {0, 0, -1});
    g.node("Reshape", {"turned", "shape"}, {"between"});
  }
  add(g, second, "between", "1");
  return g;
}

TEST_F(Recurrent, StackedLayers) {
  for (const char* direction : {"forward", "bidirectional"}) {
    const Node first{"LSTM", direction};
    const Node second{"GRU", direction, true,
                      static_cast<std::int64_t>(first.directions()) * kHidden, 7};
    GraphMaker g = stacked(first, second);
    g.output("y1");
    const Model model = model_of(g);
    ASSERT_EQ(model.layers.size(), 2u);
    EXPECT_EQ(std::get<RecurrentLayer>(model.layers[1]).name, "gru0");
    expect_output(g, joined(run_node(second, run_node(first, input_rows()).y).y));
  }
}

TEST_F(Recurrent, LastStateOfTheLastOfSeveralLayersPickedFromAllStates) {
  const Node first{"LSTM"}, second{"LSTM", "forward", false, kHidden, 7};
  GraphMaker g = stacked(first, second);
  attribute(g.node("Concat", {"y_h0", "y_h1"}, {"hn"}), "axis", std::int64_t{0});
  g.integers("last", {}, {-1});
  g.node("Gather", {"hn", "last"}, {"picked"});
  g.output("picked");
  expect_output(g, run_node(second, run_node(first, input_rows()).y).y_h);
}

TEST_F(Recurrent, BothLastStatesJoinedForAClassifier) {
  const Node node{"LSTM", "bidirectional"};
  GraphMaker by_pick = single(node, "joined");
  by_pick.integers("zero", {}, {0});
  by_pick.integers("one", {}, {1});
  by_pick.node("Gather", {"y_h", "zero"}, {"forward"});
  by_pick.node("Gather", {"y_h", "one"}, {"reverse"});
  attribute(by_pick.node("Concat", {"forward", "reverse"}, {"joined"}), "axis", std::int64_t{-1});
  expect_output(by_pick, run_node(node, input_rows()).y_h);

  GraphMaker by_shape = single(node, "joined");
  attribute(by_shape.node("Transpose", {"y_h"}, {"turned"}), "perm", Dims{1, 0, 2});
  by_shape.integers("shape", {2}, {1, -1});
  by_shape.node("Reshape", {"turned", "shape"}, {"joined"});
  expect_output(by_shape, run_node(node, input_rows()).y_h);

  GraphMaker swapped = single(node, "joined");
  swapped.integers("zero", {}, {0});
  swapped.integers("one", {}, {1});
  swapped.node("Gather", {"y_h", "zero"}, {"forward"});
  swapped.node("Gather", {"y_h", "one"}, {"reverse"});
  attribute(swapped.node("Concat", {"reverse", "forward"}, {"joined"}), "axis", std::int64_t{-1});
  expect_contains(error_of(swapped), "does not read both directions of \"make_y\", forward first");
}

TEST_F(Recurrent, DirectionsStackedInFrontOfTheStepsAreNotJoined) {
  // [2, steps, hidden] seen as [steps, 2 * hidden] would mix steps of both directions.
  const Node node{"LSTM", "bidirectional"};
  GraphMaker g = single(node, "joined");
  g.graph()
      .mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_value(kSteps);
  attribute(g.node("Transpose", {"y"}, {"turned"}), "perm", Dims{1, 0, 2, 3});
  g.integers("shape", {2}, {kSteps, 2 * kHidden});
  g.node("Reshape", {"turned", "shape"}, {"joined"});
  expect_contains(error_of(g), "cannot be seen as [5, 8] without mixing steps");
}

// y of a forward or bidirectional layer, joined to [steps, directions * hidden], its last step
// picked, then a matrix.
GraphMaker last_step(const Node& node, bool by_slice) {
  const auto width = static_cast<std::int64_t>(node.directions()) * kHidden;
  GraphMaker g = single(node, "out");
  attribute(g.node("Transpose", {"y"}, {"turned"}), "perm", Dims{0, 2, 1, 3});
  g.integers("shape", {2}, {-1, width});
  g.node("Reshape", {"turned", "shape"}, {"rows"});
  if (by_slice) {
    g.integers("start", {1}, {-1});
    g.integers("end", {1}, {9223372036854775807});
    g.integers("axis", {1}, {0});
    g.node("Slice", {"rows", "start", "end", "axis"}, {"last"});
  } else {
    g.integers("start", {}, {-1});
    g.node("Gather", {"rows", "start"}, {"last"});
  }
  g.weights("m", {width, 2}, values(static_cast<std::size_t>(width) * 2, 50));
  g.node("MatMul", {"last", "m"}, {"out"});
  return g;
}

Row times(const Row& x, const std::vector<float>& m, std::size_t columns) {
  Row out(columns);
  for (std::size_t k = 0; k < x.size(); ++k)
    for (std::size_t j = 0; j < columns; ++j) out[j] += x[k] * m[k * columns + j];
  return out;
}

TEST_F(Recurrent, TheLastStepOfASequence) {
  for (const Node& node : all_kinds())
    for (const bool by_slice : {false, true}) {
      SCOPED_TRACE(node.op + " " + node.direction + (by_slice ? " slice" : " gather"));
      const GraphMaker g = last_step(node, by_slice);
      const Model model = model_of(g);
      // Only a layer that ends at the last step can keep the rest to itself.
      EXPECT_EQ(std::get<RecurrentLayer>(model.layers[0]).emits_sequence,
                node.direction != "forward");
      EXPECT_FALSE(std::get<DenseLayer>(model.layers[1]).every_step);
      const Row last = run_node(node, input_rows()).y.back();
      expect_output(g, times(last, values(last.size() * 2, 50), 2));
    }
}

TEST_F(Recurrent, TheLastStepPickedBehindTheMatrix) {
  const Node node{"GRU", "bidirectional"};
  GraphMaker g = single(node, "out");
  attribute(g.node("Transpose", {"y"}, {"turned"}), "perm", Dims{0, 2, 1, 3});
  g.integers("shape", {2}, {-1, 2 * kHidden});
  g.node("Reshape", {"turned", "shape"}, {"rows"});
  g.weights("m", {2 * kHidden, 2}, values(4 * kHidden, 50));
  g.node("MatMul", {"rows", "m"}, {"all"});
  g.integers("start", {}, {-1});
  g.node("Gather", {"all", "start"}, {"out"});
  EXPECT_FALSE(model_of(g).sequence_output);
  expect_output(g, times(run_node(node, input_rows()).y.back(), values(4 * kHidden, 50), 2));
}

TEST_F(Recurrent, BothDirectionsAtTheLastStepCannotBeReturnedAlone) {
  GraphMaker g = single({"GRU", "bidirectional"}, "last");
  g.integers("start", {}, {-1});
  g.node("Gather", {"y", "start"}, {"last"});
  expect_contains(error_of(g), "returns both directions of the last step");
}

// An LSTM with states as inputs, and with `outputs` behind its sequence.
GraphMaker stateful(const Names& outputs) {
  GraphMaker g = single({"LSTM"}, "y");
  g.input("h0", {1, 1, kHidden});
  g.input("c0", {1, 1, kHidden});
  for (const char* name : {"", "h0", "c0"}) g.graph().mutable_node(0)->add_input(name);
  g.graph().mutable_node(0)->add_output("y_c");
  for (const std::string& output : outputs) g.output(output);
  return g;
}

TEST_F(Recurrent, StatesThatGoInAndComeOutAreCarried) {
  GraphMaker g = stateful({"y_h", "y_c"});
  const Model model = model_of(g);
  const auto& layer = std::get<RecurrentLayer>(model.layers[0]);
  EXPECT_TRUE(layer.carries_hidden);
  EXPECT_TRUE(layer.carries_cell);
  EXPECT_TRUE(carries_state(model));
  EXPECT_EQ(model.notes,
            (Names{"input \"h0\", the initial state of \"make_y\", is carried from request to "
                   "request",
                   "input \"c0\", the initial cell state of \"make_y\", is carried from request to "
                   "request"}));
}

TEST_F(Recurrent, StatesMayComeOutThroughViews) {
  GraphMaker g = stateful({"hn", "y_c"});
  g.integers("zero", {1}, {0});
  g.node("Squeeze", {"y_h", "zero"}, {"flat"});
  g.node("Unsqueeze", {"flat", "zero"}, {"hn"});
  EXPECT_TRUE(std::get<RecurrentLayer>(model_of(g).layers[0]).carries_hidden);
}

TEST_F(Recurrent, AStateThatDoesNotComeOutIsRefusedByName) {
  const std::string error = error_of(stateful({"y_h"}));
  expect_contains(error,
                  "graph input \"c0\", the initial cell state of \"make_y\", has no "
                  "source, and no output returns it");
  expect_contains(error, "model.state: zero");
}

TEST_F(Recurrent, StatesMayBeZeroInEveryRequest) {
  write(stateful({"y_h"}).model.SerializeAsString());
  const Checked<Model> model = read_onnx(path(), {.zero_state = true});
  ASSERT_TRUE(model) << model.error().text();
  EXPECT_FALSE(carries_state(*model));
  EXPECT_EQ(model->notes.front(),
            "input \"h0\", the initial state of \"make_y\", is zero in every request");
}

TEST_F(Recurrent, ConstantInitialStates) {
  GraphMaker zero = single({"LSTM"}, "y");
  zero.weights("c0", {1, 1, kHidden}, std::vector<float>(kHidden));
  for (const char* name : {"", "", "c0"}) zero.graph().mutable_node(0)->add_input(name);
  expect_output(zero, joined(run_node({"LSTM"}, input_rows()).y));

  // The state after two steps, given as a constant, goes on with the third.
  const Rows all = input_rows();
  const Node node{"GRU"};
  const Rows states = run_node(node, all).y;
  GraphMaker later = single(node, "y");
  later.weights("h0", {1, 1, kHidden}, std::vector<float>(states[1].begin(), states[1].end()));
  for (const char* name : {"", "h0"}) later.graph().mutable_node(0)->add_input(name);
  const std::vector<float> input = input_values();
  expect_near(run_fp32(model_of(later), {input.begin() + 2 * kIn, input.end()}, kSteps - 2),
              joined(Rows(states.begin() + 2, states.end())));
}

TEST_F(Recurrent, AConstantStateOfAnotherSizeIsRefused) {
  GraphMaker g = single({"LSTM"}, "y");
  g.weights("h0", {1, 2, kHidden}, values(2 * kHidden, 3));
  for (const char* name : {"", "h0"}) g.graph().mutable_node(0)->add_input(name);
  expect_contains(error_of(g), "its initial state is not a constant of 4 numbers");
}

// `lengths` is an input of the graph, or a constant made before.
GraphMaker with_lengths(const std::string& lengths, std::int64_t steps) {
  GraphMaker g;
  g.input("x", {steps, 1, kIn});
  add(g, {"GRU"}, "x")->add_input(lengths);
  g.output("y");
  return g;
}

TEST_F(Recurrent, SequenceLengthsThatAreAnInputAreTheRequests) {
  GraphMaker g = with_lengths("narrow", 7);
  g.input("lengths", {1}, ::onnx::TensorProto::INT64);
  attribute(g.node("Cast", {"lengths"}, {"narrow"}), "to",
            std::int64_t{::onnx::TensorProto::INT32});
  const Model model = model_of(g);
  EXPECT_TRUE(model.takes_lengths);
  EXPECT_EQ(model.fixed_steps, 7);
  EXPECT_EQ(model.notes,
            (Names{"input \"lengths\" is the length of each request (workload.lengths)"}));
}

TEST_F(Recurrent, SequenceLengthsThatAreConstantCutRequestsShort) {
  GraphMaker g = with_lengths("lengths", 7);
  g.integers("lengths", {1}, {5});
  EXPECT_EQ(model_of(g).fixed_steps, 5);
  EXPECT_EQ(model_of(g).row_steps, 7);
  GraphMaker full = with_lengths("lengths", 7);
  full.integers("lengths", {1}, {7});
  EXPECT_EQ(model_of(full).fixed_steps, 7);
  EXPECT_EQ(model_of(full).row_steps, 0);
  GraphMaker any = with_lengths("lengths", -1);
  any.integers("lengths", {1}, {5});
  EXPECT_EQ(model_of(any).row_steps, -1);
  GraphMaker more = with_lengths("lengths", 7);
  more.integers("lengths", {1}, {8});
  expect_contains(error_of(more), "that are not one number between 1 and 7");
}

TEST_F(Recurrent, TheLastStepOfWhatIsPaddedIsRefused) {
  GraphMaker g;
  g.input("x", {7, 1, kIn});
  add(g, {"GRU"}, "x")->add_input("lengths");
  g.integers("lengths", {1}, {5});
  g.integers("start", {}, {-1});
  g.node("Gather", {"y", "start"}, {"last"});
  g.output("last");
  expect_contains(error_of(g), "reads the last step, which is padding");
}

TEST_F(Recurrent, AFixedBatchIsLanesThatRequestsFill) {
  GraphMaker g;
  g.input("x", {kSteps, 3, kIn});
  add(g, {"GRU"}, "x");
  g.output("y");
  EXPECT_EQ(model_of(g).notes,
            (Names{"the fixed batch of 3 is lanes that requests fill: each is one"}));
  expect_output(g, joined(run_node({"GRU"}, input_rows()).y));
}

TEST_F(Recurrent, VariantsThatAreNotSupportedAreRefusedByName) {
  const auto with = [&](auto change) {
    GraphMaker g = single({"LSTM"}, "y");
    change(g, g.graph().mutable_node(0));
    return error_of(g);
  };
  expect_contains(with([](GraphMaker&, auto* n) { attribute(n, "clip", 3.f); }),
                  "node \"make_y\" (LSTM) clips its gates");
  expect_contains(with([](GraphMaker&, auto* n) { attribute(n, "input_forget", std::int64_t{1}); }),
                  "couples input and forget");
  expect_contains(with([](GraphMaker&, auto* n) { attribute(n, "direction", "sideways"); }),
                  "direction \"sideways\"");
  expect_contains(with([](GraphMaker&, auto* n) {
                    auto* a = n->add_attribute();
                    a->set_name("activations");
                    a->set_type(::onnx::AttributeProto::STRINGS);
                    for (const char* name : {"Relu", "Tanh", "Tanh"}) a->add_strings(name);
                  }),
                  "activations other than Sigmoid, Tanh, Tanh");
  expect_contains(with([](GraphMaker& g, auto* n) {
                    g.weights("p", {1, 3 * kHidden}, std::vector<float>(3 * kHidden, 0.1f));
                    for (const char* name : {"", "", "", "p"}) n->add_input(name);
                  }),
                  "peepholes");
  expect_contains(with([](GraphMaker& g, auto* n) {
                    g.integers("lengths", {2}, {3, 4});
                    n->add_input("lengths");
                  }),
                  "has sequence lengths (sequence_lens) that are not one number");
  expect_contains(with([](GraphMaker&, auto* n) { n->mutable_attribute(0)->set_i(kHidden + 1); }),
                  "hidden_size 5, but recurrent weights for 4");
  expect_contains(with([](GraphMaker& g, auto*) {
                    g.graph().mutable_initializer(0)->set_dims(2, 1);
                    g.graph().mutable_initializer(0)->mutable_raw_data()->resize(64);
                  }),
                  "its input weights have shape [1, 16, 1], not [1, 16, 3]");
}

TEST_F(Recurrent, AVanillaCellKnowsTanhOnly) {
  const auto with = [&](const char* activation) {
    GraphMaker g = single({"RNN"}, "y");
    auto* a = g.graph().mutable_node(0)->add_attribute();
    a->set_name("activations");
    a->set_type(::onnx::AttributeProto::STRINGS);
    a->add_strings(activation);
    return g;
  };
  expect_contains(error_of(with("Relu")), "node \"make_y\" (RNN) has activations other than Tanh");
  expect_output(with("Tanh"), joined(run_node({"RNN"}, input_rows()).y));
}

TEST_F(Recurrent, TheCellStateIsNotAResult) {
  GraphMaker g = single({"LSTM"}, "y_c");
  g.graph().mutable_node(0)->add_output("y_c");
  expect_contains(error_of(g), "reads the cell state of an LSTM");
}

TEST_F(Recurrent, TwoReadersOfOneLayerAreABranch) {
  GraphMaker g = single({"LSTM"}, "sum");
  g.integers("one", {1}, {1});
  g.node("Squeeze", {"y", "one"}, {"ys"});
  g.weights("m", {kHidden, kHidden}, values(kHidden * kHidden, 5));
  g.node("MatMul", {"ys", "m"}, {"left"});
  g.node("MatMul", {"ys", "m"}, {"right"});
  g.node("Add", {"left", "right"}, {"sum"});
  expect_contains(error_of(g),
                  "node \"make_right\" (MatMul) reads the result of \"make_y\", which "
                  "\"make_left\" has read already");
}

TEST_F(Recurrent, ASecondResultIsRefusedUnlessOneIsChosen) {
  GraphMaker g = single({"LSTM"}, "y");
  g.node("Erf", {"y_h"}, {"strange"});  // not supported, and not needed for the first output
  g.output("strange");
  expect_contains(error_of(g), "graph output \"strange\" is a second result, and one is returned");
  expect_contains(error_of(g), "model.output: NAME, one of y, strange");
  write(g.model.SerializeAsString());
  const Checked<Model> chosen = read_onnx(path(), {.output = "y"});
  ASSERT_TRUE(chosen) << chosen.error().text();
  EXPECT_EQ(chosen->notes, (Names{"output \"strange\" is not returned"}));
  expect_contains(read_onnx(path(), {.output = "z"}).error().text(),
                  "has no output \"z\"; its outputs are y, strange");
}

TEST_F(Recurrent, ALastStateThatNoInputBeginsWithIsASecondResult) {
  GraphMaker g = single({"LSTM"}, "y");
  g.output("y_h");
  expect_contains(error_of(g), "graph output \"y_h\" is a second result");
  write(g.model.SerializeAsString());
  const Checked<Model> last = read_onnx(path(), {.output = "y_h"});
  ASSERT_TRUE(last) << last.error().text();
  EXPECT_FALSE(last->sequence_output);
}

}  // namespace
}  // namespace soliton::test
