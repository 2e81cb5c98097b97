// Operators that run bodies.
#include <gtest/gtest.h>

#include "tests/unit/ops/apply.h"
#include "tests/unit/ops_heavy/random.h"

namespace soliton::ir {
namespace {

// A graph in the making.
class Body {
 public:
  ValueId input() {
    graph_.inputs.push_back({value()});
    return graph_.inputs.back().value;
  }
  ValueId constant(Array array) {
    const ValueId id = value();
    graph_.values[id].constant = std::move(array);
    return id;
  }
  ValueId node(const char* op, std::vector<ValueId> inputs) {
    Node node;
    node.name = op;
    node.op = op;
    node.kind = find_operator(op);
    node.inputs = std::move(inputs);
    node.outputs = {value()};
    graph_.nodes.push_back(node);
    return node.outputs[0];
  }
  Body& output(ValueId id) {
    graph_.outputs.push_back(id);
    return *this;
  }
  Graph graph() const {
    EXPECT_EQ(broken_rule(graph_), "");
    return graph_;
  }

 private:
  ValueId value() {
    graph_.values.emplace_back();
    return static_cast<ValueId>(graph_.values.size() - 1);
  }
  Graph graph_;
};

// Captures one value and returns it times a factor.
Graph times(float factor) {
  Body body;
  const ValueId in = body.input();
  return body.output(body.node("Mul", {in, body.constant(Array::scalar(factor))})).graph();
}
Graph always(Array array) {
  Body body;
  body.input();
  return body.output(body.constant(std::move(array))).graph();
}

Op if_op(Graph a, Graph b) {
  return Op("If").set("then_branch", std::move(a)).set("else_branch", std::move(b)).captures(1);
}

TEST(If, RunsTheBranchThatTheConditionSays) {
  const Op op = if_op(times(2), always(integers({7})));
  const Array x = floats({2}, {1, 2});
  EXPECT_EQ(elements(op.one({bools({}, {1}), x})), (Reals{2, 4}));
  EXPECT_EQ(whole(op.one({bools({1}, {0}), x})), Integers{7});
  EXPECT_EQ(op.work({bools({}, {1}), x}).operations, 2);
  EXPECT_EQ(op.work({bools({}, {0}), x}).operations, 0);
}

TEST(If, WithAConditionOfTheRequestNeedsBranchesAlike) {
  const Array unknown = bools({}, {1}).forgotten(), x = floats({2}, {1, 2});
  const Array out = if_op(times(2), times(3)).one({unknown, x});
  EXPECT_FALSE(out.known());
  EXPECT_EQ(out.shape(), Shape{2});
  EXPECT_EQ(if_op(times(2), always(integers({7}))).error({unknown, x}),
            "has a condition that depends on the data of a request and output 0 of float32 [2] and "
            "of int64 [1]");
}

TEST(If, SaysWhatIsWrong) {
  const Array x = floats({2}, {1, 2});
  EXPECT_EQ(if_op(times(2), times(3)).error({floats({1}, {1}), x}),
            "has a condition that is not one truth value");
  EXPECT_EQ(if_op(times(2), times(3)).error({bools({2}, {1, 0}), x}),
            "has a condition that is not one truth value");
  EXPECT_EQ(Op("If").error({bools({}, {1})}), "has no then_branch");
  EXPECT_EQ(Op("If").set("then_branch", times(2)).error({bools({}, {1})}),
            "has a then_branch of 1 inputs, which gets 0");
  EXPECT_EQ(
      if_op(times(2), times(3)).error({bools({}, {1}), bools({}, {1})}),
      "has a body in which node \"Mul\" (Mul) has inputs of different types: bool and float32");
}

// The sum of what is carried and the captured value; stacks the sum; goes on while it is below 10.
Graph adding() {
  Body body;
  body.input();
  body.input();
  const ValueId carried = body.input(), step = body.input();
  const ValueId sum = body.node("Add", {carried, step});
  const ValueId more = body.node("Less", {sum, body.constant(Array::scalar(10.0F))});
  return body.output(more).output(sum).output(sum).graph();
}
Op loop_op() { return Op("Loop").set("body", adding()).captures(1).outputs(2); }

TEST(Loop, EndsByCountOrByCondition) {
  const Array three = Array::scalar<std::int64_t>(3), yes = bools({}, {1});
  const Array start = Array::scalar(1.0F), step = Array::scalar(4.0F);
  const Outputs counted = loop_op().all({three, yes, start, Array::scalar(2.0F)});
  EXPECT_EQ(elements(counted[0]), Reals{7});
  EXPECT_EQ(elements(counted[1]), (Reals{3, 5, 7}));
  const Outputs ended = loop_op().all({Array(), Array(), start, step});
  EXPECT_EQ(elements(ended[1]), (Reals{5, 9, 13}));
  const Outputs never = loop_op().all({three, bools({}, {0}), start, step});
  EXPECT_EQ(elements(never[0]), Reals{1});
  EXPECT_EQ(never[1].shape(), Shape{0});
  EXPECT_TRUE(never[1].known());
  EXPECT_EQ(loop_op().work({three, yes, start, Array::scalar(2.0F)}).operations, 6);
}

TEST(Loop, GivesTheIterationToItsBody) {
  Body body;
  const ValueId number = body.input(), condition = body.input(), carried = body.input();
  body.output(condition).output(body.node("Add", {carried, number}));
  const Op op = Op("Loop").set("body", body.graph());
  EXPECT_EQ(
      whole(op.one({Array::scalar<std::int64_t>(5), Array(), Array::scalar<std::int64_t>(100)})),
      Integers{110});
  // Nothing is stacked, so the shape is known whatever the number of iterations is.
  const Array out = op.one(
      {Array::scalar<std::int64_t>(5).forgotten(), Array(), Array::scalar<std::int64_t>(100)});
  EXPECT_FALSE(out.known());
  EXPECT_EQ(out.shape(), Shape{});
}

TEST(Loop, SaysWhatIsWrong) {
  const Array yes = bools({}, {1}), start = Array::scalar(1.0F), step = Array::scalar(4.0F);
  EXPECT_EQ(loop_op().error({Array(), yes, start.forgotten(), step}),
            "has a number of iterations that depends on the data of a request");
  EXPECT_EQ(loop_op().error({start, yes, start, step}),
            "has a number of iterations that is not one int64");
  EXPECT_EQ(loop_op().error({Array(), yes, step}), "has a body of 4 inputs, which gets 3");
  EXPECT_EQ(loop_op().error({Array(), yes, start, floats({2}, {1, 2})}),
            "has a body with a condition that is not one truth value");
  EXPECT_EQ(Op("Loop").error({Array()}), "lacks its inputs 0 and 1");
  Body endless;
  endless.input();
  const ValueId condition = endless.input(), carried = endless.input();
  EXPECT_EQ(Op("Loop")
                .set("body", endless.output(condition).output(carried).graph())
                .error({Array(), Array(), start}),
            "would run more than 1048576 iterations");
}

// Sum of state and slice; stacks the sum.
Graph summing() {
  Body body;
  const ValueId state = body.input(), slice = body.input();
  const ValueId sum = body.node("Add", {state, slice});
  return body.output(sum).output(sum).graph();
}
Op scan_op() { return Op("Scan").set("body", summing()).set("num_scan_inputs", 1).outputs(2); }

TEST(Scan, CarriesStatesThroughSlices) {
  const Array x = floats({3, 2}, {1, 10, 2, 20, 3, 30}), zero = floats({2}, {0, 0});
  const Outputs out = scan_op().all({zero, x});
  EXPECT_EQ(elements(out[0]), (Reals{6, 60}));
  EXPECT_EQ(elements(out[1]), (Reals{1, 10, 3, 30, 6, 60}));
  EXPECT_EQ(out[1].shape(), (Shape{3, 2}));
  const Outputs unknown = scan_op().all({zero, x.forgotten()});
  EXPECT_EQ(unknown[1].shape(), (Shape{3, 2}));
  EXPECT_EQ(scan_op().work({zero, x}).operations, 6);
}

TEST(Scan, AlongOtherAxesAndBackward) {
  const Array x = floats({2, 3}, {1, 2, 3, 10, 20, 30}), zero = floats({2}, {0, 0});
  const Outputs out = scan_op()
                          .set("scan_input_axes", Integers{1})
                          .set("scan_input_directions", Integers{1})
                          .set("scan_output_axes", Integers{-1})
                          .set("scan_output_directions", Integers{1})
                          .all({zero, x});
  EXPECT_EQ(elements(out[1]), (Reals{6, 5, 3, 60, 50, 30}));
  EXPECT_EQ(out[1].shape(), (Shape{2, 3}));
}

TEST(Scan, OfNoSteps) {
  const Outputs out = scan_op().all({floats({2}, {5, 6}), floats({0, 2}, {})});
  EXPECT_EQ(elements(out[0]), (Reals{5, 6}));
  EXPECT_EQ(out[1].shape(), (Shape{0, 2}));
  EXPECT_TRUE(out[1].known());
}

TEST(Scan, SaysWhatIsWrong) {
  const Array x = floats({3, 2}, Reals(6)), zero = floats({2}, {0, 0});
  EXPECT_EQ(Op("Scan").set("body", summing()).error({zero, x}), "has 0 scanned inputs of 2");
  EXPECT_EQ(Op("Scan", 8).set("body", summing()).error({zero, x}),
            "is of an opset before 9, which is not supported");
  EXPECT_EQ(scan_op().set("scan_input_axes", Integers{2}).error({zero, x}),
            "names axis 2 of an array of 2 axes");
  EXPECT_EQ(scan_op().set("scan_output_axes", Integers{0, 1}).error({zero, x}),
            "has 2 values in scan_output_axes instead of 1");
  EXPECT_EQ(scan_op().error({floats({1}, {0}), x.forgotten()}),
            "has iterations that change state 0 of float32 [1] and of float32 [2]");
  EXPECT_EQ(scan_op().error({Array(), x}), "lacks its input 0");
}

}  // namespace
}  // namespace soliton::ir
