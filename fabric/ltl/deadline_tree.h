// The earliest of many deadlines, each of which changes often: a tournament tree over a fixed
// number of entries. Changing a deadline costs O(log n), reading the earliest O(1). Nothing is
// allocated after construction.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <vector>

#include "protocol/base/time.h"

namespace soliton {

class DeadlineTree {
 public:
  explicit DeadlineTree(std::size_t entries)
      : leaves_(std::bit_ceil(std::max<std::size_t>(entries, 1))), tree_(2 * leaves_, kNever) {}

  void set(std::size_t entry, Instant at) {
    std::size_t node = leaves_ + entry;
    tree_[node] = at;
    while (node > 1) {
      node /= 2;
      const Instant earliest = std::min(tree_[2 * node], tree_[2 * node + 1]);
      if (tree_[node] == earliest) return;
      tree_[node] = earliest;
    }
  }

  Instant earliest() const { return tree_[1]; }
  // The entry with the earliest deadline; the lowest of equals. REQUIRES: earliest() < kNever.
  std::size_t first() const {
    std::size_t node = 1;
    while (node < leaves_) node = tree_[2 * node] == tree_[node] ? 2 * node : 2 * node + 1;
    return node - leaves_;
  }

 private:
  std::size_t leaves_;
  std::vector<Instant> tree_;  // node n has the children 2n and 2n + 1; leaves at the end
};

}  // namespace soliton
