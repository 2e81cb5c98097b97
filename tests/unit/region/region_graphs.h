// Graphs of the tests of regions, and what must hold for each: equal bits for every way to divide it,
// and values near fp32.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/rng.h"
#include "tests/unit/graph/test_graph.h"
#include "tests/unit/region/region_run.h"

namespace soliton::test {

// Of models of fp32 weights whose vectors are fp16.
inline constexpr double kTolerance = 5e-3;

inline ir::Array random_floats(ir::Shape shape, std::uint64_t seed, double scale = 0.5) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  const Random random(seed, "weights");
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(scale * (2 * random.unit(i) - 1));
  return ir::Array::of<float>(std::move(shape), std::move(values));
}

using ir::attribute::integer;
using ir::attribute::integers;
using ir::attribute::real;
using ir::attribute::text;

inline ir::ValueId dense(TestGraph& t, const std::string& name, ir::ValueId x, std::int64_t input,
                         std::int64_t output) {
  const ir::ValueId w =
      t.constant(name + ".W", random_floats({input, output}, name.size() + 7, 0.3));
  const ir::ValueId b = t.constant(name + ".B", random_floats({output}, name.size() + 3));
  return t.node(name, "Add", {t.node(name + ".mul", "MatMul", {x, w}), b});
}

// A recurrent layer of one batch over [steps, 1, input]; its outputs are called name.Y, name.Y_h and
// name.Y_c.
inline ir::ValueId recurrent(TestGraph& t, const std::string& op, const std::string& name,
                             ir::ValueId x, std::int64_t input, std::int64_t hidden,
                             std::int64_t directions, const char* direction,
                             std::vector<ir::ValueId> states = {}, bool cell = false) {
  const std::int64_t gates = op == "GRU" ? 3 : op == "LSTM" ? 4 : 1;
  std::vector<ir::ValueId> inputs{
      x, t.constant(name + ".W", random_floats({directions, gates * hidden, input}, 11, 0.4)),
      t.constant(name + ".R", random_floats({directions, gates * hidden, hidden}, 12, 0.3)),
      t.constant(name + ".B", random_floats({directions, 2 * gates * hidden}, 13))};
  if (!states.empty()) {
    inputs.push_back(ir::kAbsent);
    inputs.insert(inputs.end(), states.begin(), states.end());
  }
  const ir::ValueId y = t.node(name + ".Y", op, inputs,
                               {integer("hidden_size", hidden), text("direction", direction)});
  ir::Node& node = t.graph.nodes.back();
  for (const char* more : {".Y_h", ".Y_c"}) {
    if (more == std::string(".Y_c") && !cell) break;
    t.graph.values.push_back({name + more, {}});
    node.outputs.push_back(static_cast<ir::ValueId>(t.graph.values.size() - 1));
  }
  return y;
}

inline Stage stage(std::size_t first, std::size_t last, std::vector<std::size_t> nodes) {
  Stage out;
  out.first = first;
  out.last = last;
  out.nodes = std::move(nodes);
  return out;
}

inline std::vector<Stage> on_one(const RegionRun& run) {
  return {stage(0, run.split.fpga.layers.size(), {0})};
}

// Equal bits for every way to divide the layers, and near fp32.
inline void expect_same(RegionRun& run, std::size_t wide, double tolerance = kTolerance) {
  const std::size_t layers = run.split.fpga.layers.size();
  ASSERT_GT(layers, 0u);
  const auto one = run.run(on_one(run), 1);
  ASSERT_EQ(one.size(), 1u);
  const std::vector<ir::Array> want = run.in_fp32();
  ASSERT_EQ(one[0].size(), want.size());
  for (std::size_t k = 0; k < want.size(); ++k)
    EXPECT_LE(error_of(one[0][k], want[k]), tolerance) << "output " << k;
  const auto compare = [&](const std::vector<Stage>& stages, std::size_t fpgas) {
    const auto other = run.run(stages, fpgas);
    ASSERT_EQ(other.size(), 1u);
    for (std::size_t k = 0; k < want.size(); ++k)
      EXPECT_TRUE(identical(other[0][k], one[0][k])) << "output " << k << " on " << fpgas;
  };
  for (std::size_t fpgas = 2; fpgas <= wide; ++fpgas) {
    std::vector<std::size_t> nodes(fpgas);
    for (std::size_t i = 0; i < fpgas; ++i) nodes[i] = i;
    compare({stage(0, layers, nodes)}, fpgas);
  }
  std::vector<Stage> each;
  for (std::size_t layer = 0; layer < layers; ++layer)
    each.push_back(stage(layer, layer + 1, {layer}));
  if (layers > 1) compare(each, layers);
}

inline void expect_on_fpga(const RegionRun& run, std::size_t operators) {
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(run.split.on_fpga, true)), operators);
  for (std::size_t i = 0; i < run.graph.nodes.size(); ++i)
    EXPECT_EQ(run.split.on_fpga[i], run.split.why[i].empty()) << run.graph.nodes[i].name;
}

}  // namespace soliton::test
