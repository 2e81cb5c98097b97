// A convolution against products with im2col patches: every patch is cut out of the input by hand,
// padded to native vectors a pixel, and multiplied by the quantised reference.
#include "tests/unit/programs/convolution.h"

#include <gtest/gtest.h>

#include "protocol/base/clock_domain.h"
#include "protocol/base/rng.h"
#include "tests/unit/programs/play.h"

namespace soliton {
namespace {

using namespace soliton::testing;

std::shared_ptr<const std::vector<float>> random_values(std::int64_t count, std::uint64_t seed) {
  auto values = std::make_shared<std::vector<float>>();
  const Random random(seed, "convolution");
  for (std::int64_t i = 0; i < count; ++i)
    values->push_back(static_cast<float>(random.unit(static_cast<std::uint64_t>(i)) - 0.5) / 4);
  return values;
}

ConvolutionSpec convolution(const ConvolutionShape& shape, Memory input, bool with_values = true) {
  const std::int64_t patch =
      std::int64_t{shape.kernel_height} * shape.kernel_width * shape.channels;
  ConvolutionSpec spec{
      "conv", shape, {"W", {shape.filters, patch}, nullptr}, {"b", {shape.filters}, nullptr},
      true,   input};
  if (!with_values) return spec;
  spec.weights.values = random_values(shape.filters * patch, 1);
  spec.bias.values = random_values(shape.filters, 2);
  return spec;
}

std::size_t padded(int channels, int native_dim) {
  return static_cast<std::size_t>((channels + native_dim - 1) / native_dim * native_dim);
}

// Channels of the pixel, or zeros outside.
Halves pixel_at(const ConvolutionShape& s, const std::vector<Halves>& input, int y, int x) {
  if (y < 0 || x < 0 || y >= s.height || x >= s.width)
    return Halves(static_cast<std::size_t>(s.channels));
  return input[static_cast<std::size_t>(y * s.width + x)];
}

// Columns of the matrix and values of a patch: a pixel's channels, then zeros to a whole vector,
// except behind the last.
template <typename Value>
std::vector<Value> spread(const std::vector<Value>& dense, int channels, int native_dim) {
  std::vector<Value> out;
  const auto width = static_cast<std::size_t>(channels);
  for (std::size_t at = 0; at < dense.size(); at += width) {
    out.insert(out.end(), dense.begin() + static_cast<std::ptrdiff_t>(at),
               dense.begin() + static_cast<std::ptrdiff_t>(at + width));
    if (at + width < dense.size()) out.resize(out.size() + padded(channels, native_dim) - width);
  }
  return out;
}

std::vector<float> spread_weights(const ConvolutionSpec& spec, int native_dim) {
  const auto patch = static_cast<std::size_t>(spec.weights.shape[1]);
  std::vector<float> out;
  for (std::size_t row = 0; row * patch < spec.weights.values->size(); ++row) {
    const auto first = spec.weights.values->begin() + static_cast<std::ptrdiff_t>(row * patch);
    const std::vector<float> wide =
        spread(std::vector<float>(first, first + static_cast<std::ptrdiff_t>(patch)),
               spec.shape.channels, native_dim);
    out.insert(out.end(), wide.begin(), wide.end());
  }
  return out;
}

std::vector<Halves> reference_convolution(const ConvolutionSpec& spec,
                                          const std::vector<Halves>& input,
                                          const NumberFormat& format, int native_dim) {
  const ConvolutionShape& s = spec.shape;
  const std::vector<float> weights = spread_weights(spec, native_dim);
  std::vector<Halves> out;
  for (int y = 0; y < s.out_height(); ++y)
    for (int x = 0; x < s.out_width(); ++x) {
      Halves patch;
      for (int ky = 0; ky < s.kernel_height; ++ky)
        for (int kx = 0; kx < s.kernel_width; ++kx) {
          const Halves pixel =
              pixel_at(s, input, y * s.stride - s.padding + ky, x * s.stride - s.padding + kx);
          patch.insert(patch.end(), pixel.begin(), pixel.end());
        }
      Halves result =
          reference_product(weights, spread(patch, s.channels, native_dim), format, native_dim);
      for (std::size_t i = 0; i < result.size(); ++i)
        result[i] = half_relu(half_add(result[i], to_half((*spec.bias.values)[i])));
      out.push_back(result);
    }
  return out;
}

struct Case {
  const char* device;
  ConvolutionShape shape;
  Memory input;
};

class Convolution : public ::testing::TestWithParam<Case> {};

TEST_P(Convolution, IsTheProductWithEveryPatch) {
  const Case& c = GetParam();
  const NpuDevice device = device_named(c.device);
  const ConvolutionSpec spec = convolution(c.shape, c.input);
  const Result<Shard> shard = lower_convolution("fpga0", device, device.formats[0], spec, true);
  ASSERT_TRUE(shard.has_value()) << shard.error().message;
  const std::vector<Halves> input =
      random_messages(static_cast<std::size_t>(c.shape.height * c.shape.width),
                      static_cast<std::size_t>(c.shape.channels), 4);
  const Played run = play(*shard, 1, {{0, input}});
  const std::vector<Halves> expected =
      reference_convolution(spec, input, shard->format, device.native_dim);
  ASSERT_EQ(run.outputs[0].size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(run.outputs[0][i], expected[i]) << "output pixel " << i;
  EXPECT_EQ(run.stats.index_faults, 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Convolution,
    ::testing::Values(Case{"bw-pocket", {4, 5, 20, 30, 3, 3, 1, 1}, Memory::kInitialVrf},
                      Case{"bw-pocket", {4, 4, 64, 64, 1, 1, 1, 0}, Memory::kInitialVrf},
                      Case{"bw-pocket", {4, 5, 10, 70, 1, 3, 2, 0}, Memory::kInitialVrf},
                      Case{"bw-pocket", {7, 6, 3, 8, 3, 2, 2, 0}, Memory::kInitialVrf},
                      Case{"bw-pocket", {3, 2, 70, 5, 2, 2, 1, 0}, Memory::kInitialVrf},
                      Case{"bw-s5", {6, 5, 130, 40, 3, 3, 2, 1}, Memory::kDram},
                      Case{"bw-s5", {3, 3, 16, 16, 3, 3, 1, 2}, Memory::kDram}));

TEST(Convolution, RefusesShapesWithoutOutputAndTensorsOfOtherSizes) {
  const NpuDevice device = device_named("bw-s5");
  const auto error = [&](const ConvolutionSpec& spec) {
    const Result<Shard> shard = lower_convolution("fpga0", device, device.formats[0], spec, false);
    return shard ? std::string() : shard.error().message;
  };
  EXPECT_EQ(error(convolution({2, 2, 8, 8, 3, 3, 1, 0}, Memory::kInitialVrf, false)),
            "conv: a kernel of 3 x 3 in an input of 2 x 2 with its padding");
  ConvolutionSpec spec = convolution({4, 4, 8, 8, 3, 3, 1, 0}, Memory::kMultiplyVrf, false);
  EXPECT_EQ(error(spec), "conv: the input lies in InitialVrf or Dram, not MultiplyVrf");
  spec.weights.shape = {8, 71};
  EXPECT_EQ(error(spec), "conv: weights are 8 x 72");
  EXPECT_NE(error(convolution({5000, 5000, 8, 8, 1, 1, 1, 0}, Memory::kDram, false)), "");
}

// The shapes of docs/isa.md, fit both devices. The cycles are those of
// docs/isa.md: low confidence, not calibrated. The bounds say where they come from: the request,
// and at least one slot of the matrix-vector unit a pixel.
struct Published {
  const char* device;
  ConvolutionShape shape;
  std::int64_t cycles;
};

class PublishedShapes : public ::testing::TestWithParam<Published> {};

TEST_P(PublishedShapes, FitAndTakeASlotAPixel) {
  const auto& [name, shape, expected] = GetParam();
  const NpuDevice device = device_named(name);
  const Result<Shard> shard = lower_convolution("fpga0", device, device.formats[0],
                                                convolution(shape, Memory::kDram, false), false);
  ASSERT_TRUE(shard.has_value());
  EXPECT_EQ(check_shard(*shard).text(), "");
  Npu npu(*shard, ComputeMode::kTiming);
  npu.begin(RequestId{0}, 1, {kRunStart, {}});
  const auto bytes = static_cast<std::uint64_t>(2 * shape.channels);
  while (npu.waiting_port()) npu.deliver(0, Payload{{}, bytes}, {kRunStart, {}});
  ASSERT_TRUE(npu.finished());
  const ClockDomain clock(device.clock, 1);
  const std::int64_t cycles = clock.ticks(npu.free_at() - kRunStart);
  EXPECT_EQ(cycles, expected);
  const std::int64_t slots =
      std::int64_t{shape.out_height()} * shape.out_width() * device.timing.dispatch_cycles;
  EXPECT_GE(cycles, device.timing.request_cycles + slots);
  EXPECT_LE(cycles, device.timing.request_cycles + slots + slots / 10);
  // Pixels padded to native vectors are multiplied too, where there are several in a patch.
  EXPECT_GE(npu.stats().mvu_macs * 2, static_cast<std::uint64_t>(shape.operations()));
}

constexpr ConvolutionShape kThreeByThree{28, 28, 128, 128, 3, 3, 1, 1};
constexpr ConvolutionShape kOneByOne{56, 56, 64, 256, 1, 1, 1, 0};
INSTANTIATE_TEST_SUITE_P(Devices, PublishedShapes,
                         ::testing::Values(Published{"bw-s10", kThreeByThree, 54'313},
                                           Published{"bw-cnn-a10", kThreeByThree, 54'367},
                                           Published{"bw-s10", kOneByOne, 214'156},
                                           Published{"bw-cnn-a10", kOneByOne, 214'160}));

}  // namespace
}  // namespace soliton
