// What exporters put around the layers: constants in every form, weights put together by operators,
// shapes computed from the input's shape.
#include "partition/ir/passes/fold.h"
#include "tests/unit/onnx/graphs.h"

namespace soliton::test {
namespace {

constexpr std::int64_t kIn = 2, kHidden = 2, kRows = 3 * kHidden;

// A GRU called "gru" over x [free, batch, 2] with weights w, r as initializers unless the test
// makes them itself.
struct GruMaker : GraphMaker {
  explicit GruMaker(std::int64_t batch = 1, std::int64_t opset = 14) : GraphMaker(opset) {
    input("x", {-1, batch, kIn});
    output("y_h");
  }
  void add_weights(const std::string& name, std::uint64_t salt) {
    weights(name, {1, kRows, 2}, values(kRows * 2, salt));
  }
  ::onnx::NodeProto* gru(const std::string& w, const std::string& r, const std::string& h0 = "") {
    auto* out = node("GRU", {"x", w, r, "", "", h0}, {"y", "y_h"});
    attribute(out, "hidden_size", kHidden);
    return out;
  }
};

::onnx::TensorProto* constant(GraphMaker& g, const std::string& name, const Dims& dims, int type) {
  auto* tensor = tensor_attribute(g.node("Constant", {}, {name}), "value");
  tensor->set_data_type(type);
  for (const std::int64_t dim : dims) tensor->add_dims(dim);
  return tensor;
}

std::vector<float> input_weights(const SplitFile& file) {
  return *file.recurrent().directions[0].input.values;
}

// The shape of a state of one layer, computed from that of x.
void add_state_shape(GruMaker& g) {
  g.node("Shape", {"x"}, {"shape"});
  g.integers("one", {}, {1});
  g.integers("axis", {1}, {0});
  g.integers("layers", {1}, {1});
  g.integers("hidden", {1}, {kHidden});
  g.node("Gather", {"shape", "one"}, {"batch"});
  g.node("Unsqueeze", {"batch", "axis"}, {"batches"});
  attribute(g.node("Concat", {"layers", "batches", "hidden"}, {"state_shape"}), "axis",
            std::int64_t{0});
}

class Folding : public OnnxTest {
 protected:
  // The model with plain weights of salts 1 and 2: what every other way of giving them must equal.
  std::vector<float> plain() const {
    GruMaker g;
    g.add_weights("w", 1);
    g.add_weights("r", 2);
    g.gru("w", "r");
    return input_weights(split_of(g));
  }
};

TEST_F(Folding, ZeroStatesOfUnknownBatchAreZeroStates) {
  for (const bool expand : {false, true}) {
    GruMaker g(-1);
    g.add_weights("w", 1);
    g.add_weights("r", 2);
    add_state_shape(g);
    if (expand) {
      g.weights("zeros", {1, 1, kHidden}, {0, 0});
      g.node("Expand", {"zeros", "state_shape"}, {"h0"});
    } else {
      g.node("ConstantOfShape", {"state_shape"}, {"h0"});
    }
    g.gru("w", "r", "h0");
    // In requests of one length and of several.
    for (const std::vector<Dims>& requests :
         {std::vector<Dims>{{5}}, std::vector<Dims>{{5}, {8}}}) {
      const SplitFile file = split_of(g, {{}, requests});
      EXPECT_EQ(file.graph.nodes.size(), 1u);
      EXPECT_EQ(file.on_cpu(), Names());
      EXPECT_FALSE(file.recurrent().initial_hidden);
      EXPECT_TRUE(file.recurrent().directions[0].initial_hidden.shape.empty());
    }
  }
}

TEST_F(Folding, StatesOfOneAreAConstant) {
  GruMaker g(-1);
  g.add_weights("w", 1);
  g.add_weights("r", 2);
  add_state_shape(g);
  auto* fill = tensor_attribute(g.node("ConstantOfShape", {"state_shape"}, {"h0"}), "value");
  fill->set_data_type(::onnx::TensorProto::FLOAT);
  fill->add_dims(1);
  fill->add_float_data(1);
  g.gru("w", "r", "h0");
  const SplitFile file = split_of(g);
  const Tensor& initial = file.recurrent().directions[0].initial_hidden;
  ASSERT_TRUE(initial.values);
  EXPECT_EQ(*initial.values, std::vector<float>(kHidden, 1.0f));
}

TEST_F(Folding, AStateOfSeveralLayersIsSlicedAndZero) {
  GruMaker g(-1);
  g.add_weights("w", 1);
  g.add_weights("r", 2);
  g.node("Shape", {"x"}, {"shape"});
  g.node("ConstantOfShape", {"shape"}, {"all"});
  for (const auto& [name, value] : {std::pair{"start", 0}, {"end", 1}, {"axis", 0}})
    g.integers(name, {1}, {value});
  g.node("Slice", {"all", "start", "end", "axis"}, {"h0"});
  g.gru("w", "r", "h0");
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.graph.nodes.size(), 1u);
  EXPECT_FALSE(file.recurrent().initial_hidden);
  // Zeros as many as a request has steps are no constant, but the slice of them is.
  EXPECT_EQ(split_of(g, {{}, {{5}, {8}}}).on_cpu(), Names());
}

TEST_F(Folding, WeightsMayBeConstantNodes) {
  GruMaker g;
  auto* tensor = constant(g, "w", {1, kRows, 2}, ::onnx::TensorProto::FLOAT);
  for (const float v : values(kRows * 2, 1)) tensor->add_float_data(v);
  g.add_weights("r", 2);
  g.gru("w", "r");
  EXPECT_EQ(input_weights(split_of(g)), plain());
}

TEST_F(Folding, GatesReorderedBySliceAndConcat) {
  // Stored as r z h; the graph turns them into ONNX's z r h.
  const std::vector<float> zrh = values(kRows * 2, 1);
  std::vector<float> rzh(zrh.begin() + 4, zrh.begin() + 8);
  rzh.insert(rzh.end(), zrh.begin(), zrh.begin() + 4);
  rzh.insert(rzh.end(), zrh.begin() + 8, zrh.end());
  GruMaker g;
  g.weights("stored", {kRows, 2}, rzh);
  g.add_weights("r", 2);
  g.integers("axis", {1}, {0});
  Names parts;
  for (const std::int64_t start : {2, 0, 4}) {
    const std::string k = std::to_string(start);
    g.integers("start" + k, {1}, {start});
    g.integers("end" + k, {1}, {start + 2});
    g.node("Slice", {"stored", "start" + k, "end" + k, "axis"}, {"part" + k});
    parts.push_back("part" + k);
  }
  attribute(g.node("Concat", parts, {"joined"}), "axis", std::int64_t{0});
  g.node("Unsqueeze", {"joined", "axis"}, {"w"});
  g.gru("w", "r");
  EXPECT_EQ(input_weights(split_of(g)), plain());
}

TEST_F(Folding, WeightsTransposedReshapedAndGathered) {
  const std::vector<float> w = values(kRows * 2, 1);
  std::vector<float> turned(w.size());
  for (std::size_t row = 0; row < kRows; ++row)
    for (std::size_t column = 0; column < 2; ++column)
      turned[column * kRows + row] = w[row * 2 + column];
  GruMaker g;
  g.weights("turned", {2, kRows}, turned);
  g.add_weights("r", 2);
  attribute(g.node("Transpose", {"turned"}, {"back"}), "perm", Dims{1, 0});
  g.integers("places", {kRows}, {0, 1, 2, -3, 4, -1});
  g.node("Gather", {"back", "places"}, {"rows"});
  g.integers("shape", {3}, {1, -1, 2});
  g.node("Reshape", {"rows", "shape"}, {"w"});
  g.gru("w", "r");
  EXPECT_EQ(input_weights(split_of(g)), plain());
}

TEST_F(Folding, SlicesTakeStridesAndNegativePlaces) {
  // The rows of w backwards, then backwards again by the graph.
  const std::vector<float> w = values(kRows * 2, 1);
  std::vector<float> backwards;
  for (std::size_t row = kRows; row-- > 0;)
    backwards.insert(backwards.end(), w.begin() + row * 2, w.begin() + row * 2 + 2);
  GruMaker g;
  g.weights("backwards", {1, kRows, 2}, backwards);
  g.add_weights("r", 2);
  g.integers("start", {1}, {-1});
  g.integers("end", {1}, {-9223372036854775807});
  g.integers("axis", {1}, {1});
  g.integers("step", {1}, {-1});
  g.node("Slice", {"backwards", "start", "end", "axis", "step"}, {"w"});
  g.gru("w", "r");
  EXPECT_EQ(input_weights(split_of(g)), plain());
}

TEST_F(Folding, OldOpsetsGiveListsAsAttributes) {
  GruMaker g(1, 9);
  g.weights("flat", {1, 1, kRows + 1, 2}, values((kRows + 1) * 2, 1));
  g.add_weights("r", 2);
  auto* slice = g.node("Slice", {"flat"}, {"cut"});
  attribute(slice, "starts", Dims{0});
  attribute(slice, "ends", Dims{kRows});
  attribute(slice, "axes", Dims{2});
  attribute(g.node("Squeeze", {"cut"}, {"rows"}), "axes", Dims{0, 1});
  attribute(g.node("Unsqueeze", {"rows"}, {"w"}), "axes", Dims{0});
  g.gru("w", "r");
  EXPECT_EQ(input_weights(split_of(g)), plain());
}

TEST_F(Folding, EveryElementTypeBecomesFp32) {
  using ::onnx::TensorProto;
  // 1.5 and -2 in each representation.
  const double doubles[] = {1.5, -2};
  const std::uint16_t halves[] = {0x3e00, 0xc000}, bfloats[] = {0x3fc0, 0xc000};
  const auto check = [&](int type, const void* data, std::size_t size) {
    GraphMaker g;
    g.input("x", {1, 1});
    auto* w = g.graph().add_initializer();
    w->set_name("w");
    w->set_data_type(type);
    w->add_dims(1);
    w->add_dims(2);
    w->set_raw_data(data, size);
    attribute(g.node("Cast", {"w"}, {"wide"}), "to", std::int64_t{TensorProto::FLOAT});
    g.node("MatMul", {"x", "wide"}, {"y"});
    g.output("y");
    EXPECT_EQ(*split_of(g).dense().weights.values, (std::vector<float>{1.5f, -2})) << type;
  };
  check(TensorProto::DOUBLE, doubles, sizeof doubles);
  check(TensorProto::FLOAT16, halves, sizeof halves);
  check(TensorProto::BFLOAT16, bfloats, sizeof bfloats);
}

TEST_F(Folding, IntegersAreCastToNumbers) {
  GraphMaker g;
  g.input("x", {1, 1});
  g.integers("w", {1, 2}, {3, -4});
  attribute(g.node("Cast", {"w"}, {"wide"}), "to", std::int64_t{::onnx::TensorProto::FLOAT});
  g.node("MatMul", {"x", "wide"}, {"y"});
  g.output("y");
  EXPECT_EQ(*split_of(g).dense().weights.values, (std::vector<float>{3, -4}));
}

// They stay what the file says, and whoever runs the graph gets the error.
TEST_F(Folding, HugeShapesAreNeverMade) {
  const Dims huge{1 << 20, 1 << 20, 1 << 20};
  for (const bool expand : {false, true}) {
    GruMaker g;
    g.add_weights("w", 1);
    g.add_weights("r", 2);
    g.integers("shape", {3}, huge);
    g.weights("zero", {1}, {0});
    if (expand)
      g.node("Expand", {"zero", "shape"}, {"h0"});
    else
      g.node("ConstantOfShape", {"shape"}, {"h0"});
    g.gru("w", "r", "h0");
    EXPECT_EQ(graph_of(g).nodes.size(), 2u);
    expect_contains(shape_error_of(g), "node \"make_h0\" (");
    expect_contains(shape_error_of(g),
                    "would make 1152921504606846976 elements; at most 268435456");
    EXPECT_EQ(split_of(g).on_cpu(), (Names{"make_h0", "make_y"}));
  }
}

// The elements of all constants of a graph.
std::int64_t constant_elements(const ir::Graph& graph) {
  std::int64_t out = 0;
  for (const ir::Value& value : graph.values)
    if (value.constant.known()) out += value.constant.elements();
  return out;
}

TEST_F(Folding, ACascadeOfDoublingsStopsAtTheLimit) {
  GruMaker g;
  g.add_weights("r", 2);
  g.weights("v0", {1, 1}, {0.5f});
  for (int i = 0; i < 60; ++i) {
    const std::string k = std::to_string(i), next = std::to_string(i + 1);
    attribute(g.node("Concat", {"v" + k, "v" + k}, {"v" + next}), "axis", std::int64_t{0});
  }
  g.gru("v60", "r");
  const ir::Graph graph = graph_of(g);
  EXPECT_GT(graph.nodes.size(), 30u);
  EXPECT_LE(constant_elements(graph), ir::kMostFolded + 1000);
}

TEST_F(Folding, ImpossibleOperationsOnConstantsAreRefused) {
  const auto with = [&](const std::string& op, const Dims& list, auto change) {
    GruMaker g;
    g.weights("in", {kRows, 2}, values(kRows * 2, 1));
    g.add_weights("r", 2);
    g.integers("list", {static_cast<std::int64_t>(list.size())}, list);
    change(g.node(op, {"in", "list"}, {"w"}));
    g.gru("w", "r");
    EXPECT_EQ(error_of(g), "");
    return shape_error_of(g);
  };
  const auto nothing = [](auto*) {};
  expect_contains(with("Reshape", {-1, -1}, nothing),
                  "(Reshape) has a shape [-1, -1] with -1 twice");
  expect_contains(with("Reshape", {5, -1}, nothing),
                  "node \"make_w\" (Reshape) has a shape [5, -1] that does not divide an array of "
                  "shape [6, 2]");
  expect_contains(with("Reshape", {1, -7}, nothing), "would make an array of shape [1, -7]");
  expect_contains(with("Squeeze", {0}, nothing), "would remove axis 0 of an array of shape [6, 2]");
  expect_contains(with("Squeeze", {5}, nothing), "names axis 5 of an array of 2 axes");
  expect_contains(with("Unsqueeze", {0, 0}, nothing), "axis 0 twice");
  expect_contains(with("Gather", {6}, nothing), "has an index 6 into axis 0 of extent 6");
  expect_contains(with("Gather", {-7}, nothing), "has an index -7 into axis 0 of extent 6");
  expect_contains(with("Expand", {4}, nothing),
                  "has inputs of shapes [6, 2] and [4], which do not broadcast");
  expect_contains(with("Transpose", {},
                       [](auto* n) {
                         n->mutable_input()->RemoveLast();
                         attribute(n, "perm", Dims{0, 0});
                       }),
                  "axis 0 twice");
}

}  // namespace
}  // namespace soliton::test
