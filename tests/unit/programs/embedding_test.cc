// An embedding against looking the rows up.
#include "tests/unit/programs/embedding.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"
#include "tests/unit/programs/play.h"

namespace soliton {
namespace {

using namespace soliton::testing;

EmbeddingSpec embedding(std::int64_t symbols, std::int64_t width, Memory memory) {
  auto values = std::make_shared<std::vector<float>>();
  const Random random(3, "table");
  for (std::int64_t i = 0; i < symbols * width; ++i)
    values->push_back(static_cast<float>(random.unit(static_cast<std::uint64_t>(i)) - 0.5));
  return {"embedding", {"table", {symbols, width}, values}, memory};
}

Halves row_of(const EmbeddingSpec& spec, std::size_t symbol) {
  const auto width = static_cast<std::size_t>(spec.table.shape[1]);
  Halves out;
  for (std::size_t i = 0; i < width; ++i)
    out.push_back(to_half((*spec.table.values)[symbol * width + i]));
  return out;
}

struct Case {
  const char* device;
  std::int64_t symbols;
  std::int64_t width;
  Memory memory;
};

class Embedding : public ::testing::TestWithParam<Case> {};

TEST_P(Embedding, IsTheRowOfTheTable) {
  const Case& c = GetParam();
  const NpuDevice device = device_named(c.device);
  const EmbeddingSpec spec = embedding(c.symbols, c.width, c.memory);
  const Result<Shard> shard = lower_embedding("fpga0", device, device.formats[0], spec, true);
  ASSERT_TRUE(shard.has_value()) << shard.error().message;
  Messages messages;
  std::vector<Halves> expected;
  const Random random(9, "symbols");
  for (std::uint64_t i = 0; i < 50; ++i) {
    const std::uint64_t symbol = i == 0 ? static_cast<std::uint64_t>(c.symbols - 1)
                                        : random.below(i, static_cast<std::uint64_t>(c.symbols));
    messages[0].push_back({static_cast<Half>(symbol)});
    expected.push_back(row_of(spec, symbol));
  }
  const Played run = play(*shard, 50, messages);
  EXPECT_EQ(run.outputs[0], expected);
  EXPECT_EQ(run.stats.index_faults, 0u);
}

INSTANTIATE_TEST_SUITE_P(Tables, Embedding,
                         ::testing::Values(Case{"bw-a10", 1000, 256, Memory::kDram},
                                           Case{"bw-s10", 500, 700, Memory::kDram},
                                           Case{"bw-pocket", 32, 100, Memory::kInitialVrf},
                                           Case{"bw-pocket", 64, 64, Memory::kMultiplyVrf}));

TEST(Embedding, ASymbolBeyondTheTableReadsNanAndIsCounted) {
  const NpuDevice device = device_named("bw-a10");
  const Result<Shard> shard =
      lower_embedding("fpga0", device, device.formats[0], embedding(10, 256, Memory::kDram), true);
  const Played run = play(*shard, 2, {{0, {{10}, {9}}}});
  EXPECT_EQ(run.outputs[0][0], Halves(256, kHalfNan));
  EXPECT_FALSE(half_is_nan(run.outputs[0][1][0]));
  EXPECT_EQ(run.stats.index_faults, 1u);
}

TEST(Embedding, RefusesTablesNoIndexReaches) {
  const NpuDevice device = device_named("bw-a10");
  const EmbeddingSpec spec{"e", {"t", {65'537, 1}, nullptr}, Memory::kDram};
  const Result<Shard> shard = lower_embedding("fpga0", device, device.formats[0], spec, false);
  ASSERT_FALSE(shard.has_value());
  EXPECT_NE(shard.error().message.find("65537 symbols, an index reaches 65536"), std::string::npos);
}

}  // namespace
}  // namespace soliton
