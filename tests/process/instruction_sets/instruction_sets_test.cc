// The same bytes whatever the processor has: a program that hashes a million results of each function is run
// as it is, and with FMA and AVX2 hidden from the C library, which then takes other variants of its own
// functions.
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace soliton {
namespace {

// Both the names of glibc up to 2.32 and those since.
const std::string kHidden =
    "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2_Usable,-FMA_Usable,-AVX2,-FMA,-AVX512F,-FMA4 ";

std::string output_of(const std::string& environment) {
  const std::string command = environment + SOLITON_BINARY_DIR "/tests/bin/math_hashes";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "";
  std::string out;
  char block[4096];
  for (std::size_t count; (count = fread(block, 1, sizeof block, pipe)) > 0;)
    out.append(block, count);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

std::string lines_of(const std::string& text, const std::string& kind) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(kind + " ")) out += line + "\n";
  return out;
}

TEST(InstructionSets, HidingFmaAndAvx2ChangesNoByte) {
  const std::string plain = output_of(""), hidden = output_of(kHidden);
  const std::string own = lines_of(plain, "own");
  EXPECT_GT(std::count(own.begin(), own.end(), '\n'), 25);
  EXPECT_EQ(own, lines_of(hidden, "own"));
#if defined(__x86_64__) && defined(__GLIBC__)
  // The control: where there is FMA to hide, the library's own results do change.
  if (__builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2")) {
    EXPECT_NE(lines_of(plain, "library"), lines_of(hidden, "library"))
        << "hiding had no effect, so this test sees nothing";
  }
#endif
}

}  // namespace
}  // namespace soliton
