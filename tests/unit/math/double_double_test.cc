// What is called exact is exact: sums and products of whole numbers, against integers of 128 bits.
#include "protocol/math/double_double.h"

#include <gtest/gtest.h>

#include <cmath>

#include "protocol/base/rng.h"

namespace soliton::math {
namespace {

using Wide = __int128;

Wide exact(DoubleDouble a) { return static_cast<Wide>(a.hi) + static_cast<Wide>(a.lo); }

// Whole, of up to 53 bits, with either sign and any number of leading zeros.
double whole(const Random& random, std::uint64_t i) {
  const std::uint64_t bits = random.bits(i);
  const double magnitude = static_cast<double>((bits >> 11) >> (bits % 53));
  return (bits >> 8) % 2 == 0 ? magnitude : -magnitude;
}

TEST(DoubleDouble, SumsAndProductsOfTwoDoublesAreExact) {
  const Random random(1, "double-double");
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const double a = whole(random, 2 * i), b = whole(random, 2 * i + 1);
    ASSERT_TRUE(exact(two_product(a, b)) == static_cast<Wide>(a) * static_cast<Wide>(b))
        << a << " * " << b;
    ASSERT_TRUE(exact(two_sum(a, b * 0x1p40)) ==
                static_cast<Wide>(a) + static_cast<Wide>(b * 0x1p40))
        << a << " + " << b;
    const DoubleDouble sum = two_sum(a, b);
    ASSERT_LE(std::fabs(sum.lo), std::ldexp(std::fabs(sum.hi), -53));
  }
}

TEST(DoubleDouble, QuotientsAndRootsAreGoodTo100Bits) {
  const Random random(2, "double-double");
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const DoubleDouble a = two_sum(1 + random.unit(3 * i), 0x1p-53 * random.unit(3 * i + 1));
    const DoubleDouble b = two_sum(1 + random.unit(3 * i + 2), 0x1p-54);
    ASSERT_LE(std::fabs((a / b * b - a).hi), 0x1p-100);
    ASSERT_LE(std::fabs((sqrt(a) * sqrt(a) - a).hi), 0x1p-100);
  }
}

}  // namespace
}  // namespace soliton::math
