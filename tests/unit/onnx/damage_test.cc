// Models with damaged bytes: refused, or read as some graph that is consistent and splits into some
// model that is, never a crash or a read beyond the bytes (which the sanitizer build would show).
#include <algorithm>
#include <limits>

#include "partition/ir/evaluate.h"
#include "partition/ir/operator.h"
#include "protocol/base/rng.h"
#include "tests/unit/onnx/graphs.h"

namespace soliton::test {
namespace {

// Uses most operators: embedding, zero state from shapes, a bidirectional LSTM, joined states,
// matrix, bias, softmax.
GraphMaker rich() {
  GraphMaker g;
  g.input("tokens", {-1, 1}, ::onnx::TensorProto::INT64);
  g.weights("table", {4, 2}, values(8, 1));
  g.node("Gather", {"table", "tokens"}, {"x"});
  g.node("Shape", {"x"}, {"shape"});
  g.integers("one", {}, {1});
  g.node("Gather", {"shape", "one"}, {"batch"});
  g.integers("axis", {1}, {0});
  g.node("Unsqueeze", {"batch", "axis"}, {"batches"});
  g.integers("two", {1}, {2});
  attribute(g.node("Concat", {"two", "batches", "two"}, {"state"}), "axis", std::int64_t{0});
  g.node("ConstantOfShape", {"state"}, {"h0"});
  g.weights("w", {2, 8, 2}, values(32, 2));
  g.weights("r", {2, 8, 2}, values(32, 3));
  auto* lstm = g.node("LSTM", {"x", "w", "r", "", "", "h0", "h0"}, {"y", "y_h"});
  attribute(lstm, "hidden_size", std::int64_t{2});
  attribute(lstm, "direction", "bidirectional");
  attribute(g.node("Transpose", {"y_h"}, {"turned"}), "perm", Dims{1, 0, 2});
  g.integers("flat", {2}, {1, -1});
  g.node("Reshape", {"turned", "flat"}, {"last"});
  g.weights("m", {4, 3}, values(12, 4));
  g.weights("b", {3}, values(3, 5));
  g.node("MatMul", {"last", "m"}, {"product"});
  g.node("Add", {"product", "b"}, {"scores"});
  g.node("Softmax", {"scores"}, {"p"});
  g.output("p");
  return g;
}

// Where to run a graph would only cost time and memory.
constexpr std::int64_t kMostElements = 1 << 12;

bool small(const std::vector<ir::Array>& arrays) {
  return std::ranges::all_of(
      arrays, [](const ir::Array& array) { return array.elements() <= kMostElements; });
}

class Damage : public OnnxTest {
 protected:
  // 1 when it was still read.
  int survives(const std::string& bytes) const {
    write(bytes);
    const Checked<ImportedModel> model = import_onnx(path());
    if (!model) {
      EXPECT_FALSE(model.error().text().empty());
      return 0;
    }
    EXPECT_EQ(broken_rule(model->graph), "");
    const bool readable = std::ranges::all_of(model->graph.inputs, [](const ir::Input& input) {
      return input.type != ir::ElementType::kNone &&
             std::ranges::all_of(input.shape,
                                 [](std::int64_t extent) { return extent <= kMostElements; });
    });
    if (readable && small(kinds_of(model->graph, {3}))) run(model->graph);
    return 1;
  }

 private:
  // What a graph says of shapes must hold for values, before it is split and behind.
  static void run(const ir::Graph& graph) {
    const std::vector<ir::Array> kinds = kinds_of(graph, {3});
    if (!small(ir::infer_partly(graph, kinds))) return;
    const Result<ir::Outputs> shapes = ir::evaluate(graph, kinds);
    const SplitFile file = split_graph(graph, {{3}});
    std::vector<ir::Array> zeros;
    for (const ir::Array& kind : kinds)
      zeros.push_back(ir::converted(
          ir::Array::of(kind.shape(),
                        std::vector<float>(static_cast<std::size_t>(kind.elements()))),
          kind.type()));
    const Result<ir::Outputs> before = ir::evaluate(graph, zeros);
    if (!shapes || !before) return;
    const Result<ir::Outputs> behind = ir::evaluate(file.graph, zeros);
    ASSERT_TRUE(behind) << behind.error().message;
    for (std::size_t k = 0; k < before->size(); ++k) {
      EXPECT_EQ((*before)[k].type(), (*shapes)[k].type());
      EXPECT_TRUE(identical((*before)[k], (*behind)[k])) << "output " << k;
    }
  }
};

TEST_F(Damage, RandomBytes) {
  const std::string whole = rich().model.SerializeAsString();
  ASSERT_EQ(survives(whole), 1);
  const Random random(5, "onnx damage");
  int read = 0;
  for (std::uint64_t round = 0; round < 4000; ++round) {
    const Random here = random.child(round);
    std::string damaged = whole;
    for (std::uint64_t k = 0; k <= here.below(0, 4); ++k)
      damaged[here.below(2 * k + 1, damaged.size())] =
          static_cast<char>(here.below(2 * k + 2, 256));
    read += survives(damaged);
  }
  EXPECT_GT(read, 0);  // a bit in a weight harms nothing
}

// Numbers in attributes, dimensions and integer constants replaced by ones that parsers get wrong.
TEST_F(Damage, ExtremeNumbers) {
  const std::int64_t extremes[] = {0,
                                   1,
                                   -1,
                                   2,
                                   -2,
                                   3,
                                   5,
                                   1 << 20,
                                   0x7fffffff,
                                   -0x80000000LL,
                                   1LL << 40,
                                   1LL << 62,
                                   std::numeric_limits<std::int64_t>::max(),
                                   std::numeric_limits<std::int64_t>::min()};
  const GraphMaker original = rich();
  int tried = 0;
  const auto each = [&](auto&& number) {  // number(graph, value)
    for (const std::int64_t value : extremes) {
      GraphMaker g = original;
      number(g.graph(), value);
      survives(g.model.SerializeAsString());
      ++tried;
    }
  };
  for (int t = 0; t < original.model.graph().initializer_size(); ++t) {
    const auto& tensor = original.model.graph().initializer(t);
    for (int d = 0; d < tensor.dims_size(); ++d)
      each([&](auto& graph, std::int64_t v) { graph.mutable_initializer(t)->set_dims(d, v); });
    for (int i = 0; i < tensor.int64_data_size(); ++i)
      each(
          [&](auto& graph, std::int64_t v) { graph.mutable_initializer(t)->set_int64_data(i, v); });
  }
  for (int n = 0; n < original.model.graph().node_size(); ++n)
    for (int a = 0; a < original.model.graph().node(n).attribute_size(); ++a)
      each([&](auto& graph, std::int64_t v) {
        auto* attribute = graph.mutable_node(n)->mutable_attribute(a);
        attribute->set_i(v);
        for (int i = 0; i < attribute->ints_size(); ++i) attribute->set_ints(i, v);
      });
  for (int d = 0; d < 2; ++d)
    each([&](auto& graph, std::int64_t v) {
      graph.mutable_input(0)
          ->mutable_type()
          ->mutable_tensor_type()
          ->mutable_shape()
          ->mutable_dim(d)
          ->set_dim_value(v);
    });
  EXPECT_GT(tried, 300);
}

// Any tensor in any operator's place: wiring no exporter makes.
TEST_F(Damage, CrossedWires) {
  const GraphMaker original = rich();
  Names names{"", "tokens"};
  for (const auto& tensor : original.model.graph().initializer()) names.push_back(tensor.name());
  for (const auto& node : original.model.graph().node())
    names.insert(names.end(), node.output().begin(), node.output().end());
  int tried = 0;
  for (int n = 0; n < original.model.graph().node_size(); ++n)
    for (int i = 0; i < original.model.graph().node(n).input_size(); ++i)
      for (const std::string& name : names) {
        GraphMaker g = original;
        g.graph().mutable_node(n)->set_input(i, name);
        survives(g.model.SerializeAsString());
        ++tried;
      }
  for (const ir::Operator* op : ir::operators())
    for (int n = 0; n < original.model.graph().node_size(); ++n, ++tried) {
      GraphMaker g = original;
      g.graph().mutable_node(n)->set_op_type(std::string(op->name));
      survives(g.model.SerializeAsString());
    }
  EXPECT_GT(tried, 500);
}

}  // namespace
}  // namespace soliton::test
