#include "partition/assign/coarsen.h"

#include <algorithm>
#include <numeric>

namespace soliton::assignment {
namespace {

constexpr int kPasses = 12;

// One pass: pairs of units, each unit in one pair at most.
class Pairing {
 public:
  Pairing(const UnitGraph& units, const CoarsenOptions& options)
      : units_(units), options_(options), into_(units.size) {
    std::iota(into_.begin(), into_.end(), 0);
  }

  // The unit each goes into; empty if none does.
  std::vector<Index> find() {
    std::vector<bool> taken(units_.size);
    bool any = false;
    for (Index unit = 0; unit < units_.size; ++unit) {
      for (const Index to : {only(units_.consumers[unit]), only(units_.producers[unit])}) {
        if (to == kNone || taken[unit] || taken[to] || !may_join(unit, to)) continue;
        taken[unit] = taken[to] = any = true;
        into_[unit] = to;
      }
    }
    if (!any) into_.clear();
    return std::move(into_);
  }

 private:
  static constexpr Index kNone = static_cast<Index>(-1);
  static Index only(std::span<const Index> units) { return units.size() == 1 ? units[0] : kNone; }

  bool may_join(Index a, Index b) const {
    if (options_.apart[a] || options_.apart[b]) return false;
    if (options_.segment_of[a] != options_.segment_of[b]) return false;
    std::int64_t least = kForever;
    for (std::size_t c = 0; c < units_.classes.size(); ++c) {
      if (units_.classes[c].count == 0) continue;
      const std::int64_t first = units_.time(a, c), second = units_.time(b, c);
      // One that fewer nodes can run would keep the other from them.
      if ((first == kUnsupported) != (second == kUnsupported)) return false;
      if (first != kUnsupported) least = std::min(least, first + second);
    }
    return least <= options_.longest;
  }

  const UnitGraph& units_;
  const CoarsenOptions& options_;
  std::vector<Index> into_;
};

}  // namespace

UnitGraph coarsen(const priced::PricedGraph& graph, const UnitGraph& units,
                  const CoarsenOptions& options) {
  UnitGraph out = units;
  CoarsenOptions now = options;
  for (int pass = 0; pass < kPasses; ++pass) {
    const std::vector<Index> into = Pairing(out, now).find();
    if (into.empty()) break;
    std::vector<Index> name(out.size);
    Index names = 0;
    for (Index unit = 0; unit < out.size; ++unit)
      if (into[unit] == unit) name[unit] = names++;
    std::vector<Index> part;
    for (const Index unit : out.unit_of) part.push_back(name[into[unit]]);
    UnitGraph next = make_units(graph, part, names, true);
    for (std::size_t op = 0; op < part.size(); ++op) {
      const Index unit = units.unit_of[op];
      now.apart.resize(next.size);
      now.segment_of.resize(next.size);
      now.apart[next.unit_of[op]] = options.apart[unit];
      now.segment_of[next.unit_of[op]] = options.segment_of[unit];
    }
    out = std::move(next);
  }
  return out;
}

}  // namespace soliton::assignment
