// Matrix chains, vectors in Dram and addresses by offset: values against moving the data by hand,
// times against the rules in chain_timing.h. Programs are written as text.
#include <gtest/gtest.h>

#include "node/npu/npu.h"
#include "node/npu/op_time.h"
#include "protocol/base/clock_domain.h"
#include "protocol/base/rng.h"
#include "protocol/isa/assembly.h"
#include "tests/unit/npu/reference.h"

namespace soliton {
namespace {

using namespace soliton::testing;

// 16 elements a vector, 3 engines, 300 MHz; a vector of 32 bytes takes 16 ns of Dram, 4.8 cycles.
NpuDevice device_with_dram() {
  NpuDevice device = small_device();
  device.formats = {{msfp16_block8(), 4}};
  device.dram = Bytes{1 << 20};
  device.dram_rate = BitRate{16'000'000'000};
  return device;
}

Shard shard_of(const std::string& text, const std::string& format = "") {
  const auto lookup = [&](const std::string&) -> Result<NpuDevice> {
    NpuDevice device = device_with_dram();
    if (!format.empty()) device.formats = {{parse_format(format).value(), 4}};
    return device;
  };
  Checked<Shard> shard =
      assemble(parse_assembly(".device small\n" + text, "test.npu"), "test.npu", lookup);
  if (!shard) ADD_FAILURE() << shard.error().text();
  return shard.value_or(Shard{});
}

Halves halves(std::size_t count, std::uint64_t seed) {
  const Random random(seed, "halves");
  Halves out(count);
  for (std::size_t i = 0; i < count; ++i)
    out[i] = to_half(static_cast<float>(random.unit(i) - 0.5));
  return out;
}

std::vector<float> floats(const Halves& values) {
  std::vector<float> out;
  for (const Half value : values) out.push_back(to_float(value));
  return out;
}

// One run: messages in the order the program takes them, as (port, values).
struct Played {
  Played(const Shard& shard_in, std::int64_t steps,
         const std::vector<std::pair<std::uint16_t, Halves>>& messages)
      : shard(shard_in), npu(shard, ComputeMode::kFunctional) {
    again(steps, messages);
  }
  void again(std::int64_t steps, const std::vector<std::pair<std::uint16_t, Halves>>& messages) {
    outputs.clear();
    leaves.clear();
    const Instant start = npu.free_at();
    npu.begin(RequestId{0}, steps, {start, {}});
    for (const auto& [port, values] : messages) npu.deliver(port, to_message(values), {start, {}});
    EXPECT_TRUE(npu.finished()) << npu.waiting_for();
    while (const auto output = npu.poll_output()) {
      outputs.push_back(from_message(output->vectors));
      leaves.push_back(output->leaves.at);
    }
  }

  Shard shard;
  Npu npu;
  std::vector<Halves> outputs;
  std::vector<Instant> leaves;
};

// ---- matrix chains ----

// A 20 x 24 matrix in 2 x 2 tiles, as the four fp16 tiles of a message, and the other way round.
constexpr int kRows = 20;
constexpr int kColumns = 24;

Halves as_tiles(const Halves& weights) {
  Halves tiles(4 * 256);
  for (int r = 0; r < kRows; ++r)
    for (int c = 0; c < kColumns; ++c)
      tiles[static_cast<std::size_t>((r / 16 * 2 + c / 16) * 256 + r % 16 * 16 + c % 16)] =
          weights[static_cast<std::size_t>(r * kColumns + c)];
  return tiles;
}

constexpr const char* kLoad = R"(
.matrix W 2x2 at 0 rows 20 columns 24 zero
.in tiles 1024
.in x 24
.out y 20
.segment 1
  s_wr rows, 2
  s_wr columns, 2
  m_rd NetQ[tiles]
  m_wr MatrixRf[0]
  end_chain
  v_rd NetQ[x]
  mv_mul W
  v_wr NetQ[y]
  end_chain
)";

TEST(MatrixChains, LoadFp16TilesFromNetQAsTheShardWouldHaveQuantisedThem) {
  const Halves weights = halves(kRows * kColumns, 1);
  const Halves x = halves(kColumns, 2);
  const Played run(shard_of(kLoad), 1, {{0, as_tiles(weights)}, {1, x}});
  ASSERT_EQ(run.outputs.size(), 1u);
  EXPECT_EQ(run.outputs[0], reference_product(floats(weights), x, msfp16_block8(), 16));
  EXPECT_EQ(run.npu.stats().poisoned_weights, 0u);
}

// The same tiles as a message and through Dram, as weights of the shard: every kind of element and
// scale.
class LoadedFormats : public ::testing::TestWithParam<const char*> {};

TEST_P(LoadedFormats, GiveTheBitsOfWeightsThatWereThereFromTheStart) {
  const std::string direct = R"(
.matrix W 2x2 at 0 rows 20 columns 24 random 5
.in x 24
.out y 20
  s_wr rows, 2
  s_wr columns, 2
  v_rd NetQ[x]
  mv_mul W
  v_wr NetQ[y]
  end_chain
)";
  const std::string moved = R"(
.matrix S 2x2 at 2 in Dram rows 20 columns 24 random 5
.matrix W 2x2 at 0 rows 20 columns 24 zero
.in x 24
.out y 20
  s_wr rows, 2
  s_wr columns, 2
  m_rd Dram[2]
  m_wr Dram[9]
  end_chain
  m_rd Dram[9]
  m_wr MatrixRf[0]
  end_chain
  v_rd NetQ[x]
  mv_mul W
  v_wr NetQ[y]
  end_chain
)";
  const Halves x = halves(kColumns, 2);
  const Halves expected = Played(shard_of(direct, GetParam()), 1, {{0, x}}).outputs[0];
  EXPECT_NE(expected, Halves(kRows));
  EXPECT_EQ(Played(shard_of(moved, GetParam()), 1, {{0, x}}).outputs[0], expected);
}

INSTANTIATE_TEST_SUITE_P(Formats, LoadedFormats,
                         ::testing::Values("ms-fp8", "msfp16", "mxfp8-e4m3", "mxfp4", "int8",
                                           "float16", "fp32"));

TEST(MatrixChains, PaddingInAMessageIsIgnored) {
  const Halves weights = halves(kRows * kColumns, 1);
  const Halves x = halves(kColumns, 2);
  Halves tiles = as_tiles(weights);
  tiles.back() = 0x3c00;  // row 31
  const Played run(shard_of(kLoad), 1, {{0, tiles}, {1, x}});
  EXPECT_EQ(run.outputs[0], reference_product(floats(weights), x, msfp16_block8(), 16));
}

TEST(MatrixChains, PoisonedWeightsMakeTheirRowsNanAndAreCounted) {
  const Halves weights = halves(kRows * kColumns, 1);
  const Halves x = halves(kColumns, 2);
  Halves tiles = as_tiles(weights);
  tiles[3 * 16 + 9] = kHalfNan;             // row 3
  tiles[2 * 256 + 2 * 16] = kHalfInfinity;  // row 18
  Halves expected = reference_product(floats(weights), x, msfp16_block8(), 16);
  expected[3] = expected[18] = kHalfNan;
  Played run(shard_of(kLoad), 1, {{0, tiles}, {1, x}});
  EXPECT_EQ(run.outputs[0], expected);
  EXPECT_EQ(run.npu.stats().poisoned_weights, 2u);
  EXPECT_EQ(run.npu.stats().poisoned_blocks, 0u);  // of activations
  // Good tiles heal the matrix.
  run.again(1, {{0, as_tiles(weights)}, {1, x}});
  EXPECT_EQ(run.outputs[0], reference_product(floats(weights), x, msfp16_block8(), 16));
  EXPECT_EQ(run.npu.stats().poisoned_weights, 2u);
}

TEST(MatrixChains, GoThroughDramTileByTile) {
  // Tiles go to Dram, wait there, and two of them come back: the second tile row of W.
  const Shard shard = shard_of(R"(
.matrix W 2x2 at 0 rows 20 columns 24 zero
.matrix S 2x2 at 10 in Dram rows 20 columns 24 random 5
.in tiles 1024
.in x 24
.out y 20
.segment 1
  s_wr rows, 2
  s_wr columns, 2
  m_rd Dram[10]
  m_wr MatrixRf[0]
  end_chain
  m_rd NetQ[tiles]
  m_wr Dram[20]
  end_chain
  s_wr rows, 1
  m_rd Dram[22]
  m_wr MatrixRf[2]
  end_chain
  s_wr rows, 2
  v_rd NetQ[x]
  mv_mul W
  v_wr NetQ[y]
  end_chain
)");
  const Halves weights = halves(kRows * kColumns, 1);
  const Halves x = halves(kColumns, 2);
  const Played run(shard, 1, {{0, as_tiles(weights)}, {1, x}});
  const Shard direct = shard_of(R"(
.matrix S 2x2 at 0 rows 20 columns 24 random 5
.in x 24
.out y 20
.segment 1
  s_wr rows, 2
  s_wr columns, 2
  v_rd NetQ[x]
  mv_mul S
  v_wr NetQ[y]
  end_chain
)");
  Halves expected = Played(direct, 1, {{0, x}}).outputs[0];
  const Halves loaded = reference_product(floats(weights), x, msfp16_block8(), 16);
  std::copy(loaded.begin() + 16, loaded.end(), expected.begin() + 16);
  EXPECT_EQ(run.outputs[0], expected);
}

Duration alone(const std::string& text) { return run_alone(shard_of(text), 1); }

Duration cycles(double count) {
  const NpuDevice device = device_with_dram();
  const ClockDomain clock(device.clock, 3);
  return clock.duration(static_cast<Ticks>(count * 3 + 0.5));
}

TEST(MatrixChains, TakeTileBytesOverTheDramRateAndHoldUpTheirProducts) {
  // T0 40, slot 5.33 (4 tiles of 4 beats on 3 engines), D 31.
  EXPECT_EQ(alone(kLoad), cycles(40 + 16.0 / 3 + 31));
  // A tile is 16 * (16 * 8 + 2 * 8) = 2304 bits, four are 576 ns: 172.8 cycles, 519 of 1/3 up.
  const std::string from_dram = R"(
.matrix W 2x2 at 0 rows 20 columns 24 zero
.matrix S 2x2 at 0 in Dram rows 20 columns 24 random 5
.in x 24
.out y 20
  s_wr rows, 2
  s_wr columns, 2
  m_rd Dram[0]
  m_wr MatrixRf[0]
  end_chain
  v_rd NetQ[x]
  mv_mul W
  v_wr NetQ[y]
  end_chain
)";
  EXPECT_EQ(alone(from_dram), cycles(40 + 519.0 / 3 + 16.0 / 3 + 31));
}

TEST(MatrixChains, WaitForTheProductsWithTheTilesTheyReplace) {
  // The load is issued behind a product that holds the matrix until 40 + 5.33; the next product
  // waits for it.
  const std::string text = R"(
.matrix W 2x2 at 0 rows 20 columns 24 zero
.matrix S 2x2 at 0 in Dram rows 20 columns 24 random 5
.in x 24
.out y 20
.zero InitialVrf[0..1]
  s_wr rows, 2
  s_wr columns, 2
  v_rd InitialVrf[0]
  mv_mul W
  v_wr InitialVrf[2]
  end_chain
  s_wr rows, 1
  s_wr columns, 1
  m_rd Dram[0]
  m_wr MatrixRf[0]
  end_chain
  s_wr rows, 2
  s_wr columns, 2
  v_rd NetQ[x]
  mv_mul W
  v_wr NetQ[y]
  end_chain
)";
  // One tile: 144 ns, 43.2 cycles, 130 thirds; longer than the first product, so that it decides.
  EXPECT_EQ(alone(text), cycles(40 + 130.0 / 3 + 16.0 / 3 + 31));
}

// ---- vectors in Dram ----

TEST(DramVectors, HoldConstantsAndWhatIsWritten) {
  const Shard shard = shard_of(R"(
.vector table Dram[2] = random 40 3
.zero Dram[9]
.in x 20
.out y 20
.out z 40
.segment 1
  s_wr rows, 2
  v_rd NetQ[x]
  v_wr Dram[5]
  end_chain
  v_rd Dram[5]
  v_relu
  v_wr NetQ[y]
  end_chain
  s_wr rows, 3
  v_rd Dram[2]
  v_wr NetQ[z]
  end_chain
)");
  const Halves x = halves(20, 4);
  const Played run(shard, 1, {{0, x}});
  ASSERT_EQ(run.outputs.size(), 2u);
  Halves expected = x;
  for (Half& value : expected) value = half_relu(value);
  EXPECT_EQ(run.outputs[0], expected);
  EXPECT_EQ(run.outputs[1], shard.vectors[0].values);
  EXPECT_EQ(run.npu.vector(Memory::kDram, 5)[0], x[0]);
}

TEST(DramVectors, TakeBytesOverTheDramRateEachWay) {
  // Two vectors are 64 bytes: 32 ns, 9.6 cycles, 29 thirds. V is 17.
  const std::string read = R"(
.vector a Dram[0] = fill 32 1
.out y 32
  s_wr rows, 2
  v_rd Dram[0]
  v_relu
  v_wr NetQ[y]
  end_chain
)";
  EXPECT_EQ(alone(read), cycles(40 + 29.0 / 3 + 17));
  // Written behind the result, read behind that.
  const std::string both = R"(
.vector a InitialVrf[0] = fill 32 1
.out y 32
  s_wr rows, 2
  v_rd InitialVrf[0]
  v_relu
  v_wr Dram[0]
  end_chain
  v_rd Dram[0]
  v_wr NetQ[y]
  end_chain
)";
  EXPECT_EQ(alone(both), cycles(40 + 17 + 29.0 / 3 + 29.0 / 3));
  // Reads queue, writes do not delay them.
  const std::string three = R"(
.vector a Dram[0] = fill 32 1
.out y 32
  s_wr rows, 2
  v_rd Dram[0]
  v_wr Dram[2]
  end_chain
  v_rd Dram[0]
  v_wr NetQ[y]
  end_chain
)";
  EXPECT_EQ(alone(three), cycles(40 + 2 * 29.0 / 3));
}

// ---- addresses by offset ----

constexpr const char* kLookUp = R"(
.vector table Dram[1] = random 160 3
.in token 1
.out y 32
.segment steps
  s_wr rows, 2
  s_rd offset_0, NetQ[token]
  end_chain
  v_rd Dram[1+offset_0]
  v_wr NetQ[y]
  end_chain
)";

TEST(Offsets, IndexFromAMessageLooksUpEntriesOfRowsVectors) {
  const Shard shard = shard_of(kLookUp);
  const Played run(shard, 3, {{0, {4}}, {0, {0}}, {0, {2}}});
  ASSERT_EQ(run.outputs.size(), 3u);
  const Halves& table = shard.vectors[0].values;
  const std::size_t entries[] = {4, 0, 2};
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(run.outputs[i],
              Halves(table.begin() + static_cast<std::ptrdiff_t>(32 * entries[i]),
                     table.begin() + static_cast<std::ptrdiff_t>(32 * entries[i] + 32)));
  EXPECT_EQ(run.npu.stats().index_faults, 0u);
}

TEST(Offsets, AnIndexOutOfTheMemoryReadsNanAndIsCounted) {
  Played run(shard_of(kLookUp), 3, {{0, {5}}, {0, {65535}}, {0, {1}}});
  EXPECT_EQ(run.outputs[0], Halves(32, kHalfNan));
  EXPECT_EQ(run.outputs[1], Halves(32, kHalfNan));
  EXPECT_NE(run.outputs[2][0], kHalfNan);
  EXPECT_EQ(run.npu.stats().index_faults, 2u);
  run.again(1, {{0, {5}}});
  EXPECT_EQ(run.npu.stats().index_faults, 3u);
}

TEST(Offsets, AWriteOutOfTheMemoryIsDroppedAndCounted) {
  const Shard shard = shard_of(R"(
.zero InitialVrf[0..3]
.in token 1
.in x 16
.out y 64
.segment steps
  s_rd offset_1, NetQ[token]
  end_chain
  v_rd NetQ[x]
  v_wr InitialVrf[1+offset_1]
  end_chain
.segment 1
  s_wr rows, 4
  v_rd InitialVrf[0]
  v_wr NetQ[y]
  end_chain
)");
  const Halves a = halves(16, 1);
  const Halves b = halves(16, 2);
  const Played run(shard, 2, {{0, {2}}, {0, {3}}, {1, a}, {1, b}});
  Halves expected(64);
  std::copy(a.begin(), a.end(), expected.begin() + 48);
  EXPECT_EQ(run.outputs[0], expected);
  EXPECT_EQ(run.npu.stats().index_faults, 1u);
}

TEST(Offsets, StepThroughAMemoryAndStartOverWithEachRequest) {
  const Shard shard = shard_of(R"(
.vector a InitialVrf[0] = random 96 8
.out y 16
.segment 3
  v_rd InitialVrf[4+offset_0]
  v_wr NetQ[y]
  end_chain
  s_add offset_0, -2
  end_chain
)");
  Played run(shard, 1, {});
  const Halves& a = shard.vectors[0].values;
  for (int round = 0; round < 2; ++round) {
    ASSERT_EQ(run.outputs.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(run.outputs[i][0], a[16 * (4 - 2 * i)]);
    run.again(1, {});
  }
}

// A data-dependent address must not be seen in the times: both modes agree, whatever the indices.
TEST(Offsets, TimesDoNotDependOnIndicesFromMessages) {
  const Shard shard = shard_of(R"(
.zero InitialVrf[0..7]
.in token 1
.in x 16
.out y 16
.segment steps
  s_rd offset_0, NetQ[token]
  end_chain
  v_rd NetQ[x]
  v_relu
  v_wr InitialVrf[0+offset_0]
  end_chain
  v_rd InitialVrf[3]
  v_tanh
  v_wr NetQ[y]
  end_chain
)");
  const Halves x = halves(16, 1);
  const Played hit(shard, 2, {{0, {3}}, {0, {3}}, {1, x}, {1, x}});
  const Played miss(shard, 2, {{0, {0}}, {0, {7}}, {1, x}, {1, x}});
  const Played fault(shard, 2, {{0, {9}}, {0, {900}}, {1, x}, {1, x}});
  EXPECT_EQ(hit.leaves, miss.leaves);
  EXPECT_EQ(hit.leaves, fault.leaves);
  EXPECT_EQ(fault.npu.stats().index_faults, 2u);
  // The reader waits for the writer, as its address might be the one: V behind V.
  EXPECT_EQ(hit.leaves[0] - kRunStart, cycles(40 + 17 + 17));
  EXPECT_EQ(run_alone(shard, 2), hit.leaves[1] - kRunStart);
}

TEST(Offsets, KnownAddressesKeepHazardsByAddress) {
  const std::string text = R"(
.zero InitialVrf[0..7]
.out y 16
  s_wr offset_0, 5
  end_chain
  v_rd InitialVrf[1]
  v_relu
  v_wr InitialVrf[0+offset_0]
  end_chain
  v_rd InitialVrf[{}]
  v_tanh
  v_wr NetQ[y]
  end_chain
)";
  const auto with = [&](const std::string& index) {
    std::string out = text;
    return out.replace(out.find("{}"), 2, index);
  };
  EXPECT_EQ(alone(with("5")), cycles(40 + 17 + 17));
  EXPECT_EQ(alone(with("4")), cycles(40 + 17));
  EXPECT_EQ(alone(with("0+offset_0")), cycles(40 + 17 + 17));
}

}  // namespace
}  // namespace soliton
