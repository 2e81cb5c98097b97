#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "protocol/base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace soliton {
namespace {

namespace fs = std::filesystem;

void run(const std::string& text) {
  ASSERT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()),
            0);
}

std::vector<std::string> corpus() {
  std::vector<std::string> files, texts;
  for (const auto& entry :
       fs::directory_iterator(std::string(SOLITON_SOURCE_DIR) + "/tests/fuzz/file/corpus"))
    files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    std::ostringstream text;
    text << std::ifstream(file, std::ios::binary).rdbuf();
    texts.push_back(text.str());
  }
  return texts;
}

std::string repeated(const std::string& piece, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

TEST(ClusterYamlFuzz, CorpusReplays) {
  const std::vector<std::string> texts = corpus();
  ASSERT_GE(texts.size(), 8U);
  for (const std::string& text : texts) run(text);
}

// Cuts, flips, doubled and swapped pieces of the corpus, the same ones every time.
TEST(ClusterYamlFuzz, MutationsOfTheCorpus) {
  const std::vector<std::string> texts = corpus();
  const Random random(1, "cluster yaml mutations");
  for (std::uint64_t round = 0; round < 1'500; ++round) {
    const Random draw = random.child(round);
    std::string text = texts[draw.below(0, texts.size())];
    const std::string& other = texts[draw.below(1, texts.size())];
    if (text.empty() || other.empty()) continue;
    const std::size_t at = draw.below(2, text.size()), length = draw.below(3, 40);
    switch (draw.below(4, 5)) {
      case 0:
        text.resize(at);
        break;
      case 1:
        text[at] = static_cast<char>(draw.below(5, 256));
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(at, other.substr(draw.below(6, other.size()), length));
        break;
      default:
        text.insert(at, std::string(1 + length / 10, "[]{}:,*&-#\"'\\ \n%0"[draw.below(7, 17)]));
        break;
    }
    SCOPED_TRACE("round " + std::to_string(round));
    run(text);
  }
}

TEST(ClusterYamlFuzz, HostileFilesEndSoon) {
  const auto start = std::chrono::steady_clock::now();
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c <= 'z'; ++c)
    bomb += fmt::format("{0}: &{0} [{1}1]\n", c,
                        repeated(fmt::format("*{}, ", static_cast<char>(c - 1)), 9));
  run(bomb);
  run("a: &a [*a]\n");
  run(repeated("[", 100'000));
  run(repeated("{a: ", 100'000));
  run(repeated("- ", 100'000));
  run(repeated("? ", 100'000));
  run(repeated("a: |\n", 20'000));
  run(std::string("nodes: [{name: \"a")
          .append(repeated("[0-9]", 40))
          .append("\", device: cpu}]\n"));
  run(std::string("name: \"").append(70'000, 'x').append("\"\n"));
  std::string keys;
  for (int i = 0; i < 20'000; ++i)
    keys += "key" + std::to_string(i) + ": " + std::to_string(i) + "\n";
  run(keys);
  run(keys + keys);
  // All of it together takes about a second; anything quadratic or exponential takes minutes.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
}

}  // namespace
}  // namespace soliton
