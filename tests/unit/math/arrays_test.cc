// The loops over fp32 arrays give, element by element, the function in double rounded once.
#include "protocol/math/arrays.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "protocol/base/rng.h"
#include "protocol/math/math.h"

namespace soliton {
namespace {

struct Loop {
  const char* name;
  void (*all)(std::span<float>);
  double (*one)(double);
};

// A million patterns at random, and 64 significands of every sign and exponent, NaN and infinity included.
std::vector<float> patterns() {
  const Random random(5, "arrays");
  std::vector<float> out;
  for (std::uint64_t i = 0; i < 1'000'000; ++i)
    out.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random.bits(i))));
  for (std::uint32_t top = 0; top < 512; ++top)
    for (std::uint32_t i = 0; i < 64; ++i) {
      const std::uint32_t low =
          i == 0   ? 0
          : i == 1 ? 0x7fffff
                   : static_cast<std::uint32_t>(random.child(top).below(i, 1 << 23));
      out.push_back(std::bit_cast<float>(top << 23 | low));
    }
  return out;
}

class Arrays : public testing::TestWithParam<Loop> {};

TEST_P(Arrays, HaveTheBitsOfTheFunction) {
  const Loop& loop = GetParam();
  const std::vector<float> inputs = patterns();
  std::vector<float> outputs = inputs;
  loop.all(outputs);
  for (std::size_t i = 0; i < inputs.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(outputs[i]),
              std::bit_cast<std::uint32_t>(static_cast<float>(loop.one(inputs[i]))))
        << loop.name << "(" << inputs[i] << ")";
}

// Whole vectors and what is left over at the end are two pieces of code.
TEST_P(Arrays, OfAnyLengthAndAlignment) {
  const Loop& loop = GetParam();
  const std::vector<float> all = patterns();
  const std::vector<float> inputs(all.begin(), all.begin() + 64);
  for (std::size_t first = 0; first < 5; ++first)
    for (std::size_t count = 0; count < 20; ++count) {
      std::vector<float> outputs = inputs;
      loop.all(std::span(outputs).subspan(first, count));
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        const bool inside = i >= first && i < first + count;
        const float expected = inside ? static_cast<float>(loop.one(inputs[i])) : inputs[i];
        ASSERT_EQ(std::bit_cast<std::uint32_t>(outputs[i]), std::bit_cast<std::uint32_t>(expected))
            << loop.name << " at " << i << " of " << first << " + " << count;
      }
    }
}

const auto name_of = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Math, Arrays,
                         testing::Values(Loop{"exp", math::exp_all, math::exp},
                                         Loop{"tanh", math::tanh_all, math::tanh},
                                         Loop{"sigmoid", math::sigmoid_all, math::sigmoid},
                                         Loop{"erf", math::erf_all, math::erf}),
                         name_of);

}  // namespace
}  // namespace soliton
