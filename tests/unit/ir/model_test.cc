#include "partition/ir/model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace soliton {
namespace {

RnnOptions gru(std::int64_t hidden) {
  RnnOptions options;
  options.hidden = hidden;
  options.steps = 5;
  return options;
}

const RecurrentLayer& recurrent(const Model& model, std::size_t index) {
  return std::get<RecurrentLayer>(model.layers.at(index));
}

const std::vector<float>& first_matrix(const Model& model) {
  return *recurrent(model, 0).directions[0].input.values;
}

TEST(BuildRnn, GivesAConsistentModelOfTheSizesAskedFor) {
  for (const Cell cell : {Cell::kGru, Cell::kLstm, Cell::kRnn})
    for (const bool bidirectional : {false, true}) {
      RnnOptions options = gru(24);
      options.cell = cell;
      options.layers = 3;
      options.input = 10;
      options.bidirectional = bidirectional;
      const Model model = build_rnn(options);
      EXPECT_TRUE(check_model(model).empty()) << check_model(model).text();
      const int directions = bidirectional ? 2 : 1;
      EXPECT_EQ(model.input, 10);
      EXPECT_EQ(model.output, 24 * directions);
      EXPECT_EQ(model.fixed_steps, 5);
      EXPECT_TRUE(model.sequence_output);
      ASSERT_EQ(model.layers.size(), 3u);
      EXPECT_EQ(recurrent(model, 1).input, 24 * directions);
      EXPECT_EQ(recurrent(model, 2).directions.size(), static_cast<std::size_t>(directions));
    }
}

TEST(BuildRnn, WeightsAreAFunctionOfTheSeedAlone) {
  RnnOptions options = gru(16);
  const Model a = build_rnn(options);
  const Model b = build_rnn(options);
  EXPECT_EQ(first_matrix(a), first_matrix(b));
  options.seed = 2;
  EXPECT_NE(first_matrix(a), first_matrix(build_rnn(options)));
}

TEST(BuildRnn, TensorsDifferFromEachOther) {
  RnnOptions options = gru(16);
  options.layers = 2;
  options.bidirectional = true;
  options.input = 32;  // both layers read 32
  const Model model = build_rnn(options);
  const auto& first = recurrent(model, 0).directions;
  const auto& second = recurrent(model, 1).directions;
  EXPECT_NE(*first[0].input.values, *first[1].input.values);
  EXPECT_NE(*first[0].input.values, *second[0].input.values);
  EXPECT_NE(*first[0].input_bias.values, *first[0].recurrent_bias.values);
}

TEST(BuildRnn, WeightsAreUniformWithinTheBound) {
  const Model model = build_rnn(gru(64));
  const double bound = 1 / std::sqrt(64.0);
  double squares = 0, sum = 0;
  for (const float v : first_matrix(model)) {
    ASSERT_LE(std::abs(v), bound);
    sum += v;
    squares += static_cast<double>(v) * v;
  }
  const auto n = static_cast<double>(first_matrix(model).size());
  EXPECT_NEAR(sum / n, 0, 3 * bound / std::sqrt(3 * n));
  EXPECT_NEAR(squares / n, bound * bound / 3, 0.05 * bound * bound);
}

TEST(BuildRnn, WithoutWeightsHasShapesOnly) {
  RnnOptions options = gru(2816);
  options.with_weights = false;
  const Model model = build_rnn(options);
  EXPECT_TRUE(check_model(model).empty());
  EXPECT_EQ(recurrent(model, 0).directions[0].input.values, nullptr);
}

TEST(Operations, AreTwelveAndSixteenHSquaredT) {
  RnnOptions options = gru(100);
  options.with_weights = false;
  EXPECT_EQ(operations(build_rnn(options), 7), 12LL * 100 * 100 * 7);
  options.cell = Cell::kLstm;
  EXPECT_EQ(operations(build_rnn(options), 7), 16LL * 100 * 100 * 7);
  options.bidirectional = true;
  EXPECT_EQ(operations(build_rnn(options), 7), 2 * 16LL * 100 * 100 * 7);
}

// A GRU of 3 over vectors of 2 whose last state goes through a dense layer to 4.
Model classifier() {
  RnnOptions options = gru(3);
  options.input = 2;
  Model model = build_rnn(options);
  std::get<RecurrentLayer>(model.layers[0]).emits_sequence = false;
  DenseLayer dense;
  dense.name = "dense0";
  dense.input = 3;
  dense.output = 4;
  dense.weights = {"dense0.W", {4, 3}, std::make_shared<const std::vector<float>>(12, 0.5f)};
  model.layers.emplace_back(dense);
  model.output = 4;
  model.sequence_output = false;
  return model;
}

TEST(Operations, OfALastDenseLayerCountOncePerRequest) {
  const Model model = classifier();
  ASSERT_TRUE(check_model(model).empty()) << check_model(model).text();
  EXPECT_EQ(operations(model, 10), 10 * 2 * 9 * (2 + 3) + 2 * 12);
}

template <typename Change>
std::string complaint(Change change) {
  Model model = classifier();
  change(model, std::get<RecurrentLayer>(model.layers[0]), std::get<DenseLayer>(model.layers[1]));
  return check_model(model).text();
}

TEST(CheckModel, NamesWhatIsWrong) {
  using M = Model;
  using R = RecurrentLayer;
  using D = DenseLayer;
  const auto has = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << text << "\" lacks \"" << part << "\"";
  };
  has(complaint([](M& m, R&, D&) { m.layers.clear(); }), "no layers");
  has(complaint([](M& m, R&, D&) { m.input = 5; }), "gru0 takes 2 elements, but 5 come to it");
  has(complaint([](M& m, R&, D&) { m.output = 5; }),
      "gives 4 elements, but the model's output has 5");
  has(complaint([](M& m, R&, D&) { m.sequence_output = true; }), "gives one vector");
  has(complaint([](M& m, R&, D&) { m.fixed_steps = -1; }), "-1 steps");
  has(complaint([](M&, R& r, D&) { r.hidden = 0; }), "hidden size 0");
  has(complaint([](M&, R& r, D&) { r.hidden = std::int64_t{1} << 40; }),
      "hidden size 1099511627776");
  has(complaint([](M&, R& r, D&) { r.directions.clear(); }), "0 directions");
  has(complaint([](M&, R& r, D&) {
        r.directions[0].recurrent.shape = {9, 4};
      }),
      "gru0.R has shape [9, 4], not [9, 3]");
  has(complaint([](M&, R&, D& d) { d.every_step = true; }), "dense0 is applied to every step");
  has(complaint([](M&, R&, D& d) { d.weights.values = nullptr; }), "dense0.W has no values");
  has(complaint([](M&, R&, D& d) {
        d.weights.values = std::make_shared<const std::vector<float>>(11, 1.f);
      }),
      "dense0.W of shape [4, 3] has 11 values");
  has(complaint([](M&, R&, D& d) {
        std::vector<float> values(12, 1.f);
        values[7] = std::numeric_limits<float>::quiet_NaN();
        d.weights.values = std::make_shared<const std::vector<float>>(values);
      }),
      "dense0.W, row 2, column 1: not a number (NaN), so no block of weights with it has a value");
  has(complaint([](M& m, R&, D&) { m.layers.push_back(m.layers[0]); }),
      "gru0 takes 2 elements, but 4 come to it");
  has(complaint([](M& m, R&, D&) {
        m.before.kind = HostBefore::Kind::kEmbedding;
        m.before.table.shape = {10, 3};
      }),
      "embedding table has shape [10, 3]");
}

TEST(CheckModel, ARecurrentLayerNeedsASequence) {
  RnnOptions options = gru(3);
  options.layers = 2;
  Model model = build_rnn(options);
  std::get<RecurrentLayer>(model.layers[0]).emits_sequence = false;
  EXPECT_NE(check_model(model).text().find("gru1 needs a vector for each step"), std::string::npos);
}

TEST(ElementCount, KnowsOverflowAndEmptiness) {
  EXPECT_EQ(element_count(std::vector<std::int64_t>{}), 1);
  EXPECT_EQ(element_count(std::vector<std::int64_t>{3, 4}), 12);
  EXPECT_EQ(element_count(std::vector<std::int64_t>{3, -1}), std::nullopt);
  EXPECT_EQ(element_count(std::vector<std::int64_t>{std::int64_t{1} << 32, std::int64_t{1} << 32}),
            std::nullopt);
  // The extents that are not zero are too many, so a part of the shape would have no count.
  EXPECT_EQ(element_count(std::vector<std::int64_t>{std::int64_t{1} << 62, 0, 4}), std::nullopt);
  EXPECT_EQ(element_count(std::vector<std::int64_t>{std::int64_t{1} << 60, 0, 4}), 0);
}

}  // namespace
}  // namespace soliton
