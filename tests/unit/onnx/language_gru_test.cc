// The shipped model end to end: read, run, compared with the log-probabilities computed when it was
// made.
#include <gtest/gtest.h>

#include <algorithm>

#include "partition/ir/model.h"
#include "partition/ir/npy.h"
#include "partition/onnx/read_onnx.h"
#include "tests/unit/ir/run_fp32.h"

namespace soliton {
namespace {

const std::string kFolder = SOLITON_SOURCE_DIR "/configs/models/language-gru/";

Model load(const std::string& file) {
  Checked<Model> model = read_onnx(kFolder + file);
  if (!model) throw std::runtime_error(model.error().text());
  return std::move(*model);
}

NpyArray array(const std::string& file) {
  Result<NpyArray> out = read_npy(kFolder + file);
  if (!out) throw std::runtime_error(out.error().message);
  return std::move(*out);
}

std::vector<float> run(const Model& model, const std::vector<std::int64_t>& tokens) {
  const std::vector<float> vectors = embed(model.before, tokens).value();
  return apply_after(model.after,
                     run_fp32(model, vectors, static_cast<std::int64_t>(tokens.size())),
                     model.output);
}

std::int64_t best(const std::vector<float>& scores) {
  return std::max_element(scores.begin(), scores.end()) - scores.begin();
}

TEST(LanguageGru, IsReadAsEmbeddingGruDenseLogSoftmax) {
  for (const char* file : {"fp32.onnx", "tuned-ms-fp9.onnx"}) {
    const Model model = load(file);
    EXPECT_TRUE(check_model(model).empty());
    EXPECT_EQ(model.source, kFolder + file);
    EXPECT_EQ(model.name + ".onnx", std::string("language-gru/") + file);
    EXPECT_EQ(model.before.kind, HostBefore::Kind::kEmbedding);
    EXPECT_EQ(model.before.table.shape, (std::vector<std::int64_t>{62, 64}));
    EXPECT_EQ(model.after, HostAfter::kLogSoftmax);
    EXPECT_EQ(model.input, 64);
    EXPECT_EQ(model.output, 12);
    EXPECT_EQ(model.fixed_steps, 12);
    EXPECT_FALSE(model.sequence_output);
    EXPECT_TRUE(model.notes.empty());
    EXPECT_EQ(model.cpu_operators.size(), 2u);
    ASSERT_EQ(model.layers.size(), 2u);
    const auto& gru = std::get<RecurrentLayer>(model.layers[0]);
    EXPECT_EQ(gru.name, "gru0");
    EXPECT_EQ(gru.cell, Cell::kGru);
    EXPECT_TRUE(gru.reset_after);
    EXPECT_FALSE(gru.emits_sequence);
    EXPECT_EQ(gru.hidden, 256);
    const auto& dense = std::get<DenseLayer>(model.layers[1]);
    EXPECT_FALSE(dense.every_step);
    EXPECT_EQ(dense.output, 12);
  }
}

TEST(LanguageGru, ReproducesTheGoldenLogProbabilities) {
  const Model model = load("fp32.onnx");
  const NpyArray tokens = array("tokens.npy");
  const NpyArray golden = array("golden-fp32.npy");
  float worst = 0;
  for (std::int64_t i = 0; i < tokens.rows(); i += 12) {  // 100 words
    const std::vector<float> got = run(model, tokens.integer_row(i));
    const std::vector<float> want = golden.float_row(i);
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t k = 0; k < got.size(); ++k)
      worst = std::max(worst, std::abs(got[k] - want[k]));
  }
  EXPECT_LT(worst, 1e-5);
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
  const Model model = load("tuned-ms-fp9.onnx");
  EXPECT_NE(*model.before.table.values, *load("fp32.onnx").before.table.values);
  const NpyArray tokens = array("tokens.npy");
  const NpyArray labels = array("labels.npy");
  std::int64_t right = 0, count = 0;
  for (std::int64_t i = 0; i < tokens.rows(); i += 6, ++count)
    right += best(run(model, tokens.integer_row(i))) == labels.integer_row(i)[0];
  EXPECT_GT(static_cast<double>(right) / static_cast<double>(count), 0.75);
}

}  // namespace
}  // namespace soliton
