// The small models of the tests, and those changed and cut at seeded places: what was found stays
// found without a fuzzer.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "protocol/base/rng.h"
#include "tests/fuzz/onnx/onnx_fuzz.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using Bytes8 = std::vector<std::uint8_t>;

std::vector<Bytes8> models() {
  std::vector<fs::path> paths;
  for (const char* folder : {"/tests/golden/models", "/tests/fuzz/onnx/corpus"})
    for (const auto& entry : fs::directory_iterator(std::string(SOLITON_SOURCE_DIR) + folder))
      if (entry.path().extension() == ".onnx" && entry.file_size() < 20'000)
        paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<Bytes8> out;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    out.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return out;
}

TEST(OnnxFuzz, ModelsAndTheirMutantsEndWithoutACrash) {
  const std::vector<Bytes8> files = models();
  ASSERT_GE(files.size(), 20u) << "the models are missing";
  for (const Bytes8& file : files) fuzz_onnx(file);
  const Random r(1, "onnx mutants");
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    const Random one = r.child(i);
    Bytes8 file = files[i % files.size()];
    for (std::uint64_t change = 0; change < 1 + i % 4; ++change)
      file[one.below(2 * change, file.size())] =
          static_cast<std::uint8_t>(one.bits(2 * change + 1));
    if (i % 5 == 0) file.resize(file.size() - one.below(100, file.size() / 4 + 1));
    fuzz_onnx(file);
  }
}

}  // namespace
}  // namespace soliton
