// The text form: what it means, that it survives printing, and every mistake with its place.
#include "protocol/isa/assembly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<NpuDevice> lookup(const std::string& name) {
  if (name != "bw-s10") return invalid("no device called \"" + name + "\"");
  NpuDevice device;
  device.name = name;
  device.formats = {{parse_format("ms-fp8").value(), 10}, {parse_format("msfp16").value(), 30}};
  device.dram = Bytes{1 << 20};
  device.dram_rate = BitRate{560'000'000'000};
  return device;
}

constexpr const char* kGate = R"(# one gate
.device bw-s10
.format msfp16
.matrix W 2x2 at 4 rows 700 columns 700 random 7
.matrix "I x" 1x1 at 0 in Dram identity
.vector b AddSubVrf_0[3] = 0.5 -0 1e-05 65504
.vector "ones" MultiplyVrf[0] = fill 700 1
.vector r AddSubVrf_0[5] = random 700 9
.zero InitialVrf[0..3]
.zero AddSubVrf_0[4]
.in x 700 reversed
.in token 1
.out y 700 to host0:3 to "node b":0
.segment -1 + 2*steps most 7
gate:
  s_wr rows, 2
  s_wr columns, 2
  v_rd NetQ[x]      # the input
  mv_mul W
  vv_add AddSubVrf_0[3]
  v_sigm
  vv_mul MultiplyVrf[0]
  v_wr NetQ[y]
  end_chain
"next one":
  s_rd offset_0, NetQ[token]
  s_add offset_0, -4
  s_wr offset_1, 0
  end_chain
  v_rd InitialVrf[1+offset_0]
  v_wr InitialVrf[0+offset_1]
  end_chain
)";

TEST(Assembly, MeansWhatItSays) {
  const ParsedAssembly parsed = parse_assembly(kGate, "gate.npu");
  ASSERT_EQ(parsed.errors.text(), "");
  const Assembly& a = parsed.assembly;
  EXPECT_EQ(a.device, "bw-s10");
  EXPECT_EQ(a.format, "msfp16");
  ASSERT_EQ(a.matrices.size(), 2u);
  EXPECT_EQ(a.matrices[0], (AssemblyMatrix{"W", Memory::kMatrixRf, 4, 2, 2, 700, 700,
                                           AssemblyMatrix::Content::kRandom, 7}));
  EXPECT_EQ(a.matrices[1], (AssemblyMatrix{"I x", Memory::kDram, 0, 1, 1, 0, 0,
                                           AssemblyMatrix::Content::kIdentity, 0}));
  ASSERT_EQ(a.vectors.size(), 3u);
  EXPECT_THAT(a.vectors[0].values, ElementsAre(0x3800, 0x8000, 0x00a8, 0x7bff));
  EXPECT_EQ(a.zeroed[0], (ZeroedRange{Memory::kInitialVrf, 0, 4}));
  EXPECT_EQ(a.zeroed[1], (ZeroedRange{Memory::kAddSubVrf0, 4, 1}));
  EXPECT_TRUE(a.in_ports[0].reversed);
  EXPECT_EQ(a.out_ports[0].destinations[1], (OutPort::Destination{"node b", 0}));
  ASSERT_EQ(a.program.chains.size(), 3u);
  EXPECT_EQ(a.program.segments, (std::vector<Segment>{{0, 3, -1, 2, 7}}));
  EXPECT_EQ(a.program.chains[0].rows, 2u);
  EXPECT_EQ(a.program.chains[0].instructions[1],
            (Instruction{Opcode::kMvMul, Memory::kMatrixRf, 4}));
  EXPECT_EQ(a.program.chains[1].label, "next one");
  EXPECT_EQ(a.program.chains[1].rows, 2u);  // held from before
  EXPECT_EQ(a.program.chains[1].instructions[1], step_offset(ScalarRegister::kOffset0, -4));
  EXPECT_EQ(parsed.places.chains[0][1].line, 19);
  EXPECT_EQ(parsed.places.chains[0][1].column, 3);
}

TEST(Assembly, PrintsToTextThatMeansTheSame) {
  const Assembly first = parse_assembly(kGate, "gate.npu").assembly;
  const std::string text = print(first);
  const ParsedAssembly again = parse_assembly(text, "again");
  EXPECT_EQ(again.errors.text(), "") << text;
  EXPECT_EQ(again.assembly, first) << text;
  EXPECT_EQ(print(again.assembly), text);
}

TEST(Assembly, BecomesAShardWithItsWeights) {
  const Checked<Shard> shard = assemble(parse_assembly(kGate, "gate.npu"), "gate.npu", lookup);
  ASSERT_TRUE(shard.has_value()) << shard.error().text();
  EXPECT_EQ(shard->format.name, "msfp16");
  EXPECT_EQ(shard->beats_per_tile, 30);
  EXPECT_EQ(shard->matrices[0].weights.mantissas.size(), 490'000u);
  EXPECT_EQ(shard->vectors[1].values, std::vector<Half>(700, 0x3c00));
  EXPECT_EQ(shard->vectors[2].values.size(), 700u);
  EXPECT_NE(shard->vectors[2].values[0], shard->vectors[2].values[1]);
}

std::vector<std::string> errors_of(const std::string& text) {
  const Checked<Shard> shard = assemble(parse_assembly(text, "f.npu"), "f.npu", lookup);
  std::vector<std::string> out;
  if (!shard)
    for (const Error& error : shard.error().errors) out.push_back(error.message);
  return out;
}

TEST(Assembly, EveryMistakeIsReportedWithPlaceAndNearestName) {
  EXPECT_THAT(
      errors_of(R"(.devise bw-s10
.vector b AddSubVrf_2[0] = 1
.vector c AddSubVrf_0[0] = 70000
.in x 0
.segment often
gate:
  s_wr rows, 0
  v_rd NetQ[y]
  vv_sub AddSubVrf_0[0]
  v_sigm 3
  s_wr rows, 2
  mv_mul V
  v_wr NetQ[0+offset_0]
  v_wr "unfinished
)"),
      ElementsAre(HasSubstr("f.npu:1:1: no directive called \".devise\"; allowed: .device"),
                  HasSubstr("f.npu:2:11: no memory called \"AddSubVrf_2\"; allowed: InitialVrf, "
                            "AddSubVrf_0, AddSubVrf_1, MultiplyVrf, Dram; did you mean"),
                  "f.npu:3:28: 70000 is not a finite fp16 value: at most 65504",
                  "f.npu:4:7: the elements of a message must be 1 to 268435456, not 0",
                  "f.npu:5:10: expected the number of rounds, or \"steps\", a whole number, not "
                  "\"often\"",
                  "f.npu:7:14: rows must be 1 to 1048575, not 0",
                  "f.npu:8:13: no input port called \"y\" above",
                  HasSubstr("f.npu:9:3: no instruction called \"vv_sub\"; allowed: v_rd, v_wr"),
                  "f.npu:10:10: expected the end of the line, not \"3\"",
                  "f.npu:11:3: rows and columns must be written before a chain, not inside it",
                  "f.npu:12:10: no matrix called \"V\" above",
                  "f.npu:13:3: v_wr: a port of NetQ takes no offset",
                  "f.npu:14:8: a name in quotes does not end on its line",
                  "f.npu:8:3: the chain that begins here has no end_chain before line 15",
                  "f.npu:1:1: the file names no device; needed: .device NAME"));
}

TEST(Assembly, RulesOfChainsAreReportedAtTheirInstruction) {
  EXPECT_THAT(errors_of(R"(.device bw-s10
.matrix W 1x1 at 0 random 1
.in x 400
gate:
  v_rd NetQ[x]
  v_tanh
  mv_mul W
  vv_add AddSubVrf_0[7]
  end_chain
)"),
              ElementsAre("f.npu:7:3: chain 0 \"gate\", instruction 2 (mv_mul 0): mv_mul must "
                          "directly follow v_rd, at most once",
                          "f.npu:9:3: chain 0 \"gate\": the chain ends without a v_wr or mv_wr",
                          "f.npu:8:3: chain 0 \"gate\", instruction 3 (vv_add AddSubVrf_0[7]): "
                          "reads AddSubVrf_0[7], which no constant, no zeroed range and no v_wr "
                          "writes"));
}

TEST(Assembly, BudgetsAreReportedAsNotFitting) {
  const std::string text = ".device bw-s10\n.matrix W 20x20 at 0 random 1\n";
  const Checked<Shard> shard = assemble(parse_assembly(text, "f.npu"), "f.npu", lookup);
  ASSERT_FALSE(shard.has_value());
  ASSERT_EQ(shard.error().errors.size(), 1u) << shard.error().text();
  EXPECT_EQ(shard.error().errors[0].code, ErrorCode::kDoesNotFit);
  EXPECT_THAT(shard.error().text(), HasSubstr("f.npu:2:1: MatrixRf of bw-s10 needs 400 tiles"));
}

TEST(Assembly, DevicesAndFormatsAreLookedUp) {
  EXPECT_THAT(errors_of(".device bw-s11\n"), ElementsAre("f.npu:1:9: no device called \"bw-s11\""));
  EXPECT_THAT(
      errors_of(".device bw-s10\n.format ms-fp9\n"),
      ElementsAre("f.npu:2:9: bw-s10 has no format \"ms-fp9\"; allowed: ms-fp8, msfp16; did "
                  "you mean \"ms-fp8\"?"));
}

TEST(Assembly, SegmentsRepeatAndNest) {
  const ParsedAssembly parsed = parse_assembly(R"(.end
a:
  s_add offset_0, 1
  end_chain
b:
  s_add offset_0, 2
  end_chain
.repeat 2
.run a to b, 3
.repeat 2
.run b, steps
.end_repeat
.end_repeat
.segment 4
c:
  s_add offset_0, 3
  end_chain
)",
                                               "f");
  ASSERT_EQ(parsed.errors.text(), "");
  const std::vector<Segment> inner{{0, 2, 3, 0}, {1, 2, 0, 1}, {1, 2, 0, 1}};
  std::vector<Segment> all = inner;
  all.insert(all.end(), inner.begin(), inner.end());
  all.push_back({2, 3, 4, 0});
  EXPECT_EQ(parsed.assembly.program.segments, all);
  EXPECT_EQ(parse_assembly(print(parsed.assembly), "g").assembly, parsed.assembly);
}

TEST(Assembly, WithoutSegmentsTheProgramRunsOnce) {
  const ParsedAssembly parsed = parse_assembly("s_add offset_0, 1\nend_chain\n", "f");
  EXPECT_EQ(parsed.assembly.program.segments, (std::vector<Segment>{{0, 1, 1, 0}}));
}

TEST(Assembly, RunsAndRepeatsThatMakeNoSenseAreNamed) {
  const auto errors = [](const std::string& text) {
    return parse_assembly(text, "f").errors.text();
  };
  EXPECT_THAT(errors(".run a, 1\n"), HasSubstr("f:1:6: no chain called \"a\" above"));
  EXPECT_THAT(errors(".end_repeat\n"), HasSubstr("f:1:1: no .repeat is open"));
  EXPECT_THAT(errors(".repeat 3\n"), HasSubstr("f:1:1: this .repeat has no .end_repeat"));
  EXPECT_THAT(errors("a:\n"), HasSubstr("f:1:1: no chain follows the label \"a\""));
  EXPECT_THAT(errors("a:\nend_chain\na:\nend_chain\n.run a, 1\n"),
              HasSubstr("f:5:6: several chains are called \"a\""));
  EXPECT_THAT(errors(".repeat 60000\n.run 0, 1\n.run 0, 1\n.end_repeat\n"),
              HasSubstr("at most 65536 segments"));
}

TEST(Assembly, ErrorsEndAfterAHundred) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "nonsense\n";
  const Diagnostics errors = parse_assembly(text, "f").errors;
  EXPECT_EQ(errors.errors.size(), 101u);
  EXPECT_THAT(errors.errors.back().message, HasSubstr("more errors than 100"));
}

// ---- round trips of random programs ----

std::string random_label(const Random& r, std::uint64_t c) {
  const std::string labels[] = {"", "gru0.h", "two words", "\"\\\n", ".dot", "3x", "\xc3\xa9"};
  return labels[r.below(c, 7)];
}

Instruction random_instruction(const Random& r) {
  for (std::uint64_t i = 0;; ++i) {
    const std::uint64_t bits = r.bits(i);
    const Instruction out{static_cast<Opcode>(bits % 17), static_cast<Memory>((bits >> 8) % 8),
                          (bits >> 16) % 3 == 0 ? 0 : static_cast<std::uint32_t>(bits >> 40),
                          static_cast<Indexing>((bits >> 20) % 3)};
    const bool size =
        out.opcode == Opcode::kSWr && scalar_register(out) <= ScalarRegister::kColumns;
    if (out.opcode != Opcode::kEndChain && !size && check_instruction(out)) return out;
  }
}

Program random_program(std::uint64_t seed) {
  const Random random(seed, "assembly programs");
  Program program;
  for (std::uint64_t c = 0; c < random.below(0, 8); ++c) {
    const Random r = random.child(c);
    Chain chain{random_label(r, 0),
                1 + static_cast<std::uint32_t>(r.below(1, 3)),
                1 + static_cast<std::uint32_t>(r.below(2, kMaxScalar)),
                {}};
    for (std::uint64_t i = 0; i < r.below(3, 6); ++i)
      chain.instructions.push_back(random_instruction(r.child(i)));
    program.chains.push_back(std::move(chain));
  }
  // Any segments at all: in order, overlapping, empty, none.
  for (std::uint64_t s = 0; s < random.below(1000, 5); ++s) {
    const Random r = random.child(2000 + s);
    const auto first = static_cast<std::uint32_t>(r.below(0, program.chains.size() + 1));
    const std::uint64_t rest = program.chains.size() - first + 1;
    program.segments.push_back({first, static_cast<std::uint32_t>(first + r.below(1, rest)),
                                static_cast<std::int32_t>(r.below(2, 7)) - 3,
                                static_cast<std::int32_t>(r.below(3, 4)) - 1,
                                static_cast<std::uint32_t>(r.below(4, 3))});
  }
  return program;
}

TEST(Assembly, RandomProgramsSurviveTextAndWords) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const Program program = random_program(seed);
    const ParsedAssembly parsed = parse_assembly(print(program), "random");
    ASSERT_EQ(parsed.errors.text(), "") << "seed " << seed << "\n" << print(program);
    ASSERT_EQ(parsed.assembly.program, program) << "seed " << seed << "\n" << print(program);
    ASSERT_EQ(encode(parsed.assembly.program), encode(program)) << "seed " << seed;
  }
}

TEST(Assembly, SurvivesDamagedText) {
  int refused = 0;
  const std::string good = kGate;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const Random r(seed, "damage");
    std::string text = good;
    for (std::uint64_t i = 0; i <= r.below(0, 3); ++i)
      text[r.below(1 + i, text.size())] = static_cast<char>(r.below(10 + i, 256));
    const ParsedAssembly parsed = parse_assembly(text, "f");
    refused += !parsed.errors.empty();
    if (!parsed.errors.empty()) continue;
    ASSERT_EQ(parse_assembly(print(parsed.assembly), "g").assembly, parsed.assembly) << text;
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace soliton
