// Resize and Upsample. Coordinates and weights are worked out from ONNX's formulas.
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/ops/apply.h"

namespace soliton::ir {
namespace {

Op resize(const char* mode, const char* coordinates) {
  return Op("Resize").set("mode", mode).set("coordinate_transformation_mode", coordinates);
}
std::vector<Array> by_scales(const Array& in, Reals scales) {
  const auto count = static_cast<std::int64_t>(scales.size());
  return {in, Array(), floats({count}, std::move(scales))};
}
std::vector<Array> by_sizes(const Array& in, Integers sizes) {
  return {in, Array(), floats({0}, {}), integers(std::move(sizes))};
}
std::vector<double> near(const Array& array) {
  std::vector<double> out;
  for (const float value : elements(array)) out.push_back(std::round(value * 1e4) / 1e4);
  return out;
}

TEST(Resize, NearestRepeatsOrPicks) {
  const Array in = floats({2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(elements(resize("nearest", "half_pixel").one(by_scales(in, {2, 1.5F}))),
            (Reals{1, 1, 2, 1, 1, 2, 3, 3, 4, 3, 3, 4}));
  EXPECT_EQ(elements(resize("nearest", "asymmetric").one(by_sizes(in, {1, 2}))), (Reals{1, 2}));
}

// Four elements from two: coordinates 0, 0.5, 1, 1.5.
TEST(Resize, NearestModesDifferAtTies) {
  const Array in = floats({2}, {1, 2});
  const auto with = [&](const char* mode) {
    return elements(
        resize("nearest", "asymmetric").set("nearest_mode", mode).one(by_scales(in, {2})));
  };
  EXPECT_EQ(with("round_prefer_floor"), (Reals{1, 1, 2, 2}));
  EXPECT_EQ(with("round_prefer_ceil"), (Reals{1, 2, 2, 2}));
  EXPECT_EQ(with("floor"), (Reals{1, 1, 2, 2}));
  EXPECT_EQ(with("ceil"), (Reals{1, 2, 2, 2}));
}

// Coordinates of four outputs from two inputs 0 and 10, for each transformation.
TEST(Resize, LinearInEveryCoordinateTransformation) {
  const Array in = floats({2}, {0, 10});
  const auto with = [&](const char* mode) {
    return near(resize("linear", mode).one(by_scales(in, {2})));
  };
  EXPECT_EQ(with("half_pixel"), (std::vector<double>{0, 2.5, 7.5, 10}));
  EXPECT_EQ(with("half_pixel_symmetric"), (std::vector<double>{0, 2.5, 7.5, 10}));
  EXPECT_EQ(with("pytorch_half_pixel"), (std::vector<double>{0, 2.5, 7.5, 10}));
  EXPECT_EQ(with("align_corners"), (std::vector<double>{0, 3.3333, 6.6667, 10}));
  EXPECT_EQ(with("asymmetric"), (std::vector<double>{0, 5, 10, 10}));
  EXPECT_EQ(with("tf_half_pixel_for_nn"), (std::vector<double>{2.5, 7.5, 10, 10}));
}

TEST(Resize, OneOutputOfAnAxis) {
  const Array in = floats({4}, {0, 10, 20, 30});
  EXPECT_EQ(near(resize("linear", "half_pixel").one(by_sizes(in, {1}))), std::vector<double>{15});
  EXPECT_EQ(near(resize("linear", "pytorch_half_pixel").one(by_sizes(in, {1}))),
            std::vector<double>{0});
  EXPECT_EQ(near(resize("linear", "align_corners").one(by_sizes(in, {1}))), std::vector<double>{0});
}

TEST(Resize, LinearInTwoAxes) {
  const Array in = floats({2, 2}, {0, 1, 2, 3});
  EXPECT_EQ(near(resize("linear", "align_corners").one(by_sizes(in, {3, 3}))),
            (std::vector<double>{0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3}));
}

// Keys' kernel with a = -0.75 at distances 1.5, 0.5, 0.5, 1.5: -0.09375, 0.59375, 0.59375, -0.09375.
TEST(Resize, CubicWeightsFourNeighbours) {
  const Array in = floats({4}, {0, 0, 16, 0});
  EXPECT_EQ(near(resize("cubic", "half_pixel").one(by_sizes(in, {1}))), std::vector<double>{9.5});
  // The edge is repeated, or left out and the rest of the weights brought to a sum of 1.
  const Array edge = floats({2}, {16, 0});
  const std::vector<Array> args = by_sizes(edge, {1});
  EXPECT_EQ(near(resize("cubic", "half_pixel").one(args)), std::vector<double>{8});
  EXPECT_EQ(near(resize("cubic", "half_pixel").set("exclude_outside", 1).one(args)),
            std::vector<double>{8});
}

TEST(Resize, CropExtrapolatesOutsideOfTheRegion) {
  const Array in = floats({3}, {1, 2, 3});
  const Array roi = floats({2}, {0.5F, 1.5F});
  const Array out = resize("linear", "tf_crop_and_resize")
                        .set("extrapolation_value", 9.0F)
                        .one({in, roi, Array(), integers({3})});
  EXPECT_EQ(elements(out), (Reals{2, 3, 9}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(elements(resize("nearest", "tf_crop_and_resize")
                         .one({in, floats({2}, {nan, nan}), Array(), integers({1})})),
            Reals{0});
}

// Four to two: the triangle stretched to support 2 has weights 1/8, 3/8, 3/8, 1/8.
TEST(Resize, AntialiasAveragesWhatAnOutputStandsFor) {
  const Array in = floats({4}, {8, 16, 24, 32});
  EXPECT_EQ(near(resize("linear", "half_pixel").set("antialias", 1).one(by_sizes(in, {2}))),
            (std::vector<double>{13, 27}));
}

TEST(Resize, AxesAndAspectRatioOfOpset18) {
  const Array in = counting({1, 4, 8});
  Op op = Op("Resize", 18);
  op.set("axes", Integers{1, -1}).set("keep_aspect_ratio_policy", "not_larger");
  EXPECT_EQ(op.one(by_sizes(in, {2, 2})).shape(), (Shape{1, 1, 2}));
  Op larger = Op("Resize", 18);
  larger.set("axes", Integers{1, 2}).set("keep_aspect_ratio_policy", "not_smaller");
  EXPECT_EQ(larger.one(by_sizes(in, {2, 2})).shape(), (Shape{1, 2, 4}));
}

TEST(Resize, OldOpsetsHaveOneMeaning) {
  const Array in = floats({1, 1, 1, 2}, {1, 2}), scales = floats({4}, {1, 1, 2, 2});
  const Reals doubled = {1, 1, 2, 2, 1, 1, 2, 2};
  EXPECT_EQ(elements(Op("Resize", 10).one({in, scales})), doubled);
  EXPECT_EQ(elements(Op("Upsample", 9).one({in, scales})), doubled);
  EXPECT_EQ(elements(Op("Upsample", 7).set("scales", Reals{1, 1, 2, 2}).one({in})), doubled);
  EXPECT_EQ(elements(Op("Upsample", 9).set("mode", "linear").one({in, scales})),
            (Reals{1, 1.5F, 2, 2, 1, 1.5F, 2, 2}));
}

TEST(Resize, KeepsTypesEmptyArraysAndShapesWithoutElements) {
  const Array bytes = converted(integers({2}, {0, 255}), ElementType::kUint8);
  EXPECT_EQ(whole(resize("linear", "align_corners").one(by_sizes(bytes, {3}))),
            (Integers{0, 127, 255}));
  EXPECT_EQ(Op("Resize").one(by_scales(counting({0, 2}), {2, 2})).shape(), (Shape{0, 4}));
  EXPECT_EQ(Op("Resize").one(by_sizes(counting({2}).forgotten(), {5})).shape(), Shape{5});
}

TEST(Resize, NoIntermediateArrayIsLargerThanInputAndOutput) {
  const Array in = counting({1, 1 << 16});
  const Array out = resize("linear", "half_pixel").most(1 << 16).one(by_sizes(in, {1 << 16, 1}));
  EXPECT_EQ(out.shape(), (Shape{1 << 16, 1}));
}

TEST(Resize, SaysWhatIsWrong) {
  const Array in = counting({2});
  EXPECT_EQ(Op("Resize").error({in}), "has to have either scales or sizes");
  EXPECT_EQ(Op("Resize").error(by_scales(in, {0})), "has a scale 0 for an axis of extent 2");
  EXPECT_EQ(Op("Resize").error(by_scales(in, {-1})), "has a scale -1 for an axis of extent 2");
  EXPECT_EQ(Op("Resize").error(by_scales(in, {1, 1})), "has 2 scales or sizes for 1 axes");
  EXPECT_EQ(Op("Resize").error(by_sizes(in, {-1})), "has a size -1 for an axis of extent 2");
  EXPECT_EQ(Op("Resize").error(by_sizes(counting({0}), {2})),
            "has a size 2 for an axis of extent 0");
  EXPECT_EQ(Op("Resize").error(by_scales(in, {3e9F})),
            "would make 6000000000 elements; at most 268435456 here");
  EXPECT_EQ(Op("Resize").set("mode", "area").error(by_scales(in, {1})),
            "has a mode that is none of nearest, linear, cubic");
  EXPECT_EQ(resize("linear", "tf_crop_and_resize").error(by_sizes(in, {2})),
            "has 0 numbers of a roi for 1 axes");
}

}  // namespace
}  // namespace soliton::ir
