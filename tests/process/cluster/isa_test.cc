// soliton isa as a user runs it: what it prints, what it refuses, and words that come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

constexpr const char* kLstm = "configs/programs/lstm.npu";

TEST(Isa, ListsWordsInstructionsAndMemory) {
  const Ended ended = run_soliton({"isa", kLstm});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("on bw-s10 in ms-fp8 · 10 chains, 59 instruction words"));
  EXPECT_THAT(ended.out, HasSubstr("chain 8 c  2 x 2\n"));
  EXPECT_THAT(ended.out, HasSubstr("  25000014  mv_mul 20  # Rc\n"));
  EXPECT_THAT(ended.out, HasSubstr("MatrixRf                  32 of 306 tiles"));
}

TEST(Isa, WordsComeBackAsTheSameInstructions) {
  const TemporaryFolder folder;
  const Ended words = run_soliton({"isa", kLstm, "--words"});
  EXPECT_EQ(words.status, 0);
  EXPECT_EQ(std::count(words.out.begin(), words.out.end(), '\n'), 59);
  const std::string file = folder.write("lstm.hex", "# words\n" + words.out);
  const Ended again = run_soliton({"isa", file, "--words"});
  EXPECT_EQ(again.out, words.out) << again.err;
  const Ended text = run_soliton({"isa", file});
  EXPECT_THAT(text.out, HasSubstr("  v_rd InitialVrf[2]\n  mv_mul 20\n  vv_add AddSubVrf_0[12]\n"));
  EXPECT_EQ(run_soliton({"isa", file, "--trace"}).status, 2);
  const std::string broken = folder.write("broken.hex", "68000001\n6810000\n");
  const Ended refused = run_soliton({"isa", broken});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("broken.hex:2:1: \"6810000\" is not a word"));
  const Ended open = run_soliton({"isa", folder.write("open.hex", "68000001\n68100001\n")});
  EXPECT_EQ(open.status, 2);
  EXPECT_THAT(open.err, HasSubstr("2 instruction words end inside a chain"));
}

TEST(Isa, JsonHoldsListingMemoryAndTrace) {
  const Ended ended = run_soliton({"isa", kLstm, "--trace", "--steps", "3", "--json"});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const nlohmann::json json = nlohmann::json::parse(ended.out);
  EXPECT_EQ(json["instruction_words"], 59);
  EXPECT_EQ(json["chains"].size(), 10u);
  EXPECT_EQ(json["chains"][1]["instructions"][1], "mv_mul 0");
  EXPECT_EQ(json["trace"]["issues"].size(), 30u);
  EXPECT_EQ(json["trace"]["outputs"].size(), 3u);
  EXPECT_EQ(json["trace"]["outputs"][0]["fp16"].size(), 500u);
  EXPECT_EQ(json["trace"]["counters"]["index_faults"], 0);
  // Steady steps of an LSTM at the dispatch floor: 4 slots, D and V (docs/timing.md).
  const auto start = [&](std::size_t step) {
    return json["trace"]["issues"][10 * step + 9]["start_ns"].get<double>();
  };
  EXPECT_EQ(start(2) - start(1), (4 * 68 + 248 + 183) * 4.0);
}

TEST(Isa, EveryMistakeIsNamedWithItsPlaceAndTheStatusSaysOfWhichKind) {
  const TemporaryFolder folder;
  const std::string wrong = folder.write("wrong.npu",
                                         ".device bw-s01\nv_rd InitialVrf[0]\nvv_ad "
                                         "AddSubVrf_0[0]\n");
  const Ended ended = run_soliton({"isa", wrong});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err,
              HasSubstr("wrong.npu:1:9: no device called \"bw-s01\"; did you mean \"bw-s"));
  EXPECT_THAT(ended.err, HasSubstr("wrong.npu:3:1: no instruction called \"vv_ad\""));
  EXPECT_THAT(ended.err, HasSubstr("did you mean \"vv_add\"?"));
  EXPECT_THAT(ended.err, HasSubstr("wrong.npu:2:1: the chain that begins here has no end_chain"));
  const std::string large =
      folder.write("large.npu", ".device bw-s10\n.matrix W 20x20 at 0 random 1\n");
  const Ended over = run_soliton({"isa", large});
  EXPECT_EQ(over.status, 3);
  EXPECT_THAT(over.err, HasSubstr("large.npu:2:1: MatrixRf of bw-s10 needs 400 tiles"));
  const Ended missing = run_soliton({"isa", "configs/programs/lsmt.npu"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err, HasSubstr("lstm.npu"));
}

TEST(Isa, RunsOnADeviceFileBesideTheProgram) {
  const TemporaryFolder folder;
  folder.write("mine.yaml", read_text(SOLITON_SOURCE_DIR "/configs/devices/bw-pocket.yaml"));
  const std::string file = folder.write("copy.npu",
                                        ".device mine.yaml\n.in x 64\n.out y 64\nv_rd NetQ[x]\n"
                                        "v_relu\nv_wr NetQ[y]\nend_chain\n");
  const Ended ended = run_soliton({"isa", file, "--trace"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("out y at 3348.0 ns:"));  // T0 654 and V 183 cycles of 4 ns
}

}  // namespace
}  // namespace soliton
