// Functions that never fall must not do so where one piece, table row or exponent ends and the next begins:
// there two approximations meet. 200 neighbouring doubles on each side.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "protocol/math/math.h"

namespace soliton {
namespace {

constexpr int kNeighbours = 200;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void expect_no_fall(const char* name, double (*function)(double), double at) {
  double x = at;
  for (int i = 0; i < kNeighbours; ++i) x = std::nextafter(x, -kInfinity);
  double before = function(x);
  for (int i = 0; i < 2 * kNeighbours; ++i) {
    x = std::nextafter(x, kInfinity);
    const double value = function(x);
    ASSERT_GE(value, before) << name << " falls at " << x;
    before = value;
  }
}

struct Rising {
  const char* name;
  double (*function)(double);
};

TEST(Monotonic, ExponentialsWhereTheExponentChanges) {
  for (const Rising f :
       {Rising{"exp", math::exp}, Rising{"expm1", math::expm1}, Rising{"sigmoid", math::sigmoid},
        Rising{"sinh", math::sinh}, Rising{"softplus", math::softplus}})
    for (int k = -40; k <= 40; ++k) {
      expect_no_fall(f.name, f.function, (k + 0.5) * std::numbers::ln2);
      expect_no_fall(f.name, f.function, k);
    }
  for (int k = -80; k <= 80; ++k)
    expect_no_fall("tanh", math::tanh, (k + 0.5) * std::numbers::ln2 / 2);
}

TEST(Monotonic, WhereOneFormulaGivesWayToAnother) {
  for (const double at : {-746.0, -745.0, -708.4, 709.78, 710.0})
    expect_no_fall("exp", math::exp, at);
  for (const double at : {-38.0, 0.0, 0x1p-54, -0x1p-54, 45.0})
    expect_no_fall("expm1", math::expm1, at);
  for (const double at : {-40.0, -37.0, 0.0, 37.0}) expect_no_fall("softplus", math::softplus, at);
  for (const double at : {-22.0, 0x1p-28, 22.0, 710.47}) expect_no_fall("sinh", math::sinh, at);
  for (const double at : {-22.0, 0.0, 22.0}) expect_no_fall("tanh", math::tanh, at);
  for (const double at : {-0x1p28, 0x1p-28, 0x1p28}) expect_no_fall("asinh", math::asinh, at);
  for (const double at : {0x1p-54, 0x1p-40, -0x1p-40}) expect_no_fall("log1p", math::log1p, at);
  for (const double at : {0x1p-28, 1.0, 0x1p64}) expect_no_fall("atan", math::atan, at);
}

TEST(Monotonic, AtTheEdgesOfTheTables) {
  for (int i = -96; i <= 96; ++i) expect_no_fall("erf", math::erf, i / 16.0);
  for (int i = 180; i <= 366; ++i)
    for (const Rising f :
         {Rising{"log", math::log}, Rising{"log2", math::log2}, Rising{"log10", math::log10}})
      expect_no_fall(f.name, f.function, i / 256.0);
  for (int i = -127; i <= 127; ++i) {
    expect_no_fall("atan", math::atan, i / 128.0);
    expect_no_fall("asin", math::asin, i / 128.0);
    expect_no_fall("atanh", math::atanh, i / 128.0);
  }
  for (int i = -100; i <= 100; ++i) expect_no_fall("sin", math::sin, i / 64.0);
}

}  // namespace
}  // namespace soliton
