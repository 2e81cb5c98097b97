#include "partition/assign/prices.h"

#include <algorithm>

namespace soliton::assignment {
namespace {

constexpr std::int64_t kOne = std::int64_t{1} << 16;  // price of the first class
constexpr std::int64_t kHighest = kOne << 12;
constexpr std::size_t kCandidates = 48;
constexpr int kRounds = 2;

class PriceSearch {
 public:
  explicit PriceSearch(const UnitGraph& units) : units_(units) {
    for (const UnitClass& it : units.classes) price_.push_back(it.count > 0 ? kOne : 0);
  }

  Prices find() {
    std::size_t first = 0;
    while (units_.classes[first].count == 0) ++first;
    for (int round = 0; round < kRounds; ++round)
      for (std::size_t c = first + 1; c < price_.size(); ++c)
        if (units_.classes[c].count > 0) improve(first, c);
    Prices out;
    out.of_class = price_;
    for (std::size_t unit = 0; unit < units_.size; ++unit) {
      out.of_unit.push_back(cost(unit));
      out.total += out.of_unit.back();
    }
    return out;
  }

 private:
  Wide cost(std::size_t unit) const {
    Wide least = -1;
    for (std::size_t c = 0; c < price_.size(); ++c) {
      const std::int64_t time = units_.time(unit, c);
      if (units_.classes[c].count == 0 || time == kUnsupported) continue;
      const Wide here = Wide{time} * price_[c];
      if (least < 0 || here < least) least = here;
    }
    return std::max(least, Wide{0});
  }
  // Larger is better; in 2^-20 of a picosecond, so that small differences count.
  Wide bound() const {
    Wide total = 0, capacity = 0;
    for (std::size_t unit = 0; unit < units_.size; ++unit) total += cost(unit);
    for (std::size_t c = 0; c < price_.size(); ++c)
      capacity += Wide{price_[c]} * units_.classes[c].count;
    return (total << 20) / capacity;
  }

  // The best price of a class is the ratio of two times of some unit: tries some of them.
  void improve(std::size_t first, std::size_t c) {
    std::vector<std::int64_t> candidates{0};
    for (std::size_t unit = 0; unit < units_.size; ++unit) {
      const std::int64_t here = units_.time(unit, c), there = units_.time(unit, first);
      if (here <= 0 || there <= 0) continue;
      candidates.push_back(
          static_cast<std::int64_t>(std::min(Wide{there} * price_[first] / here, Wide{kHighest})));
    }
    std::ranges::sort(candidates);
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    Wide best = bound();
    std::int64_t chosen = price_[c];
    const std::size_t count = std::min(candidates.size(), kCandidates);
    for (std::size_t k = 0; k < count; ++k) {
      price_[c] = candidates[count == 1 ? 0 : k * (candidates.size() - 1) / (count - 1)];
      if (const Wide found = bound(); found > best) {
        best = found;
        chosen = price_[c];
      }
    }
    price_[c] = chosen;
  }

  const UnitGraph& units_;
  std::vector<std::int64_t> price_;
};

}  // namespace

Prices find_prices(const UnitGraph& units) { return PriceSearch(units).find(); }

std::int64_t load_bound(const UnitGraph& units, const Prices& prices) {
  Wide capacity = 0;
  for (std::size_t c = 0; c < units.classes.size(); ++c)
    capacity += Wide{prices.of_class[c]} * units.classes[c].count;
  auto out =
      static_cast<std::int64_t>(capacity == 0 ? 0 : (prices.total + capacity - 1) / capacity);
  for (std::size_t unit = 0; unit < units.size; ++unit) {
    std::int64_t least = kForever;
    for (std::size_t c = 0; c < units.classes.size(); ++c)
      if (units.classes[c].count > 0 && units.time(unit, c) != kUnsupported)
        least = std::min(least, units.time(unit, c));
    out = std::max(out, least);
  }
  return out;
}

}  // namespace soliton::assignment
