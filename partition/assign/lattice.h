// All sets of units that are closed under predecessors (ideals), and which unit leads from one to
// the next. Internal to the search.
//
// A set holds all units below some number and a few above it, so only the words of its bits from
// there on are stored. Sets are numbered by how many units they hold; 0 is the empty one and the
// last holds all.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "partition/assign/unit_graph.h"

namespace soliton::assignment {

class Lattice {
 public:
  struct Step {
    Index to = 0;
    Index unit = 0;  // what `to` holds more
  };

  // nullopt if there are more than `most` sets, or they take too much memory. `units` outlives the lattice.
  static std::optional<Lattice> expand(const UnitGraph& units, std::size_t most);

  // The beginnings of one topological order only.
  static Lattice chain(const UnitGraph& units, const std::vector<Index>& order);

  std::size_t size() const { return sets_.size(); }
  std::span<const Step> steps(std::size_t set) const {
    const std::size_t end = set + 1 < sets_.size() ? sets_[set + 1].first_step : steps_.size();
    return {steps_.data() + sets_[set].first_step, end - sets_[set].first_step};
  }
  std::size_t first_step(std::size_t set) const { return sets_[set].first_step; }
  std::size_t step_count() const { return steps_.size(); }
  bool holds(std::size_t set, Index unit) const {
    const Set& it = sets_[set];
    const Index word = unit / 64;
    if (word < it.first_word) return true;
    if (word >= it.first_word + it.words) return false;
    return (bits_[it.bits + word - it.first_word] >> (unit % 64) & 1) != 0;
  }
  // The units of `set` that `smaller` does not hold, ascending.
  std::vector<Index> difference(std::size_t smaller, std::size_t set) const;
  // The number of units in a set.
  std::size_t units_in(std::size_t set) const;

 private:
  struct Set {
    std::size_t bits = 0;  // of the first stored word
    std::size_t first_step = 0;
    Index first_word = 0;
    Index words = 0;
    Index parent = 0, added = 0;  // one way to it
    std::uint64_t hash = 0;
  };
  explicit Lattice(const UnitGraph& units);
  bool grow(std::size_t most);
  void find_steps(Index set);
  Index find_or_add(Index from, Index unit);
  void write_bits(Index from, Index unit);
  std::size_t slot_of(std::uint64_t hash) const;
  void rehash();

  const UnitGraph* units_;
  std::vector<std::uint64_t> unit_hash_;
  std::vector<Set> sets_;
  std::vector<Step> steps_;
  std::vector<std::uint64_t> bits_;
  std::vector<Index> table_;  // open addressing: number of a set, or kEmpty
  Set draft_;                 // of find_or_add()
  std::vector<std::uint64_t> draft_bits_;
};

}  // namespace soliton::assignment
