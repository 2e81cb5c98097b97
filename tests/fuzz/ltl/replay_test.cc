// Every file of the corpora, files cut and changed at seeded places, and seeded noise: found bugs
// stay found without a fuzzer. A broken invariant ends the program.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "protocol/base/rng.h"
#include "tests/fuzz/ltl/targets.h"

namespace soliton {
namespace {

using Bytes8 = std::vector<std::uint8_t>;
using Target = void (*)(std::span<const std::uint8_t>);

std::vector<Bytes8> corpus(const std::string& name) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry :
       std::filesystem::directory_iterator(SOLITON_SOURCE_DIR "/tests/fuzz/ltl/corpus/" + name))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes8> out;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    out.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return out;
}

Bytes8 noise(const Random& r, std::size_t size) {
  Bytes8 out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(r.bits(i));
  return out;
}

void replay(const std::string& name, Target target, std::uint64_t mutants, std::uint64_t noises,
            std::size_t noise_size) {
  const std::vector<Bytes8> files = corpus(name);
  ASSERT_GE(files.size(), 4u) << "the corpus is missing";
  for (const Bytes8& file : files) target(file);
  const Random r(1, name);
  for (std::uint64_t i = 0; i < mutants; ++i) {
    const Random one = r.child(i);
    Bytes8 file = files[i % files.size()];
    for (std::uint64_t change = 0; !file.empty() && change < 4; ++change)
      file[one.below(2 * change, file.size())] =
          static_cast<std::uint8_t>(one.bits(2 * change + 1));
    file.resize(file.size() - one.below(100, file.size() / 4 + 1));
    target(file);
  }
  for (std::uint64_t i = 0; i < noises; ++i) {
    const Random one = r.child(mutants + i);
    target(noise(one, one.below(1'000'000, noise_size)));
  }
}

TEST(FuzzReplay, HeaderDecode) { replay("header", fuzz_ltl_header, 20'000, 20'000, 100); }

TEST(FuzzReplay, PacketSequence) { replay("sequence", fuzz_ltl_sequence, 1'000, 1'500, 700); }

TEST(FuzzReplay, Window) { replay("window", fuzz_ltl_window, 3'000, 3'000, 600); }

TEST(FuzzReplay, Handshake) { replay("handshake", fuzz_ltl_handshake, 3'000, 3'000, 400); }

}  // namespace
}  // namespace soliton
