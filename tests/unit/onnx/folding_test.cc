// What exporters put around the layers: constants in every form, weights put together by operators,
// shapes computed from the input's shape.
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

const Tensor& input_weights(const Model& model) {
  return std::get<RecurrentLayer>(model.layers[0]).directions[0].input;
}

class Folding : public OnnxTest {
 protected:
  // The model with plain weights of salts 1 and 2: what every other way of giving them must equal.
  std::vector<float> plain() const {
    GruMaker g;
    g.add_weights("w", 1);
    g.add_weights("r", 2);
    g.gru("w", "r");
    return *input_weights(model_of(g)).values;
  }
};

TEST_F(Folding, ZeroStatesOfUnknownBatchAreZeroStates) {
  for (const bool expand : {false, true}) {
    GruMaker g(-1);
    g.add_weights("w", 1);
    g.add_weights("r", 2);
    g.node("Shape", {"x"}, {"shape"});
    g.integers("one", {}, {1});
    g.integers("axis", {1}, {0});
    g.integers("layers", {1}, {1});
    g.integers("hidden", {1}, {kHidden});
    g.node("Gather", {"shape", "one"}, {"batch"});
    g.node("Unsqueeze", {"batch", "axis"}, {"batches"});
    attribute(g.node("Concat", {"layers", "batches", "hidden"}, {"state_shape"}), "axis",
              std::int64_t{0});
    if (expand) {
      g.weights("zeros", {1, 1, kHidden}, {0, 0});
      g.node("Expand", {"zeros", "state_shape"}, {"h0"});
    } else {
      g.node("ConstantOfShape", {"state_shape"}, {"h0"});
    }
    g.gru("w", "r", "h0");
    EXPECT_EQ(model_of(g).notes, (Names{"the input's free dimension \"free\" is taken as 1"}));
  }
}

TEST_F(Folding, StatesOfOneAreAConstant) {
  GruMaker g(-1);
  g.add_weights("w", 1);
  g.add_weights("r", 2);
  g.node("Shape", {"x"}, {"shape"});
  auto* fill = tensor_attribute(g.node("ConstantOfShape", {"shape"}, {"h0"}), "value");
  fill->set_data_type(::onnx::TensorProto::FLOAT);
  fill->add_dims(1);
  fill->add_float_data(1);
  g.gru("w", "r", "h0");
  const Model model = model_of(g);
  const Tensor& initial =
      std::get<RecurrentLayer>(model.layers.front()).directions.front().initial_hidden;
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
  EXPECT_EQ(error_of(g), "");
}

TEST_F(Folding, AnInputStateOfSeveralLayersIsSliced) {
  GruMaker g;
  g.input("states", {2, 1, kHidden});
  g.add_weights("w", 1);
  g.add_weights("r", 2);
  for (const auto& [name, value] : {std::pair{"start", 1}, {"end", 2}, {"axis", 0}})
    g.integers(name, {1}, {value});
  g.node("Slice", {"states", "start", "end", "axis"}, {"h0"});
  g.gru("w", "r", "h0");
  expect_contains(error_of(g),
                  "graph input \"states\", the initial state of \"make_y\", has no "
                  "source, and no output returns it");
}

TEST_F(Folding, WeightsMayBeConstantNodes) {
  GruMaker g;
  auto* tensor = constant(g, "w", {1, kRows, 2}, ::onnx::TensorProto::FLOAT);
  for (const float v : values(kRows * 2, 1)) tensor->add_float_data(v);
  g.add_weights("r", 2);
  g.gru("w", "r");
  EXPECT_EQ(*input_weights(model_of(g)).values, plain());
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
  EXPECT_EQ(*input_weights(model_of(g)).values, plain());
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
  EXPECT_EQ(*input_weights(model_of(g)).values, plain());
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
  EXPECT_EQ(*input_weights(model_of(g)).values, plain());
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
  EXPECT_EQ(*input_weights(model_of(g)).values, plain());
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
    const Model model = model_of(g);
    EXPECT_EQ(*std::get<DenseLayer>(model.layers[0]).weights.values, (std::vector<float>{1.5f, -2}))
        << type;
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
  EXPECT_EQ(*std::get<DenseLayer>(model_of(g).layers[0]).weights.values,
            (std::vector<float>{3, -4}));
}

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
    EXPECT_EQ(error_of(g), "");  // zeros of any shape are zeros
  }
  GruMaker g;
  g.add_weights("w", 1);
  g.weights("two", {2, 1, 1}, {1, 2});
  g.integers("shape", {3}, {2, 1 << 20, 1 << 20});
  g.node("Expand", {"two", "shape"}, {"r"});
  g.gru("w", "r");
  expect_contains(error_of(g), "the constants computed in the graph are too large for its file");
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
  expect_contains(error_of(g), "the constants computed in the graph are too large for its file");
}

TEST_F(Folding, ImpossibleOperationsOnConstantsAreRefused) {
  const auto with = [&](const std::string& op, const Dims& list, auto change) {
    GruMaker g;
    g.weights("in", {kRows, 2}, values(kRows * 2, 1));
    g.add_weights("r", 2);
    g.integers("list", {static_cast<std::int64_t>(list.size())}, list);
    change(g.node(op, {"in", "list"}, {"w"}));
    g.gru("w", "r");
    return error_of(g);
  };
  const auto nothing = [](auto*) {};
  expect_contains(with("Reshape", {-1, -1}, nothing), "leaves more than one size open");
  expect_contains(with("Reshape", {5, -1}, nothing),
                  "node \"make_w\" (Reshape) sees [6, 2] as [5, 0]");
  expect_contains(with("Reshape", {1, -7}, nothing), "makes an axis of -7");
  expect_contains(with("Squeeze", {0}, nothing), "sees [6, 2] as [2]");
  expect_contains(with("Squeeze", {5}, nothing), "axis 5 of a tensor with 2 axes");
  expect_contains(with("Unsqueeze", {0, 0}, nothing), "axis 0 twice");
  expect_contains(with("Gather", {6}, nothing), "index 6 of an axis of 6");
  expect_contains(with("Gather", {-7}, nothing), "index -7 of an axis of 6");
  expect_contains(with("Expand", {4}, nothing), "expands an axis of 2 to 4");
  expect_contains(with("Transpose", {},
                       [](auto* n) {
                         n->mutable_input()->RemoveLast();
                         attribute(n, "perm", Dims{0, 0});
                       }),
                  "axis 0 twice");
}

}  // namespace
}  // namespace soliton::test
