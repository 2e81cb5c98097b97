// Normalisations and the softmax family. The expectations follow from ONNX's definitions.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/ops/apply.h"
#include "tests/unit/ops_heavy/random.h"

namespace soliton::ir {
namespace {

void expect_near(const Array& got, const std::vector<double>& want) {
  EXPECT_LT(distance(got, want), 1e-6);
}

TEST(BatchNormalization, UsesTheGivenStatistics) {
  const Array x = floats({1, 2, 2}, {1, 3, 10, 20});
  const std::vector<Array> in = {x, floats({2}, {2, 1}), floats({2}, {5, -1}), floats({2}, {1, 10}),
                                 floats({2}, {4, 25})};
  const auto op = [] { return Op("BatchNormalization").set("epsilon", 0.0F); };
  EXPECT_EQ(elements(op().one(in)), (Reals{5, 7, -1, 1}));
  EXPECT_EQ(op().set("training_mode", 1).error(in), "has training_mode 1, which is not supported");
  EXPECT_EQ(op().outputs(3).error(in), "makes outputs of training, which is not supported");
  EXPECT_EQ(op().error({x, in[1], in[2], in[3], floats({3}, Reals(3))}),
            "has an input of shape [3] instead of [2]");
  std::vector<Array> unknown = in;
  unknown[0] = x.forgotten();
  EXPECT_FALSE(op().one(unknown).known());
}

TEST(InstanceNormalization, NormalisesPlanes) {
  const Array x = floats({1, 2, 2}, {1, 3, 10, 30});
  const Op op = Op("InstanceNormalization").set("epsilon", 0.0F);
  EXPECT_EQ(elements(op.one({x, floats({2}, {1, 2}), floats({2}, {0, 5})})), (Reals{-1, 1, 3, 7}));
  EXPECT_EQ(op.error({x, floats({3}, Reals(3)), floats({2}, {0, 5})}),
            "has an input 1 of shape [3] for 2 channels");
}

TEST(GroupNormalization, NormalisesGroupsOfChannels) {
  // Groups {1, 3 | 5, 7} with mean 4 and variance 5.
  const Array x = floats({1, 4, 2}, {1, 3, 5, 7, 2, 2, 2, 2});
  const Op op = Op("GroupNormalization").set("epsilon", 0.0F).set("num_groups", 2);
  const double s = 1 / std::sqrt(5.0);
  const Array each =
      op.one({floats({1, 2, 2}, {1, 3, 5, 7}), floats({2}, {1, 10}), floats({2}, {0, 1})});
  expect_near(each, {-1, 1, -9, 11});  // two groups of one channel
  const Array grouped = Op("GroupNormalization")
                            .set("num_groups", 2)
                            .one({x, floats({2}, {1, 1}), floats({2}, {0, 3})});
  const double e = 1 / std::sqrt(5 + 1e-5F);
  EXPECT_NEAR(s, e, 1e-6);
  expect_near(grouped, {-3 * e, -e, e, 3 * e, 3, 3, 3, 3});
  EXPECT_EQ(Op("GroupNormalization").set("num_groups", 3).error({x, x, x}),
            "has 3 groups for 4 channels");
}

TEST(LayerNormalization, NormalisesRowsAndSaysHow) {
  const Array x = floats({2, 3}, {1, 2, 3, 2, 4, 9});
  const Op op = Op("LayerNormalization").set("epsilon", 0.0F).outputs(3);
  const Outputs out = op.all({x, floats({3}, {1, 2, 1}), floats({3}, {0, 0, 1})});
  const double a = 1 / std::sqrt(2.0 / 3), b = 1 / std::sqrt(26.0 / 3);
  expect_near(out[0], {-a, 0, a + 1, -3 * b, -2 * b, 4 * b + 1});
  expect_near(out[1], {2, 5});
  expect_near(out[2], {a, b});
  EXPECT_EQ(out[1].shape(), (Shape{2, 1}));
  const Array whole_array =
      Op("LayerNormalization").set("axis", 0).one({x, floats({2, 3}, Reals(6, 1))});
  EXPECT_NEAR(elements(whole_array)[0], (1 - 3.5) / std::sqrt(41.5 / 6), 1e-5);
  EXPECT_EQ(op.error({x, floats({2}, {1, 2})}),
            "has an input 1 of shape [2] for rows of shape [3]");
  EXPECT_EQ(op.error({x}), "lacks its input 1");
}

TEST(LayerNormalization, OfHalvesMakesStatisticsInSinglePrecision) {
  const Array x = converted(floats({1, 2}, {1, 3}), ElementType::kFloat16);
  const Array scale = converted(floats({2}, {1, 1}), ElementType::kFloat16);
  const Outputs out = Op("LayerNormalization").outputs(3).all({x, scale});
  EXPECT_EQ(out[0].type(), ElementType::kFloat16);
  EXPECT_EQ(out[1].type(), ElementType::kFloat32);
}

TEST(RmsNormalization, DividesByTheRootMeanSquare) {
  const Array x = floats({1, 2}, {3, 4}), scale = floats({2}, {1, 2});
  const double r = std::sqrt(12.5);
  for (const char* name :
       {"RMSNormalization", "com.microsoft:RMSNormalization", "SimplifiedLayerNormalization",
        "com.microsoft:SimplifiedLayerNormalization"})
    expect_near(Op(name).set("epsilon", 0.0F).one({x, scale}), {3 / r, 8 / r});
  const Outputs two =
      Op("SimplifiedLayerNormalization").set("epsilon", 0.0F).outputs(2).all({x, scale});
  expect_near(two[1], {1 / r});
}

TEST(LpNormalization, DividesLinesByTheirNorm) {
  const Array x = floats({2, 2}, {3, 1, -4, -3});
  const auto root = static_cast<float>(1 / std::sqrt(10.0));
  EXPECT_EQ(elements(Op("LpNormalization").set("axis", 0).one({x})),
            (Reals{0.6F, root, -0.8F, static_cast<float>(-3 / std::sqrt(10.0))}));
  EXPECT_EQ(elements(Op("LpNormalization").set("p", 1).one({x})),
            (Reals{0.75F, 0.25F, -4.0F / 7, -3.0F / 7}));
  EXPECT_EQ(elements(Op("LpNormalization").one({floats({2}, {0, 0})})), (Reals{0, 0}));
  EXPECT_EQ(Op("LpNormalization").set("p", 3).error({x}), "has a p of 3; 1 and 2 are supported");
}

TEST(MeanVarianceNormalization, NormalisesOverAxes) {
  const Array x = floats({2, 2, 1, 1}, {1, 10, 3, 30});
  expect_near(Op("MeanVarianceNormalization").one({x}), {-1, -1, 1, 1});
  expect_near(Op("MeanVarianceNormalization").set("axes", Integers{1}).one({x}), {-1, 1, -1, 1});
  EXPECT_EQ(Op("MeanVarianceNormalization").error({floats({2}, {1, 2})}),
            "names axis 2 of an array of 1 axes");
}

TEST(Softmax, AlongOneAxisOrFromAnAxisOn) {
  const Array x = floats({1, 2, 2}, {0, 1, 0, 2});
  const auto e = [](double v) { return std::exp(v); };
  expect_near(Op("Softmax", 13).set("axis", 1).one({x}),
              {0.5, e(1) / (e(1) + e(2)), 0.5, e(2) / (e(1) + e(2))});
  const double sum = 2 + e(1) + e(2);
  expect_near(Op("Softmax", 12).set("axis", 1).one({x}),
              {1 / sum, e(1) / sum, 1 / sum, e(2) / sum});
  expect_near(Op("Softmax", 12).one({x}), {1 / sum, e(1) / sum, 1 / sum, e(2) / sum});
  expect_near(Op("LogSoftmax", 13).one({x}), {-std::log(1 + e(1)), 1 - std::log(1 + e(1)),
                                              -std::log(1 + e(2)), 2 - std::log(1 + e(2))});
  EXPECT_EQ(elements(Op("Hardmax", 13).one({floats({2, 3}, {1, 3, 3, 2, 1, 0})})),
            (Reals{0, 1, 0, 1, 0, 0}));
  EXPECT_EQ(Op("Softmax", 13).set("axis", 3).error({x}), "names axis 3 of an array of 3 axes");
  EXPECT_EQ(elements(Op("Softmax", 12).set("axis", 3).one({x})), Reals(4, 1));
}

TEST(Softmax, OfLargeNumbersIsFinite) {
  EXPECT_EQ(elements(Op("Softmax").one({floats({2}, {1e38F, -1e38F})})), (Reals{1, 0}));
  EXPECT_EQ(elements(Op("LogSoftmax").one({floats({2}, {1000, 1000})})),
            Reals(2, static_cast<float>(-std::log(2.0))));
}

}  // namespace
}  // namespace soliton::ir
