// Graphs that are well formed as files but not as networks, or not ones an NPU runs: each refused
// by name.
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
  static void return_instead(GraphMaker& g, const std::string& name) {
    g.graph().mutable_output(0)->set_name(name);
  }
};

TEST_F(Refused, NotTheSmallModelItself) { EXPECT_EQ(error_of(small()), ""); }

TEST_F(Refused, UnsupportedOperatorNamesFileNodeAndWhatIs) {
  const std::string error = with([](GraphMaker& g) {
    g.node("Conv", {"y", "w"}, {"z"})->set_name("first conv");
    return_instead(g, "z");
  });
  EXPECT_EQ(
      error,
      path() +
          ": node \"first conv\": operator Conv is not supported; supported: Add, Cast, Concat, "
          "Constant, ConstantOfShape, Dropout, Expand, Flatten, GRU, Gather, Gemm, Identity, LSTM, "
          "LogSoftmax, MatMul, RNN, Reshape, Shape, Slice, Softmax, Squeeze, Transpose, "
          "Unsqueeze\n");
}

TEST_F(Refused, EveryUnsupportedTypeIsReportedOnceWithItsCount) {
  const std::string error = with([](GraphMaker& g) {
    g.node("Relu", {"y"}, {"a"});
    g.node("Relu", {"a"}, {"b"});
    g.node("MatMulNBits", {"b"}, {"c"})->set_domain("com.microsoft");
    g.node("If", {"c"}, {"d"})->clear_name();
    return_instead(g, "d");
  });
  expect_contains(error, "node \"make_a\": operator Relu is not supported (2 nodes); ");
  expect_contains(error, "node \"make_c\": operator com.microsoft:MatMulNBits is not supported; ");
  expect_contains(error, "node \"If #4\": operator If is not supported; ");
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 3);
}

TEST_F(Refused, NodesNobodyNeedsMayBeAnything) {
  EXPECT_EQ(with([](GraphMaker& g) { g.node("Conv", {"y", "w"}, {"z"}); }), "");
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

TEST_F(Refused, OutputsThatDependOnNothing) {
  expect_contains(with([](GraphMaker& g) { return_instead(g, "w"); }),
                  "graph output \"w\" does not depend on the data of a request");
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

TEST_F(Refused, InputsWithoutShapeOrOfOtherTypes) {
  expect_contains(with([](GraphMaker& g) { g.graph().mutable_input(0)->clear_type(); }),
                  "node \"make_y\" (MatMul) reads the graph's input \"x\", whose shape or element "
                  "type is missing");
  expect_contains(
      with([](GraphMaker& g) {
        g.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
            ::onnx::TensorProto::STRING);
      }),
      "reads the graph's input \"x\", whose shape or element type");
  expect_contains(
      with([](GraphMaker& g) {
        g.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
            ::onnx::TensorProto::INT64);
      }),
      "does not multiply the vectors of [1, 3]");
}

TEST_F(Refused, OutputsANodeDoesNotHave) {
  expect_contains(
      with([](GraphMaker& g) {
        g.node("Dropout", {"y"}, {"kept", "mask"});
        g.node("Identity", {"mask"}, {"z"});
        return_instead(g, "z");
      }),
      "node \"make_z\" (Identity) reads \"mask\", an output of its node that is not supported");
}

TEST_F(Refused, MissingOperandsOfEveryOperator) {
  for (const std::string& op : onnx_operators()) {
    if (op == "Constant") continue;
    const std::string error = with([&](GraphMaker& g) {
      g.node(op, {}, {"z"});
      return_instead(g, "z");
    });
    expect_contains(error, "node \"make_z\" (" + op + ") ");
    const std::string left_out = with([&](GraphMaker& g) {
      g.node(op, {"", "", ""}, {"z"});
      return_instead(g, "z");
    });
    expect_contains(left_out, "node \"make_z\" (" + op + ") ");
  }
}

TEST_F(Refused, AttributesOfTheWrongKind) {
  expect_contains(with([](GraphMaker& g) {
                    attribute(g.node("Softmax", {"y"}, {"z"}), "axis", "last");
                    return_instead(g, "z");
                  }),
                  "node \"make_z\" (Softmax) attribute axis is not an integer");
  expect_contains(with([](GraphMaker& g) {
                    auto* node = g.node("Softmax", {"y"}, {"z"});
                    attribute(node, "axis", std::int64_t{1});
                    attribute(node, "axis", std::int64_t{0});
                  }),
                  "node \"make_z\": attribute axis appears twice");
}

TEST_F(Refused, WeightsThatAreNotNumbers) {
  expect_contains(with([](GraphMaker& g) {
                    std::vector<float> w = values(6, 1);
                    w[4] = std::numeric_limits<float>::infinity();
                    g.graph().mutable_initializer(0)->set_raw_data(w.data(), 24);
                  }),
                  path() + ": tensor dense0.W, row ");
}

}  // namespace
}  // namespace soliton::test
