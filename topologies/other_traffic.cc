#include "topologies/other_traffic.h"

#include <algorithm>

#include "protocol/math/math.h"

namespace soliton {
namespace {

double count(Duration span) { return static_cast<double>(span.count()); }

// The shorter of two uniform draws is the rest of a burst of uniform length.
Duration rest_of_uniform(const OtherTraffic& other, const Random& chance) {
  const auto longest = static_cast<std::uint64_t>(other.longest.count()) + 1;
  const std::uint64_t rest = std::min(chance.below(1, longest), chance.below(2, longest));
  return Duration{static_cast<std::int64_t>(rest)};
}

// The rest of an exponential burst is exponential, up to where bursts are cut off.
double rest_of_exponential(const OtherTraffic& other, double unit) {
  const double mean = count(other.mean);
  return -mean * math::log1p(unit * math::expm1(-count(other.longest) / mean));
}

// The integral of the share of longer bursts is x up to the shortest burst s, and behind it
// s + s / (a - 1) (1 - (s / x)^(a - 1)); the rest is where it reaches a uniform share of its value at the longest.
double rest_of_pareto(const OtherTraffic& other, double unit) {
  const double power = other.shape - 1;
  const double shortest = count(other.mean) * power / other.shape;
  const double longest = count(other.longest);
  if (longest <= shortest) return unit * longest;
  const double all = shortest + shortest / power * (1 - math::pow(shortest / longest, power));
  const double part = unit * all;
  if (part <= shortest) return part;
  return shortest * math::pow(1 - (part - shortest) * power / shortest, -1 / power);
}

// A burst of the list in proportion to share and length, and any instant of it.
Duration rest_of_listed(const OtherTraffic& other, const Random& chance) {
  double all = 0;
  for (const ListedBurst& its : other.listed)
    all += static_cast<double>(its.share) * count(its.length);
  double left = chance.unit(1) * all;
  const ListedBurst* met = &other.listed.back();
  for (const ListedBurst& its : other.listed) {
    const double part = static_cast<double>(its.share) * count(its.length);
    if (left < part) {
      met = &its;
      break;
    }
    left -= part;
  }
  return Duration{static_cast<std::int64_t>(
      chance.below(2, static_cast<std::uint64_t>(met->length.count()) + 1))};
}

}  // namespace

Duration rest_of_burst(const OtherTraffic& other, const Random& chance) {
  const auto rounded = [&](double rest) {
    return std::clamp(Duration{static_cast<std::int64_t>(rest)}, Duration{}, other.longest);
  };
  switch (other.lengths) {
    case BurstLengths::kUniform:
      return rest_of_uniform(other, chance);
    case BurstLengths::kExponential:
      return rounded(rest_of_exponential(other, chance.unit(1)));
    case BurstLengths::kPareto:
      return rounded(rest_of_pareto(other, chance.unit(1)));
    case BurstLengths::kListed:
      return rest_of_listed(other, chance);
  }
  return {};
}

}  // namespace soliton
