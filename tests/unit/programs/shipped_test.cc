// The shipped programs, run: bit for bit against references that know no chains, and pinned by a
// checksum, so that neither program nor arithmetic changes unnoticed.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <set>

#include "protocol/isa/assembly.h"
#include "tests/unit/programs/assembled.h"
#include "tests/unit/programs/play.h"

namespace soliton {
namespace {

using namespace soliton::testing;

constexpr std::size_t kUnits = 500;

// Seeds 1 to 8 and 11 to 14, gates in the order of the file and of reference_cell(): i f o c, r z
// h.
CellWeights weights_of(Cell cell) {
  CellWeights out;
  const std::vector<std::uint64_t> order = cell == Cell::kLstm
                                               ? std::vector<std::uint64_t>{0, 1, 3, 2}
                                               : std::vector<std::uint64_t>{0, 1, 2};
  for (const std::uint64_t gate : order) {
    out.input.push_back(random_matrix(1 + 2 * gate, kUnits, kUnits));
    out.recurrent.push_back(random_matrix(2 + 2 * gate, kUnits, kUnits));
    out.bias.push_back(random_vector(11 + gate, kUnits));
  }
  if (cell == Cell::kGruResetAfter) out.recurrent_bias = random_vector(14, kUnits);
  return out;
}

void expect_cell(const std::string& name, Cell cell, std::uint64_t pinned) {
  const Shard shard = shipped_program(name);
  const std::vector<Halves> inputs = random_messages(3, kUnits, 5);
  const Played run = play(shard, 3, {{0, inputs}});
  EXPECT_EQ(run.outputs[0],
            reference_cell(cell, weights_of(cell), inputs, shard.format, shard.device.native_dim));
  EXPECT_EQ(checksum(run.outputs[0]), pinned) << std::hex << checksum(run.outputs[0]);
}

// As they lie in a message.
Halves halves_of(const std::vector<float>& sums) {
  Halves out(kElementsPerSum * sums.size());
  std::memcpy(out.data(), sums.data(), sums.size() * sizeof(float));
  return out;
}

TEST(ShippedPrograms, LstmIsTheCell) { expect_cell("lstm", Cell::kLstm, 0x8a674a4c0e973bb4); }
TEST(ShippedPrograms, GruIsTheCell) {
  expect_cell("gru", Cell::kGruResetBefore, 0x18efd4ba7011ae67);
}
TEST(ShippedPrograms, GruWithResetAfterIsTheCell) {
  expect_cell("gru-reset-after", Cell::kGruResetAfter, 0x86f07728ba7499d8);
}

TEST(ShippedPrograms, EmbeddingLooksUpRows) {
  const Shard shard = shipped_program("embedding");
  const Halves table = random_vector(1, 256'000);
  std::vector<Halves> expected;
  Messages messages;
  for (const std::size_t symbol : {999u, 0u, 500u}) {
    messages[0].push_back({static_cast<Half>(symbol)});
    const auto first = table.begin() + static_cast<std::ptrdiff_t>(256 * symbol);
    expected.emplace_back(first, first + 256);
  }
  const Played run = play(shard, 3, messages);
  EXPECT_EQ(run.outputs[0], expected);
  EXPECT_EQ(checksum(run.outputs[0]), 0x1f64ddb37463e54e) << std::hex << checksum(run.outputs[0]);
}

TEST(ShippedPrograms, ConvolutionIsTheProductWithEveryPatch) {
  const Shard shard = shipped_program("convolution");
  const std::vector<Halves> rows = random_messages(8, 1024, 6);
  const std::vector<float> weights = random_matrix(1, 128, 1152);
  const Halves bias = random_vector(2, 128);
  std::vector<Halves> expected;
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 8; ++x) {
      Halves patch;
      for (int at = 0; at < 9; ++at) {
        const int row = y + at / 3 - 1;
        const int column = x + at % 3 - 1;
        const bool inside = row >= 0 && row < 8 && column >= 0 && column < 8;
        for (std::size_t c = 0; c < 128; ++c)
          patch.push_back(
              inside
                  ? rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(column) * 128 + c]
                  : Half{0});
      }
      Halves out = reference_product(weights, patch, shard.format, 128);
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = half_relu(half_add(out[i], bias[i]));
      expected.push_back(out);
    }
  const Played run = play(shard, 1, {{0, rows}});
  EXPECT_EQ(run.outputs[0], expected);
  EXPECT_EQ(checksum(run.outputs[0]), 0x5950e51b0e191e02) << std::hex << checksum(run.outputs[0]);
}

TEST(ShippedPrograms, DramKeepsWeightsAndTheLargestValues) {
  const Shard shard = shipped_program("dram");
  const Halves tile = random_halves(16'384, 7);
  const std::vector<Halves> inputs = random_messages(3, 128, 8);
  std::vector<float> weights;
  for (const Half value : tile) weights.push_back(to_float(value));
  std::vector<Halves> expected;
  Halves largest(128);
  for (const Halves& x : inputs) {
    Halves y = reference_product(weights, x, shard.format, 128);
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = half_relu(y[i]);
      largest[i] = half_max(largest[i], y[i]);
    }
    expected.push_back(y);
  }
  const Played run = play(shard, 3, {{0, {tile}}, {1, inputs}});
  EXPECT_EQ(run.outputs[0], expected);
  EXPECT_EQ(run.outputs[1], std::vector<Halves>{largest});
  EXPECT_EQ(checksum(run.outputs[0]), 0xd581d1ea0dc6967b) << std::hex << checksum(run.outputs[0]);
}

// The node before has the columns in front of these, and this node's sums are those of both.
TEST(ShippedPrograms, ColumnsGoOnWithTheSumsBeforeThem) {
  const Shard shard = shipped_program("columns");
  const std::vector<float> weights = random_matrix(1, 256, 384);
  const std::vector<Halves> inputs = random_messages(3, 384, 9);
  std::vector<Halves> before, expected;
  for (std::uint64_t step = 0; step < inputs.size(); ++step) {
    const BfpMatrix front =
        quantise_matrix(random_matrix(20 + step, 256, 128), 256, 128, shard.format, 128, "front")
            .value();
    const BfpMatrix own = quantise_matrix(weights, 256, 384, shard.format, 128, "W").value();
    BfpVector x;
    std::vector<float> sums(256);
    quantise_activation(random_halves(128, step), shard.format, front.block_starts, x);
    multiply(front, x, sums);
    before.push_back(halves_of(sums));
    quantise_activation(inputs[step], shard.format, own.block_starts, x);
    multiply_onto(own, x, sums);
    expected.push_back(halves_of(sums));
  }
  const Played run = play(shard, 3, {{0, inputs}, {1, before}});
  EXPECT_EQ(run.outputs[0], expected);
  EXPECT_EQ(run.stats.fp16_overflows, 0U);
}

// Every file is read by a test, here or in functions_test.cc, survives printing, and together they
// use every instruction.
TEST(ShippedPrograms, AreAllKnownHereAndUseEveryInstruction) {
  const std::set<std::string> known{"columns",         "convolution", "dram", "embedding", "gru",
                                    "gru-reset-after", "layernorm",   "lstm", "softmax"};
  std::set<std::string> found;
  std::set<Opcode> used;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(SOLITON_SOURCE_DIR) + "/configs/programs")) {
    const std::string name = entry.path().stem();
    found.insert(name);
    const ParsedAssembly parsed = parse_assembly(shipped_text(name), name);
    ASSERT_EQ(parsed.errors.text(), "");
    EXPECT_EQ(parse_assembly(print(parsed.assembly), name).assembly, parsed.assembly) << name;
    const Result<Program> decoded = decode(encode(parsed.assembly.program));
    ASSERT_TRUE(decoded.has_value());
    for (std::size_t c = 0; c < decoded->chains.size(); ++c)
      EXPECT_EQ(decoded->chains[c].instructions, parsed.assembly.program.chains[c].instructions);
    for (const Chain& chain : parsed.assembly.program.chains)
      for (const Instruction& instruction : chain.instructions) used.insert(instruction.opcode);
  }
  EXPECT_EQ(found, known);
  std::string unused;
  for (int opcode = 0; opcode < kOpcodes; ++opcode)
    if (!used.contains(static_cast<Opcode>(opcode)))
      unused += opcode_name(static_cast<Opcode>(opcode)) + " ";
  EXPECT_EQ(unused, "vv_b_sub_a end_chain ");
}

}  // namespace
}  // namespace soliton
