// Random chain programs against the timing rules written down naively: every chain looks at the
// whole history.
#include <gtest/gtest.h>

#include <algorithm>

#include "node/npu/npu.h"
#include "protocol/base/clock_domain.h"
#include "protocol/base/rng.h"
#include "tests/unit/npu/programs.h"

namespace soliton {
namespace {

using namespace soliton::testing;

constexpr std::uint32_t kVectorsPerFile = 6;
constexpr std::uint32_t kMostOffset = 2;
constexpr std::uint32_t kDramTiles = 12;
// Tiles in Dram, which have addresses of their own.
constexpr Memory kTilesInDram = Memory::kNone;

struct Range {
  Memory memory;
  std::uint32_t first;
  std::uint32_t count;
};

bool touch(const Range& a, const Range& b) {
  return a.memory == b.memory && a.first < b.first + b.count && b.first < a.first + a.count;
}

struct Access {
  Range range;
  Ticks at;
  bool write;
};

class RandomProgram {
 public:
  RandomProgram(std::uint64_t seed, int chains, const NpuDevice& device)
      : random_(seed, "program"), b_(device, {}, 4) {
    b_.in_port("x", 16);
    b_.in_port("y", 16);
    // r x c tiles take 4 r c / 3 cycles: some matrices are below the dispatch floor of 5 cycles,
    // some above.
    for (const int rows : {1, 2, 3}) {
      for (const int columns : {1, 2, 3})
        tiles_[rows][columns] = b_.matrix("W", 16 * rows, 16 * columns, {});
    }
    b_.shard.device.functions.push_back(NpuFunction::kRowReduce);
    b_.shard.device.dram = Bytes{1 << 20};
    b_.shard.device.dram_rate = BitRate{7'000'000'000};
    for (int i = 0; i < chains; ++i) {
      const std::uint64_t kind = pick(10);
      if (kind == 0)
        add_scalar_chain();
      else if (kind == 1)
        add_matrix_chain();
      else
        add_chain();
    }
    b_.segment(1, 0);
  }
  const Shard& shard() const { return b_.shard; }

 private:
  std::uint64_t pick(std::uint64_t bound) { return random_.below(ordinal_++, bound); }

  std::uint32_t vector(std::uint32_t count) {
    return static_cast<std::uint32_t>(pick(kVectorsPerFile + 1 - count));
  }

  // Somewhere in a file, at times by offset.
  Instruction access(Opcode opcode, Memory memory, std::uint32_t count) {
    if (pick(3) != 0) return {opcode, memory, vector(count)};
    return {opcode, memory, vector(count + kMostOffset), Indexing::kOffset0};
  }

  void add_scalar_chain() {
    std::vector<Instruction> list;
    const auto value = static_cast<std::uint32_t>(pick(kMostOffset + 1));
    list.push_back(write_scalar(ScalarRegister::kOffset0, value));
    if (value > 0 && pick(2) == 0) list.push_back(step_offset(ScalarRegister::kOffset0, -1));
    b_.chain("s", 16, 16, std::move(list));
  }

  void add_matrix_chain() {
    const auto rows = static_cast<std::uint32_t>(1 + pick(3));
    const auto columns = static_cast<std::uint32_t>(1 + pick(3));
    const auto tile = [&] { return static_cast<std::uint32_t>(pick(kDramTiles - rows * columns)); };
    const Instruction read{Opcode::kMRd, Memory::kDram, tile()};
    const Instruction write =
        pick(3) == 0 ? Instruction{Opcode::kMWr, Memory::kDram, tile()}
                     : Instruction{Opcode::kMWr, Memory::kMatrixRf, tiles_[rows][columns]};
    b_.chain("m", std::size_t{16} * rows, std::size_t{16} * columns, {read, write});
  }

  void add_chain() {
    const auto rows = static_cast<std::uint32_t>(1 + pick(3));
    const auto columns = static_cast<std::uint32_t>(1 + pick(3));
    const bool product = pick(2) == 0;
    const std::uint32_t width = product ? columns : rows;
    std::vector<Instruction> list;
    const bool message = width == 1 && pick(4) == 0;
    list.push_back(
        message ? v_rd(Memory::kNetQ, static_cast<std::uint32_t>(pick(2)))
                : access(Opcode::kVRd, pick(4) == 0 ? Memory::kDram : Memory::kInitialVrf, width));
    if (product) list.push_back(mv_mul(tiles_[rows][columns]));
    if (pick(2) == 0) list.push_back(add_0(vector(rows)));
    if (pick(3) == 0) list.push_back(operation(Opcode::kVSigm));
    if (pick(2) == 0) list.push_back(mul(vector(rows)));
    const std::uint64_t adder = pick(5);
    if (adder == 0) list.push_back(add_1(vector(rows)));
    if (adder == 1) list.push_back(operation(Opcode::kVRsum, Memory::kNone, 16 * rows - 5));
    const Memory files[] = {Memory::kInitialVrf, Memory::kAddSubVrf0, Memory::kAddSubVrf1,
                            Memory::kMultiplyVrf, Memory::kDram};
    for (std::uint64_t writes = 1 + pick(2); writes > 0; --writes)
      list.push_back(access(Opcode::kVWr, files[pick(5)], rows));
    b_.chain("c", std::size_t{16} * rows, std::size_t{16} * columns, std::move(list));
  }

  Random random_;
  std::uint64_t ordinal_ = 0;
  ShardBuilder b_;
  std::uint32_t tiles_[4][4] = {};
};

class NaiveTiming {
 public:
  explicit NaiveTiming(const Shard& shard)
      : shard_(shard),
        device_(shard.device),
        t_(device_.tile_engines),
        issue_(device_.timing.request_cycles * t_),
        mvu_free_(issue_),
        dram_read_(issue_),
        dram_write_(issue_) {}

  // Ticks of start and result.
  std::pair<Ticks, Ticks> run(const Chain& chain, Ticks message) {
    if (chain_kind(chain) == ChainKind::kScalar) return scalar(chain);
    const Instruction& read = chain.instructions.front();
    if (read.memory == Memory::kNetQ) issue_ = std::max(issue_, message);
    const Instruction& second = chain.instructions[1];
    const bool product = second.opcode == Opcode::kMvMul;
    const Range source = range(read, product ? chain.columns : chain.rows, chain);
    Ticks start = std::max(issue_, ready(source));
    if (read.memory == Memory::kDram)
      start = dram_read_ = std::max(dram_read_, start) + dram_ticks(read, source.count);
    const Range matrix{Memory::kMatrixRf, second.index, chain.rows * chain.columns};
    if (product) start = std::max(start, ready(matrix));
    const auto [begin, result] = compute(chain, start, product);
    history_.push_back({source, begin, false});
    if (product) history_.push_back({matrix, mvu_free_, false});
    for (const Range& operand : operands(chain))
      history_.push_back({operand, product ? result - t_ : begin, false});
    return {begin, finish(chain, result)};
  }

 private:
  std::pair<Ticks, Ticks> scalar(const Chain& chain) {
    for (const Instruction& i : chain.instructions)
      offset_ = i.opcode == Opcode::kSWr ? scalar_value(i)
                                         : offset_ + static_cast<std::uint32_t>(scalar_step(i));
    return {issue_, issue_};
  }

  Range range(const Instruction& i, std::uint32_t vectors, const Chain& chain) const {
    const bool tiles = i.opcode == Opcode::kMRd || i.opcode == Opcode::kMWr;
    if (tiles)
      return {i.memory == Memory::kDram ? kTilesInDram : i.memory, i.index,
              chain.rows * chain.columns};
    return {i.memory, i.index + (i.indexing == Indexing::kDirect ? 0 : offset_), vectors};
  }

  Ticks dram_ticks(const Instruction& i, std::int64_t count) const {
    const bool tiles = i.opcode == Opcode::kMRd || i.opcode == Opcode::kMWr;
    const std::int64_t bits = count * (tiles ? tile_bits(shard_.format, 16) : 16 * 16);
    const std::int64_t ticks_per_second = device_.clock.hertz * t_;
    const std::int64_t rate = device_.dram_rate.bits_per_second;
    return (bits * ticks_per_second + rate - 1) / rate;
  }

  static std::vector<Range> operands(const Chain& chain) {
    std::vector<Range> out;
    for (const Instruction& i : chain.instructions)
      if (mfu_unit(i.opcode) != MfuUnit::kNone && i.memory != Memory::kNone)
        out.push_back({i.memory, i.index, chain.rows});
    return out;
  }

  std::pair<Ticks, Ticks> compute(const Chain& chain, Ticks start, bool product) {
    Ticks operands_ready = 0;
    const std::vector<Range> read = operands(chain);
    for (const Range& operand : read) operands_ready = std::max(operands_ready, ready(operand));
    if (product) {
      start = std::max(start, mvu_free_);
      const NpuTimingParameters& timing = device_.timing;
      mvu_free_ = start + std::max<Ticks>(timing.dispatch_cycles * t_,
                                          occupied(chain) + timing.slot_overhead_cycles * t_);
      const Ticks result =
          mvu_free_ + reductions(chain) +
          (timing.depth_cycles + timing.depth_cycles_per_vector * Ticks{chain.rows}) * t_;
      return {start, read.empty() ? result : std::max(result, operands_ready + t_)};
    }
    const bool any = std::ranges::any_of(chain.instructions, [](const Instruction& i) {
      return mfu_unit(i.opcode) != MfuUnit::kNone;
    });
    start = std::max(start, operands_ready);
    const Ticks vector =
        device_.timing.vector_cycles + device_.timing.vector_cycles_per_vector * Ticks{chain.rows};
    return {start, start + (any ? vector * t_ : 0) + reductions(chain)};
  }

  // A native vector goes by in N / L cycles, rounded up to a tick; all of them behind each reduction.
  Ticks reductions(const Chain& chain) const {
    Ticks pass = 0;
    while (pass * device_.lanes < Ticks{device_.native_dim} * t_) ++pass;
    Ticks out = 0;
    for (const Instruction& i : chain.instructions)
      if (i.opcode == Opcode::kVRsum) out += Ticks{chain.rows} * pass;
    return out;
  }

  // 4 beats a tile, in ticks of 1/T cycle.
  Ticks occupied(const Chain& chain) const {
    const Ticks tiles = Ticks{chain.rows} * chain.columns;
    if (device_.timing.occupancy == Occupancy::kSpread) return 4 * tiles;
    Ticks turns = 0;  // of the engines, to get through the columns
    while (turns * t_ < Ticks{chain.columns}) ++turns;
    return 4 * Ticks{chain.rows} * turns * t_;
  }

  Ticks ready(const Range& range) const {
    Ticks at = 0;
    for (const Access& access : history_) {
      if (access.write && touch(access.range, range)) at = std::max(at, access.at);
    }
    return at;
  }

  // Behind every earlier access to what it writes; its own reads count, as it may write what it
  // reads.
  Ticks finish(const Chain& chain, Ticks result) {
    std::vector<std::pair<Instruction, Range>> writes;
    for (const Instruction& i : chain.instructions) {
      if (i.opcode == Opcode::kVWr || i.opcode == Opcode::kMWr)
        writes.emplace_back(i, range(i, chain.rows, chain));
    }
    for (const Access& access : history_) {
      for (const auto& [unused, target] : writes) {
        if (touch(access.range, target)) result = std::max(result, access.at);
      }
    }
    for (const auto& [instruction, target] : writes) {
      Ticks at = result;
      if (instruction.memory == Memory::kDram)
        at = dram_write_ = std::max(dram_write_, result) + dram_ticks(instruction, target.count);
      // A vector written twice by one chain is there with the last of its writes.
      history_.push_back({target, at, true});
    }
    return result;
  }

  const Shard& shard_;
  const NpuDevice& device_;
  Ticks t_;
  Ticks issue_;
  Ticks mvu_free_;
  Ticks dram_read_;
  Ticks dram_write_;
  std::uint32_t offset_ = 0;
  std::vector<Access> history_;
};

void expect_rules(const NpuDevice& device) {
  int waits = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    constexpr int kChains = 200;
    const RandomProgram program(seed, kChains, device);
    const Shard& shard = program.shard();
    const Random random(seed, "arrivals");
    TraceBuffer trace(kChains);
    Npu npu(shard, ComputeMode::kTiming, NodeId{0}, &trace);
    npu.begin(RequestId{0}, 1, {});
    const ClockDomain clock(shard.device.clock, shard.device.tile_engines);
    std::vector<Ticks> arrivals;  // in the order of their v_rd
    Duration at[2] = {};
    while (const auto port = npu.waiting_port()) {
      at[*port] += picoseconds(static_cast<std::int64_t>(random.below(arrivals.size(), 2'000'000)));
      arrivals.push_back(clock.ticks(at[*port]));
      npu.deliver(*port, Payload{{}, 32}, {kRunStart + at[*port], {.network = at[*port]}});
    }
    NaiveTiming naive(shard);
    std::size_t message = 0;
    const std::vector<TraceEvent> events = trace.take();
    ASSERT_EQ(events.size(), static_cast<std::size_t>(kChains)) << "seed " << seed;
    for (std::size_t i = 0; i < kChains; ++i) {
      const Chain& chain = shard.program.chains[i];
      const bool reads_message = chain.instructions.front().memory == Memory::kNetQ;
      const auto [start, result] = naive.run(chain, reads_message ? arrivals.at(message++) : 0);
      ASSERT_EQ(events[i].at, kRunStart + clock.duration(start))
          << "seed " << seed << " chain " << i;
      ASSERT_EQ(events[i].at + events[i].duration, kRunStart + clock.duration(result))
          << seed << " chain " << i;
      waits += reads_message && start == arrivals[message - 1];
    }
  }
  EXPECT_GT(waits, 50);  // or the arrivals would test nothing
}

TEST(RandomPrograms, FollowTheRulesExactly) { expect_rules(small_device()); }

// Columns split over the engines, latencies that grow with rows, no dispatch floor: section 10.
TEST(RandomPrograms, FollowTheRulesOfTheSecondFamilyExactly) {
  NpuDevice device = small_device();
  device.timing.occupancy = Occupancy::kColumns;
  device.tile_engines = 2;
  device.timing.dispatch_cycles = 0;
  device.timing.slot_overhead_cycles = 3;
  device.timing.depth_cycles_per_vector = 4;
  device.timing.vector_cycles_per_vector = 5;
  expect_rules(device);
}

}  // namespace
}  // namespace soliton
