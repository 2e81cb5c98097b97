// Replays the fuzzers' corpora, and every prefix and every single-byte change of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/isa/assembly_fuzz.h"
#include "tests/fuzz/isa/program_fuzz.h"

namespace soliton {
namespace {

using Input = std::vector<std::uint8_t>;

std::vector<std::pair<std::string, Input>> corpus(const std::string& folder) {
  std::vector<std::pair<std::string, Input>> inputs;
  for (const auto& entry :
       std::filesystem::directory_iterator(SOLITON_SOURCE_DIR "/tests/fuzz/isa/" + folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    inputs.emplace_back(entry.path().filename(), Input(std::istreambuf_iterator<char>(in), {}));
  }
  std::sort(inputs.begin(), inputs.end());
  return inputs;
}

TEST(ProgramFuzz, CorpusFilesAreAcceptedOrRefusedAsTheirNameSays) {
  int accepted = 0;
  int refused = 0;
  for (const auto& [name, bytes] : corpus("corpus")) {
    const bool decodes = fuzz_program(bytes.data(), bytes.size());
    EXPECT_EQ(decodes, name.rfind("good_", 0) == 0) << name;
    ++(decodes ? accepted : refused);
  }
  EXPECT_GE(accepted, 3);
  EXPECT_GE(refused, 3);
}

TEST(ProgramFuzz, PrefixesAndDamagedBytesSurvive) {
  int refused = 0;
  for (const auto& [name, bytes] : corpus("corpus")) {
    for (std::size_t length = 0; length < bytes.size(); ++length)
      refused += !fuzz_program(bytes.data(), length);
    for (std::size_t at = 0; at < bytes.size(); ++at)
      for (const int flip : {1, 4, 16, 128, 255}) {
        Input damaged = bytes;
        damaged[at] ^= static_cast<std::uint8_t>(flip);
        refused += !fuzz_program(damaged.data(), damaged.size());
      }
  }
  EXPECT_GT(refused, 1000);
}

TEST(AssemblyFuzz, CorpusFilesBecomeShardsOrAreRefusedAsTheirNameSays) {
  int accepted = 0;
  int refused = 0;
  for (const auto& [name, bytes] : corpus("assembly")) {
    const bool assembles = fuzz_assembly(bytes.data(), bytes.size());
    EXPECT_EQ(assembles, name.rfind("good_", 0) == 0) << name;
    ++(assembles ? accepted : refused);
  }
  EXPECT_GE(accepted, 3);
  EXPECT_GE(refused, 5);
}

TEST(AssemblyFuzz, PrefixesAndDamagedBytesSurvive) {
  int refused = 0;
  for (const auto& [name, bytes] : corpus("assembly")) {
    for (std::size_t length = 0; length < bytes.size(); ++length)
      refused += !fuzz_assembly(bytes.data(), length);
    for (std::size_t at = 0; at < bytes.size(); ++at)
      for (const int flip : {1, 4, 16, 128}) {
        Input damaged = bytes;
        damaged[at] ^= static_cast<std::uint8_t>(flip);
        refused += !fuzz_assembly(damaged.data(), damaged.size());
      }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace soliton
