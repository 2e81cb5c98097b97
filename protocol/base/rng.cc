#include "protocol/base/rng.h"

#include <cmath>
#include <numbers>

namespace soliton {
namespace {

// Natural logarithm of x > 0: x = m 2^k, ln m = 2 artanh((m - 1) / (m + 1)) with m in [1, 2), so
// that the series loses a factor of 9 a term. std::log may differ in the last bit between machines.
double portable_log(double x) {
  int exponent = 0;
  const double m = 2 * std::frexp(x, &exponent);
  const double s = (m - 1) / (m + 1);
  double sum = 0;
  for (int n = 35; n > 0; n -= 2) sum = sum * (s * s) + 1.0 / n;
  return (exponent - 1) * std::numbers::ln2 + 2 * s * sum;
}

}  // namespace

std::uint64_t mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

std::uint64_t hash_bytes(std::string_view text, std::uint64_t basis) {
  for (const char c : text) basis = (basis ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return basis;
}

Random::Random(std::uint64_t seed, std::string_view purpose)
    : key_(mix64(seed ^ hash_bytes(purpose))) {}

std::uint64_t Random::bits(std::uint64_t ordinal) const { return mix64(key_ ^ mix64(ordinal)); }

std::uint64_t Random::below(std::uint64_t ordinal, std::uint64_t bound) const {
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(bits(ordinal)) * bound) >> 64);
}

double Random::unit(std::uint64_t ordinal) const {
  return static_cast<double>(bits(ordinal) >> 11) * 0x1.0p-53;
}

double Random::normal(std::uint64_t ordinal) const {
  const Random pair = child(ordinal);
  const double radius = std::sqrt(-2.0 * std::log(1.0 - pair.unit(0)));
  return radius * std::cos(2.0 * std::numbers::pi * pair.unit(1));
}

double Random::exponential(std::uint64_t ordinal) const {
  return -portable_log(1.0 - unit(ordinal));
}

bool Random::happens(std::uint64_t ordinal, Probability p) const {
  return static_cast<std::int64_t>(below(ordinal, 1'000'000'000)) < p.parts_per_billion;
}

Random Random::child(std::uint64_t ordinal) const { return Random(mix64(bits(ordinal) ^ 0x5017)); }

}  // namespace soliton
