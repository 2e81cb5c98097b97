// Graphs that are well formed as files but not as networks: each refused by name, by the import or,
// where the shapes of a request decide, when these are inferred.
#include <algorithm>
#include <limits>

#include "partition/ir/evaluate.h"
#include "partition/ir/operator.h"
#include "tests/unit/onnx/graphs.h"

namespace soliton::test {
namespace {

// x [1, 3] -> MatMul -> y [1, 2].
GraphMaker small() {
  GraphMaker g;
  g.input("x", {1, 3});
  g.weights("w", {3, 2}, values(6, 1));
  g.node("MatMul", {"x", "w"}, {"y"});
  g.output("y");
  return g;
}

class Refused : public OnnxTest {
 protected:
  template <typename Change>
  std::string with(Change change) const {
    GraphMaker g = small();
    change(g);
    return error_of(g);
  }
  // The file is read, but no request can run.
  template <typename Change>
  std::string shapes_with(Change change) const {
    GraphMaker g = small();
    change(g);
    return shape_error_of(g);
  }
  static void return_instead(GraphMaker& g, const std::string& name) {
    g.graph().mutable_output(0)->set_name(name);
  }
};

TEST_F(Refused, NotTheSmallModelItself) { EXPECT_EQ(error_of(small()), ""); }

TEST_F(Refused, UnsupportedOperatorNamesFileNodeAndWhatIs) {
  const std::string error = with([](GraphMaker& g) {
    g.node("Convolve", {"y", "w"}, {"z"})->set_name("first conv");
    return_instead(g, "z");
  });
  EXPECT_EQ(error, path() +
                       ": operator Convolve is not supported (node \"first conv\"); `soliton list "
                       "operators` names those that are; export the model with others, or cut it "
                       "there and name the output before it in model.output\n");
}

TEST_F(Refused, EveryUnsupportedTypeIsReportedOnceWithItsCount) {
  const std::string error = with([](GraphMaker& g) {
    g.node("Reluu", {"y"}, {"a"});
    g.node("Reluu", {"a"}, {"b"});
    g.node("Relu", {"b"}, {"c"})->set_domain("com.example");
    g.node("Strange", {"c"}, {"d"})->clear_name();
    return_instead(g, "d");
  });
  expect_contains(error,
                  "operator Reluu is not supported (node \"make_a\" and 1 more); the "
                  "nearest is Relu; ");
  expect_contains(error, "operator com.example:Relu is not supported (node \"make_c\"); ");
  expect_contains(error, "operator Strange is not supported (node \"d\"); ");
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 3);
}

TEST_F(Refused, UnsupportedOperatorsInBodiesAreReportedToo) {
  expect_contains(with([](GraphMaker& g) {
                    g.input("c", {}, ::onnx::TensorProto::BOOL);
                    auto* node = g.node("If", {"c"}, {"z"});
                    for (const char* name : {"then_branch", "else_branch"}) {
                      auto* branch = node->add_attribute();
                      branch->set_name(name);
                      branch->set_type(::onnx::AttributeProto::GRAPH);
                      auto* inner = branch->mutable_g()->add_node();
                      inner->set_op_type("Strange");
                      inner->add_input("y");
                      inner->add_output("inner");
                      branch->mutable_g()->add_output()->set_name("inner");
                    }
                    return_instead(g, "z");
                  }),
                  "operator Strange is not supported (node \"inner\" and 1 more)");
}

TEST_F(Refused, NodesNobodyNeedsMayBeAnything) {
  EXPECT_EQ(with([](GraphMaker& g) { g.node("Strange", {"y", "w"}, {"z"}); }), "");
}

TEST_F(Refused, CyclesAreNamed) {
  expect_contains(with([](GraphMaker& g) {
                    g.node("Add", {"y", "c"}, {"a"})->set_name("a");
                    g.node("Identity", {"a"}, {"b"})->set_name("b");
                    g.node("Identity", {"b"}, {"c"})->set_name("c");
                    g.node("Identity", {"c"}, {"d"})->set_name("beyond");
                    return_instead(g, "d");
                  }),
                  path() + ": cycle: a > b > c > a\n");
  expect_contains(with([](GraphMaker& g) {
                    g.node("Add", {"y", "a"}, {"a"})->set_name("a");
                    return_instead(g, "a");
                  }),
                  "self-loop on node \"a\"");
}

TEST_F(Refused, OrderInTheFileDoesNotMatter) {
  GraphMaker g = small();
  g.weights("b", {2}, {1, 2});
  g.node("Add", {"y", "b"}, {"z"});
  return_instead(g, "z");
  g.graph().mutable_node()->SwapElements(0, 1);
  EXPECT_EQ(error_of(g), "");
}

TEST_F(Refused, NamesMadeTwice) {
  expect_contains(with([](GraphMaker& g) { g.node("Identity", {"x"}, {"y"})->set_name("other"); }),
                  "tensor \"y\" is made twice: by node \"other\" and by node \"make_y\"");
  expect_contains(
      with([](GraphMaker& g) { g.node("Identity", {"y"}, {"x"}); }),
      "tensor \"x\" is made twice: by node \"make_x\" and by the caller, as a graph input");
  expect_contains(with([](GraphMaker& g) { g.node("Identity", {"y"}, {"w"}); }),
                  "output \"w\" is also an initializer");
  expect_contains(with([](GraphMaker& g) { g.node("Identity", {"y"}, {"z"})->set_name("make_y"); }),
                  "node \"make_y\" is defined twice");
  expect_contains(with([](GraphMaker& g) { g.weights("w", {1}, {1}); }),
                  "initializer \"w\" appears twice");
  expect_contains(with([](GraphMaker& g) { g.input("x", {1}); }),
                  "graph input \"x\" appears twice");
}

TEST_F(Refused, MissingInputsNameTheNearest) {
  expect_contains(
      with([](GraphMaker& g) { g.graph().mutable_node(0)->set_input(1, "weights"); }),
      "node \"make_y\": input \"weights\" is not made by any node, initializer or graph input");
  expect_contains(
      with([](GraphMaker& g) {
        g.node("Identity", {"y"}, {"hidden_state"});
        g.node("Identity", {"hiden_state"}, {"z"});
      }),
      "input \"hiden_state\" is not made by any node, initializer or graph input; did you "
      "mean \"hidden_state\"?");
  expect_contains(with([](GraphMaker& g) { return_instead(g, "nothing"); }),
                  "no node makes graph output \"nothing\"");
}

TEST_F(Refused, EmptyGraphs) {
  expect_contains(with([](GraphMaker& g) { g.graph().clear_node(); }),
                  path() + ": the graph has no operators");
  expect_contains(with([](GraphMaker& g) { g.graph().clear_output(); }),
                  "the graph has no outputs");
  expect_contains(with([](GraphMaker& g) { g.model.clear_graph(); }),
                  "has no graph: not an ONNX model");
}

TEST_F(Refused, NotOutputsThatDependOnNothing) {
  GraphMaker g = small();
  return_instead(g, "w");
  const SplitFile file = split_of(g);
  EXPECT_EQ(file.layers().size(), 0u);
  EXPECT_EQ(file.run({values(3, 2)}), values(6, 1));
}

TEST_F(Refused, OpsetsOfUnknownMeaning) {
  expect_contains(with([](GraphMaker& g) { g.model.clear_opset_import(); }),
                  "no version of ONNX's operators");
  expect_contains(with([](GraphMaker& g) { g.model.mutable_opset_import(0)->set_version(6); }),
                  "opset 6 is not supported; supported: 7 to 22");
  expect_contains(with([](GraphMaker& g) { g.model.mutable_opset_import(0)->set_version(1000); }),
                  "opset 1000");
  expect_contains(with([](GraphMaker& g) { g.model.add_opset_import()->set_version(9); }),
                  "two versions");
  EXPECT_EQ(with([](GraphMaker& g) {
              auto* unused = g.model.add_opset_import();
              unused->set_domain("ai.onnx.ml");
              unused->set_version(3);
            }),
            "");
}

TEST_F(Refused, InputsOfOtherTypes) {
  const auto typed = [&](int type) {
    GraphMaker g = small();
    g.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(type);
    return g;
  };
  expect_contains(with([](GraphMaker& g) { g.graph().mutable_input(0)->clear_type(); }),
                  "graph input \"x\" is of type something other than a tensor, which is not "
                  "supported");
  expect_contains(error_of(typed(::onnx::TensorProto::STRING)),
                  "graph input \"x\" is of type STRING, which is not supported");
  expect_contains(shape_error_of(typed(::onnx::TensorProto::INT64)), "node \"make_y\" (MatMul) ");
}

TEST_F(Refused, NotInputsWithoutShapeThatARequestGives) {
  GraphMaker g = small();
  g.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  const ir::Graph graph = graph_of(g);
  EXPECT_FALSE(graph.inputs.at(0).ranked);
  const std::vector<ir::Array> row{ir::Array::unknown(ir::ElementType::kFloat32, {1, 3})};
  EXPECT_TRUE(ir::infer(graph, row));
}

TEST_F(Refused, InputsThatAreTooManyDimensions) {
  expect_contains(with([](GraphMaker& g) { g.input("wide", Dims(17, 1)); }),
                  "graph input \"wide\" has 17 dimensions; at most 16");
}

TEST_F(Refused, ShapesThatDoNotFit) {
  const auto wide = [](GraphMaker& g) {
    g.graph().mutable_initializer(0)->set_dims(0, 2);
    g.graph().mutable_initializer(0)->set_dims(1, 3);
  };
  expect_contains(shapes_with(wide),
                  "node \"make_y\" (MatMul) has inputs of shapes [1, 3] and [2, 3]");
  expect_contains(shapes_with([](GraphMaker& g) {
                    g.weights("c", {3, 3}, values(9, 1));
                    g.node("Add", {"y", "c"}, {"z"});
                    return_instead(g, "z");
                  }),
                  "node \"make_z\" (Add) has inputs of shapes [1, 2] and [3, 3]");
}

TEST_F(Refused, OutputsANodeDoesNotHave) {
  expect_contains(shapes_with([](GraphMaker& g) {
                    g.node("Relu", {"y"}, {"kept", "mask"});
                    g.node("Identity", {"mask"}, {"z"});
                    return_instead(g, "z");
                  }),
                  "node \"make_kept\" (Relu) does not support its output 1");
}

TEST_F(Refused, MissingOperandsOfEveryOperator) {
  for (const ir::Operator* op : ir::operators()) {
    const std::string name(op->name);
    if (name == "Constant") continue;
    for (const Names& inputs : {Names{}, Names{"", "", ""}})
      expect_contains(shapes_with([&](GraphMaker& g) {
                        g.node(name, inputs, {"z"});
                        return_instead(g, "z");
                      }),
                      "node \"make_z\" (" + name + ") ");
  }
}

TEST_F(Refused, AttributesOfTheWrongKind) {
  expect_contains(shapes_with([](GraphMaker& g) {
                    attribute(g.node("Softmax", {"y"}, {"z"}), "axis", "last");
                    return_instead(g, "z");
                  }),
                  "node \"make_z\" (Softmax) has an attribute axis that is not an integer");
  expect_contains(with([](GraphMaker& g) {
                    auto* node = g.node("Softmax", {"y"}, {"z"});
                    attribute(node, "axis", std::int64_t{1});
                    attribute(node, "axis", std::int64_t{0});
                  }),
                  "node \"make_z\": attribute axis appears twice");
}

TEST_F(Refused, WeightsThatAreNotNumbersByFpgas) {
  GraphMaker g = small();
  std::vector<float> w = values(6, 1);
  w[4] = std::numeric_limits<float>::infinity();
  g.graph().mutable_initializer(0)->set_raw_data(w.data(), 24);
  EXPECT_EQ(split_of(g).why("make_y"), "has weights that are not finite");
}

TEST_F(Refused, SparseInitializers) {
  expect_contains(with([](GraphMaker& g) { g.graph().add_sparse_initializer(); }),
                  "sparse initializers are not supported");
}

}  // namespace
}  // namespace soliton::test
