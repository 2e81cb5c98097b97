// Products of matrices against sums by hand and in double.
#include <gtest/gtest.h>

#include "tests/unit/ops/apply.h"
#include "tests/unit/ops_heavy/random.h"

namespace soliton::ir {
namespace {

template <typename T>
Array of(Shape shape, std::vector<T> values) {
  return Array::of(std::move(shape), std::move(values));
}

TEST(MatMul, MultipliesMatricesAndVectors) {
  const Array a = floats({2, 3}, {1, 2, 3, 4, 5, 6}), b = floats({3, 1}, {1, 10, 100});
  EXPECT_EQ(elements(Op("MatMul").one({a, b})), (Reals{321, 654}));
  const Array row = floats({3}, {1, 10, 100});
  EXPECT_EQ(Op("MatMul").one({a, row}).shape(), Shape{2});
  EXPECT_EQ(elements(Op("MatMul").one({a, row})), (Reals{321, 654}));
  const Array left = Op("MatMul").one({floats({2}, {1, -1}), a});
  EXPECT_EQ(left.shape(), Shape{3});
  EXPECT_EQ(elements(left), (Reals{-3, -3, -3}));
  EXPECT_EQ(Op("MatMul").one({row, row}).shape(), Shape{});
  EXPECT_EQ(elements(Op("MatMul").one({row, row})), (Reals{10101}));
}

TEST(MatMul, BroadcastsWhatComesBeforeTheMatrices) {
  // [2, 1, 1, 2] x [3, 2, 1]: each of two rows with each of three columns.
  const Array a = floats({2, 1, 1, 2}, {1, 0, 0, 1});
  const Array b = floats({3, 2, 1}, {1, 2, 3, 4, 5, 6});
  const Array out = Op("MatMul").one({a, b});
  EXPECT_EQ(out.shape(), (Shape{2, 3, 1, 1}));
  EXPECT_EQ(elements(out), (Reals{1, 3, 5, 2, 4, 6}));
}

TEST(MatMul, OfManyRowsIsOneProduct) {
  Chance chance(1);
  const Array a = chance.array({5, 7, 30}), b = chance.array({30, 11});
  const Array out = Op("MatMul").one({a, b});
  std::vector<double> want;
  for (std::int64_t i = 0; i < 35; ++i)
    for (std::int64_t j = 0; j < 11; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < 30; ++k)
        sum += doubles(a)[static_cast<std::size_t>(i * 30 + k)] *
               doubles(b)[static_cast<std::size_t>(k * 11 + j)];
      want.push_back(sum);
    }
  EXPECT_LT(distance(out, want), 1e-6);
  EXPECT_EQ(Op("MatMul").work({a, b}).multiply_adds, 5 * 7 * 30 * 11);
}

TEST(MatMul, WrapsIntegersAndRoundsHalvesOnce) {
  const Array big = of<std::int32_t>({1, 2}, {2'000'000'000, 2'000'000'000});
  EXPECT_EQ(elements<std::int32_t>(Op("MatMul").one({big, of<std::int32_t>({2, 1}, {1, 1})})),
            (std::vector<std::int32_t>{-294'967'296}));
  const Array half = converted(floats({1, 2}, {2048, 1}), ElementType::kFloat16);
  const Array ones = converted(floats({2, 1}, {1, 1}), ElementType::kFloat16);
  const Array sum = Op("MatMul").one({half, ones});
  EXPECT_EQ(sum.type(), ElementType::kFloat16);
  EXPECT_EQ(elements(converted(sum, ElementType::kFloat32)), Reals{2048});  // half to even
}

TEST(MatMul, OfNoTermsIsZero) {
  EXPECT_EQ(elements(Op("MatMul").one({floats({2, 0}, {}), floats({0, 2}, {})})), Reals(4, 0));
  EXPECT_EQ(Op("MatMul").one({floats({0, 2}, {}), floats({2, 3}, Reals(6))}).shape(),
            (Shape{0, 3}));
}

TEST(MatMul, SaysWhatIsWrong) {
  const Array a = floats({2, 3}, Reals(6));
  EXPECT_EQ(Op("MatMul").error({a, a}),
            "has inputs of shapes [2, 3] and [2, 3], whose common axis differs");
  EXPECT_EQ(Op("MatMul").error({a, Array::scalar(1.0F)}), "has an input that is a single number");
  EXPECT_EQ(Op("MatMul").error({bools({1}, {1}), bools({1}, {1})}),
            "has an input 0 of type bool, which is not supported");
  EXPECT_EQ(Op("MatMul").most(3).error({a, floats({3, 2}, Reals(6))}),
            "would make 4 elements; at most 3 here");
  const Array huge = Array::unknown(ElementType::kFloat32, {1LL << 40, 1});
  EXPECT_EQ(Op("MatMul").error({huge, Array::unknown(ElementType::kFloat32, {1, 1LL << 40})}),
            "would make an array of shape [1099511627776, 1099511627776]");
}

TEST(Gemm, ScalesTransposesAndAdds) {
  const Array a = floats({3, 2}, {1, 4, 2, 5, 3, 6});     // transposed: [[1, 2, 3], [4, 5, 6]]
  const Array b = floats({2, 3}, {1, 10, 100, 0, 1, 0});  // transposed: columns 321, 2
  const Op gemm = Op("Gemm").set("transA", 1).set("transB", 1).set("alpha", 2.0F).set("beta", 0.5F);
  EXPECT_EQ(elements(gemm.one({a, b, floats({2}, {2, 4})})), (Reals{643, 6, 1309, 12}));
  EXPECT_EQ(elements(gemm.one({a, b})), (Reals{642, 4, 1308, 10}));
  EXPECT_EQ(elements(gemm.one({a, b, floats({2, 1}, {2, 4})})), (Reals{643, 5, 1310, 12}));
  EXPECT_EQ(gemm.work({a, b}).multiply_adds, 2 * 2 * 3);
}

TEST(Gemm, OfIntegersWithoutFactors) {
  const Array a = integers({1, 2}, {3, 4}), b = integers({2, 1}, {5, 6});
  EXPECT_EQ(whole(Op("Gemm").one({a, b, integers({1}, {1})})), Integers{40});
  EXPECT_EQ(Op("Gemm").set("alpha", 2.0F).error({a, b}),
            "has an alpha or beta other than 1 for integers, which is not supported");
}

TEST(Gemm, SaysWhatIsWrong) {
  const Array a = floats({2, 3}, Reals(6)), b = floats({3, 2}, Reals(6));
  EXPECT_EQ(Op("Gemm").error({a, a}),
            "has inputs of shapes [2, 3] and [2, 3], whose common axis differs");
  EXPECT_EQ(Op("Gemm").error({floats({2}, {1, 2}), b}),
            "has inputs of shapes [2] and [3, 2], not two matrices");
  EXPECT_EQ(Op("Gemm").error({a, b, floats({3}, {1, 2, 3})}),
            "has a C of shape [3], which does not broadcast to [2, 2]");
  EXPECT_EQ(Op("Gemm").set("alpha", 1).error({a, b}),
            "has an attribute alpha that is not a number");
}

TEST(MatMulInteger, TakesZeroPointsOff) {
  // (11 - 12, 7 - 12, 3 - 12) . (1, 4, 7) and so on: the example of ONNX's page.
  const Array a = of<std::uint8_t>({2, 3}, {11, 7, 3, 10, 6, 2});
  const Array b = of<std::uint8_t>({3, 2}, {1, 4, 2, 5, 3, 6});
  const Array out = Op("MatMulInteger").one({a, b, of<std::uint8_t>({1}, {12})});
  EXPECT_EQ(elements<std::int32_t>(out), (std::vector<std::int32_t>{-38, -83, -44, -98}));
  // One zero point for each row and each column.
  const Array each =
      Op("MatMulInteger")
          .one({a, b, of<std::uint8_t>({2}, {12, 11}), of<std::uint8_t>({2}, {0, 1})});
  EXPECT_EQ(elements<std::int32_t>(each),
            (std::vector<std::int32_t>{-38, -83 + 15, -38, -83 + 15}));
  EXPECT_EQ(Op("MatMulInteger").error({a, b, of<std::uint8_t>({3}, {1, 2, 3})}),
            "has an input 2 of shape [3], which does not fit one of shape [2, 3]");
  EXPECT_EQ(Op("MatMulInteger").error({a, b, of<std::int8_t>({1}, {1})}),
            "has inputs of different types: uint8 and int8");
}

TEST(QLinearMatMul, RoundsToTheScaleOfTheOutput) {
  const Array a = of<std::uint8_t>({1, 2}, {130, 126}), zero = of<std::uint8_t>({}, {128});
  const Array b = of<std::int8_t>({2, 2}, {10, 127, 20, -128}), none = of<std::int8_t>({}, {0});
  // Sums: 2*10 - 2*20 = -20 and 2*127 + 2*128 = 510, times 0.5 * 0.25 / 0.25.
  const std::vector<Array> in = {a,
                                 Array::scalar(0.5F),
                                 zero,
                                 b,
                                 Array::scalar(0.25F),
                                 none,
                                 Array::scalar(0.25F),
                                 of<std::int8_t>({}, {3})};
  EXPECT_EQ(elements<std::int8_t>(Op("QLinearMatMul").one(in)),
            (std::vector<std::int8_t>{-7, 127}));
  std::vector<Array> columns = in;
  columns[4] = floats({2}, {0.25F, 0.025F});  // 510 * 0.05 = 25.5, halves to even
  EXPECT_EQ(elements<std::int8_t>(Op("QLinearMatMul").one(columns)),
            (std::vector<std::int8_t>{-7, 29}));
  columns[6] = floats({2}, {1, 1});
  EXPECT_EQ(Op("QLinearMatMul").error(columns),
            "has a scale or zero point of its output that is not one number");
  EXPECT_EQ(Op("QLinearMatMul").error({a, Array::scalar(0.5F)}), "lacks its input 2");
}

// Weights whose codes are known: column c, row k holds (c + k) % 16.
Array nibbles(std::int64_t n, std::int64_t blocks, std::int64_t block) {
  std::vector<std::uint8_t> codes;
  for (std::int64_t c = 0; c < n; ++c)
    for (std::int64_t k = 0; k < blocks * block; k += 2)
      codes.push_back(static_cast<std::uint8_t>((c + k) % 16 + ((c + k + 1) % 16) * 16));
  return of<std::uint8_t>({n, blocks, block / 2}, codes);
}

TEST(MatMulNBits, UnpacksBlocksOfWeights) {
  Chance chance(3);
  const std::int64_t k = 40, n = 70, block = 16, blocks = 3;
  const Array a = chance.array({2, 3, k}), b = nibbles(n, blocks, block);
  const Array scales = chance.array({n * blocks}), bias = chance.array({n});
  const Array zeros = chance.codes<std::uint8_t>({n * 2}, 0, 255);
  const Op op = Op("com.microsoft:MatMulNBits").set("K", k).set("N", n).set("block_size", block);
  for (const bool with_zeros : {false, true}) {
    std::vector<double> want;
    for (std::int64_t row = 0; row < 6; ++row)
      for (std::int64_t c = 0; c < n; ++c) {
        double sum = doubles(bias)[static_cast<std::size_t>(c)];
        for (std::int64_t i = 0; i < k; ++i) {
          const auto at = static_cast<std::size_t>(i / block);
          const int packed = zeros.as<std::uint8_t>()[static_cast<std::size_t>(c) * 2 + at / 2];
          const int zero = with_zeros ? (packed >> (at % 2 * 4)) & 15 : 8;
          sum += doubles(a)[static_cast<std::size_t>(row * k + i)] *
                 static_cast<double>((c + i) % 16 - zero) *
                 doubles(scales)[static_cast<std::size_t>(c * blocks) + at];
        }
        want.push_back(sum);
      }
    const Array out = op.one({a, b, scales, with_zeros ? zeros : Array(), Array(), bias});
    EXPECT_EQ(out.shape(), (Shape{2, 3, n}));
    EXPECT_LT(distance(out, want), 1e-6);
  }
  EXPECT_EQ(op.work({a, b, scales}).multiply_adds, 6 * k * n);
}

TEST(MatMulNBits, SaysWhatIsWrong) {
  const Array a = floats({1, 16}, Reals(16)), b = nibbles(2, 1, 16), scales = floats({2}, {1, 1});
  const auto op = [] {
    return Op("com.microsoft:MatMulNBits").set("K", 16).set("N", 2).set("block_size", 16);
  };
  EXPECT_EQ(op().error({a, b, scales}), "");
  EXPECT_EQ(op().error({a, b, floats({3}, Reals(3))}), "has 3 scales instead of 2");
  EXPECT_EQ(op().error({a, b, scales, Array(), integers({0})}),
            "has a g_idx, which is not supported");
  EXPECT_EQ(op().error({a, nibbles(1, 1, 16), scales}),
            "has weights of shape [1, 1, 8] instead of [2, 1, 8]");
  EXPECT_EQ(op().set("bits", 3).error({a, b, scales}),
            "has weights of 3 bits; 2, 4 and 8 are supported");
  EXPECT_EQ(Op("com.microsoft:MatMulNBits").set("K", 16).set("N", 2).error({a, b, scales}),
            "has a block_size of 0, which is not a power of two from 16");
  EXPECT_EQ(op().error({floats({1, 8}, Reals(8)), b, scales}),
            "has an input of shape [1, 8] for a K of 16");
}

}  // namespace
}  // namespace soliton::ir
