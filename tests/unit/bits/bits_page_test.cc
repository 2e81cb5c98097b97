// docs/bits.md is enough to get every bit of a run again: an implementation that knows the page
// alone (outsider.h) against the project's, and the worked numbers of the page against both.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <sstream>

#include "cluster/workload/graph_judge.h"
#include "node/npu/kernels/pointwise.h"
#include "partition/ir/array_bytes.h"
#include "partition/ir/evaluate.h"
#include "protocol/base/rng.h"
#include "tests/unit/bits/outsider.h"
#include "tests/unit/graph/test_graph.h"
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

// An input of request `number` of `input: random`, which is number `input` of the model's.
ir::Array random_input(std::uint32_t number, std::size_t input, const ir::Array& kind) {
  GraphInputs inputs;
  inputs.seed = kSeed;
  inputs.kinds.assign(input + 1, kind);
  return inputs.request(number).at(input);
}

// What the project answers to request 3.
std::vector<float> answer_of(const Kind& kind) {
  const LayerGraph model = rnn({.cell = kind.cell,
                                .hidden = kHidden,
                                .steps = kSteps,
                                .input = kInput,
                                .reset_after = kind.reset_after,
                                .seed = kSeed});
  NpuDevice device = pocket(10, 400);
  device.cell_programs = kind.stepwise ? CellPrograms::kStepwise : CellPrograms::kFused;
  device.formats = {{parse_format("msfp16").value(), 5}};
  const ir::Array x =
      random_input(3, 0, ir::Array::unknown(ir::ElementType::kFloat32, {kSteps, 1, kInput}));
  std::vector<Half> halves;
  for (const float value : x.as<float>()) halves.push_back(to_half(value));
  return floats(run(lowered(model, device, 2), halves, kSteps));
}

TEST(BitsPage, AnOutsiderGetsTheOutputsOfEveryCellBitByBit) {
  for (const Kind& kind : kKinds) {
    outsider::Vector inputs = outsider::random_values(kSeed, 3, 0, kSteps * kInput);
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
  const LayerGraph model = rnn({.cell = Cell::kLstm,
                                .hidden = 5,
                                .steps = 1,
                                .layers = 2,
                                .input = 3,
                                .bidirectional = true,
                                .seed = kSeed});
  ASSERT_EQ(model.layers.size(), 2U);
  std::uint64_t tensor = 0;
  for (const Layer& layer : model.layers)
    for (const RecurrentWeights& direction : std::get<RecurrentLayer>(layer).directions)
      for (const Tensor* one : {&direction.input, &direction.recurrent, &direction.input_bias,
                                &direction.recurrent_bias})
        EXPECT_EQ(*one->values, outsider::weights(kSeed, tensor++, one->values->size(), 5));
}

TEST(BitsPage, RandomInputsOfEveryKind) {
  const auto ours = [](std::size_t input, ir::ElementType type) {
    return random_input(2, input, ir::Array::unknown(type, {5, 10}));
  };
  for (const std::size_t input : {0U, 1U}) {
    const auto reals = ours(input, ir::ElementType::kFloat32);
    EXPECT_TRUE(
        std::ranges::equal(reals.as<float>(), outsider::random_values(kSeed, 2, input, 50)));
    const auto integers = ours(input, ir::ElementType::kInt64);
    EXPECT_TRUE(std::ranges::equal(integers.as<std::int64_t>(),
                                   outsider::random_integers(kSeed, 2, input, 50)));
  }
}

// Of each vector of a matrix by itself.
TEST(BitsPage, SoftmaxAndLogSoftmax) {
  const outsider::Vector logits = floats(random_vectors(24, 9));
  for (const char* op : {"Softmax", "LogSoftmax"}) {
    TestGraph t;
    t.output(t.node("y", op, {t.input("x", {2, 12})}));
    const Result<ir::Outputs> outputs =
        ir::evaluate(t.graph, {{ir::Array::of<float>({2, 12}, logits)}});
    ASSERT_TRUE(outputs) << outputs.error().message;
    const auto values = outputs->front().as<float>();
    for (const int row : {0, 1}) {
      const outsider::Vector vector(logits.begin() + 12 * row, logits.begin() + 12 * (row + 1));
      const outsider::Vector theirs =
          op == std::string("Softmax") ? outsider::softmax(vector) : outsider::log_softmax(vector);
      EXPECT_TRUE(
          std::ranges::equal(values.subspan(12 * static_cast<std::size_t>(row), 12), theirs))
          << op << " of row " << row;
    }
  }
}

std::uint64_t hash_of(const std::vector<unsigned char>& bytes) {
  return outsider::fnv({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

// The outputs of a model with several lie one behind the other.
TEST(BitsPage, TheHashIsOverTheBytesOfTheAnswer) {
  const outsider::Vector values = {1, -0.5F, 0.25F, 3, 4, 5};
  Payload packed;
  ir::append_array(ir::Array::of<float>({2, 3}, values), packed);
  ir::append_array(ir::Array::scalar(7.0F), packed);
  HostRecord record;
  record.arrays = packed.bytes;
  std::vector<unsigned char> theirs = outsider::bytes_of(values);
  for (const unsigned char byte : outsider::bytes_of({7})) theirs.push_back(byte);
  EXPECT_EQ(graph_row({}, record).output_hash, hash_of(theirs));
}

TEST(BitsPage, ItsWorkedNumbersAreRight) {
  const std::string text = page();
  const outsider::Stream stream = outsider::Stream::of(7, "rnn weights");
  const Random ours(7, "rnn weights");
  EXPECT_EQ(ours.bits(0), stream.bits(0));
  EXPECT_EQ(ours.child(1).bits(2), stream.child(1).bits(2));
  const outsider::Vector w = outsider::weights(7, 0, 2, 4);
  const outsider::Vector x = outsider::random_values(7, 0, 0, 2);
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
        fmt::format("output_hash of 1, -0.5: {:016x}", hash_of(outsider::bytes_of({1, -0.5F})))})
    EXPECT_NE(text.find(line), std::string::npos) << "the page should say: " << line;
}

}  // namespace
}  // namespace soliton::test
