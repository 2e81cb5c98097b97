// Convolutions against their definition in double, and examples by hand.
#include <gtest/gtest.h>

#include "tests/unit/ops/apply.h"
#include "tests/unit/ops_heavy/random.h"

namespace soliton::ir {
namespace {

struct Geometry {
  Shape x, w;
  std::int64_t groups = 1;
  Integers strides, dilations, pads;

  std::size_t axes() const { return x.size() - 2; }
  std::int64_t extent(std::size_t k) const { return dilations[k] * (w[k + 2] - 1) + 1; }
};

Op conv_op(const char* name, const Geometry& g) {
  return Op(name)
      .set("group", g.groups)
      .set("strides", g.strides)
      .set("dilations", g.dilations)
      .set("pads", g.pads);
}

// Calls body(index) for all indices of a shape.
template <typename Body>
void each(const Shape& shape, Body body) {
  Shape index(shape.size(), 0);
  for (std::int64_t count = Array::unknown(ElementType::kBool, shape).elements(); count > 0;
       --count) {
    body(index);
    for (std::size_t k = shape.size(); k-- > 0;) {
      if (++index[k] < shape[k]) break;
      index[k] = 0;
    }
  }
}
std::size_t flat(const Shape& shape, const Shape& index) {
  std::int64_t at = 0;
  for (std::size_t k = 0; k < shape.size(); ++k) at = at * shape[k] + index[k];
  return static_cast<std::size_t>(at);
}

// For every output and every tap inside the input: body(index of y, of x, of w).
template <typename Body>
void each_tap(const Geometry& g, const Shape& y, Body body) {
  each(y, [&](const Shape& at) {
    each(g.w, [&](const Shape& tap) {
      if (tap[0] != at[1]) return;
      Shape from = {at[0], at[1] / (g.w[0] / g.groups) * g.w[1] + tap[1]};
      for (std::size_t k = 0; k < g.axes(); ++k) {
        from.push_back(at[k + 2] * g.strides[k] - g.pads[k] + tap[k + 2] * g.dilations[k]);
        if (from.back() < 0 || from.back() >= g.x[k + 2]) return;
      }
      body(at, from, tap);
    });
  });
}

Shape conv_shape(const Geometry& g) {
  Shape y = {g.x[0], g.w[0]};
  for (std::size_t k = 0; k < g.axes(); ++k)
    y.push_back((g.x[k + 2] + g.pads[k] + g.pads[k + g.axes()] - g.extent(k)) / g.strides[k] + 1);
  return y;
}

const Geometry kGeometries[] = {
    {{2, 3, 17}, {5, 3, 4}, 1, {1}, {1}, {0, 0}},                     // 1-D
    {{1, 4, 30}, {8, 2, 5}, 2, {3}, {2}, {4, 1}},                     // groups, dilated
    {{2, 3, 9, 8}, {6, 3, 3, 3}, 1, {1, 1}, {1, 1}, {1, 1, 1, 1}},    // 2-D
    {{1, 3, 11, 10}, {4, 3, 3, 2}, 1, {2, 3}, {2, 1}, {2, 0, 1, 1}},  // uneven padding
    {{1, 6, 8, 9}, {6, 1, 3, 3}, 6, {2, 1}, {1, 1}, {1, 1, 1, 1}},    // depthwise
    {{1, 4, 6, 6}, {8, 1, 5, 5}, 4, {1, 1}, {1, 2}, {2, 4, 2, 4}},    // two outputs a channel
    {{2, 8, 5, 5}, {12, 8, 1, 1}, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}},   // pointwise
    {{1, 2, 5, 6, 7}, {4, 2, 2, 3, 3}, 1, {1, 2, 1}, {1, 1, 2}, {0, 1, 1, 1, 0, 2}},  // 3-D
    {{1, 70, 9, 9}, {4, 70, 3, 3}, 1, {1, 1}, {1, 1}, {1, 1, 1, 1}},  // more rows than a block
    {{1, 1, 30, 40}, {5, 1, 2, 2}, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}},  // more columns than a block
    {{1, 3, 4, 4}, {1, 3, 3, 3}, 1, {1, 1}, {1, 1}, {5, 5, 5, 5}},    // windows in padding alone
};

TEST(Conv, IsItsDefinition) {
  Chance chance(11);
  for (const Geometry& g : kGeometries) {
    const Array x = chance.array(g.x), w = chance.array(g.w), bias = chance.array({g.w[0]});
    const Array y = conv_op("Conv", g).one({x, w, bias});
    ASSERT_EQ(y.shape(), conv_shape(g));
    const std::vector<double> from = doubles(x), weights = doubles(w);
    std::vector<double> want(static_cast<std::size_t>(y.elements()));
    each(y.shape(), [&](const Shape& at) {
      want[flat(y.shape(), at)] = doubles(bias)[static_cast<std::size_t>(at[1])];
    });
    each_tap(g, y.shape(), [&](const Shape& at, const Shape& source, const Shape& tap) {
      want[flat(y.shape(), at)] += from[flat(g.x, source)] * weights[flat(g.w, tap)];
    });
    EXPECT_LT(distance(y, want), 1e-6) << shape_text(g.x) << shape_text(g.w);
    EXPECT_EQ(conv_op("Conv", g).one({x.forgotten(), w, bias}).shape(), y.shape());
  }
}

TEST(Conv, PutsTheOddPaddingWhereTheNameSays) {
  const Array x = counting({1, 1, 4}), w = floats({1, 1, 2}, {1, 10});
  EXPECT_EQ(elements(Op("Conv").set("auto_pad", "SAME_UPPER").one({x, w})), (Reals{10, 21, 32, 3}));
  EXPECT_EQ(elements(Op("Conv").set("auto_pad", "SAME_LOWER").one({x, w})), (Reals{0, 10, 21, 32}));
  EXPECT_EQ(elements(Op("Conv").set("auto_pad", "VALID").one({x, w})), (Reals{10, 21, 32}));
  const Array strided =
      Op("Conv").set("auto_pad", "SAME_UPPER").set("strides", Integers{3}).one({x, w});
  EXPECT_EQ(elements(strided), (Reals{10, 3}));  // ceil(4 / 3) positions
}

TEST(Conv, CountsItsWork) {
  const Geometry& g = kGeometries[1];
  const Op op = conv_op("Conv", g);
  EXPECT_EQ(op.work({Array::unknown(ElementType::kFloat32, g.x),
                     Array::unknown(ElementType::kFloat32, g.w)})
                .multiply_adds,
            8 * 9 * 2 * 5);
}

TEST(Conv, SaysWhatIsWrong) {
  const Array x = floats({1, 2, 4}, Reals(8)), w = floats({3, 2, 3}, Reals(18));
  EXPECT_EQ(Op("Conv").error({x, floats({3, 1, 3}, Reals(9))}),
            "has an input of shape [1, 2, 4] and weights of shape [3, 1, 3] in 1 groups");
  EXPECT_EQ(Op("Conv").set("group", 0).error({x, w}), "has a group of 0");
  EXPECT_EQ(Op("Conv").set("strides", Integers{0}).error({x, w}),
            "has 0 in strides; 1 to 268435456 is allowed");
  EXPECT_EQ(Op("Conv").set("pads", Integers{1}).error({x, w}), "has 1 values in pads instead of 2");
  EXPECT_EQ(Op("Conv").set("pads", Integers{-1, 0}).error({x, w}),
            "has -1 in pads; 0 to 268435456 is allowed");
  EXPECT_EQ(Op("Conv").set("dilations", Integers{4}).error({x, w}),
            "has a window of 9 over 4 elements with padding");
  EXPECT_EQ(Op("Conv").set("kernel_shape", Integers{2}).error({x, w}),
            "has a kernel_shape of [2] for weights of shape [3, 2, 3]");
  EXPECT_EQ(Op("Conv").set("auto_pad", "SAME").error({x, w}),
            "has an auto_pad that is none of NOTSET, SAME_UPPER, SAME_LOWER, VALID");
  EXPECT_EQ(Op("Conv").error({x, w, floats({2}, {1, 2})}),
            "has a bias of shape [2] instead of [3]");
  EXPECT_EQ(Op("Conv").error({floats({1, 2}, Reals(2)), floats({1, 2}, Reals(2))}),
            "has an input of shape [1, 2]; one to three spatial axes are supported");
  EXPECT_EQ(Op("Conv").set("pads", Integers{1LL << 28, 1LL << 28}).error({x, w}),
            "would make 1610612742 elements; at most 268435456 here");
}

TEST(ConvTranspose, PutsEveryInputThroughTheKernel) {
  Chance chance(12);
  for (Geometry g : kGeometries) {
    // The transposed convolution of what the geometry makes: x and y change places.
    const Shape small = conv_shape(g);
    const Array x = chance.array(small), w = chance.array(g.w);
    Integers rest;
    for (std::size_t k = 0; k < g.axes(); ++k)
      rest.push_back(g.x[k + 2] - ((small[k + 2] - 1) * g.strides[k] + g.extent(k) - g.pads[k] -
                                   g.pads[k + g.axes()]));
    const Array y = conv_op("ConvTranspose", g).set("output_padding", rest).one({x, w});
    ASSERT_EQ(y.shape(), g.x);
    const std::vector<double> from = doubles(x), weights = doubles(w);
    std::vector<double> want(static_cast<std::size_t>(y.elements()));
    each_tap(g, small, [&](const Shape& at, const Shape& target, const Shape& tap) {
      want[flat(g.x, target)] += from[flat(small, at)] * weights[flat(g.w, tap)];
    });
    EXPECT_LT(distance(y, want), 1e-6) << shape_text(g.x) << shape_text(g.w);
    EXPECT_EQ(conv_op("ConvTranspose", g).work({x, w}).multiply_adds,
              x.elements() * w.elements() / w.shape()[0]);
  }
}

TEST(ConvTranspose, TakesItsShapeFromTheAttributes) {
  const Array x = floats({1, 1, 3}, {1, 2, 3}), w = floats({1, 1, 3}, {1, 1, 1});
  const auto op = [] { return Op("ConvTranspose").set("strides", Integers{2}); };
  EXPECT_EQ(elements(op().one({x, w})), (Reals{1, 1, 3, 2, 5, 3, 3}));
  EXPECT_EQ(elements(op().set("output_padding", Integers{1}).one({x, w})),
            (Reals{1, 1, 3, 2, 5, 3, 3, 0}));
  EXPECT_EQ(elements(op().set("auto_pad", "SAME_UPPER").one({x, w})), (Reals{1, 1, 3, 2, 5, 3}));
  EXPECT_EQ(elements(op().set("auto_pad", "SAME_LOWER").one({x, w})), (Reals{1, 3, 2, 5, 3, 3}));
  EXPECT_EQ(elements(op().set("output_shape", Integers{9}).one({x, w})),
            (Reals{1, 1, 3, 2, 5, 3, 3, 0, 0}));
  EXPECT_EQ(elements(op().set("pads", Integers{1, 2}).one({x, w, floats({1}, {0.5F})})),
            (Reals{1.5F, 3.5F, 2.5F, 5.5F}));
  EXPECT_EQ(op().set("pads", Integers{9, 9}).error({x, w}), "would make an output of extent -11");
  EXPECT_EQ(op().set("output_shape", Integers{0}).error({x, w}), "has 0 in output_shape");
}

TEST(ConvInteger, TakesZeroPointsOffAndPadsWithThem) {
  const Array x = Array::of<std::uint8_t>({1, 1, 3}, {2, 3, 4});
  const Array w = Array::of<std::int8_t>({2, 1, 2}, {1, 2, -1, 4});
  const Array out =
      Op("ConvInteger")
          .set("pads", Integers{1, 0})
          .one({x, w, Array::scalar<std::uint8_t>(1), Array::of<std::int8_t>({2}, {0, 1})});
  // x - 1 = 0 | 1 2 3 with weights 1 2 and -2 3.
  EXPECT_EQ(elements<std::int32_t>(out), (std::vector<std::int32_t>{2, 5, 8, 3, 4, 5}));
  EXPECT_EQ(Op("ConvInteger").error({x, w, Array::of<std::uint8_t>({2}, {0, 1})}),
            "has an input 2 of shape [2], not one number");
}

TEST(QLinearConv, RoundsToTheScaleOfTheOutput) {
  const Array x = Array::of<std::uint8_t>({1, 1, 2}, {10, 20});
  const Array w = Array::of<std::int8_t>({2, 1, 1}, {3, -5}), zero = Array::scalar<std::int8_t>(0);
  const std::vector<Array> in = {x,
                                 Array::scalar(0.5F),
                                 Array::scalar<std::uint8_t>(8),
                                 w,
                                 floats({2}, {0.5F, 0.25F}),
                                 zero,
                                 Array::scalar(1.0F),
                                 Array::scalar<std::uint8_t>(30),
                                 Array::of<std::int32_t>({2}, {0, 4})};
  // Sums 6, 36 times 0.25; -10 + 4, -60 + 4 times 0.125: 1.5, 9, -0.75, -7.
  EXPECT_EQ(elements<std::uint8_t>(Op("QLinearConv").one(in)),
            (std::vector<std::uint8_t>{32, 39, 29, 23}));
  std::vector<Array> wrong = in;
  wrong[8] = floats({2}, {0, 4});
  EXPECT_EQ(Op("QLinearConv").error(wrong), "has a bias that is not int32");
}

}  // namespace
}  // namespace soliton::ir
