// Reductions and Einsum. The expectations are worked out by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/ops/apply.h"

namespace soliton::ir {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Array reduced(const char* name, const Array& in, Integers axes, int keepdims = 0) {
  return Op(name, 18).set("keepdims", keepdims).one({in, integers(std::move(axes))});
}

TEST(Reduce, EachKindOverTheLastAxis) {
  const Array in = floats({2, 2}, {1, -2, 3, 4});
  EXPECT_EQ(elements(reduced("ReduceSum", in, {1})), (Reals{-1, 7}));
  EXPECT_EQ(elements(reduced("ReduceMean", in, {1})), (Reals{-0.5F, 3.5F}));
  EXPECT_EQ(elements(reduced("ReduceProd", in, {1})), (Reals{-2, 12}));
  EXPECT_EQ(elements(reduced("ReduceMax", in, {1})), (Reals{1, 4}));
  EXPECT_EQ(elements(reduced("ReduceMin", in, {1})), (Reals{-2, 3}));
  EXPECT_EQ(elements(reduced("ReduceL1", in, {1})), (Reals{3, 7}));
  EXPECT_EQ(elements(reduced("ReduceL2", in, {1})), (Reals{std::sqrt(5.0F), 5}));
  EXPECT_EQ(elements(reduced("ReduceSumSquare", in, {1})), (Reals{5, 25}));
  const Array positive = floats({2}, {1, 3});
  EXPECT_FLOAT_EQ(elements(reduced("ReduceLogSum", positive, {0}))[0], std::log(4.0F));
  EXPECT_FLOAT_EQ(elements(reduced("ReduceLogSumExp", positive, {0}))[0],
                  std::log(std::exp(1.0F) + std::exp(3.0F)));
}

TEST(Reduce, AnyAxesInAnyOrder) {
  const Array in = counting({2, 3, 4});  // element [i, j, k] is 12 i + 4 j + k
  EXPECT_EQ(elements(reduced("ReduceSum", in, {0})),
            (Reals{12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34}));
  EXPECT_EQ(elements(reduced("ReduceSum", in, {1})), (Reals{12, 15, 18, 21, 48, 51, 54, 57}));
  EXPECT_EQ(elements(reduced("ReduceSum", in, {-1, 0})), (Reals{60, 92, 124}));
  EXPECT_EQ(elements(reduced("ReduceSum", in, {2, 1})), (Reals{66, 210}));
  EXPECT_EQ(reduced("ReduceSum", in, {0, 2}, 1).shape(), (Shape{1, 3, 1}));
  EXPECT_EQ(elements(Op("ReduceSum", 11).set("axes", Integers{0, 1}).one({in})),
            (Reals{60, 66, 72, 78}));
  EXPECT_EQ(reduced("ReduceSum", in.forgotten(), {1}).shape(), (Shape{2, 4}));
}

TEST(Reduce, NoAxesMeansAllOrNone) {
  const Array in = floats({2, 1}, {3, -4});
  EXPECT_EQ(elements(Op("ReduceSum").one({in})), Reals{-1});
  EXPECT_EQ(Op("ReduceSum").one({in}).shape(), (Shape{1, 1}));
  EXPECT_EQ(Op("ReduceSum").set("keepdims", 0).one({in}).shape(), Shape{});
  EXPECT_TRUE(
      identical(Op("ReduceL1", 18).set("noop_with_empty_axes", 1).one({in, integers({})}), in));
  EXPECT_EQ(elements(Op("ReduceMax").one({Array::scalar(2.0F)})), Reals{2});
}

TEST(Reduce, OfNothingIsTheNeutralElement) {
  const Array in = counting({2, 0});
  EXPECT_EQ(elements(reduced("ReduceSum", in, {1})), (Reals{0, 0}));
  EXPECT_EQ(elements(reduced("ReduceProd", in, {1})), (Reals{1, 1}));
  EXPECT_EQ(elements(reduced("ReduceMax", in, {1})), (Reals{-kInfinity, -kInfinity}));
  EXPECT_EQ(elements(reduced("ReduceMin", in, {1})), (Reals{kInfinity, kInfinity}));
  EXPECT_EQ(elements(reduced("ReduceLogSumExp", in, {1})), (Reals{-kInfinity, -kInfinity}));
  EXPECT_TRUE(std::isnan(elements(reduced("ReduceMean", in, {1}))[0]));
  EXPECT_EQ(whole(reduced("ReduceMean", integers({1, 0}, {}), {1})), Integers{0});
  EXPECT_EQ(reduced("ReduceSum", in, {0}).shape(), Shape{0});
}

TEST(Reduce, IntegersStayIntegersAndBoolsAreOrdered) {
  const Array in = integers({4}, {7, -2, 5, 1});
  EXPECT_EQ(elements<std::int64_t>(reduced("ReduceMean", in, {0})), Integers{2});  // 11 / 4
  EXPECT_EQ(elements<std::int64_t>(reduced("ReduceL2", in, {0})), Integers{8});    // sqrt(79)
  EXPECT_EQ(elements<std::int64_t>(reduced("ReduceL1", in, {0})), Integers{15});
  const Array bytes = converted(integers({2}, {200, 100}), ElementType::kUint8);
  EXPECT_EQ(whole(reduced("ReduceSum", bytes, {0})), Integers{44});
  EXPECT_EQ(whole(reduced("ReduceMax", bools({2}, {0, 1}), {0})), Integers{1});
  EXPECT_EQ(whole(reduced("ReduceMin", bools({2}, {0, 1}), {0})), Integers{0});
  EXPECT_EQ(Op("ReduceSum").error({bools({2}, {0, 1})}),
            "has an input 0 of type bool, which is not supported");
}

TEST(Reduce, SumsInDoubleAndDoesNotOverflowExponentials) {
  const Array in = floats({3}, {16777216, 1, 1});
  EXPECT_EQ(elements(reduced("ReduceSum", in, {0})), Reals{16777218});
  EXPECT_FLOAT_EQ(elements(reduced("ReduceLogSumExp", floats({2}, {1000, 1000}), {0}))[0],
                  1000.0F + std::log(2.0F));
  EXPECT_EQ(elements(reduced("ReduceLogSumExp", floats({2}, {kInfinity, 0}), {0})),
            Reals{kInfinity});
}

TEST(Reduce, SaysWhatIsWrong) {
  const Array in = counting({2});
  EXPECT_EQ(Op("ReduceSum").error({in, integers({1})}), "names axis 1 of an array of 1 axes");
  EXPECT_EQ(Op("ReduceSum").error({in, integers({0, -1})}), "names axis -1 twice");
  EXPECT_EQ(Op("ReduceSum").error({}), "lacks its input 0");
  EXPECT_EQ(Op("ReduceSum").error({in, floats({1}, {0})}),
            "has axes of type float32, not of integers");
}

TEST(Reduce, CountsWhatItReads) {
  EXPECT_EQ(Op("ReduceSum").work({counting({2, 3})}).operations, 6);
}

Array einsum(const char* equation, const std::vector<Array>& inputs) {
  return Op("Einsum").set("equation", equation).one(inputs);
}

TEST(Einsum, ProductsOfTwo) {
  const Array a = floats({2, 2}, {1, 2, 3, 4}), b = floats({2, 2}, {5, 6, 7, 8});
  EXPECT_EQ(elements(einsum("ij,jk->ik", {a, b})), (Reals{19, 22, 43, 50}));
  EXPECT_EQ(elements(einsum("ij, jk -> ki", {a, b})), (Reals{19, 43, 22, 50}));
  EXPECT_EQ(elements(einsum("ij,jk", {a, b})), (Reals{19, 22, 43, 50}));
  EXPECT_EQ(elements(einsum("ij,ij->", {a, b})), Reals{70});
  EXPECT_EQ(elements(einsum("i,j->ij", {floats({2}, {1, 2}), floats({2}, {3, 4})})),
            (Reals{3, 4, 6, 8}));
  EXPECT_EQ(elements(einsum("ij,kl->k", {a, b})), (Reals{110, 150}));
}

TEST(Einsum, OfOneOperand) {
  const Array a = floats({2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(elements(einsum("ij->ji", {a})), (Reals{1, 3, 2, 4}));
  EXPECT_EQ(elements(einsum("ba", {a})), (Reals{1, 3, 2, 4}));  // implied result: ab
  EXPECT_EQ(elements(einsum("ii->i", {a})), (Reals{1, 4}));
  EXPECT_EQ(elements(einsum("ii", {a})), Reals{5});
  EXPECT_EQ(elements(einsum("ij->j", {a})), (Reals{4, 6}));
}

TEST(Einsum, BatchesEllipsesAndThreeOperands) {
  const Array a = counting({2, 1, 2}), b = floats({2, 2, 1}, {1, 1, 2, 0});
  EXPECT_EQ(elements(einsum("bij,bjk->bik", {a, b})), (Reals{1, 4}));
  const Array all = einsum("...ij,...jk->...ik", {a, b});
  EXPECT_EQ(elements(all), (Reals{1, 4}));
  EXPECT_EQ(all.shape(), (Shape{2, 1, 1}));
  EXPECT_EQ(elements(einsum("...,...", {floats({2, 1}, {1, 2}), floats({3}, {1, 2, 3})})),
            (Reals{1, 2, 3, 2, 4, 6}));
  EXPECT_EQ(elements(einsum("i,ij,j->", {floats({2}, {1, 2}), floats({2, 2}, {1, 2, 3, 4}),
                                         floats({2}, {1, -1})})),
            Reals{-3});
  EXPECT_EQ(elements(einsum("...ii->...i", {counting({1, 2, 2})})), (Reals{0, 3}));
}

TEST(Einsum, EmptyAndUnknownOperands) {
  EXPECT_EQ(elements(einsum("ij,jk->ik", {counting({1, 0}), counting({0, 2})})), (Reals{0, 0}));
  const Array a = Array::unknown(ElementType::kFloat32, {2, 3});
  EXPECT_EQ(einsum("ij,kj->ik", {a, a}).shape(), (Shape{2, 2}));
}

TEST(Einsum, CountsMultiplyAdds) {
  EXPECT_EQ(Op("Einsum")
                .set("equation", "ij,jk->ik")
                .work({counting({2, 3}), counting({3, 5})})
                .multiply_adds,
            30);
}

TEST(Einsum, SaysWhatIsWrong) {
  const Array a = counting({2, 3});
  const auto error = [&](const char* equation, const std::vector<Array>& inputs) {
    return Op("Einsum").set("equation", equation).error(inputs);
  };
  EXPECT_EQ(error("ij,jk->ik", {a}), "has an equation of 2 terms and 1 inputs");
  EXPECT_EQ(error("ij,ij->ij", {a, counting({3, 3})}),
            "has an equation where one label is 2 and 3");
  EXPECT_EQ(error("i->i", {a}), "has an input 0 of 2 axes for a term of 1");
  EXPECT_EQ(error("ij->ik", {a}),
            "has an equation whose result names a label twice or one that no input has");
  EXPECT_EQ(error("i1->i", {a}),
            "has an equation with something other than letters, \"...\", \",\" and \"->\"");
  const Array wide = Array::unknown(ElementType::kFloat32, {std::int64_t{1} << 30});
  EXPECT_EQ(error("i,j->ij", {wide, wide}),
            "would make 1152921504606846976 elements; at most 268435456 here");
}

}  // namespace
}  // namespace soliton::ir
