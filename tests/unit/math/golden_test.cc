// The bytes of a million results of each function, for ever.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "protocol/math/exponential.h"
#include "tests/unit/math/hashes.h"

namespace soliton {
namespace {

// What this code first gave; no machine, compiler or instruction set may change it. A change of an
// algorithm does, and says so.
const std::map<std::string, std::uint64_t> kGolden = {
    {"exp", 0x37492ac6f6f2b559},
    {"expm1", 0x338be585d77a70b7},
    {"tanh", 0x060b95bb289400a9},
    {"sigmoid", 0x71da4d85cf93f80f},
    {"softplus", 0x4810bccf5c96af56},
    {"sinh", 0x52f5cdb233a9082f},
    {"cosh", 0xadf6ad99da263f41},
    {"erf", 0xc3bacb6f1d2a4ae7},
    {"log", 0x1da8009117cf06d2},
    {"log1p", 0xbcae5028a715abe4},
    {"log2", 0x89ab0c75fda9ef68},
    {"log10", 0x80645ee700b19778},
    {"asinh", 0xd47e9131ef185eb7},
    {"acosh", 0xcd1237783b8d0b8f},
    {"atanh", 0x1180f20aad65912b},
    {"sin", 0x66bf5f3c634cfd40},
    {"cos", 0xbc1b37f56ef82805},
    {"tan", 0xdced5ad9d595030a},
    {"asin", 0x310537bbf4c88cf5},
    {"acos", 0xfd4a22294165a35a},
    {"atan", 0x505391b31773654e},
    {"sqrt", 0x3437631c542714bd},
    {"round_half_even", 0xa1aed003cad2a1a1},
    {"pow", 0x6651c837234149e3},
    {"atan2", 0x206c875c09caa9e4},
    {"exp_all", 0x7607ee915f9a5a24},
    {"tanh_all", 0xee3dff2c16de8a80},
    {"sigmoid_all", 0xbe241f94ca9052e2},
    {"erf_all", 0x3e2b8409ca797a51},
};

TEST(Golden, AMillionResultsOfEachFunctionHaveTheirBytes) {
  const std::vector<Hash> hashes = math_hashes();
  EXPECT_EQ(hashes.size(), kGolden.size());
  for (const Hash& hash : hashes) {
    ASSERT_TRUE(kGolden.contains(hash.name)) << hash.name;
    EXPECT_EQ(fmt::format("{:#018x}", hash.value), fmt::format("{:#018x}", kGolden.at(hash.name)))
        << hash.name;
  }
}

// The compiler made the table of erf: its columns against long double.
TEST(Golden, TheTableOfErfHoldsValuesAndSlopes) {
  for (std::size_t column = 0; column <= 48; ++column) {
    const long double c = static_cast<long double>(column) / 8;
    const auto& t = math::kErfTable;
    const long double slope = 2 / std::sqrt(std::acos(-1.0L)) * std::exp(-c * c);
    EXPECT_NEAR(static_cast<double>(t.term[0][column] + (t.low[0][column] - std::erf(c))), 0,
                0x1p-62);
    EXPECT_NEAR(static_cast<double>((t.term[1][column] + (t.low[1][column] - slope)) / slope), 0,
                0x1p-58);
    EXPECT_NEAR(t.term[2][column], static_cast<double>(-c * slope),
                0x1p-52 * static_cast<double>(slope + c * slope));
  }
}

}  // namespace
}  // namespace soliton
