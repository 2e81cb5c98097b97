// Which of many values a chart of their distribution draws, and where.
#pragma once

#include <cstddef>
#include <vector>

namespace soliton {

// Nearest rank of a percentile, from 1. REQUIRES: count > 0.
std::size_t rank_at(std::size_t count, std::size_t permille);

// Ranks from 1, ascending, about `most` of them if there are more values: evenly, and ever closer on the way
// to the tail. The first, the last and those of p50, p90, p99 and p99.9 are among them. REQUIRES: count > 0.
std::vector<std::size_t> drawn_ranks(std::size_t count, std::size_t most);

// The share of values that are smaller, with half of the value itself, so that the largest one has a place on an axis
// that never reaches one.
double share_at_rank(std::size_t rank, std::size_t count);

}  // namespace soliton
