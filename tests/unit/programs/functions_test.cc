// What devices with further functions compute that others leave to a CPU: the shipped programs and
// the recipes of docs/isa.md, bit for bit against fp16 arithmetic that knows no chains, and near the
// exact functions.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "node/npu/critical_path.h"
#include "node/npu/op_time.h"
#include "protocol/base/rng.h"
#include "tests/unit/programs/assembled.h"
#include "tests/unit/programs/play.h"
#include "tests/unit/tensor/half_functions.h"

namespace soliton {
namespace {

using namespace soliton::testing;

using Exact = std::vector<double>;

Half half(double value) { return round_to_half(value); }

// Normal numbers of the deviation and mean.
Halves normal_halves(std::size_t count, double deviation, double mean, std::uint64_t seed) {
  const Random random(seed, "normal halves");
  Halves out(count);
  for (std::size_t i = 0; i < count; ++i) out[i] = half(mean + deviation * random.normal(i));
  return out;
}

template <typename Operation>
Halves each(const Halves& a, Operation operation) {
  Halves out;
  for (const Half value : a) out.push_back(operation(value));
  return out;
}

template <typename Operation>
Halves each(const Halves& a, const Halves& b, Operation operation) {
  Halves out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(operation(a[i], b[i]));
  return out;
}

float sum(const Halves& a) {
  float out = 0;
  for (const Half value : a) out += to_float(value);
  return out;
}

Half mean(const Halves& a) { return half(double{sum(a)} / static_cast<double>(a.size())); }

Half largest(const Halves& a) {
  Half out = a.front();
  for (const Half value : a) out = half_max(out, value);
  return out;
}

Exact exact(const Halves& a) {
  Exact out;
  for (const Half value : a) out.push_back(to_float(value));
  return out;
}

double exact_mean(const Exact& a) {
  double out = 0;
  for (const double value : a) out += value;
  return out / static_cast<double>(a.size());
}

double largest_magnitude(const Exact& a) {
  double out = 0;
  for (const double value : a) out = std::max(out, std::fabs(value));
  return out;
}

// The largest difference as a share of the largest value.
double error(const Halves& got, const Exact& wanted) {
  Exact difference = exact(got);
  for (std::size_t i = 0; i < wanted.size(); ++i) difference[i] -= wanted[i];
  return largest_magnitude(difference) / largest_magnitude(wanted);
}

// Three requests of one step: every message goes in alone.
std::vector<Halves> run(const Shard& shard, const std::vector<Halves>& inputs) {
  const Played played = play(shard, static_cast<std::int64_t>(inputs.size()), {{0, inputs}});
  EXPECT_EQ(played.stats.fp16_overflows, 0U);
  return played.outputs.at(0);
}

Halves softmax(const Halves& x) {
  const Half top = largest(x);
  const Halves e = each(x, [top](Half value) { return half_exp(half_sub(value, top)); });
  const Half scale = half_reciprocal(to_half(sum(e)));
  return each(e, [scale](Half value) { return half_mul(value, scale); });
}

Exact exact_softmax(const Exact& x) {
  const double top = *std::ranges::max_element(x);
  Exact out;
  double total = 0;
  for (const double value : x) total += std::exp(value - top);
  for (const double value : x) out.push_back(std::exp(value - top) / total);
  return out;
}

TEST(FunctionPrograms, SoftmaxIsThatOfFp16AndNearTheExactOne) {
  const Shard shard = shipped_program("softmax");
  // Near each other, spread, and all far below zero, where the padding would overflow.
  const std::vector<Halves> inputs{normal_halves(1000, 0.1, 0, 1), normal_halves(1000, 4, 3, 2),
                                   normal_halves(1000, 2, -40, 3)};
  const std::vector<Halves> outputs = run(shard, inputs);
  ASSERT_EQ(outputs.size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(outputs[i], softmax(inputs[i])) << i;
    // Roundings of the difference, of e, of the sum, its reciprocal and the product.
    EXPECT_LT(error(outputs[i], exact_softmax(exact(inputs[i]))), 5 * 0x1p-11) << i;
    double total = 0;
    for (const double p : exact(outputs[i])) total += p;
    EXPECT_NEAR(total, 1, 0.01);
  }
}

// V of 183 cycles for each of the four chains that compute, and 3 vectors of 10 cycles for each
// reduction. The depth: a reduction of 1,000 is 10 deep, every other operation one.
TEST(FunctionPrograms, AReductionTakesTheTimeInWhichItsVectorsGoBy) {
  const Shard shard = shipped_program("softmax");
  EXPECT_EQ(run_alone(shard, 1), nanoseconds(4) * (654 + 4 * 183 + 2 * 30));
  EXPECT_EQ(analyse_step(shard, 1).udm_cycles, 10 + 3 + 10 + 1 + 1);
}

struct Norm {
  Halves gamma, beta;
  Half eps = 0;
};

Halves layer_norm(const Halves& x, const Norm& norm) {
  const Half middle = mean(x);
  const Halves d = each(x, [middle](Half value) { return half_sub(value, middle); });
  const Half variance = mean(each(d, d, half_mul));
  const Half scale = half_rsqrt(half_add(variance, norm.eps));
  const Halves normal = each(d, [scale](Half value) { return half_mul(value, scale); });
  return each(each(normal, norm.gamma, half_mul), norm.beta, half_add);
}

Exact exact_layer_norm(const Exact& x, const Norm& norm) {
  const double middle = exact_mean(x);
  Exact squares;
  for (const double value : x) squares.push_back((value - middle) * (value - middle));
  const double scale = 1 / std::sqrt(exact_mean(squares) + to_float(norm.eps));
  Exact out;
  for (std::size_t i = 0; i < x.size(); ++i)
    out.push_back((x[i] - middle) * scale * to_float(norm.gamma[i]) + to_float(norm.beta[i]));
  return out;
}

TEST(FunctionPrograms, LayerNormIsThatOfFp16AndNearTheExactOne) {
  const Shard shard = shipped_program("layernorm");
  const Norm norm{random_vector(1, 768), random_vector(2, 768), half(0.00001)};
  // The last has squares whose sum is far above the largest fp16 number; only their mean is not.
  const std::vector<Halves> inputs{normal_halves(768, 1, 0, 4), normal_halves(768, 0.05, 0.5, 5),
                                   normal_halves(768, 50, -20, 6)};
  const std::vector<Halves> outputs = run(shard, inputs);
  ASSERT_EQ(outputs.size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(outputs[i], layer_norm(inputs[i], norm)) << i;
    EXPECT_LT(error(outputs[i], exact_layer_norm(exact(inputs[i]), norm)), 5 * 0x1p-11) << i;
  }
}

TEST(FunctionPrograms, LayerNormOfEqualValuesIsBeta) {
  const std::vector<Halves> outputs = run(shipped_program("layernorm"), {Halves(768, half(3.25))});
  EXPECT_EQ(outputs.at(0), random_vector(2, 768));
}

// ---- the recipes of docs/isa.md ----

Shard recipe(const std::string& constants, const std::string& chains) {
  return assembled(".device bw-next\n" + constants + ".in x 500\n.out y 500\n.segment steps\n" +
                   "  s_wr rows, 2\n  v_rd NetQ[x]\n  v_wr InitialVrf[0]\n  v_wr MultiplyVrf[0]\n" +
                   "  end_chain\n" + chains);
}

void expect_recipe(const Shard& shard, Halves (*fp16)(const Halves&), double (*function)(double),
                   double tolerance) {
  const std::vector<Halves> inputs{normal_halves(500, 0.5, 0, 7), normal_halves(500, 4, 0, 8)};
  const std::vector<Halves> outputs = run(shard, inputs);
  ASSERT_EQ(outputs.size(), inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    EXPECT_EQ(outputs[i], fp16(inputs[i])) << i;
    Exact wanted = exact(inputs[i]);
    for (double& value : wanted) value = function(value);
    EXPECT_LT(error(outputs[i], wanted), tolerance) << i;
  }
}

TEST(FunctionRecipes, RmsNorm) {
  const Shard shard = recipe(
      ".vector eps AddSubVrf_1[0] = fill 800 0.00001\n.vector gamma MultiplyVrf[4] = random 500 "
      "9\n",
      "  v_rd InitialVrf[0]\n  vv_mul MultiplyVrf[0]\n  v_rmean 500\n  vv_add AddSubVrf_1[0]\n"
      "  v_rsqrt\n  v_wr MultiplyVrf[2]\n  end_chain\n"
      "  v_rd InitialVrf[0]\n  vv_mul MultiplyVrf[2]\n  vv_mul MultiplyVrf[4]\n  v_wr NetQ[y]\n"
      "  end_chain\n");
  const Halves gamma = random_vector(9, 500);
  const Halves x = normal_halves(500, 30, 5, 10);
  const Half scale = half_rsqrt(half_add(mean(each(x, x, half_mul)), half(0.00001)));
  const Halves wanted =
      each(each(x, [scale](Half value) { return half_mul(value, scale); }), gamma, half_mul);
  EXPECT_EQ(run(shard, {x}).at(0), wanted);
  Exact squares = exact(x);
  for (double& value : squares) value *= value;
  Exact real = exact(x);
  for (std::size_t i = 0; i < real.size(); ++i)
    real[i] *= to_float(gamma[i]) / std::sqrt(exact_mean(squares) + 0.00001);
  EXPECT_LT(error(wanted, real), 4 * 0x1p-11);
}

TEST(FunctionRecipes, SiluIsOneChain) {
  expect_recipe(
      recipe("",
             "  v_rd InitialVrf[0]\n  v_sigm\n  vv_mul MultiplyVrf[0]\n"
             "  v_wr NetQ[y]\n  end_chain\n"),
      [](const Halves& x) { return each(each(x, half_sigmoid), x, half_mul); },
      [](double x) { return x / (1 + std::exp(-x)); }, 2 * 0x1p-11);
}

Half hard_sigmoid(Half a) {
  return half_min(half_relu(half_add(half_mul(a, half(1.0 / 6)), half(0.5))), half(1));
}

TEST(FunctionRecipes, HardSwishIsOneChain) {
  expect_recipe(
      recipe(".vector sixth MultiplyVrf[2] = fill 500 0.16666667\n"
             ".vector half AddSubVrf_0[0] = fill 500 0.5\n"
             ".vector one AddSubVrf_1[0] = fill 500 1\n",
             "  v_rd InitialVrf[0]\n  vv_mul MultiplyVrf[2]\n  vv_add AddSubVrf_0[0]\n  v_relu\n"
             "  vv_min AddSubVrf_1[0]\n  vv_mul MultiplyVrf[0]\n  v_wr NetQ[y]\n  end_chain\n"),
      [](const Halves& x) { return each(each(x, hard_sigmoid), x, half_mul); },
      [](double x) { return x * std::clamp(x / 6 + 0.5, 0.0, 1.0); }, 4 * 0x1p-11);
}

// 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) is x sigmoid(x (1.5957691 + 0.0713548 x^2)).
Half gelu_argument(Half x) {
  return half_mul(half_add(half_mul(half_mul(x, x), half(0.07135482)), half(1.5957691)), x);
}

TEST(FunctionRecipes, GeluIsTwoChains) {
  expect_recipe(
      recipe(".vector cubic MultiplyVrf[2] = fill 500 0.07135482\n"
             ".vector linear AddSubVrf_1[0] = fill 500 1.5957691\n",
             "  v_rd InitialVrf[0]\n  vv_mul MultiplyVrf[0]\n  vv_mul MultiplyVrf[2]\n"
             "  vv_add AddSubVrf_1[0]\n  v_wr InitialVrf[2]\n  end_chain\n"
             "  v_rd InitialVrf[2]\n  vv_mul MultiplyVrf[0]\n  v_sigm\n  vv_mul MultiplyVrf[0]\n"
             "  v_wr NetQ[y]\n  end_chain\n"),
      [](const Halves& x) { return each(each(each(x, gelu_argument), half_sigmoid), x, half_mul); },
      [](double x) {
        const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
        return 0.5 * x * (1 + std::tanh(inner));
      },
      3 * 0x1p-11);
}

TEST(FunctionRecipes, ClipIsMaxThenMin) {
  expect_recipe(
      recipe(".vector low AddSubVrf_0[0] = fill 500 -1.5\n"
             ".vector high AddSubVrf_1[0] = fill 500 0.75\n",
             "  v_rd InitialVrf[0]\n  vv_max AddSubVrf_0[0]\n  vv_min AddSubVrf_1[0]\n"
             "  v_wr NetQ[y]\n  end_chain\n"),
      [](const Halves& x) {
        return each(x,
                    [](Half value) { return half_min(half_max(value, half(-1.5)), half(0.75)); });
      },
      [](double x) { return std::clamp(x, -1.5, 0.75); }, 0x1p-40);
}

// Four pixels of 400 channels: the largest, and a quarter of their sum.
TEST(FunctionRecipes, PoolingIsMaxAndAddOfVectors) {
  const Shard shard = assembled(R"(.device bw-s10
.vector quarter MultiplyVrf[0] = fill 400 0.25
.in pixel 400
.out max 400
.out mean 400
.segment 1
  v_rd NetQ[pixel]
  v_wr AddSubVrf_0[0]
  v_wr AddSubVrf_0[1]
  end_chain
.segment -1 + steps
  v_rd NetQ[pixel]
  v_wr InitialVrf[0]
  end_chain
  v_rd InitialVrf[0]
  vv_max AddSubVrf_0[0]
  v_wr AddSubVrf_0[0]
  v_wr InitialVrf[1]
  end_chain
  v_rd InitialVrf[0]
  vv_add AddSubVrf_0[1]
  v_wr AddSubVrf_0[1]
  v_wr InitialVrf[2]
  end_chain
.segment 1
  v_rd InitialVrf[1]
  v_wr NetQ[max]
  end_chain
  v_rd InitialVrf[2]
  vv_mul MultiplyVrf[0]
  v_wr NetQ[mean]
  end_chain
)");
  std::vector<Halves> pixels;
  for (std::uint64_t i = 0; i < 4; ++i) pixels.push_back(normal_halves(400, 1, 0, 20 + i));
  Halves most = pixels[0];
  Halves total = pixels[0];
  for (std::size_t i = 1; i < 4; ++i) {
    most = each(pixels[i], most, half_max);
    total = each(pixels[i], total, half_add);
  }
  const Played played = play(shard, 4, {{0, pixels}});
  EXPECT_EQ(played.outputs[0].at(0), most);
  EXPECT_EQ(played.outputs[1].at(0), each(total, [](Half v) { return half_mul(v, half(0.25)); }));
}

}  // namespace
}  // namespace soliton
