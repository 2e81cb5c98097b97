// One number for all results of a function: the tests hold it to what it has always been, and to what it is
// without FMA and AVX2.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace soliton {

struct Hash {
  std::string name;
  std::uint64_t value = 0;
};

inline constexpr std::uint64_t kHashedResults = 1'000'000;

// FNV-1a over the bits of the results of the first kHashedResults arguments of every function of
// soliton::math, the loops over arrays included.
std::vector<Hash> math_hashes();
// The same of some functions of the C library, which are allowed to differ between machines.
std::vector<Hash> library_hashes();

}  // namespace soliton
