// `soliton quantize` through its command line: every shipped vector of every configuration, and
// what it answers to bad input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Row = std::map<std::string, std::string>;

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out;
  std::stringstream in(line);
  for (std::string cell; std::getline(in, cell, ',');) out.push_back(cell);
  return out;
}

std::vector<Row> read_csv(const std::string& name) {
  std::ifstream in(std::string(SOLITON_SOURCE_DIR) + "/tests/golden/numerics/" + name);
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

// The descriptor of a row of configs.csv, which counts sign and leading bit as mantissa bits; a
// minifloat stores no leading bit.
std::string descriptor(const Row& config) {
  const bool integer = config.at("elem_exp_bits") == "0";
  const int bits = std::stoi(config.at("elem_mant_bits_with_sign_and_lead")) - (integer ? 1 : 2);
  return "e" + config.at("elem_exp_bits") + "m" + std::to_string(bits) +
         ",block=1,scale=" + config.at("scale_bits") +
         ",flush=" + config.at("flush_subnormal_blocks");
}

TEST(Quantize, EveryShippedVectorComesOutBitForBit) {
  const TemporaryFolder folder;
  std::size_t vectors = 0;
  for (const Row& config : read_csv("configs.csv")) {
    std::string pool, expected;
    for (const Row& row : read_csv(config.at("pool"))) pool += row.at("f32hex") + "\n";
    for (const Row& row : read_csv(config.at("name") + ".csv")) {
      const bool exact = !row.at("exact_f32hex").empty();
      expected += row.at(exact ? "exact_scale_exp" : "scale_exp") + "," +
                  row.at(exact ? "exact_f32hex" : "f32hex") + "\n";
      ++vectors;
    }
    const std::vector<std::string> command{"quantize", descriptor(config),
                                           "--block",  config.at("block"),
                                           "--round",  config.at("round")};
    const Ended ended = run_soliton(command, folder.write("pool.hex", pool));
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_EQ(ended.err, "");
    EXPECT_TRUE(ended.out == expected) << config.at("name");
  }
  EXPECT_EQ(vectors, 8u * 220 + 4 * 20);
}

Ended quantize(const std::vector<std::string>& arguments, const std::string& input) {
  const TemporaryFolder folder;
  std::vector<std::string> command{"quantize"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_soliton(command, folder.write("input.hex", input));
}

TEST(Quantize, ScalesAreWrittenAsTheirKindAsks) {
  const std::string line = "3f8000003e99999abf000000\n";  // 1, 0.3, -0.5
  EXPECT_EQ(quantize({"msfp12", "--block", "2"}, line).out, "0 -1,3f8000003e800000bf000000\n");
  EXPECT_EQ(quantize({"float16"}, line).out, ",3f8000003e99a000bf000000\n");
  EXPECT_EQ(quantize({"fp32"}, line).out, "," + line);
  // 1 / 127 in fp32; 38 and -64 of it.
  EXPECT_EQ(quantize({"int8"}, line).out, "3c010204,3f8000003e993265bf010204\n");
}

TEST(Quantize, LinesStandForThemselves) {
  // Blocks restart, an empty line is an empty vector, the last line need not end, and a line may
  // end as on other systems.
  EXPECT_EQ(quantize({"ms-fp8"}, "3f800000\n\n40000000\r\n7fc0000040000000\n80000000").out,
            "0,3f800000\n,\n1,40000000\nnan,7fc000007fc00000\n-15,00000000\n");
  EXPECT_EQ(quantize({"ms-fp8"}, "").out, "");
}

TEST(Quantize, AFileMayBeNamedInstead) {
  const TemporaryFolder folder;
  const std::string file = folder.write("values.hex", "3f800000\n");
  EXPECT_EQ(run_soliton({"quantize", "mxfp4", file}).out, "-2,3f800000\n");
  const Ended missing = run_soliton({"quantize", "mxfp4", folder.file("nothing.hex")});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err, HasSubstr("nothing.hex"));
}

TEST(Quantize, BadLinesAreAllNamedAndNothingIsWritten) {
  const Ended ended = quantize({"msfp12"}, "3f80000g\n3f800000\n3f8000003f8\n3f800000 3f800000\n");
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(ended.err,
            "stdin:1:8: \"g\" is not a hexadecimal digit\n"
            "stdin:3:9: 3 digits left over; a float32 value has 8\n"
            "stdin:4:9: byte 0x20 is not a hexadecimal digit\n");
}

TEST(Quantize, BadFormatsNameWhatIsAllowed) {
  for (const auto& [arguments, says] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"msfp-16"}, "did you mean \"msfp16\"?"},
           {{"msfp12", "--block", "0"}, "block=0 is not a whole number from 1 to 65536"},
           {{"msfp12", "--round", "up"}, "round=up is not one of even, nearest, floor, dither"},
           {{"e0m4"}, "block= and scale= are missing"}}) {
    const Ended ended = quantize(arguments, "3f800000\n");
    EXPECT_EQ(ended.status, 2);
    EXPECT_THAT(ended.err, HasSubstr(says));
  }
  EXPECT_EQ(quantize({}, "").status, 2);
}

TEST(Quantize, JsonHoldsExponentsAndValues) {
  const Ended ended = quantize({"msfp12", "--block", "1", "--json"}, "3f8000007f800000\n");
  const nlohmann::json out = nlohmann::json::parse(ended.out);
  EXPECT_EQ(out["format"], "msfp12,block=1");
  EXPECT_EQ(out["vectors"][0]["exponents"], nlohmann::json::parse("[0, null]"));
  EXPECT_EQ(out["vectors"][0]["values"], "3f8000007fc00000");
}

}  // namespace
}  // namespace soliton
