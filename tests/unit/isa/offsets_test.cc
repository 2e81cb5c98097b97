// What the offset registers hold, against running the loops one round at a time.
#include "protocol/isa/offsets.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

constexpr ScalarRegister kA = ScalarRegister::kOffset0;
constexpr ScalarRegister kB = ScalarRegister::kOffset1;

Chain scalar(std::vector<Instruction> instructions) { return {"", 1, 1, std::move(instructions)}; }
Chain access() {
  return {"",
          1,
          1,
          {{Opcode::kVRd, Memory::kInitialVrf, 5, Indexing::kOffset0},
           {Opcode::kVWr, Memory::kInitialVrf, 0}}};
}

TEST(Offsets, StepsReachFromTheFirstRoundToTheLast) {
  const Program program{{access(), scalar({step_offset(kA, 3)})}, {{0, 2, 10, 0}}};
  const auto ranges = offset_ranges(program);
  EXPECT_EQ(ranges[0][0], (OffsetRange{0, 27}));
  EXPECT_EQ(ranges[0][1], (OffsetRange{0, 0}));
  const auto all = reach(ranges, 0, program.chains[0].instructions[0], 2);
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->first, 5);
  EXPECT_EQ(all->count, 29);
}

TEST(Offsets, NestedLoopsAreSegmentsThatRunAgain) {
  // Four rows of three positions, the row step 10.
  Program program{{access(), scalar({step_offset(kA, 1)}), scalar({step_offset(kA, 7)})}, {}};
  for (int row = 0; row < 4; ++row) {
    program.segments.push_back({0, 2, 3, 0});
    program.segments.push_back({2, 3, 1, 0});
  }
  EXPECT_EQ(offset_ranges(program)[0][0], (OffsetRange{0, 32}));
}

TEST(Offsets, MessagesAndStepsAreUnknown) {
  Program program{{scalar({read_offset(kA, 0)}), access(), scalar({write_scalar(kA, 4)}), access()},
                  {{0, 4, 1, 0}}};
  auto ranges = offset_ranges(program);
  EXPECT_FALSE(ranges[1][0].has_value());
  EXPECT_EQ(ranges[3][0], (OffsetRange{4, 4}));
  EXPECT_FALSE(reach(ranges, 1, program.chains[1].instructions[0], 1).has_value());
  program = {{access(), scalar({step_offset(kA, 1)}), access()}, {{0, 2, 0, 1}, {2, 3, 1, 0}}};
  ranges = offset_ranges(program);
  EXPECT_FALSE(ranges[0][0].has_value());
  EXPECT_FALSE(ranges[2][0].has_value());
  // Written anew in every step: known inside, not behind, as there may be no step.
  program.chains[1] = scalar({write_scalar(kA, 0), step_offset(kA, 1), write_scalar(kB, 9)});
  program.chains[1].instructions.push_back(write_scalar(kA, 0));
  ranges = offset_ranges(program);
  EXPECT_EQ(ranges[0][0], (OffsetRange{0, 0}));
  EXPECT_FALSE(ranges[2][1].has_value());
}

TEST(Offsets, ProgramsWithoutScalarChainsHaveNone) {
  EXPECT_TRUE(offset_ranges({{access()}, {{0, 1, 3, 0}}}).empty());
}

TEST(Offsets, EndlessRepeatsAreGivenUpOn) {
  Program program;
  for (int c = 0; c < 2000; ++c) program.chains.push_back(scalar({step_offset(kA, 1)}));
  for (int s = 0; s < 20'000; ++s) program.segments.push_back({0, 2000, 1'000'000, 0});
  const auto ranges = offset_ranges(program);
  EXPECT_FALSE(ranges[0][0].has_value());
}

TEST(Offsets, RandomLoopsAgreeWithRunningThem) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Random r(seed, "offsets");
    Program program;
    for (std::uint64_t c = 0; c < 6; ++c) {
      const auto target = r.below(c, 2) == 0 ? kA : kB;
      const auto value = static_cast<std::int32_t>(r.below(20 + c, 9));
      program.chains.push_back(
          r.below(10 + c, 3) == 0
              ? scalar({write_scalar(target, static_cast<std::uint32_t>(value))})
          : r.below(10 + c, 3) == 1 ? scalar({step_offset(target, value - 4)})
                                    : access());
    }
    for (std::uint64_t s = 0; s < 5; ++s) {
      const auto first = static_cast<std::uint32_t>(r.below(30 + s, 6));
      program.segments.push_back({first,
                                  static_cast<std::uint32_t>(first + r.below(40 + s, 7 - first)),
                                  static_cast<std::int32_t>(r.below(50 + s, 6)), 0});
    }
    std::int64_t value[2] = {0, 0};
    std::vector<std::array<std::optional<OffsetRange>, 2>> seen(6);
    for (const Segment& segment : program.segments)
      for (std::int64_t i = 0; i < segment.fixed; ++i)
        for (std::uint32_t c = segment.first; c < segment.last; ++c) {
          for (int k = 0; k < 2; ++k) {
            auto& range = seen[c][k];
            if (!range) range = OffsetRange{value[k], value[k]};
            range = OffsetRange{std::min(range->least, value[k]), std::max(range->most, value[k])};
          }
          for (const Instruction& instruction : program.chains[c].instructions) {
            if (instruction.opcode == Opcode::kSWr)
              value[scalar_register(instruction) == kA ? 0 : 1] = scalar_value(instruction);
            if (instruction.opcode == Opcode::kSAdd)
              value[scalar_register(instruction) == kA ? 0 : 1] += scalar_step(instruction);
          }
        }
    const auto ranges = offset_ranges(program);
    for (std::size_t c = 0; c < ranges.size(); ++c)
      for (std::size_t k = 0; k < 2; ++k)
        EXPECT_EQ(ranges[c][k], seen[c][k].value_or(OffsetRange{})) << seed << " chain " << c;
  }
}

}  // namespace
}  // namespace soliton
