// Operators that keep, tell or make shapes, and those that make arrays. The expectations follow from
// ONNX's definitions.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/ops/apply.h"

namespace soliton::ir {
namespace {

constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::lowest();
constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

TEST(Identity, PassesWhatComes) {
  EXPECT_TRUE(identical(Op("Identity").one({counting({2, 3})}), counting({2, 3})));
  EXPECT_EQ(Op("Identity").error({}), "lacks its input 0");
}

TEST(Dropout, PassesTheDataAndAMaskOfTrue) {
  const Outputs out = Op("Dropout").outputs(2).all({counting({2})});
  EXPECT_TRUE(identical(out[0], counting({2})));
  EXPECT_TRUE(identical(out[1], bools({2}, {1, 1})));
}

TEST(Dropout, BeforeOpset10TheMaskHasTheTypeOfTheData) {
  const Outputs out = Op("Dropout", 7).outputs(2).all({counting({2})});
  EXPECT_TRUE(identical(out[1], floats({2}, {1, 1})));
}

TEST(Dropout, RefusesTrainingUnlessNothingIsDropped) {
  const Array data = counting({2}), yes = bools({}, {1});
  EXPECT_EQ(Op("Dropout").error({data, Array::scalar(0.5F), yes}),
            "is in training_mode; only inference is supported");
  EXPECT_TRUE(identical(Op("Dropout").one({data, Array::scalar(0.0F), yes}), data));
  EXPECT_EQ(Op("Dropout").error({data, Array(), bools({2}, {0, 0})}),
            "has a training_mode that is not one constant");
}

TEST(Reshape, CopiesExtentsAndFillsTheOpenOne) {
  const Array in = counting({2, 3, 4});
  EXPECT_EQ(Op("Reshape").one({in, integers({0, -1})}).shape(), (Shape{2, 12}));
  EXPECT_EQ(Op("Reshape").one({in, integers({4, 3, 2})}).shape(), (Shape{4, 3, 2}));
  EXPECT_EQ(Op("Reshape", 1).set("shape", Integers{24}).one({in}).shape(), (Shape{24}));
  EXPECT_EQ(Op("Reshape").one({floats({1}, {5}), integers({})}).shape(), Shape{});
}

TEST(Reshape, AllowzeroMakesAnExtentOfZero) {
  const Array empty = counting({0, 3});
  EXPECT_EQ(Op("Reshape").set("allowzero", 1).one({empty, integers({3, 0})}).shape(),
            (Shape{3, 0}));
  EXPECT_EQ(Op("Reshape").one({empty, integers({0, 3, 1})}).shape(), (Shape{0, 3, 1}));
}

TEST(Reshape, KeepsShapesWithoutElements) {
  const Array in = Array::unknown(ElementType::kFloat32, {2, 6});
  const Array out = Op("Reshape").one({in, integers({3, -1})});
  EXPECT_FALSE(out.known());
  EXPECT_EQ(out.shape(), (Shape{3, 4}));
}

TEST(Reshape, SaysWhatIsWrong) {
  const Array in = counting({2, 3});
  EXPECT_EQ(Op("Reshape").error({in}), "lacks its shape");
  EXPECT_EQ(Op("Reshape").error({in, integers({-1, -1})}), "has a shape [-1, -1] with -1 twice");
  EXPECT_EQ(Op("Reshape").error({in, integers({4, -1})}),
            "has a shape [4, -1] that does not divide an array of shape [2, 3]");
  EXPECT_EQ(Op("Reshape").error({in, integers({5})}),
            "would make [5] from an array of shape [2, 3], which has another number of elements");
  EXPECT_EQ(Op("Reshape").error({in, integers({6, 1, 0})}),
            "has a shape [6, 1, 0] that copies axis 2 of an array of 2 axes");
  EXPECT_EQ(Op("Reshape").error({in, integers({-3})}), "would make an array of shape [-3]");
  EXPECT_EQ(Op("Reshape").error({in, integers({kHighest, kHighest, -1})}),
            "would make an array of shape [9223372036854775807, 9223372036854775807, 1]");
  EXPECT_EQ(Op("Reshape").error({in, Array::unknown(ElementType::kInt64, {2})}),
            "has shape that depends on the data of a request");
  EXPECT_EQ(Op("Reshape").error({floats({1}, {1}), integers(Integers(65, 1))}),
            "would make an array of 65 axes; at most 64");
  EXPECT_EQ(Op("Reshape").error({counting({0}), integers({0, -1})}),
            "has a shape [0, -1] that does not divide an array of shape [0]");
}

TEST(Flatten, SplitsTheAxesInTwo) {
  const Array in = counting({2, 3, 4});
  EXPECT_EQ(Op("Flatten").one({in}).shape(), (Shape{2, 12}));
  EXPECT_EQ(Op("Flatten").set("axis", 0).one({in}).shape(), (Shape{1, 24}));
  EXPECT_EQ(Op("Flatten").set("axis", 3).one({in}).shape(), (Shape{24, 1}));
  EXPECT_EQ(Op("Flatten").set("axis", -1).one({in}).shape(), (Shape{6, 4}));
  EXPECT_EQ(Op("Flatten").set("axis", 4).error({in}), "names axis 4 of an array of 3 axes");
}

TEST(Squeeze, RemovesTheNamedAxesOrAllOfExtentOne) {
  const Array in = counting({1, 2, 1});
  EXPECT_EQ(Op("Squeeze").one({in}).shape(), Shape{2});
  EXPECT_EQ(Op("Squeeze").one({in, integers({-1})}).shape(), (Shape{1, 2}));
  EXPECT_EQ(Op("Squeeze", 11).set("axes", Integers{0}).one({in}).shape(), (Shape{2, 1}));
  EXPECT_EQ(Op("Squeeze").error({in, integers({1})}),
            "would remove axis 1 of an array of shape [1, 2, 1]");
}

TEST(Unsqueeze, PutsAxesWhereTheOutputHasThem) {
  const Array in = counting({2, 3});
  EXPECT_EQ(Op("Unsqueeze").one({in, integers({0, -1})}).shape(), (Shape{1, 2, 3, 1}));
  EXPECT_EQ(Op("Unsqueeze", 11).set("axes", Integers{1}).one({in}).shape(), (Shape{2, 1, 3}));
  EXPECT_EQ(Op("Unsqueeze").one({counting({0}), integers({1})}).shape(), (Shape{0, 1}));
  EXPECT_EQ(Op("Unsqueeze").error({in, integers({0, 0})}), "names axis 0 twice");
  EXPECT_EQ(Op("Unsqueeze").error({in, integers({3})}), "names axis 3 of an array of 3 axes");
  EXPECT_EQ(Op("Unsqueeze").error({in}), "lacks its axes");
  EXPECT_EQ(Op("Unsqueeze").error({in, integers(Integers(65, 0))}), "names 65 axes; at most 64");
}

TEST(ShapeOperator, TellsAPartOfTheShapeOfAnythingEvenUnknown) {
  const Array in = Array::unknown(ElementType::kFloat32, {2, 3, 4});
  EXPECT_EQ(whole(Op("Shape").one({in})), (Integers{2, 3, 4}));
  EXPECT_EQ(whole(Op("Shape").set("start", 1).one({in})), (Integers{3, 4}));
  EXPECT_EQ(whole(Op("Shape").set("start", -2).set("end", -1).one({in})), (Integers{3}));
  EXPECT_EQ(whole(Op("Shape").set("start", -9).set("end", 9).one({in})), (Integers{2, 3, 4}));
  EXPECT_EQ(whole(Op("Shape").set("start", 2).set("end", 1).one({in})), Integers{});
  EXPECT_EQ(whole(Op("Shape").set("start", kLowest).set("end", kHighest).one({in})),
            (Integers{2, 3, 4}));
}

TEST(Size, CountsElements) {
  const Array out = Op("Size").one({Array::unknown(ElementType::kBool, {2, 3})});
  EXPECT_EQ(whole(out), Integers{6});
  EXPECT_EQ(out.shape(), Shape{});
}

TEST(Expand, RepeatsAxesOfExtentOne) {
  const Array in = floats({2, 1}, {1, 2});
  EXPECT_EQ(elements(Op("Expand").one({in, integers({2, 3})})), (Reals{1, 1, 1, 2, 2, 2}));
  EXPECT_EQ(Op("Expand").one({in, integers({3, 1, 1})}).shape(), (Shape{3, 2, 1}));
  EXPECT_EQ(Op("Expand").one({in, integers({2, 0})}).shape(), (Shape{2, 0}));
  EXPECT_EQ(Op("Expand").error({in, integers({3, 1})}),
            "has inputs of shapes [2, 1] and [3, 1], which do not broadcast");
  EXPECT_EQ(Op("Expand").error({in, integers({-1, 1})}), "would make an array of shape [-1, 1]");
  EXPECT_EQ(Op("Expand").most(10).error({in, integers({2, 6})}),
            "would make 12 elements; at most 10 here");
}

TEST(Cast, ConvertsByOnnxsNumbers) {
  const Array in = floats({3}, {-1.5F, 0, 300});
  EXPECT_EQ(elements<std::int64_t>(Op("Cast").set("to", 7).one({in})), (Integers{-1, 0, 300}));
  EXPECT_TRUE(identical(Op("Cast").set("to", 9).one({in}), bools({3}, {1, 0, 1})));
  EXPECT_EQ(Op("Cast").set("to", 10).one({in}).type(), ElementType::kFloat16);
  EXPECT_EQ(Op("Cast").set("to", 11).one({in.forgotten()}).type(), ElementType::kFloat64);
  EXPECT_EQ(Op("Cast").set("to", 8).error({in}),
            "names element type string, which is not supported");
  EXPECT_EQ(Op("Cast").set("to", 99).error({in}),
            "names element type 99 of ONNX, which is not supported");
  EXPECT_EQ(Op("Cast").error({in}), "lacks its attribute to");
}

TEST(CastLike, ConvertsToTheTypeOfTheSecond) {
  EXPECT_EQ(elements<std::int64_t>(Op("CastLike").one({floats({1}, {2.9F}), integers({0})})),
            Integers{2});
  EXPECT_EQ(Op("CastLike").error({floats({1}, {1})}), "lacks its input 1");
}

TEST(Constant, IsWhatItsOneAttributeSays) {
  EXPECT_TRUE(identical(Op("Constant").set("value", counting({2})).one({}), counting({2})));
  EXPECT_TRUE(identical(Op("Constant").set("value_float", 2.5F).one({}), Array::scalar(2.5F)));
  EXPECT_TRUE(
      identical(Op("Constant").set("value_floats", Reals{1, 2}).one({}), floats({2}, {1, 2})));
  EXPECT_TRUE(
      identical(Op("Constant").set("value_int", 3).one({}), Array::scalar<std::int64_t>(3)));
  EXPECT_TRUE(identical(Op("Constant").set("value_ints", Integers{}).one({}), integers({})));
  EXPECT_EQ(Op("Constant").set("value_string", "x").error({}),
            "has an attribute value_string of a kind that is not supported");
  EXPECT_EQ(Op("Constant").error({}), "lacks its value");
}

TEST(ConstantOfShape, FillsAShapeWithOneValue) {
  EXPECT_TRUE(identical(Op("ConstantOfShape").one({integers({2})}), floats({2}, {0, 0})));
  EXPECT_TRUE(identical(Op("ConstantOfShape").set("value", integers({7})).one({integers({1, 2})}),
                        integers({1, 2}, {7, 7})));
  EXPECT_EQ(Op("ConstantOfShape").one({integers({})}).shape(), Shape{});
  EXPECT_EQ(Op("ConstantOfShape").one({integers({3, 0})}).shape(), (Shape{3, 0}));
  EXPECT_EQ(Op("ConstantOfShape").error({integers({-1})}), "would make an array of shape [-1]");
  EXPECT_EQ(Op("ConstantOfShape").set("value", integers({1, 2})).error({integers({1})}),
            "has a value that is not an array of one element");
}

TEST(Range, CountsUpAndDown) {
  const auto n = [](std::int64_t x) { return Array::scalar(x); };
  EXPECT_EQ(whole(Op("Range").one({n(1), n(6), n(2)})), (Integers{1, 3, 5}));
  EXPECT_EQ(whole(Op("Range").one({n(10), n(4), n(-3)})), (Integers{10, 7}));
  EXPECT_EQ(whole(Op("Range").one({n(1), n(1), n(1)})), Integers{});
  EXPECT_EQ(whole(Op("Range").one({n(kHighest - 2), n(kHighest), n(kHighest)})),
            Integers{kHighest - 2});
  EXPECT_EQ(whole(Op("Range").one({n(kHighest), n(kLowest), n(kLowest)})),
            (Integers{kHighest, -1}));
  EXPECT_EQ(
      elements(Op("Range").one({Array::scalar(0.5F), Array::scalar(2.0F), Array::scalar(0.5F)})),
      (Reals{0.5F, 1, 1.5F}));
}

TEST(Range, RefusesWhatNeverEnds) {
  const auto n = [](std::int64_t x) { return Array::scalar(x); };
  EXPECT_EQ(Op("Range").error({n(0), n(1), n(0)}), "has a delta of 0");
  EXPECT_EQ(Op("Range").error({n(kLowest), n(kHighest), n(1)}),
            "would make an array of shape [-1]");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Op("Range").error({Array::scalar(nan), Array::scalar(1.0F), Array::scalar(1.0F)}),
            "would make an array of shape [-1]");
  EXPECT_EQ(Op("Range").error({n(0), Array::unknown(ElementType::kInt64, {}), n(1)}),
            "has an input 1 that depends on the data of a request");
  EXPECT_EQ(Op("Range").error({n(0), Array::scalar(1.0F), n(1)}),
            "has inputs of different types: int64 and float32");
  EXPECT_EQ(Op("Range").error({integers({0, 1}), n(1), n(1)}),
            "has an input 0 that is not one number");
}

TEST(EyeLike, HasOnesOnOneDiagonal) {
  const Array like = counting({2, 3});
  EXPECT_EQ(elements(Op("EyeLike").one({like})), (Reals{1, 0, 0, 0, 1, 0}));
  EXPECT_EQ(elements(Op("EyeLike").set("k", 2).one({like})), (Reals{0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(elements(Op("EyeLike").set("k", -1).one({like})), (Reals{0, 0, 0, 1, 0, 0}));
  EXPECT_EQ(elements(Op("EyeLike").set("k", kLowest).one({like})), Reals(6, 0));
  EXPECT_EQ(elements(Op("EyeLike").set("k", kHighest).one({like})), Reals(6, 0));
  EXPECT_EQ(Op("EyeLike").set("dtype", 6).one({like}).type(), ElementType::kInt32);
  EXPECT_EQ(Op("EyeLike").one({counting({0, 3})}).shape(), (Shape{0, 3}));
  EXPECT_EQ(Op("EyeLike").error({counting({3})}), "has an input of 1 axes, not 2");
}

TEST(Trilu, KeepsOneSideOfADiagonal) {
  const Array in = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(elements(Op("Trilu").one({in})), (Reals{1, 2, 3, 0, 5, 6}));
  EXPECT_EQ(elements(Op("Trilu").set("upper", 0).one({in})), (Reals{1, 0, 0, 4, 5, 0}));
  EXPECT_EQ(elements(Op("Trilu").one({in, integers({1})})), (Reals{0, 2, 3, 0, 0, 6}));
  EXPECT_EQ(elements(Op("Trilu").set("upper", 0).one({in, integers({-1})})),
            (Reals{0, 0, 0, 4, 0, 0}));
  EXPECT_EQ(elements(Op("Trilu").one({in, integers({kLowest})})), elements(in));
  EXPECT_EQ(elements(Op("Trilu").one({in, integers({kHighest})})), Reals(6, 0));
  EXPECT_EQ(Op("Trilu").one({counting({2, 0, 3})}).shape(), (Shape{2, 0, 3}));
  EXPECT_EQ(Op("Trilu").error({counting({3})}), "has an input of 1 axes; at least 2");
}

TEST(Trilu, TreatsEachMatrixOfABatch) {
  EXPECT_EQ(elements(Op("Trilu").one({floats({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})})),
            (Reals{1, 2, 0, 4, 5, 6, 0, 8}));
}

}  // namespace
}  // namespace soliton::ir
