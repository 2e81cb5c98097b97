// Random graphs, divided at random: always the bits of one device.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/region/region_graphs.h"

namespace soliton::test {
namespace {

class RandomGraph {
 public:
  explicit RandomGraph(std::uint64_t seed) : random_(seed, "graph") {
    tokens_ = 1 + below(4);
    for (std::int64_t inputs = 1 + below(2); inputs > 0; --inputs) {
      const std::int64_t width = 1 + below(30);
      values_.push_back({graph_.input("x" + std::to_string(inputs), {tokens_, 1, width}), width});
    }
    const std::size_t inputs_drawn = values_.size();
    for (std::int64_t count = 3 + below(9); count > 0; --count) add();
    // An input of the model is no answer of it.
    for (std::size_t k = inputs_drawn; k < values_.size(); ++k)
      if (!values_[k].read) graph_.output(values_[k].id);
  }
  ir::Graph take() { return std::move(graph_.graph); }

 private:
  struct Value {
    ir::ValueId id;
    std::int64_t width;
    bool read = false;
  };

  std::int64_t below(std::int64_t most) {
    return static_cast<std::int64_t>(random_.below(ordinal_++, static_cast<std::uint64_t>(most)));
  }
  std::string name(const char* what) { return what + std::to_string(names_++); }
  Value& pick() {
    Value& value =
        values_[static_cast<std::size_t>(below(static_cast<std::int64_t>(values_.size())))];
    value.read = true;
    return value;
  }
  ir::Array weights(ir::Shape shape) { return random_floats(std::move(shape), ordinal_++, 0.3); }

  void add() {
    switch (below(8)) {
      case 0:
      case 1:
        return product();
      case 2:
        return recurrent_layer();
      case 3:
        return joined_product();
      case 4:
        return sum();
      case 5:
        return on_cpu();
      default:
        return function();
    }
  }

  void product() {
    const Value x = pick();
    const std::int64_t width = 1 + below(30);
    const std::string label = name("product");
    values_.push_back(
        {graph_.node(label, "MatMul",
                     {x.id, graph_.constant(label + ".W", weights({x.width, width}))}),
         width});
  }

  void recurrent_layer() {
    const Value x = pick();
    const std::int64_t hidden = 1 + below(20);
    constexpr const char* kOps[] = {"GRU", "LSTM", "RNN"};
    constexpr const char* kDirections[] = {"forward", "reverse", "bidirectional"};
    const char* direction = kDirections[below(3)];
    const std::int64_t directions = direction == kDirections[2] ? 2 : 1;
    const std::string label = name("cell");
    const ir::ValueId y =
        recurrent(graph_, kOps[below(3)], label, x.id, x.width, hidden, directions, direction);
    const ir::ValueId turned =
        graph_.node(label + ".turned", "Transpose", {y}, {integers("perm", {0, 2, 1, 3})});
    values_.push_back(
        {graph_.node(
             label + ".rows", "Reshape",
             {turned, graph_.constant(label + ".shape",
                                      ir::Array::integers({tokens_, 1, hidden * directions}))}),
         hidden * directions});
  }

  void joined_product() {
    const Value a = pick(), b = pick();
    const std::string label = name("joined");
    const ir::ValueId both = graph_.node(label, "Concat", {a.id, b.id}, {integer("axis", -1)});
    const std::int64_t width = 1 + below(30);
    values_.push_back(
        {graph_.node(label + ".product", "MatMul",
                     {both, graph_.constant(label + ".W", weights({a.width + b.width, width}))}),
         width});
  }

  // Of two vectors of one width: the second is a product that has it.
  void sum() {
    const Value a = pick(), b = pick();
    const std::string label = name("sum");
    const ir::ValueId same =
        graph_.node(label + ".same", "MatMul",
                    {b.id, graph_.constant(label + ".W", weights({b.width, a.width}))});
    constexpr const char* kOps[] = {"Add", "Sub", "Mul", "Max"};
    const bool swapped = below(2) != 0;
    values_.push_back({graph_.node(label, kOps[below(4)],
                                   swapped ? std::vector{same, a.id} : std::vector{a.id, same}),
                       a.width});
  }

  void function() {
    const Value x = pick();
    constexpr const char* kOps[] = {"Relu", "Sigmoid", "Tanh"};
    values_.push_back({graph_.node(name("function"), kOps[below(3)], {x.id}), x.width});
  }

  // What no FPGA runs.
  void on_cpu() {
    const Value x = pick();
    values_.push_back({graph_.node(name("cpu"), "Softsign", {x.id}), x.width});
  }

  Random random_;
  std::uint64_t ordinal_ = 0;
  int names_ = 0;
  std::int64_t tokens_ = 1;
  TestGraph graph_;
  std::vector<Value> values_;
};

// Layers in stages of random lengths, each on one to three FPGAs of its own.
std::vector<Stage> random_stages(std::size_t layers, const Random& random, std::size_t& fpgas) {
  std::vector<Stage> out;
  std::uint64_t ordinal = 0;
  fpgas = 0;
  for (std::size_t first = 0; first < layers;) {
    const std::size_t last = std::min<std::size_t>(layers, first + 1 + random.below(ordinal++, 4));
    std::vector<std::size_t> nodes(1 + random.below(ordinal++, 3));
    for (std::size_t& node : nodes) node = fpgas++;
    out.push_back(stage(first, last, std::move(nodes)));
    first = last;
  }
  return out;
}

TEST(RegionRandom, EveryDivisionHasTheBitsOfOneDevice) {
  constexpr std::uint64_t kGraphs = 150;
  std::size_t compared = 0;
  for (std::uint64_t seed = 0; seed < kGraphs; ++seed) {
    SCOPED_TRACE(seed);
    RegionRun run(RandomGraph(seed).take(), seed % 2 == 0);
    if (run.split.fpga.layers.empty()) continue;
    const auto one = run.run(on_one(run), 1, 2);
    ASSERT_EQ(one.size(), 2u);
    for (std::uint64_t division = 0; division < 3; ++division) {
      std::size_t fpgas = 0;
      const std::vector<Stage> stages = random_stages(
          run.split.fpga.layers.size(), Random(seed, "division").child(division), fpgas);
      const auto other = run.try_run(stages, fpgas, 2);
      if (!other) continue;  // a recurrent layer has fewer rows than nodes
      ++compared;
      ASSERT_EQ(other->size(), 2u);
      for (std::size_t request = 0; request < 2; ++request)
        for (std::size_t k = 0; k < one[request].size(); ++k)
          ASSERT_TRUE(identical(one[request][k], (*other)[request][k])) << k;
    }
  }
  EXPECT_GT(compared, kGraphs);
}

}  // namespace
}  // namespace soliton::test
