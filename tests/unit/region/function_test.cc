#include <functional>

#include "tests/unit/region/region_graphs.h"

namespace soliton::test {
namespace {

// A layer that every function reads behind a product, so that it runs on the FPGA.
struct FunctionCase {
  const char* name;
  std::function<ir::ValueId(TestGraph&, ir::ValueId)> add;
  double tolerance = kTolerance;
};

class RegionFunction : public testing::TestWithParam<FunctionCase> {};

TEST_P(RegionFunction, IsAProgramWhereItIsDeclared) {
  TestGraph t;
  const ir::ValueId x = t.input("x", {3, 20});
  const ir::ValueId made = GetParam().add(t, dense(t, "a", x, 20, 19));
  t.output(dense(t, "bb", made, 19, 12));
  RegionRun run(t.graph);
  expect_on_fpga(run, t.graph.nodes.size());
  expect_same(run, 3, GetParam().tolerance);
}

ir::ValueId number(TestGraph& t, const std::string& name, float value) {
  return t.constant(name, ir::Array::scalar<float>(value));
}

// Normalisation as frameworks write it out.
ir::ValueId written_out_norm(TestGraph& t, ir::ValueId x) {
  const auto axes = integers("axes", {-1});
  t.graph.opset = 13;
  const ir::ValueId mean = t.node("mean", "ReduceMean", {x}, {axes});
  const ir::ValueId centred = t.node("centred", "Sub", {x, mean});
  const ir::ValueId squares = t.node("squares", "Pow", {centred, number(t, "two", 2)});
  const ir::ValueId variance = t.node("variance", "ReduceMean", {squares}, {axes});
  const ir::ValueId size =
      t.node("size", "Sqrt", {t.node("eps", "Add", {variance, number(t, "e", 1e-3F)})});
  const ir::ValueId normal = t.node("normal", "Div", {centred, size});
  const ir::ValueId scaled =
      t.node("scaled", "Mul", {normal, t.constant("gain", random_floats({19}, 3, 2))});
  return t.node("shifted", "Add", {scaled, t.constant("shift", random_floats({19}, 4))});
}

ir::ValueId written_out_gelu(TestGraph& t, ir::ValueId x) {
  const ir::ValueId z = t.node("z", "Div", {x, number(t, "root", std::sqrt(2.0F))});
  const ir::ValueId share =
      t.node("share", "Add", {t.node("erf", "Erf", {z}), number(t, "one", 1)});
  return t.node("half", "Mul", {t.node("product", "Mul", {x, share}), number(t, "h", 0.5F)});
}

// Elements weighted by what a pool makes of their vector, with more axes of one element around it.
FunctionCase pooled(const char* name, const char* op, std::vector<ir::Attribute> attributes = {}) {
  return {name, [op, attributes](TestGraph& t, ir::ValueId x) {
            const ir::ValueId shape =
                t.constant("shape", ir::Array::of<std::int64_t>({4}, {1, 3, 1, 19}));
            const ir::ValueId maps = t.node("maps", "Reshape", {x, shape});
            return t.node("f", "Mul", {maps, t.node("pool", op, {maps}, attributes)});
          }};
}

std::vector<FunctionCase> function_cases() {
  return {
      pooled("global_average_pool", "GlobalAveragePool"),
      pooled("global_max_pool", "GlobalMaxPool"),
      pooled("average_pool", "AveragePool", {integers("kernel_shape", {1, 19})}),
      pooled("max_pool", "MaxPool",
             {integers("kernel_shape", {1, 19}), integers("strides", {1, 4})}),
      FunctionCase{
          "clip",
          [](TestGraph& t, ir::ValueId x) {
            return t.node("clip", "Clip", {x, number(t, "low", -0.2F), number(t, "high", 0.3F)});
          }},
      FunctionCase{"hard_sigmoid",
                   [](TestGraph& t, ir::ValueId x) {
                     return t.node("f", "HardSigmoid", {x}, {real("alpha", 0.3F)});
                   }},
      FunctionCase{"hard_swish",
                   [](TestGraph& t, ir::ValueId x) { return t.node("f", "HardSwish", {x}); }},
      FunctionCase{"silu",
                   [](TestGraph& t, ir::ValueId x) {
                     return t.node("f", "Mul", {x, t.node("s", "Sigmoid", {x})});
                   }},
      FunctionCase{"leaky_relu",
                   [](TestGraph& t, ir::ValueId x) {
                     return t.node("f", "LeakyRelu", {x}, {real("alpha", 0.1F)});
                   }},
      FunctionCase{"abs_sqrt",
                   [](TestGraph& t, ir::ValueId x) {
                     return t.node("f", "Sqrt", {t.node("a", "Abs", {x})});
                   }},
      FunctionCase{"exp_reciprocal",
                   [](TestGraph& t, ir::ValueId x) {
                     return t.node("r", "Reciprocal", {t.node("e", "Exp", {x})});
                   }},
      FunctionCase{"softmax",
                   [](TestGraph& t, ir::ValueId x) {
                     return t.node("f", "Softmax", {x}, {integer("axis", -1)});
                   }},
      FunctionCase{"softmax_below_zero",
                   [](TestGraph& t, ir::ValueId x) {
                     return t.node("f", "Softmax",
                                   {t.node("low", "Sub", {x, number(t, "far", 40)})},
                                   {integer("axis", -1)});
                   },
                   0.05},
      FunctionCase{"layer_norm",
                   [](TestGraph& t, ir::ValueId x) {
                     return t.node("f", "LayerNormalization",
                                   {x, t.constant("gain", random_floats({19}, 3, 2)),
                                    t.constant("shift", random_floats({19}, 4))},
                                   {real("epsilon", 1e-3F)});
                   }},
      FunctionCase{"written_out_norm", written_out_norm},
      FunctionCase{"gelu", [](TestGraph& t, ir::ValueId x) { return t.node("f", "Gelu", {x}); }},
      FunctionCase{"written_out_gelu", written_out_gelu}};
}

// Before opset 13 a softmax along axis 1 normalises all that follows as one, which is no vector.
TEST(RegionFunctions, AnEarlySoftmaxOverSeveralAxesStaysOnTheCpu) {
  for (const std::int64_t axis : {1, 2}) {
    TestGraph t;
    t.graph.opset = 11;
    const ir::ValueId x = t.input("x", {2, 3, 20});
    const ir::ValueId soft =
        t.node("soft", "Softmax", {dense(t, "a", x, 20, 19)}, {integer("axis", axis)});
    t.output(dense(t, "bb", soft, 19, 12));
    RegionRun run(t.graph);
    expect_on_fpga(run, axis == 1 ? 4 : 5);
    expect_same(run, 2);
  }
}

// What a window leaves of a vector are other vectors, and the places of elements are integers.
TEST(RegionFunctions, SmallerPoolsStayOnTheCpu) {
  const auto cpu_nodes = [](std::vector<ir::Attribute> attributes, ir::Shape shape,
                            std::int64_t width) {
    TestGraph t;
    const ir::ValueId x = dense(t, "a", t.input("x", shape), 20, 19);
    t.output(dense(t, "bb", t.node("pool", "MaxPool", {x}, attributes), width, 12));
    RegionRun run(t.graph);
    expect_on_fpga(run, 4);
    expect_same(run, 2);
  };
  cpu_nodes({integers("kernel_shape", {8}), integers("strides", {8})}, {1, 3, 20}, 2);
  cpu_nodes({integers("kernel_shape", {18}), integers("strides", {18})}, {1, 3, 20}, 1);
  cpu_nodes({integers("kernel_shape", {21}), integers("pads", {1, 1})}, {1, 3, 20}, 1);
  cpu_nodes({integers("kernel_shape", {3, 19})}, {1, 2, 3, 20}, 1);
}

std::string case_name(const testing::TestParamInfo<FunctionCase>& it) { return it.param.name; }

INSTANTIATE_TEST_SUITE_P(All, RegionFunction, testing::ValuesIn(function_cases()), case_name);

}  // namespace
}  // namespace soliton::test
