// The tables of docs/numbers.md against the code: what the page says of infinities, flushed blocks
// and zeros is what the quantiser of `soliton quantize`, of weights and of activations does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <sstream>

#include "partition/ir/layer_graph.h"
#include "protocol/tensor/format.h"
#include "protocol/tensor/half.h"

namespace soliton {
namespace {

using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& heading) {
  std::ifstream file(SOLITON_SOURCE_DIR "/docs/numbers.md");
  std::vector<std::string> out;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) inside = line.find(heading) != std::string::npos;
    if (inside) out.push_back(line);
  }
  return out;
}

// The cells of the table's rows, without the head.
std::vector<std::vector<std::string>> table(const std::string& heading) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string& line : lines_of(heading)) {
    if (!line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    std::istringstream text(line.substr(1));
    for (std::string cell; std::getline(text, cell, '|');) {
      const std::size_t first = cell.find_first_not_of(" `"), last = cell.find_last_not_of(" `");
      cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

std::vector<float> values_of(const std::string& hex) {
  std::vector<float> out;
  std::istringstream words(hex);
  for (std::string word; words >> word;)
    out.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(std::stoul(word, nullptr, 16))));
  return out;
}

std::string hex_of(const std::vector<float>& values) {
  std::string out;
  for (const float value : values)
    out += fmt::format("{}{:08x}", out.empty() ? "" : " ", std::bit_cast<std::uint32_t>(value));
  return out;
}

// De-quantised weights of a one-row matrix; nothing when it is refused.
std::optional<std::vector<float>> as_weights(const std::vector<float>& values,
                                             const NumberFormat& format) {
  const int columns = static_cast<int>(values.size());
  const auto matrix = quantise_matrix(values, 1, columns, format, columns, "w");
  if (!matrix) return std::nullopt;
  std::vector<float> out;
  for (int k = 0, block = 0; k < columns; ++k) {
    while (k >= matrix->block_starts[static_cast<std::size_t>(block) + 1]) ++block;
    const auto at = static_cast<std::size_t>(k), b = static_cast<std::size_t>(block);
    const double element = matrix->mantissas.empty() ? matrix->wide[at] : matrix->mantissas[at];
    const double scale = !matrix->scales.empty()      ? static_cast<double>(matrix->scales[b])
                         : !matrix->exponents.empty() ? std::ldexp(1.0, matrix->exponents[b])
                                                      : 1.0;
    out.push_back(static_cast<float>(element * scale));
  }
  return out;
}

TEST(NumbersPage, EdgesAreWhatTheQuantiserMakes) {
  const auto rows = table("Edges");
  ASSERT_GE(rows.size(), 8U);
  for (const auto& row : rows) {
    SCOPED_TRACE(row[0] + " of " + row[1]);
    ASSERT_GE(row.size(), 4U);
    const NumberFormat format = parse_format(row[0]).value();
    const std::vector<float> values = values_of(row[1]);
    const QuantisedBlock block = quantise_block(values, format);
    std::string scale;
    if (format.scale() == Scale::kPowerOfTwo)
      scale = block.poisoned ? "nan" : std::to_string(block.scale_exponent);
    EXPECT_EQ(row[2], scale);
    EXPECT_EQ(row[3], hex_of(block.values));
    // A weight with no value is refused. Zeros of integers have no sign in a product.
    const auto weights = as_weights(values, format);
    const bool any_nan =
        std::ranges::any_of(block.values, [](float v) { return !std::isfinite(v); });
    ASSERT_EQ(weights.has_value(), !any_nan);
    for (std::size_t i = 0; weights && i < values.size(); ++i)
      EXPECT_EQ((*weights)[i], block.values[i]) << i;
  }
}

TEST(NumbersPage, ActivationsWithAnInfinityPoisonTheirBlock) {
  const NumberFormat format = parse_format("msfp16").value();
  const std::vector<std::uint16_t> halves = {0x3c00, kHalfInfinity};
  const std::vector<int> starts = {0, 2};
  BfpVector vector;
  quantise_activation(halves, format, starts, vector);
  EXPECT_TRUE(vector.any_poisoned);
}

// The page says that activations are fp16 and so never below 2^-126: nothing of them is flushed.
TEST(NumbersPage, NoActivationIsFlushed) {
  const NumberFormat format = parse_format("e0m7,block=16,scale=8,flush=yes").value();
  const std::vector<std::uint16_t> halves = {1};  // 2^-24
  const std::vector<int> starts = {0, 1};
  BfpVector vector;
  quantise_activation(halves, format, starts, vector);
  EXPECT_NE(vector.mantissas.front(), 0);
}

TEST(NumbersPage, LargestElementsAreThoseItNames) {
  std::string text;
  for (const std::string& line : lines_of("Formats")) text += line + "\n";
  for (const auto& [format, largest] : {std::pair{"e2m1", "6"},
                                        {"e2m3", "7.5"},
                                        {"e3m2", "28"},
                                        {"e4m3", "448"},
                                        {"e5m2", "57344"}}) {
    EXPECT_THAT(text, HasSubstr(largest));
    const NumberFormat f =
        parse_format(std::string(format) + ",scale=none,overflow=saturate").value();
    EXPECT_EQ(fmt::format("{}", quantise_block(std::vector<float>{1e9f}, f).values.front()),
              largest);
  }
}

}  // namespace
}  // namespace soliton
