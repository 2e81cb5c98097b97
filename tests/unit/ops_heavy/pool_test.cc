// Pools. The expectations follow from ONNX's definitions.
#include <gtest/gtest.h>

#include "tests/unit/ops/apply.h"
#include "tests/unit/ops_heavy/random.h"

namespace soliton::ir {
namespace {

Op pool(const char* name, Integers kernel) {
  return Op(name).set("kernel_shape", std::move(kernel));
}

TEST(MaxPool, TakesTheLargestAndSaysWhere) {
  const Array x = floats({1, 2, 2, 3}, {1, 5, 2, 4, 3, 6, -1, -2, -3, -4, -5, -6});
  const Outputs out = pool("MaxPool", {2, 2}).outputs(2).all({x});
  EXPECT_EQ(out[0].shape(), (Shape{1, 2, 1, 2}));
  EXPECT_EQ(elements(out[0]), (Reals{5, 6, -1, -2}));
  EXPECT_EQ(whole(out[1]), (Integers{1, 5, 6, 7}));
  const Outputs columns = pool("MaxPool", {2, 2}).set("storage_order", 1).outputs(2).all({x});
  EXPECT_EQ(whole(columns[1]), (Integers{2, 5, 6, 8}));  // row + rows * column
}

TEST(MaxPool, PadsDilatesAndRoundsUp) {
  const Array x = counting({1, 1, 7});
  EXPECT_EQ(elements(pool("MaxPool", {3}).set("strides", Integers{3}).one({x})), (Reals{2, 5}));
  EXPECT_EQ(elements(pool("MaxPool", {3}).set("strides", Integers{3}).set("ceil_mode", 1).one({x})),
            (Reals{2, 5, 6}));
  EXPECT_EQ(elements(pool("MaxPool", {3}).set("dilations", Integers{3}).one({x})), Reals{6});
  EXPECT_EQ(elements(pool("MaxPool", {3}).set("pads", Integers{2, 0}).one({x})),
            (Reals{0, 1, 2, 3, 4, 5, 6}));
  // A window that would begin behind the input is left out.
  const Op late = pool("MaxPool", {1}).set("strides", Integers{2}).set("ceil_mode", 1);
  EXPECT_EQ(elements(late.one({counting({1, 1, 4})})), (Reals{0, 2}));
}

TEST(MaxPool, OfBytesAndOfNan) {
  EXPECT_EQ(elements<std::uint8_t>(
                pool("MaxPool", {2}).one({Array::of<std::uint8_t>({1, 1, 3}, {1, 200, 3})})),
            (std::vector<std::uint8_t>{200, 200}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(elements(pool("MaxPool", {2}).one({floats({1, 1, 3}, {nan, -5, nan})})),
            (Reals{-5, -5}));
}

TEST(MaxPool, SaysWhatIsWrong) {
  const Array x = counting({1, 1, 4});
  EXPECT_EQ(Op("MaxPool").error({x}), "has no kernel_shape");
  EXPECT_EQ(pool("MaxPool", {0}).error({x}), "has 0 in kernel_shape; 1 to 268435456 is allowed");
  EXPECT_EQ(pool("MaxPool", {2, 2}).error({x}),
            "has a kernel of 2 axes for an input of shape [1, 1, 4]");
  EXPECT_EQ(pool("MaxPool", {2}).set("pads", Integers{2, 0}).error({x}),
            "has a padding of 2 around a window of 2");
  EXPECT_EQ(pool("MaxPool", {5}).error({x}), "has a window of 5 over 4 elements with padding");
  EXPECT_EQ(pool("MaxPool", {1}).error({integers({1, 1, 1}, {1})}),
            "has an input 0 of type int64, which is not supported");
  const Integers large = {1LL << 28};
  EXPECT_EQ(pool("MaxPool", large).set("pads", Integers{(1LL << 28) - 1, 1}).error({x}),
            "");  // 5 positions, each of which sees the elements that are there
}

TEST(AveragePool, CountsPaddingOnRequest) {
  const Array x = floats({1, 1, 3}, {2, 4, 6});
  const auto op = [] { return pool("AveragePool", {2}).set("pads", Integers{1, 1}); };
  EXPECT_EQ(elements(op().one({x})), (Reals{2, 3, 5, 6}));
  EXPECT_EQ(elements(op().set("count_include_pad", 1).one({x})), (Reals{1, 3, 5, 3}));
  // The part of a window beyond the padding is never counted.
  const Op rounded = pool("AveragePool", {2})
                         .set("strides", Integers{2})
                         .set("ceil_mode", 1)
                         .set("count_include_pad", 1);
  EXPECT_EQ(elements(rounded.one({x})), (Reals{3, 6}));
}

TEST(LpPool, TakesNorms) {
  const Array x = floats({1, 1, 4}, {3, -4, 0, 2});
  EXPECT_EQ(elements(pool("LpPool", {2}).one({x})), (Reals{5, 4, 2}));
  EXPECT_EQ(elements(pool("LpPool", {2}).set("p", 1).one({x})), (Reals{7, 4, 2}));
  EXPECT_NEAR(elements(pool("LpPool", {4}).set("p", 3).one({x}))[0], std::cbrt(27 + 64 + 8), 1e-5);
  EXPECT_EQ(pool("LpPool", {2}).set("p", 0).error({x}), "has a p of 0");
}

TEST(GlobalPools, ReducePlanes) {
  const Array x = floats({1, 2, 2, 2}, {1, 2, 3, 4, -8, 0, 6, 0});
  EXPECT_EQ(elements(Op("GlobalAveragePool").one({x})), (Reals{2.5F, -0.5F}));
  EXPECT_EQ(elements(Op("GlobalMaxPool").one({x})), (Reals{4, 6}));
  EXPECT_EQ(elements(Op("GlobalLpPool").one({x}))[1], 10);
  EXPECT_EQ(Op("GlobalMaxPool").one({x}).shape(), (Shape{1, 2, 1, 1}));
  EXPECT_EQ(Op("GlobalMaxPool").error({floats({3}, Reals(3))}),
            "has an input of shape [3] without channels");
  EXPECT_EQ(Op("GlobalMaxPool").error({floats({1, 2, 0}, {})}), "has an input of shape [1, 2, 0]");
}

TEST(MaxUnpool, PutsThemBack) {
  const Array x = floats({1, 1, 2, 2}, {5, 6, 7, 8}), at = integers({1, 1, 2, 2}, {5, 7, 13, 15});
  const auto op = [] { return pool("MaxUnpool", {2, 2}).set("strides", Integers{2, 2}); };
  Reals want(16, 0);
  want[5] = 5, want[7] = 6, want[13] = 7, want[15] = 8;
  EXPECT_EQ(elements(op().one({x, at})), want);
  // Indices are those of the shape that was pooled, not of a larger one.
  const Array larger = op().one({x, at, integers({1, 1, 4, 5})});
  EXPECT_EQ(larger.shape(), (Shape{1, 1, 4, 5}));
  EXPECT_EQ(elements(larger)[6], 5);
  EXPECT_EQ(op().error({x, integers({1, 1, 2, 2}, {0, 0, 0, 16})}),
            "names index 16 of 16 elements");
  EXPECT_EQ(op().error({x, at, integers({1, 1, 2, 2})}),
            "has an output_shape of [1, 1, 2, 2] for [1, 1, 4, 4]");
}

TEST(Lrn, DividesByNeighbouringChannels) {
  // size 3: channels c-1 .. c+1; x / (1 + 3/3 * squares)^1.
  const Array x = floats({1, 3, 1}, {1, 2, 3});
  const Op op = Op("LRN").set("size", 3).set("alpha", 3.0F).set("beta", 1.0F);
  EXPECT_EQ(elements(op.one({x})), (Reals{1.0F / 6, 2.0F / 15, 3.0F / 14}));
  EXPECT_EQ(Op("LRN").error({x}), "has a size of 0");
}

}  // namespace
}  // namespace soliton::ir
