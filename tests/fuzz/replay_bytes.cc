// A corpus through its fuzz target, files of it cut and changed at seeded places, and seeded noise: what
// was found stays found without a fuzzer. A broken invariant ends the program.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "protocol/base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace soliton {
namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::uint64_t kMutants = 3'000;
constexpr std::uint64_t kNoises = 1'000;

std::vector<Input> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(SOLITON_FUZZ_CORPUS))
    paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<Input> out;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    out.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return out;
}

void run(const Input& input) { ASSERT_EQ(LLVMFuzzerTestOneInput(input.data(), input.size()), 0); }

Input changed(Input input, const Input& other, const Random& draw) {
  for (std::uint64_t i = 0; !input.empty() && i < 1 + draw.below(0, 4); ++i) {
    const Random one = draw.child(i);
    const std::size_t at = one.below(0, input.size());
    if (one.below(1, 3) != 0) {
      input[at] = static_cast<std::uint8_t>(one.bits(2));
    } else if (!other.empty()) {
      const std::size_t from = one.below(3, other.size());
      const std::size_t length = std::min<std::size_t>(other.size() - from, one.below(4, 40));
      const auto first = other.begin() + static_cast<std::ptrdiff_t>(from);
      input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), first,
                   first + static_cast<std::ptrdiff_t>(length));
    }
  }
  if (draw.below(9, 4) == 0) input.resize(draw.below(10, input.size() + 1));
  return input;
}

TEST(FuzzReplay, CorpusChangesOfItAndNoise) {
  const std::vector<Input> files = corpus();
  ASSERT_GE(files.size(), 4U) << "the corpus is missing";
  for (const Input& file : files) run(file);
  const Random random(1, "changes of a corpus");
  for (std::uint64_t i = 0; i < kMutants; ++i)
    run(changed(files[i % files.size()], files[(i * 7 + 1) % files.size()], random.child(i)));
  for (std::uint64_t i = 0; i < kNoises; ++i) {
    const Random draw = random.child(kMutants + i);
    Input noise(draw.below(1'000'000, 500));
    for (std::size_t k = 0; k < noise.size(); ++k)
      noise[k] = static_cast<std::uint8_t>(draw.bits(k));
    run(noise);
  }
}

}  // namespace
}  // namespace soliton
