#include "protocol/base/rng.h"

#include <numbers>

#include "protocol/math/math.h"

namespace soliton {

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
  const double radius = math::sqrt(-2.0 * math::log(1.0 - pair.unit(0)));
  return radius * math::cos(2.0 * std::numbers::pi * pair.unit(1));
}

double Random::exponential(std::uint64_t ordinal) const { return -math::log(1.0 - unit(ordinal)); }

bool Random::happens(std::uint64_t ordinal, Probability p) const {
  return static_cast<std::int64_t>(below(ordinal, 1'000'000'000)) < p.parts_per_billion;
}

Random Random::child(std::uint64_t ordinal) const { return Random(mix64(bits(ordinal) ^ 0x5017)); }

}  // namespace soliton
