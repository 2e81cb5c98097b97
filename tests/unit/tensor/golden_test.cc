// The quantisers against the shipped vectors (tests/golden/numerics): every block of every
// configuration, bit for bit.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "protocol/tensor/format.h"

namespace soliton {
namespace {

const std::string kFolder = std::string(SOLITON_SOURCE_DIR) + "/tests/golden/numerics/";

using Row = std::map<std::string, std::string>;

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out;
  std::stringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) out.push_back(cell);
  return out;
}

std::vector<Row> read_csv(const std::string& file) {
  std::ifstream in(kFolder + file);
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> keys = cells(line);
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    const std::vector<std::string> values = cells(line);
    Row row;
    for (std::size_t i = 0; i < keys.size(); ++i) row[keys[i]] = i < values.size() ? values[i] : "";
    rows.push_back(row);
  }
  return rows;
}

std::vector<std::uint32_t> words(const std::string& hex) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i + 8 <= hex.size(); i += 8)
    out.push_back(static_cast<std::uint32_t>(std::stoul(hex.substr(i, 8), nullptr, 16)));
  return out;
}

std::vector<float> floats(const std::string& hex) {
  std::vector<float> out;
  for (const std::uint32_t word : words(hex)) out.push_back(std::bit_cast<float>(word));
  return out;
}

NumberFormat format_of(const Row& config) {
  const int exponent_bits = std::stoi(config.at("elem_exp_bits"));
  // The file counts sign + leading bit + fraction; a minifloat stores no leading bit.
  const int mantissa_bits =
      std::stoi(config.at("elem_mant_bits_with_sign_and_lead")) - (exponent_bits > 0 ? 2 : 1);
  const bool flush = config.at("flush_subnormal_blocks") != "0";
  const std::string text = fmt::format("e{}m{},block={},scale={},round={},flush={}", exponent_bits,
                                       mantissa_bits, config.at("block"), config.at("scale_bits"),
                                       config.at("round"), flush ? "yes" : "no");
  const Result<NumberFormat> format = parse_format(text);
  EXPECT_TRUE(format) << text << ": " << (format ? "" : format.error().message);
  return format ? *format : NumberFormat{};
}

std::vector<std::string> expected_scales(const Row& row) {
  const std::string& exact = row.at("exact_scale_exp");
  std::stringstream in(exact.empty() ? row.at("scale_exp") : exact);
  std::vector<std::string> out;
  for (std::string scale; in >> scale;) out.push_back(scale);
  return out;
}

std::vector<std::uint32_t> expected_bits(const Row& row) {
  const std::string& exact = row.at("exact_f32hex");
  return words(exact.empty() ? row.at("f32hex") : exact);
}

// Calls check(config, format, input vector, expected row) for every vector of every configuration.
template <typename Check>
void for_each_vector(Check check) {
  for (const Row& config : read_csv("configs.csv")) {
    const std::vector<Row> inputs = read_csv(config.at("pool"));
    const std::vector<Row> outputs = read_csv(config.at("name") + ".csv");
    ASSERT_EQ(inputs.size(), outputs.size());
    const NumberFormat format = format_of(config);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_EQ(inputs[i].at("id"), outputs[i].at("id"));
      SCOPED_TRACE(config.at("name") + " vector " + inputs[i].at("id") + " (" +
                   inputs[i].at("kind") + ")");
      ASSERT_NO_FATAL_FAILURE(check(format, floats(inputs[i].at("f32hex")), outputs[i]));
    }
  }
}

TEST(GoldenQuantiser, ReferenceMatchesAllBlocksOfAllConfigurations) {
  int blocks = 0;
  for_each_vector([&](const NumberFormat& format, const std::vector<float>& input,
                      const Row& expected) {
    const std::vector<std::uint32_t> bits = expected_bits(expected);
    const std::vector<std::string> scales = expected_scales(expected);
    ASSERT_EQ(bits.size(), input.size());
    std::size_t start = 0;
    for (const std::string& scale : scales) {
      const std::size_t count =
          std::min<std::size_t>(static_cast<std::size_t>(format.block), input.size() - start);
      const QuantisedBlock block = quantise_block(std::span(input).subspan(start, count), format);
      ASSERT_EQ(block.poisoned ? "nan" : std::to_string(block.scale_exponent), scale)
          << "at " << start;
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(std::bit_cast<std::uint32_t>(block.values[i]), bits[start + i])
            << "value " << start + i;
      start += count;
      ++blocks;
    }
    ASSERT_EQ(start, input.size());
  });
  EXPECT_EQ(blocks, 3340);
}

// The packed form has no -0, so zeros compare by value.
TEST(GoldenQuantiser, IntegerMatricesHoldTheSameValuesAndRefuseThePoisonedOnes) {
  int matrices = 0;
  int refused = 0;
  for_each_vector(
      [&](const NumberFormat& format, const std::vector<float>& input, const Row& expected) {
        if (format.exponent_bits != 0) return;
        const int columns = static_cast<int>(input.size());
        const Result<BfpMatrix> matrix = quantise_matrix(input, 1, columns, format, columns, "w");
        const std::vector<std::string> scales = expected_scales(expected);
        const bool poisoned = std::find(scales.begin(), scales.end(), "nan") != scales.end();
        ASSERT_EQ(matrix.has_value(), !poisoned);
        ++(poisoned ? refused : matrices);
        if (poisoned) return;
        const std::vector<std::uint32_t> bits = expected_bits(expected);
        ASSERT_EQ(static_cast<std::size_t>(matrix->blocks_per_row()), scales.size());
        for (int block = 0; block < matrix->blocks_per_row(); ++block)
          for (int k = matrix->block_starts[block]; k < matrix->block_starts[block + 1]; ++k)
            ASSERT_EQ(std::ldexp(matrix->mantissas[k], matrix->exponents[block]),
                      std::bit_cast<float>(bits[k]))
                << k;
      });
  EXPECT_GT(matrices, 1000);
  EXPECT_GT(refused, 10);
}

}  // namespace
}  // namespace soliton
