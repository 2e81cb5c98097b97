// Encoding, decoding and printing of programs.
#include "protocol/isa/program.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

using Op = Opcode;
using Mem = Memory;

Chain gate_chain() {
  return {"gru0.r",
          7,
          7,
          {{Op::kVRd, Mem::kInitialVrf, 0},
           {Op::kMvMul, Mem::kMatrixRf, 12},
           {Op::kVvAdd, Mem::kAddSubVrf0, 3},
           {Op::kVSigm, Mem::kNone, 0},
           {Op::kVWr, Mem::kMultiplyVrf, 0}}};
}

Program without_names(Program program) {
  program.segments.clear();
  for (Chain& chain : program.chains) chain.label.clear();
  return program;
}

// Every legal operand of every opcode that stands inside a chain, drawn from a seed.
Instruction random_instruction(const Random& random, std::uint64_t ordinal) {
  for (std::uint64_t attempt = 0;; ++attempt) {
    const std::uint64_t bits = random.child(ordinal).bits(attempt);
    const Instruction candidate{static_cast<Opcode>(bits % kOpcodes),
                                static_cast<Memory>((bits >> 8) % 8),
                                (bits >> 16) % 3 == 0 ? 0 : static_cast<std::uint32_t>(bits >> 40),
                                static_cast<Indexing>((bits >> 20) % 3)};
    if (candidate.opcode == Op::kEndChain) continue;
    if (candidate.opcode == Op::kSWr && scalar_register(candidate) <= ScalarRegister::kColumns)
      continue;
    if (check_instruction(candidate)) return candidate;
  }
}

Program random_program(std::uint64_t seed) {
  const Random random(seed, "programs");
  Program program;
  const std::uint64_t chains = random.below(0, 12);
  for (std::uint64_t c = 0; c < chains; ++c) {
    const Random r = random.child(c + 1);
    Chain chain;
    chain.label = fmt::format("c{}", c);
    chain.rows = 1 + static_cast<std::uint32_t>(r.below(0, r.below(3, 2) == 0 ? 2 : kMaxScalar));
    chain.columns = 1 + static_cast<std::uint32_t>(r.below(1, 2));
    for (std::uint64_t i = 0; i < r.below(2, 9); ++i)
      chain.instructions.push_back(random_instruction(r, 10 + i));
    program.chains.push_back(chain);
  }
  for (std::uint64_t s = 0; s < random.below(1000, 4); ++s)
    program.segments.push_back({static_cast<std::uint32_t>(random.below(1001 + s, chains + 1)),
                                static_cast<std::uint32_t>(chains), 1, 0});
  return program;
}

TEST(Program, RandomProgramsSurviveEncodingAndDecoding) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Program program = random_program(seed);
    const std::vector<std::uint32_t> words = encode(program);
    ASSERT_EQ(static_cast<std::int64_t>(words.size()), program.instruction_words())
        << "seed " << seed;
    const Result<Program> decoded = decode(words);
    ASSERT_TRUE(decoded) << "seed " << seed << ": " << decoded.error().message;
    ASSERT_EQ(*decoded, without_names(program)) << "seed " << seed;
  }
}

// Whatever decodes is the encoding of some program: with a segment at each chain that writes both
// registers, the same words.
TEST(Program, WhateverDecodesIsAnEncoding) {
  int accepted = 0;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    const Random random(seed, "damage");
    std::vector<std::uint32_t> words = encode(random_program(seed % 500));
    if (words.empty()) continue;
    std::uint32_t& word = words[random.below(0, words.size())];
    word ^= 1u << random.below(1, 32);
    Result<Program> decoded = decode(words);
    if (!decoded) continue;
    ++accepted;
    std::size_t at = 0;
    for (std::uint32_t c = 0; c < decoded->chains.size(); ++c) {
      const auto is_write = [&](std::size_t i) {
        return i < words.size() && words[i] >> 21 == 13u << 6;  // s_wr of rows or columns
      };
      const std::size_t writes = is_write(at) ? 1 + is_write(at + 1) : 0;
      if (writes == 2) decoded->segments.push_back({c, c + 1, 1, 0});
      at += writes + decoded->chains[c].instructions.size() + 1;
    }
    ASSERT_EQ(encode(*decoded), words) << "seed " << seed;
  }
  EXPECT_GT(accepted, 1000);
}

TEST(Program, DecoderSurvivesArbitraryWords) {
  const Random random(3, "words");
  int refused = 0;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    const Random r = random.child(seed);
    std::vector<std::uint32_t> words(r.below(0, 12));
    for (std::size_t i = 0; i < words.size(); ++i)
      words[i] = static_cast<std::uint32_t>(r.bits(i + 1));
    const Result<Program> decoded = decode(words);
    refused += !decoded;
    ASSERT_TRUE(decoded || decoded.error().message.find("instruction word") != std::string::npos);
  }
  EXPECT_GT(refused, 15'000);
}

TEST(Program, WordsAreOpcodeMemoryIndexFromTheTop) {
  const Program program{{gate_chain()}, {}};
  const std::vector<std::uint32_t> words = encode(program);
  ASSERT_EQ(words.size(), 8u);
  EXPECT_EQ(words[0], (13u << 27) | (0u << 24) | (0u << 20) | 7u);  // s_wr rows 7
  EXPECT_EQ(words[1], (13u << 27) | (0u << 24) | (1u << 20) | 7u);  // s_wr columns 7
  EXPECT_EQ(words[2], (0u << 27) | (1u << 24));                     // v_rd InitialVrf[0]
  EXPECT_EQ(words[3], (4u << 27) | (5u << 24) | 12u);               // mv_mul 12
  EXPECT_EQ(words[4], (5u << 27) | (2u << 24) | 3u);                // vv_add AddSubVrf_0[3]
  EXPECT_EQ(words[7], 14u << 27);                                   // end_chain
}

TEST(Program, ScalarRegistersAreWrittenOnChangeAndAtTheHeadOfASegment) {
  Program program{{gate_chain(), gate_chain(), gate_chain()}, {}};
  EXPECT_EQ(program.instruction_words(), 2 + 3 * 6);
  program.segments = {{0, 1, 1, 0}, {1, 3, 0, 1}};
  EXPECT_EQ(program.instruction_words(), 4 + 3 * 6);
  program.chains[2].rows = 1;
  EXPECT_EQ(program.instruction_words(), 5 + 3 * 6);
}

TEST(Program, EmptyProgramHasNoWords) {
  EXPECT_TRUE(encode({}).empty());
  EXPECT_EQ(decode({}).value(), Program{});
}

void expect_refused(std::vector<std::uint32_t> words, const std::string& why) {
  const Result<Program> decoded = decode(words);
  ASSERT_FALSE(decoded) << why;
  EXPECT_NE(decoded.error().message.find(why), std::string::npos) << decoded.error().message;
}

TEST(Program, DecoderNamesTheWordAndTheReason) {
  const std::uint32_t rows = (13u << 27) | 2u;
  const std::uint32_t columns = (13u << 27) | (1u << 20) | 2u;
  const std::uint32_t end = 14u << 27;
  expect_refused({rows, columns}, "2 instruction words end inside a chain");
  expect_refused({end}, "the first chain does not write rows and columns");
  expect_refused({rows, end}, "the first chain does not write rows and columns");
  expect_refused({columns, rows, end}, "word 1 (0x68000002): s_wr out of order");
  expect_refused({rows, rows, end}, "s_wr out of order");
  expect_refused({rows, columns, end, rows, end},
                 "word 4 (0x70000000): s_wr rows writes the value that the register holds");
  expect_refused({rows, columns, end, columns, end},
                 "s_wr columns writes the value that the register holds");
  expect_refused({rows, columns, (10u << 27), columns, end}, "s_wr inside a chain");
  expect_refused({rows & ~3u, columns, end}, "rows and columns are at least 1");
  expect_refused({(13u << 27) | (4u << 20) | 1u}, "there is no scalar register 4");
  expect_refused({rows, columns, (15u << 27) | 5u, end},
                 "s_add takes offset_0 or offset_1, not rows");
  expect_refused({rows, columns, (16u << 27) | (2u << 20), end}, "s_rd takes NetQ, not none");
  expect_refused({rows, columns, (17u << 27) | (7u << 24), end},
                 "v_rd: a port of NetQ takes no offset");
  expect_refused({rows, columns, (20u << 27) | (5u << 24), end}, "v_wr takes InitialVrf or");
  expect_refused({rows, columns, end | 1u}, "end_chain takes no index, 1 given");
  expect_refused({rows, columns, (10u << 27) | (1u << 24), end},
                 "v_sigm takes none, not InitialVrf");
  expect_refused({rows, columns, (5u << 27) | (4u << 24), end},
                 "vv_add takes AddSubVrf_0 or AddSubVrf_1, not MultiplyVrf");
  expect_refused({rows, columns, (2u << 27) | (5u << 24), end},
                 "m_rd takes Dram or NetQ, not MatrixRf");
  expect_refused({rows, columns, 30u << 27, end}, "unknown opcode 30");
  expect_refused({rows, columns, 31u << 27, end}, "unknown opcode 31");
  expect_refused({rows, columns, 21u << 27, end},
                 "vv_min takes AddSubVrf_0 or AddSubVrf_1, not none");
  expect_refused({rows, columns, (22u << 27) | 1u, end}, "v_exp takes no index, 1 given");
  expect_refused({rows, columns, 25u << 27, end},
                 "v_rsum takes the number of elements, at least 1");
  expect_refused({rows, columns, (27u << 27) | (1u << 24) | 1u, end},
                 "v_rmax takes none, not InitialVrf");
  expect_refused({rows, columns, 28u << 27, end}, "mv_rd takes NetQ, not none");
  expect_refused({rows, columns, (29u << 27) | (6u << 24), end}, "mv_wr takes NetQ, not Dram");
}

TEST(Program, ScalarAndIndexedInstructionsHaveWordsOfTheirOwn) {
  const Program program{
      {{"", 2, 1, {read_offset(ScalarRegister::kOffset1, 3)}},
       {"",
        2,
        1,
        {write_scalar(ScalarRegister::kOffset0, 7), step_offset(ScalarRegister::kOffset0, -3)}},
       {"",
        2,
        1,
        {{Op::kVRd, Mem::kDram, 9, Indexing::kOffset1},
         {Op::kVWr, Mem::kInitialVrf, 4, Indexing::kOffset0}}}},
      {}};
  const std::vector<std::uint32_t> words = encode(program);
  ASSERT_EQ(words.size(), 10u);
  EXPECT_EQ(words[2], (16u << 27) | (7u << 24) | (3u << 20) | 3u);
  EXPECT_EQ(words[4], (13u << 27) | (2u << 20) | 7u);
  EXPECT_EQ(words[5], (15u << 27) | (2u << 20) | 0xffffdu);
  EXPECT_EQ(words[7], (19u << 27) | (6u << 24) | 9u);
  EXPECT_EQ(words[8], (18u << 27) | (1u << 24) | 4u);
  EXPECT_EQ(decode(words).value(), program);
  EXPECT_EQ(scalar_step(program.chains[1].instructions[1]), -3);
  EXPECT_EQ(print(program.chains[1].instructions[1]), "s_add offset_0, -3");
  EXPECT_EQ(print(program.chains[0].instructions[0]), "s_rd offset_1, NetQ[3]");
  EXPECT_EQ(print(program.chains[2].instructions[0]), "v_rd Dram[9+offset_1]");
}

TEST(Program, FurtherFunctionsHaveTheWordsBehindTheIndexedOnes) {
  const Program program{{{"",
                          2,
                          1,
                          {{Op::kVvMin, Mem::kAddSubVrf1, 3},
                           {Op::kVExp, Mem::kNone, 0},
                           {Op::kVRcp, Mem::kNone, 0},
                           {Op::kVRsqrt, Mem::kNone, 0},
                           {Op::kVRsum, Mem::kNone, 768},
                           {Op::kVRmean, Mem::kNone, 1},
                           {Op::kVRmax, Mem::kNone, kMaxIndex},
                           {Op::kMvRd, Mem::kNetQ, 1},
                           {Op::kMvWr, Mem::kNetQ, 2}}}},
                        {}};
  const std::vector<std::uint32_t> words = encode(program);
  ASSERT_EQ(words.size(), 12u);
  EXPECT_EQ(words[2], (21u << 27) | (3u << 24) | 3u);
  EXPECT_EQ(words[3], 22u << 27);
  EXPECT_EQ(words[4], 23u << 27);
  EXPECT_EQ(words[5], 24u << 27);
  EXPECT_EQ(words[6], (25u << 27) | 768u);
  EXPECT_EQ(words[7], (26u << 27) | 1u);
  EXPECT_EQ(words[8], (27u << 27) | kMaxIndex);
  EXPECT_EQ(decode(words).value(), program);
  EXPECT_EQ(print(program.chains[0].instructions[0]), "vv_min AddSubVrf_1[3]");
  EXPECT_EQ(print(program.chains[0].instructions[3]), "v_rsqrt");
  EXPECT_EQ(print(program.chains[0].instructions[4]), "v_rsum 768");
}

TEST(Program, PrintsChainsBelowTheirSegments) {
  Program program{
      {gate_chain(), {"", 1, 1, {{Op::kVRd, Mem::kNetQ, 2}, {Op::kVWr, Mem::kNetQ, 0}}}},
      {{0, 1, 0, 1}, {1, 2, 1, 0}}};
  EXPECT_EQ(print(program), R"(.segment steps
gru0.r:
  s_wr rows, 7
  s_wr columns, 7
  v_rd InitialVrf[0]
  mv_mul 12
  vv_add AddSubVrf_0[3]
  v_sigm
  v_wr MultiplyVrf[0]
  end_chain
.segment 1
  s_wr rows, 1
  s_wr columns, 1
  v_rd NetQ[2]
  v_wr NetQ[0]
  end_chain
)");
  program.segments = {{0, 2, -1, 2}};
  EXPECT_EQ(print(program).rfind(".segment -1 + 2*steps\n", 0), 0u) << print(program);
}

TEST(Segment, RunsFixedPlusPerStepTimesButNeverLessThanZero) {
  EXPECT_EQ((Segment{0, 1, 1, 0}.iterations(25)), 1);
  EXPECT_EQ((Segment{0, 1, -1, 1}.iterations(25)), 24);
  EXPECT_EQ((Segment{0, 1, -3, 1}.iterations(2)), 0);
}

TEST(Segment, RunsNoMoreThanItsMost) {
  const Segment once_unless_one_step{0, 1, -1, 1, 1};
  EXPECT_EQ(once_unless_one_step.iterations(1), 0);
  EXPECT_EQ(once_unless_one_step.iterations(2), 1);
  EXPECT_EQ(once_unless_one_step.iterations(25), 1);
  const Program program{{gate_chain()}, {once_unless_one_step}};
  EXPECT_EQ(print(program).rfind(".segment -1 + steps most 1\n", 0), 0u) << print(program);
}

TEST(Names, UnknownValuesAreSpelledAsNumbers) {
  EXPECT_EQ(opcode_name(Op::kVvBSubA), "vv_b_sub_a");
  EXPECT_EQ(memory_name(Mem::kAddSubVrf1), "AddSubVrf_1");
  EXPECT_EQ(opcode_name(static_cast<Opcode>(31)), "opcode 31");
  EXPECT_EQ(memory_name(static_cast<Memory>(200)), "memory 200");
  EXPECT_FALSE(check_instruction({static_cast<Opcode>(200), static_cast<Memory>(200), 0}));
}

}  // namespace
}  // namespace soliton
