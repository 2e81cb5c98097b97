// Replays the fuzzer's corpus, and every prefix and every single-byte change of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/isa/program_fuzz.h"

namespace soliton {
namespace {

using Input = std::vector<std::uint8_t>;

std::vector<std::pair<std::string, Input>> corpus() {
  std::vector<std::pair<std::string, Input>> inputs;
  for (const auto& entry :
       std::filesystem::directory_iterator(SOLITON_SOURCE_DIR "/tests/fuzz/isa/corpus")) {
    std::ifstream in(entry.path(), std::ios::binary);
    inputs.emplace_back(entry.path().filename(), Input(std::istreambuf_iterator<char>(in), {}));
  }
  std::sort(inputs.begin(), inputs.end());
  return inputs;
}

TEST(ProgramFuzz, CorpusFilesAreAcceptedOrRefusedAsTheirNameSays) {
  int accepted = 0;
  int refused = 0;
  for (const auto& [name, bytes] : corpus()) {
    const bool decodes = fuzz_program(bytes.data(), bytes.size());
    EXPECT_EQ(decodes, name.rfind("good_", 0) == 0) << name;
    ++(decodes ? accepted : refused);
  }
  EXPECT_GE(accepted, 3);
  EXPECT_GE(refused, 3);
}

TEST(ProgramFuzz, PrefixesAndDamagedBytesSurvive) {
  int refused = 0;
  for (const auto& [name, bytes] : corpus()) {
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

}  // namespace
}  // namespace soliton
