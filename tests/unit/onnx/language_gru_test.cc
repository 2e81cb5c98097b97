// The shipped model end to end: imported, split, run, compared with the log-probabilities computed
// when it was made.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "partition/ir/evaluate.h"
#include "partition/ir/npy.h"
#include "tests/unit/onnx/graphs.h"

namespace soliton::test {
namespace {

const std::string kFolder = SOLITON_SOURCE_DIR "/configs/models/language-gru/";

ImportedModel load(const std::string& file) {
  Checked<ImportedModel> model = import_onnx(kFolder + file);
  if (!model) throw std::runtime_error(model.error().text());
  return std::move(*model);
}

NpyArray array(const std::string& file) {
  Result<NpyArray> out = read_npy(kFolder + file);
  if (!out) throw std::runtime_error(out.error().message);
  return std::move(*out);
}

std::vector<float> run(const ir::Graph& graph, const std::vector<std::int64_t>& tokens) {
  const auto count = static_cast<std::int64_t>(tokens.size());
  const std::vector<ir::Array> inputs{
      ir::Array::of(kinds_of(graph, {count}).at(0).shape(), tokens)};
  const ir::Outputs outputs = ir::evaluate(graph, inputs).value();
  const auto values = outputs.front().as<float>();
  return {values.begin(), values.end()};
}

std::int64_t best(const std::vector<float>& scores) {
  return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

// The table in which the first operator looks tokens up.
std::vector<float> table_of(const ir::Graph& graph) {
  const auto gather = std::ranges::find(graph.nodes, "Gather", &ir::Node::op);
  const ir::Array& table = graph.values[gather->inputs[0]].constant;
  EXPECT_EQ(table.shape(), (Dims{62, 64}));
  return {table.as<float>().begin(), table.as<float>().end()};
}

TEST(LanguageGru, IsEmbeddingGruDenseLogSoftmax) {
  for (const char* file : {"fp32.onnx", "tuned-ms-fp9.onnx"}) {
    const ImportedModel model = load(file);
    EXPECT_EQ(model.name + ".onnx", std::string("language-gru/") + file);
    const SplitFile split = split_graph(model.graph, {{12}});
    EXPECT_EQ(split.graph.nodes.size(), 5u);
    EXPECT_EQ(split.on_cpu(), (Names{"/embedding/Gather", "/LogSoftmax"}));
    EXPECT_EQ(split.why("/Gather"), "");  // picks the last step
    EXPECT_EQ(split.split.fpga.fixed_steps, 12);
    ASSERT_EQ(split.split.fpga.sources.size(), 1u);
    EXPECT_EQ(split.split.fpga.sources[0].elements, 64);
    ASSERT_EQ(split.layers().size(), 2u);
    const RecurrentLayer& gru = split.recurrent();
    EXPECT_EQ(gru.name, "/rnn/GRU");
    EXPECT_EQ(gru.cell, Cell::kGru);
    EXPECT_TRUE(gru.reset_after);
    EXPECT_EQ(gru.input, 64);
    EXPECT_EQ(gru.hidden, 256);
    EXPECT_EQ(gru.tokens, 12);
    const DenseLayer& dense = split.dense(1);
    EXPECT_EQ(dense.name, "/head/Gemm");
    EXPECT_EQ(dense.inputs, (std::vector{from_layer(0, LayerInput::What::kLast)}));
    EXPECT_EQ(dense.tokens, 1);
    EXPECT_EQ(dense.output, 12);
    EXPECT_EQ(split.split.fpga.results, (std::vector{from_layer(1)}));
  }
}

TEST(LanguageGru, ReproducesTheGoldenLogProbabilities) {
  const ImportedModel model = load("fp32.onnx");
  const SplitFile split = split_graph(model.graph, {{12}});
  const NpyArray tokens = array("tokens.npy");
  const NpyArray golden = array("golden-fp32.npy");
  float worst = 0;
  for (std::int64_t i = 0; i < tokens.rows(); i += 12) {  // 100 words
    const std::vector<float> got = run(split.graph, tokens.integer_row(i));
    const std::vector<float> want = golden.float_row(i);
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t k = 0; k < got.size(); ++k)
      worst = std::max(worst, std::abs(got[k] - want[k]));
  }
  EXPECT_LT(worst, 2e-5);  // sums of fp32, in another order
}

TEST(LanguageGru, GoldenAndLabelsBelongTogether) {
  const NpyArray golden = array("golden-fp32.npy");
  const NpyArray labels = array("labels.npy");
  ASSERT_EQ(golden.rows(), labels.rows());
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < golden.rows(); ++i)
    right += best(golden.float_row(i)) == labels.integer_row(i)[0];
  EXPECT_NEAR(static_cast<double>(right) / static_cast<double>(golden.rows()), 0.84417,
              0.00001);  // README: 84.42 %
}

TEST(LanguageGru, TunedWeightsDifferButStillKnowTheWords) {
  const ImportedModel model = load("tuned-ms-fp9.onnx");
  EXPECT_NE(table_of(model.graph), table_of(load("fp32.onnx").graph));
  const NpyArray tokens = array("tokens.npy");
  const NpyArray labels = array("labels.npy");
  std::int64_t right = 0, count = 0;
  for (std::int64_t i = 0; i < tokens.rows(); i += 6, ++count)
    right += best(run(model.graph, tokens.integer_row(i))) == labels.integer_row(i)[0];
  EXPECT_GT(static_cast<double>(right) / static_cast<double>(count), 0.75);
}

}  // namespace
}  // namespace soliton::test
