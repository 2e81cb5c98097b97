// A weight that is no number is refused with tensor, row, column and what it would do to its block.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "partition/ir/element_count.h"
#include "tests/unit/partition/harness.h"

namespace soliton {
namespace {

using testing::HasSubstr;

std::string errors_with(float value, std::size_t position) {
  LayerGraph model = test::rnn({.cell = Cell::kGru, .hidden = 8, .steps = 2, .input = 4});
  Tensor& input = std::get<RecurrentLayer>(model.layers.front()).directions.front().input;
  auto values = std::make_shared<std::vector<float>>(*input.values);
  values->at(position) = value;
  input.values = values;
  return check_layers(model).text();
}

TEST(Weights, ANanIsNamedWithItsPlace) {
  // Rows of four; eight of them a gate, in the order r z n.
  const std::string text = errors_with(std::numeric_limits<float>::quiet_NaN(), (8 + 3) * 4 + 2);
  EXPECT_THAT(text, HasSubstr("gate z, row 3, column 2: not a number"));
  EXPECT_THAT(text, HasSubstr("block"));
  EXPECT_THAT(text, HasSubstr("tensor "));
}

TEST(Weights, AnInfinityToo) {
  EXPECT_THAT(errors_with(-std::numeric_limits<float>::infinity(), 0),
              HasSubstr("gate r, row 0, column 0: an infinity"));
}

// Masks: an infinite bias is a value of fp16, and makes a class impossible.
TEST(Weights, AnInfinityIsLegalWhereNoBlockHoldsIt) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  LayerGraph model = test::rnn({.cell = Cell::kGru, .hidden = 4, .steps = 2, .input = 4});
  test::add_dense(model, 3, true);
  auto& dense = std::get<DenseLayer>(model.layers.back());
  const auto with = [](float value) {
    return std::make_shared<const std::vector<float>>(std::vector<float>{0, value, 1});
  };
  dense.bias.values = with(-kInfinity);
  EXPECT_EQ(check_layers(model).text(), "");
  dense.bias.values = with(std::numeric_limits<float>::quiet_NaN());
  EXPECT_THAT(check_layers(model).text(),
              HasSubstr("row 1: not a number (NaN); any other value is allowed"));
  dense.bias.values = with(0);
  auto& gru = std::get<RecurrentLayer>(model.layers.front()).directions.front();
  std::vector<float> a(12), b(12);
  a[5] = kInfinity;
  b[5] = -kInfinity;
  gru.input_bias.values = std::make_shared<const std::vector<float>>(a);
  gru.recurrent_bias.values = std::make_shared<const std::vector<float>>(b);
  EXPECT_THAT(check_layers(model).text(), HasSubstr("gate z, row 1: infinities of both signs"));
}

TEST(Weights, AShapeWithAZeroAxisHasACountOnlyIfEveryPartOfItHas) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(element_count(std::vector<std::int64_t>{0, 3, 2}), 0);
  EXPECT_FALSE(element_count(std::vector<std::int64_t>{0, kMost, 2}));
  EXPECT_FALSE(element_count(std::vector<std::int64_t>{-1, 0}));
}

TEST(Weights, MoreTilesThanADeviceHasAddressesDoNotFit) {
  LayerGraph model = test::rnn({.hidden = 1 << 18, .steps = 1, .with_weights = false});
  std::get<RecurrentLayer>(model.layers.front()).in_dram = true;
  NpuDevice device = test::pocket(2, 20);
  device.dram = Bytes{std::int64_t{1} << 44};
  device.dram_rate = BitRate{1'000'000'000};
  LowerRequest request;
  request.model = &model;
  request.nodes = {{"fpga0", device}};
  request.stages.emplace_back().last = 1;
  request.stages.back().nodes = {0};
  request.host = "host0";
  request.with_weights = false;
  const Result<Lowered> lowered = lower(request);
  ASSERT_FALSE(lowered);
  EXPECT_EQ(lowered.error().code, ErrorCode::kDoesNotFit);
  EXPECT_THAT(lowered.error().message, HasSubstr("a device can address at most 4294967295"));
}

}  // namespace
}  // namespace soliton
