#include "partition/assign/lattice.h"

#include <algorithm>

#include "protocol/base/rng.h"

namespace soliton::assignment {
namespace {

constexpr Index kEmpty = static_cast<Index>(-1);
// Of memory: 100 MiB each.
constexpr std::size_t kMostWords = 13'000'000, kMostSteps = 13'000'000;
constexpr std::uint64_t kFull = ~std::uint64_t{0};

}  // namespace

Lattice::Lattice(const UnitGraph& units) : units_(&units), table_(1024, kEmpty) {
  for (std::size_t unit = 0; unit < units.size; ++unit) unit_hash_.push_back(mix64(unit + 1));
}

std::optional<Lattice> Lattice::expand(const UnitGraph& units, std::size_t most) {
  Lattice out(units);
  if (!out.grow(most)) return std::nullopt;
  return out;
}

Lattice Lattice::chain(const UnitGraph& units, const std::vector<Index>& order) {
  Lattice out(units);
  out.sets_.push_back({});
  out.table_[out.slot_of(0)] = 0;
  for (Index set = 0; set < order.size(); ++set) {
    out.sets_[set].first_step = set;
    out.steps_.push_back({out.find_or_add(set, order[set]), order[set]});
  }
  out.sets_.back().first_step = order.size();
  out.table_ = {};
  return out;
}

// A set is reached from one with a unit less, so in the order of their numbers all sets with n
// units come before those with n + 1.
bool Lattice::grow(std::size_t most) {
  sets_.push_back({});
  table_[slot_of(0)] = 0;
  for (Index set = 0; set < sets_.size(); ++set) {
    if (sets_.size() > most || bits_.size() > kMostWords || steps_.size() > kMostSteps)
      return false;
    sets_[set].first_step = steps_.size();
    find_steps(set);
  }
  table_ = {};
  return true;
}

// What may be added to a set: what could be added to the one before, and consumers of its last
// unit.
void Lattice::find_steps(Index set) {
  const auto add = [&](Index unit) { steps_.push_back({find_or_add(set, unit), unit}); };
  const auto ready = [&](Index unit) {
    return std::ranges::all_of(units_->producers[unit], [&](Index it) { return holds(set, it); });
  };
  if (set == 0) {
    for (Index unit = 0; unit < units_->size; ++unit)
      if (units_->producers[unit].empty()) add(unit);
    return;
  }
  const Index parent = sets_[set].parent, added = sets_[set].added;
  const std::size_t first = sets_[parent].first_step, end = sets_[parent + 1].first_step;
  for (std::size_t k = first; k < end; ++k)
    if (steps_[k].unit != added) add(steps_[k].unit);
  for (const Index unit : units_->consumers[added])
    if (ready(unit)) add(unit);
}

// draft_ becomes the set with one unit more: without leading full words, without trailing empty
// ones.
void Lattice::write_bits(Index from, Index unit) {
  const Set& old = sets_[from];
  draft_bits_.assign(bits_.begin() + static_cast<std::ptrdiff_t>(old.bits),
                     bits_.begin() + static_cast<std::ptrdiff_t>(old.bits + old.words));
  const Index word = unit / 64 - old.first_word;
  if (word >= draft_bits_.size()) draft_bits_.resize(word + 1);
  draft_bits_[word] |= std::uint64_t{1} << (unit % 64);
  std::size_t full = 0;
  while (full < draft_bits_.size() && draft_bits_[full] == kFull) ++full;
  draft_bits_.erase(draft_bits_.begin(), draft_bits_.begin() + static_cast<std::ptrdiff_t>(full));
  draft_ = {};
  draft_.first_word = old.first_word + static_cast<Index>(full);
  draft_.words = static_cast<Index>(draft_bits_.size());
  draft_.hash = old.hash ^ unit_hash_[unit];
  draft_.parent = from;
  draft_.added = unit;
}

Index Lattice::find_or_add(Index from, Index unit) {
  write_bits(from, unit);
  std::size_t slot = slot_of(draft_.hash);
  for (; table_[slot] != kEmpty; slot = (slot + 1) % table_.size()) {
    const Set& it = sets_[table_[slot]];
    if (it.hash == draft_.hash && it.first_word == draft_.first_word && it.words == draft_.words &&
        std::equal(draft_bits_.begin(), draft_bits_.end(),
                   bits_.begin() + static_cast<std::ptrdiff_t>(it.bits)))
      return table_[slot];
  }
  const auto made = static_cast<Index>(sets_.size());
  table_[slot] = made;
  draft_.bits = bits_.size();
  bits_.insert(bits_.end(), draft_bits_.begin(), draft_bits_.end());
  sets_.push_back(draft_);
  if (2 * sets_.size() > table_.size()) rehash();
  return made;
}

std::size_t Lattice::slot_of(std::uint64_t hash) const { return mix64(hash) % table_.size(); }

void Lattice::rehash() {
  table_.assign(table_.size() * 2, kEmpty);
  for (Index set = 0; set < sets_.size(); ++set) {
    std::size_t slot = slot_of(sets_[set].hash);
    while (table_[slot] != kEmpty) slot = (slot + 1) % table_.size();
    table_[slot] = set;
  }
}

std::vector<Index> Lattice::difference(std::size_t smaller, std::size_t set) const {
  std::vector<Index> out;
  const Index first = sets_[smaller].first_word * 64;
  const auto end = static_cast<Index>(std::min<std::size_t>(
      units_->size, (std::size_t{sets_[set].first_word} + sets_[set].words) * 64));
  for (Index unit = first; unit < end; ++unit)
    if (holds(set, unit) && !holds(smaller, unit)) out.push_back(unit);
  return out;
}

std::size_t Lattice::units_in(std::size_t set) const { return difference(0, set).size(); }

}  // namespace soliton::assignment
