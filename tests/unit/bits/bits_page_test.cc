// docs/bits.md is enough to get every bit of a run again: an implementation that knows the page
// alone (outsider.h) against the project's, and the worked numbers of the page against both.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <sstream>

#include "node/host/host_work.h"
#include "node/npu/kernels/pointwise.h"
#include "protocol/base/rng.h"
#include "tests/unit/bits/outsider.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

constexpr std::uint64_t kSeed = 7;
constexpr std::size_t kHidden = 24, kInput = 13, kSteps = 4;

std::string page() {
  std::ifstream file(SOLITON_SOURCE_DIR "/docs/bits.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::uint32_t word(float value) { return std::bit_cast<std::uint32_t>(value); }

std::vector<float> floats(const std::vector<Half>& halves) {
  std::vector<float> out;
  for (const Half half : halves) out.push_back(to_float(half));
  return out;
}

struct Kind {
  Cell cell;
  bool reset_after;
  bool stepwise;
};

constexpr Kind kKinds[] = {{Cell::kGru, false, false},  {Cell::kGru, false, true},
                           {Cell::kGru, true, false},   {Cell::kGru, true, true},
                           {Cell::kLstm, false, false}, {Cell::kLstm, false, true},
                           {Cell::kRnn, false, false}};

outsider::Layer layer_of(const Kind& kind) {
  outsider::Layer layer;
  layer.cell = kind.cell == Cell::kGru    ? outsider::Cell::kGru
               : kind.cell == Cell::kLstm ? outsider::Cell::kLstm
                                          : outsider::Cell::kRnn;
  layer.reset_after = kind.reset_after;
  layer.stepwise = kind.stepwise;
  layer.hidden = kHidden;
  const std::size_t rows = kHidden * static_cast<std::size_t>(gate_count(kind.cell));
  layer.input = {outsider::weights(kSeed, 0, rows * kInput, kHidden), kInput};
  layer.recurrent = {outsider::weights(kSeed, 1, rows * kHidden, kHidden), kHidden};
  layer.input_bias = outsider::weights(kSeed, 2, rows, kHidden);
  layer.recurrent_bias = outsider::weights(kSeed, 3, rows, kHidden);
  return layer;
}

// What the project answers to request 3 of `input: random`.
std::vector<float> answer_of(const Kind& kind) {
  const Model model = build_rnn({.cell = kind.cell,
                                 .hidden = kHidden,
                                 .steps = kSteps,
                                 .input = kInput,
                                 .reset_after = kind.reset_after,
                                 .seed = kSeed});
  NpuDevice device = pocket(10, 400);
  device.cell_programs = kind.stepwise ? CellPrograms::kStepwise : CellPrograms::kFused;
  device.formats = {{parse_format("msfp16").value(), 5}};
  const Lowered made = lowered(model, device, 2, {stage(0, 1, 0, 2)});
  InputSource source;
  source.seed = kSeed;
  source.random_steps = kSteps;
  return floats(
      run(made.shards, made.host, before(made.host, source.request(3, made.host)), kSteps));
}

TEST(BitsPage, AnOutsiderGetsTheOutputsOfEveryCellBitByBit) {
  for (const Kind& kind : kKinds) {
    outsider::Vector inputs = outsider::random_values(kSeed, 3, kSteps * kInput);
    for (float& value : inputs) value = outsider::half(value);
    const outsider::Vector theirs = layer_of(kind).run(inputs);
    const std::vector<float> ours = answer_of(kind);
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i)
      ASSERT_EQ(word(ours[i]), word(theirs[i]))
          << cell_name(kind.cell) << " value " << i << ", reset after " << kind.reset_after
          << ", stepwise " << kind.stepwise;
  }
}

// The same number, or both NaN.
void expect_same(Half ours, float theirs, std::size_t i) {
  if (half_is_nan(ours) && std::isnan(theirs)) return;
  ASSERT_EQ(word(to_float(ours)), word(theirs)) << "input " << i;
}

TEST(BitsPage, AnOutsiderGetsTheFunctionsOfAllInputs) {
  struct Row {
    ActivationFunction ours;
    float (*theirs)(float);
  };
  for (const Row& row : {Row{ActivationFunction::kExp, outsider::exp},
                         Row{ActivationFunction::kReciprocal, outsider::reciprocal},
                         Row{ActivationFunction::kRsqrt, outsider::rsqrt}}) {
    std::vector<Half> all(65536);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<Half>(i);
    soliton::apply(row.ours, all);
    for (std::size_t i = 0; i < all.size(); ++i)
      expect_same(all[i], row.theirs(to_float(static_cast<Half>(i))), i);
  }
}

TEST(BitsPage, AnOutsiderGetsMinimaAndReductions) {
  const Random random(kSeed, "reductions");
  for (std::size_t i = 0; i < 3000; ++i) {
    const Random r = random.child(i);
    std::vector<Half> values(1 + r.below(0, 900));
    // Any pattern at all; or, mostly, numbers whose sum stays in range.
    for (std::size_t k = 0; k < values.size(); ++k)
      values[k] = static_cast<Half>(i % 8 == 0 ? r.bits(k + 1) : r.bits(k + 1) & 0xcfff);
    const outsider::Vector theirs = floats(values);
    std::vector<Half> small{values.front()};
    soliton::apply(PointwiseOp::kMin, small, std::vector<Half>{values.back()});
    expect_same(small[0], outsider::smaller(theirs.front(), theirs.back()), i);
    const auto reduced = [&](Reduction reduction) {
      std::vector<Half> out = values;
      reduce(reduction, out, out.size());
      return out.front();
    };
    expect_same(reduced(Reduction::kSum), outsider::sum(theirs), i);
    expect_same(reduced(Reduction::kMean), outsider::mean(theirs), i);
    expect_same(reduced(Reduction::kMax), outsider::largest(theirs), i);
  }
}

// What the page says about which programs give the same bits.
TEST(BitsPage, FusedAndStepwiseDifferWhereThePageSaysSo) {
  EXPECT_NE(answer_of({Cell::kGru, false, false}), answer_of({Cell::kGru, false, true}));
  EXPECT_EQ(answer_of({Cell::kGru, true, false}), answer_of({Cell::kGru, true, true}));
  EXPECT_EQ(answer_of({Cell::kLstm, false, false}), answer_of({Cell::kLstm, false, true}));
}

TEST(BitsPage, WeightsOfEveryTensorLayerAndDirection) {
  const Model model = build_rnn({.cell = Cell::kLstm,
                                 .hidden = 5,
                                 .steps = 1,
                                 .layers = 2,
                                 .input = 3,
                                 .bidirectional = true,
                                 .seed = kSeed});
  std::uint64_t tensor = 0;
  for (const Layer& layer : model.layers)
    for (const RecurrentWeights& direction : std::get<RecurrentLayer>(layer).directions)
      for (const Tensor* one : {&direction.input, &direction.recurrent, &direction.input_bias,
                                &direction.recurrent_bias})
        EXPECT_EQ(*one->values, outsider::weights(kSeed, tensor++, one->values->size(), 5));
}

TEST(BitsPage, SymbolsOfRandomRequests) {
  InputSource source;
  source.seed = kSeed;
  source.random_steps = 50;
  HostShard shard;
  shard.symbols = 27;
  const std::vector<std::int32_t> ours = source.request(2, shard).symbols;
  const std::vector<std::int64_t> theirs = outsider::random_symbols(kSeed, 2, 50, 27);
  EXPECT_EQ(std::vector<std::int64_t>(ours.begin(), ours.end()), theirs);
}

TEST(BitsPage, SoftmaxAndLogSoftmax) {
  const std::vector<Half> logits = random_vectors(12, 9);
  HostShard shard;
  shard.output = 12;
  for (const bool exponentiate : {false, true}) {
    shard.after = exponentiate ? HostShard::After::kSoftmax : HostShard::After::kLogSoftmax;
    EXPECT_EQ(after(shard, logits), outsider::log_softmax(floats(logits), exponentiate));
  }
}

TEST(BitsPage, TheHashIsOverLittleEndianBytes) {
  const outsider::Vector values = {1.0f, -0.5f};
  const std::vector<unsigned char> bytes = outsider::bytes_of(values);
  const std::string_view ours(reinterpret_cast<const char*>(values.data()), 8);
  const std::string_view theirs(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  EXPECT_EQ(hash_bytes(ours), outsider::fnv(theirs));
}

TEST(BitsPage, ItsWorkedNumbersAreRight) {
  const std::string text = page();
  const outsider::Stream stream = outsider::Stream::of(7, "rnn weights");
  const Random ours(7, "rnn weights");
  EXPECT_EQ(ours.bits(0), stream.bits(0));
  EXPECT_EQ(ours.child(1).bits(2), stream.child(1).bits(2));
  const outsider::Vector w = outsider::weights(7, 0, 2, 4);
  const outsider::Vector x = outsider::random_values(7, 0, 2);
  const std::vector<unsigned char> bytes = outsider::bytes_of({1.0f, -0.5f});
  const auto number = [](std::uint16_t pattern) { return to_float(pattern); };
  outsider::Vector small(16385, number(0x0001));
  small.front() = 1;
  for (const std::string& line :
       {fmt::format("mix(0) = {:016x}", outsider::mix(0)),
        fmt::format("fnv(\"rnn weights\") = {:016x}", outsider::fnv("rnn weights")),
        fmt::format("stream(7, \"rnn weights\").bits(0) = {:016x}", stream.bits(0)),
        fmt::format("stream(7, \"rnn weights\").child(1).bits(2) = {:016x}",
                    stream.child(1).bits(2)),
        fmt::format("tensor 0 of seed 7, hidden 4: {:08x} {:08x}", word(w[0]), word(w[1])),
        fmt::format("request 0 of seed 7: {:08x} {:08x}", word(x[0]), word(x[1])),
        fmt::format("exp of 3c00: {:04x}", to_half(outsider::exp(1))),
        fmt::format("reciprocal of 4200: {:04x}", to_half(outsider::reciprocal(3))),
        fmt::format("rsqrt of 4000: {:04x}", to_half(outsider::rsqrt(2))),
        fmt::format("sum of 3c00 and 16384 times 0001: {:04x}", to_half(outsider::sum(small))),
        fmt::format("mean of 3c00 3c01 3c01: {:04x}",
                    to_half(outsider::mean({1, number(0x3c01), number(0x3c01)}))),
        fmt::format("output_hash of 1, -0.5: {:016x}",
                    outsider::fnv({reinterpret_cast<const char*>(bytes.data()), 8}))})
    EXPECT_NE(text.find(line), std::string::npos) << "the page should say: " << line;
}

}  // namespace
}  // namespace soliton::test
