// Quantisation: scales and zero points of an array, of an axis and of blocks.
#include <gtest/gtest.h>

#include "tests/unit/ops/apply.h"

namespace soliton::ir {
namespace {

template <typename T>
Array of(Shape shape, std::vector<T> values) {
  return Array::of(std::move(shape), std::move(values));
}

TEST(QuantizeLinear, RoundsHalvesToEvenAndSaturates) {
  const Array x = floats({7}, {0, 1, 3, 5, -1, 1000, -1000});
  EXPECT_EQ(elements<std::uint8_t>(Op("QuantizeLinear").one({x, Array::scalar(2.0F)})),
            (std::vector<std::uint8_t>{0, 0, 2, 2, 0, 255, 0}));
  EXPECT_EQ(elements<std::int8_t>(
                Op("QuantizeLinear").one({x, Array::scalar(2.0F), Array::scalar<std::int8_t>(1)})),
            (std::vector<std::int8_t>{1, 1, 3, 3, 1, 127, -128}));
  const Array wide = Op("QuantizeLinear").set("output_dtype", 5).one({x, Array::scalar(0.01F)});
  EXPECT_EQ(elements<std::int16_t>(wide),
            (std::vector<std::int16_t>{0, 100, 300, 500, -100, 32767, -32768}));
}

TEST(QuantizeLinear, ByAxisAndByBlock) {
  const Array x = floats({2, 3}, {10, 20, 30, 40, 50, 60});
  EXPECT_EQ(
      elements<std::uint8_t>(Op("QuantizeLinear")
                                 .set("axis", 0)
                                 .one({x, floats({2}, {10, 20}), of<std::uint8_t>({2}, {0, 5})})),
      (std::vector<std::uint8_t>{1, 2, 3, 7, 7, 8}));
  EXPECT_EQ(elements<std::uint8_t>(Op("QuantizeLinear").one({x, floats({3}, {1, 2, 5})})),
            (std::vector<std::uint8_t>{10, 10, 6, 40, 25, 12}));
  const Op blocks = Op("QuantizeLinear").set("axis", 1).set("block_size", 2);
  EXPECT_EQ(elements<std::uint8_t>(blocks.one({x, floats({2, 2}, {10, 5, 20, 4})})),
            (std::vector<std::uint8_t>{1, 2, 6, 2, 2, 15}));
  EXPECT_EQ(blocks.error({x, floats({2, 3}, Reals(6))}),
            "has scales of shape [2, 3] instead of [2, 2]");
}

TEST(QuantizeLinear, SaysWhatIsWrong) {
  const Array x = floats({2, 3}, Reals(6));
  EXPECT_EQ(Op("QuantizeLinear").error({x, floats({2}, {1, 1})}),
            "has scales of shape [2] instead of [3]");
  EXPECT_EQ(Op("QuantizeLinear").set("output_dtype", 17).error({x, Array::scalar(1.0F)}),
            "has an output_dtype of 17, which is not supported");
  EXPECT_EQ(Op("QuantizeLinear").error({x, Array::scalar(1.0F), integers({0})}),
            "would make codes of type int64, which is not supported");
  EXPECT_EQ(Op("QuantizeLinear").error({x, floats({3}, Reals(3)), of<std::uint8_t>({2}, {0, 0})}),
            "has zero points of shape [2] instead of [3]");
}

TEST(DequantizeLinear, UndoesIt) {
  const Array q = of<std::uint8_t>({2, 2}, {0, 10, 128, 255});
  EXPECT_EQ(
      elements(
          Op("DequantizeLinear").one({q, Array::scalar(0.5F), Array::scalar<std::uint8_t>(128)})),
      (Reals{-64, -59, 0, 63.5F}));
  EXPECT_EQ(elements(Op("DequantizeLinear").one({q, floats({2}, {1, 2})})),
            (Reals{0, 20, 128, 510}));
  EXPECT_EQ(elements(Op("DequantizeLinear")
                         .set("axis", 0)
                         .set("block_size", 2)
                         .one({q, floats({1, 2}, {1, 2})})),
            (Reals{0, 20, 128, 510}));
  EXPECT_EQ(elements(Op("DequantizeLinear")
                         .one({of<std::int32_t>({1}, {-2'000'000'000}), Array::scalar(1e-9F)})),
            Reals{-2e9F * 1e-9F});
  const Array half = converted(Array::scalar(0.5F), ElementType::kFloat16);
  EXPECT_EQ(Op("DequantizeLinear").one({q, half}).type(), ElementType::kFloat16);
  EXPECT_EQ(Op("DequantizeLinear").error({integers({1}), half}),
            "has an input 0 of type int64, which is not supported");
}

TEST(DynamicQuantizeLinear, CoversTheRangeAndZero) {
  const Outputs out = Op("DynamicQuantizeLinear").outputs(3).all({floats({3}, {0, 2, -3})});
  // Scale 5 / 255; zero point 3 * 51 = 153.
  EXPECT_EQ(elements(out[1]), Reals{5.0F / 255.0F});
  EXPECT_EQ(whole(out[2]), Integers{153});
  EXPECT_EQ(whole(out[0]), (Integers{153, 255, 0}));
  const Outputs zeros = Op("DynamicQuantizeLinear").outputs(3).all({floats({2}, {0, 0})});
  EXPECT_EQ(elements(zeros[1]), Reals{1});
  EXPECT_EQ(whole(zeros[0]), (Integers{0, 0}));
}

}  // namespace
}  // namespace soliton::ir
