// Random chain programs against the timing rules written down naively: every chain looks at the
// whole history.
#include "tests/unit/npu/random_program.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "node/npu/npu.h"
#include "protocol/base/clock_domain.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

using namespace soliton::testing;

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

class NaiveTiming {
 public:
  explicit NaiveTiming(const Shard& shard)
      : device_(shard.device),
        t_(device_.tile_engines),
        issue_(device_.timing.request_cycles * t_),
        mvu_free_(issue_) {}

  // Ticks of start and result.
  std::pair<Ticks, Ticks> run(const Chain& chain, Ticks message) {
    std::vector<Range> operands;
    const bool product =
        std::ranges::count(chain.instructions, Opcode::kMvMul, &Instruction::opcode) > 0;
    bool any_operation = false;
    for (const Instruction& i : chain.instructions) {
      any_operation |= mfu_unit(i.opcode) != MfuUnit::kNone;
      if (mfu_unit(i.opcode) == MfuUnit::kNone || i.memory == Memory::kNone) continue;
      operands.push_back({i.memory, i.index, chain.rows});
    }
    const Instruction& read = chain.instructions.front();
    const Range source{read.memory, read.index, product ? chain.columns : chain.rows};
    if (read.memory == Memory::kNetQ) issue_ = std::max(issue_, message);
    Ticks operands_ready = 0;
    for (const Range& range : operands) operands_ready = std::max(operands_ready, ready(range));
    Ticks start = std::max(issue_, ready(source));
    Ticks result = 0;
    if (product) {
      start = std::max(start, mvu_free_);
      mvu_free_ = start + std::max<Ticks>(device_.timing.dispatch_cycles * t_,
                                          chain.rows * chain.columns * 4);
      result = mvu_free_ + device_.timing.depth_cycles * t_;
      if (!operands.empty()) result = std::max(result, operands_ready + t_);
    } else {
      start = std::max(start, operands_ready);
      result = start + (any_operation ? device_.timing.vector_cycles * t_ : 0);
    }
    const Ticks operands_read = product ? result - t_ : start;
    history_.push_back({source, start, false});
    for (const Range& range : operands) history_.push_back({range, operands_read, false});
    finish(chain, result);
    return {start, result};
  }

 private:
  Ticks ready(const Range& range) const {
    Ticks at = 0;
    for (const Access& access : history_) {
      if (access.write && touch(access.range, range)) at = std::max(at, access.at);
    }
    return at;
  }

  // Behind every earlier access to what it writes; its own reads count, as it may write what it
  // reads.
  void finish(const Chain& chain, Ticks& result) {
    std::vector<Range> writes;
    for (const Instruction& i : chain.instructions) {
      if (i.opcode == Opcode::kVWr) writes.push_back({i.memory, i.index, chain.rows});
    }
    for (const Access& access : history_) {
      for (const Range& range : writes) {
        if (touch(access.range, range)) result = std::max(result, access.at);
      }
    }
    for (const Range& range : writes) history_.push_back({range, result, true});
  }

  const NpuDevice& device_;
  Ticks t_;
  Ticks issue_;
  Ticks mvu_free_;
  std::vector<Access> history_;
};

TEST(RandomPrograms, FollowTheRulesExactly) {
  int waits = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    constexpr int kChains = 200;
    const RandomProgram program(seed, kChains);
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

}  // namespace
}  // namespace soliton
