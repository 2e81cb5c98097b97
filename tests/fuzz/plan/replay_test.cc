// The corpus, and texts made of it by changes at seeded places: what was found stays found without a
// fuzzer.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "protocol/base/rng.h"
#include "tests/fuzz/plan/plan_fuzz.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> corpus() {
  std::vector<fs::path> paths;
  const fs::path folder = fs::path(SOLITON_SOURCE_DIR) / "tests/fuzz/plan/corpus";
  for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::string> out;
  for (const fs::path& path : paths) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    out.push_back(text.str());
  }
  return out;
}

TEST(PlanFuzz, CorpusReplays) {
  const std::vector<std::string> texts = corpus();
  ASSERT_GE(texts.size(), 4u);
  for (const std::string& text : texts) fuzz_plan(text);
}

// Numbers and names that a byte's change does not reach.
constexpr const char* kPieces[] = {
    "-1", "1e300", "1e-300", "4611686018427387904", "0",   "null", "\"\"", "true",
    "[]", "{}",    ",",      "\"fpga0\"",           "1.5", "1e18", "-0",   "\\u0000",
    "\"", "NaN"};

TEST(PlanFuzz, MutationsOfTheCorpusEndWithoutACrash) {
  const std::vector<std::string> texts = corpus();
  const Random random(1, "plan mutations");
  for (std::uint64_t round = 0; round < 4'000; ++round) {
    const Random draw = random.child(round);
    std::string text = texts[draw.below(0, texts.size())];
    for (std::uint64_t change = 0; change < 1 + round % 3 && !text.empty(); ++change) {
      const Random one = draw.child(change);
      const std::size_t at = one.below(0, text.size());
      const std::string piece = kPieces[one.below(1, std::size(kPieces))];
      switch (one.below(2, 4)) {
        case 0:
          text[at] = static_cast<char>(one.below(3, 256));
          break;
        case 1:
          text.erase(at, 1 + one.below(3, 30));
          break;
        case 2:
          text.insert(at, piece);
          break;
        default: {
          // In place of a whole number.
          const std::size_t first = text.find_first_of("0123456789", at);
          if (first == std::string::npos) break;
          const std::size_t last = text.find_first_not_of("0123456789.", first);
          text.replace(first, last - first, piece);
        }
      }
    }
    fuzz_plan(text);
  }
}

}  // namespace
}  // namespace soliton
