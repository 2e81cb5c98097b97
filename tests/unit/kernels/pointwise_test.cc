// Vector operations of the multifunction units against the scalar ones of half.h, as bits.
#include "node/npu/kernels/pointwise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/unit/tensor/half_functions.h"

namespace soliton {
namespace {

// Every interesting class of value: zeros, subnormals, ones, limits, infinities, NaNs.
std::vector<Half> corners() {
  std::vector<Half> out;
  for (const int magnitude :
       {0x0000, 0x0001, 0x03ff, 0x0400, 0x0401, 0x2e66, 0x3bff, 0x3c00, 0x3c01, 0x5bff, 0x7800,
        0x7bfe, 0x7bff, 0x7c00, 0x7c01, 0x7e00, 0x7fff})
    for (const int sign : {0x0000, 0x8000}) out.push_back(static_cast<Half>(magnitude | sign));
  return out;
}

Half expected(PointwiseOp op, Half a, Half b) {
  switch (op) {
    case PointwiseOp::kAdd:
      return half_add(a, b);
    case PointwiseOp::kAMinusB:
      return half_sub(a, b);
    case PointwiseOp::kBMinusA:
      return half_sub(b, a);
    case PointwiseOp::kMultiply:
      return half_mul(a, b);
    case PointwiseOp::kMax:
      return half_max(a, b);
    case PointwiseOp::kMin:
      return half_min(a, b);
  }
  return 0;
}

constexpr PointwiseOp kOps[] = {PointwiseOp::kAdd,     PointwiseOp::kAMinusB,
                                PointwiseOp::kBMinusA, PointwiseOp::kMultiply,
                                PointwiseOp::kMax,     PointwiseOp::kMin};

bool finite(Half value) { return (value & 0x7c00) != 0x7c00; }

// All 65,536 values against each corner, at every level.
TEST(Pointwise, EveryValueAgainstEveryCorner) {
  for (const KernelLevel level : supported_kernel_levels()) {
    for (const PointwiseOp op : kOps) {
      for (const Half corner : corners()) {
        std::vector<Half> a(65536), b(65536, corner);
        for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<Half>(i);
        const std::uint64_t overflows = soliton::apply(op, a, b, level);
        std::uint64_t expected_overflows = 0;
        for (std::size_t i = 0; i < a.size(); ++i) {
          const Half wanted = expected(op, static_cast<Half>(i), corner);
          ASSERT_EQ(a[i], wanted) << kernel_level_name(level) << " op " << static_cast<int>(op)
                                  << std::hex << " " << i << " " << corner;
          expected_overflows +=
              half_is_infinite(wanted) && finite(static_cast<Half>(i)) && finite(corner);
        }
        ASSERT_EQ(overflows, expected_overflows) << kernel_level_name(level);
      }
    }
  }
}

TEST(Pointwise, LengthsThatAreNoWholeRegister) {
  for (const KernelLevel level : supported_kernel_levels()) {
    for (std::size_t count = 0; count <= 19; ++count) {
      std::vector<Half> a(count, 0x3c00), b(count, 0x4000);
      EXPECT_EQ(soliton::apply(PointwiseOp::kAdd, a, b, level), 0u);
      EXPECT_EQ(a, std::vector<Half>(count, 0x4200));
    }
  }
}

TEST(Pointwise, SumsAreRoundedOnceHalfToEven) {
  std::vector<float> sums;
  for (std::uint32_t bits = 0; bits < 0xffff0000u; bits += 0x1357) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    sums.push_back(value);
  }
  for (const KernelLevel level : supported_kernel_levels()) {
    std::vector<Half> out(sums.size());
    const std::uint64_t overflows = round_sums(sums, out, level);
    std::uint64_t infinite = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      ASSERT_EQ(out[i], to_half(sums[i])) << kernel_level_name(level) << " " << sums[i];
      infinite += half_is_infinite(out[i]);
    }
    EXPECT_EQ(overflows, infinite);
  }
}

TEST(Pointwise, ActivationFunctionsAreTheScalarOnes) {
  std::vector<Half> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Half>(i);
  std::vector<Half> sigmoid = all, tanh = all, relu = all;
  soliton::apply(ActivationFunction::kSigmoid, sigmoid);
  soliton::apply(ActivationFunction::kTanh, tanh);
  soliton::apply(ActivationFunction::kRelu, relu);
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(sigmoid[i], half_sigmoid(all[i]));
    ASSERT_EQ(tanh[i], half_tanh(all[i]));
    ASSERT_EQ(relu[i], half_relu(all[i]));
  }
}

// By the scalar tables; counted are infinities that finite values became.
TEST(Pointwise, FunctionsThatOverflowCountIt) {
  struct Row {
    ActivationFunction function;
    const Half* table;
    std::uint64_t overflows;
  };
  // exp: from 11.09375 (0x498c) to 65504 (0x7bff). reciprocal: both zeros and 2^-24 to 2^-16 (0x0001 to
  // 0x0100) of either sign, where 1 / 2^-16 = 65536. rsqrt: both zeros, as 1 / sqrt(2^-24) is 4096.
  for (const Row& row :
       {Row{ActivationFunction::kExp, half_exp_table(), 0x7bff - 0x498c + 1},
        Row{ActivationFunction::kReciprocal, half_reciprocal_table(), 2 * (0x0100 + 1)},
        Row{ActivationFunction::kRsqrt, half_rsqrt_table(), 2}}) {
    std::vector<Half> all(65536);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Half>(i);
    EXPECT_EQ(soliton::apply(row.function, all), row.overflows);
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], row.table[i]) << i;
  }
}

Half reduced(Reduction reduction, std::vector<Half> values, std::size_t elements,
             std::uint64_t overflows = 0) {
  EXPECT_EQ(reduce(reduction, values, elements), overflows);
  EXPECT_EQ(values, std::vector<Half>(values.size(), values.front()));
  return values.front();
}

TEST(Reduction, TakesTheFirstElementsAndFillsAll) {
  const std::vector<Half> values{0x3c00, 0x4000, 0x4200, 0x7e00};  // 1 2 3 NaN
  EXPECT_EQ(reduced(Reduction::kSum, values, 3), 0x4600);          // 6
  EXPECT_EQ(reduced(Reduction::kMean, values, 3), 0x4000);         // 2
  EXPECT_EQ(reduced(Reduction::kMax, values, 3), 0x4200);          // 3
  EXPECT_EQ(reduced(Reduction::kMax, values, 1), 0x3c00);
  for (const Reduction each : {Reduction::kSum, Reduction::kMean, Reduction::kMax})
    EXPECT_EQ(reduced(each, values, 4), kHalfNan);
}

// 2^-24 is half of the distance from 1 to the next fp32 number, so adding it to 1 any number of times
// leaves 1, while 2^14 of them added first make 2^-10, which fp16 shows behind 1.
TEST(Reduction, SumsInFp32FromTheFirstElementOn) {
  std::vector<Half> values(16385, 0x0001);
  values.front() = 0x3c00;
  EXPECT_EQ(reduced(Reduction::kSum, values, values.size()), 0x3c00);
  std::ranges::reverse(values);
  EXPECT_EQ(reduced(Reduction::kSum, values, values.size()), 0x3c01);
}

TEST(Reduction, AMeanDoesNotOverflowWhereTheSumDoes) {
  const std::vector<Half> values(300, 0x7bff);
  EXPECT_EQ(reduced(Reduction::kSum, values, 300, 1), kHalfInfinity);
  EXPECT_EQ(reduced(Reduction::kMean, values, 300), 0x7bff);
}

TEST(Reduction, ZerosAndInfinities) {
  EXPECT_EQ(reduced(Reduction::kSum, {0x8000, 0x8000}, 2), 0);
  EXPECT_EQ(reduced(Reduction::kMean, {0x8000, 0x8000}, 2), 0);
  EXPECT_EQ(reduced(Reduction::kMax, {0x8000, 0x8000}, 2), 0x8000);
  EXPECT_EQ(reduced(Reduction::kMax, {0x8000, 0}, 2), 0);
  EXPECT_EQ(reduced(Reduction::kSum, {0x7c00, 0x3c00}, 2), kHalfInfinity);
  EXPECT_EQ(reduced(Reduction::kSum, {0x7c00, 0xfc00}, 2), kHalfNan);
  EXPECT_EQ(reduced(Reduction::kMax, {0xfc00, 0xc000}, 2), 0xc000);
}

// The mean of two numbers on either side of a half-way point of fp16, and on it.
TEST(Reduction, AMeanIsRoundedOnce) {
  EXPECT_EQ(reduced(Reduction::kMean, {0x3c00, 0x3c01}, 2), 0x3c00);  // half-way: to even
  EXPECT_EQ(reduced(Reduction::kMean, {0x3c01, 0x3c02}, 2), 0x3c02);
  EXPECT_EQ(reduced(Reduction::kMean, {0x3c00, 0x3c00, 0x3c01}, 3), 0x3c00);  // a third above
  EXPECT_EQ(reduced(Reduction::kMean, {0x3c00, 0x3c01, 0x3c01}, 3), 0x3c01);
}

}  // namespace
}  // namespace soliton
