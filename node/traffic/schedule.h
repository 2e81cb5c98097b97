// How a collective operation goes, as values: what each rank sends and receives in each step of a
// round. Ranks are the positions of the nodes that take part. The data of a collective is cut into
// parts, numbered from 0, and a message carries parts that follow each other (contents.h says what
// is in them). A step is a function of (rank, number), so a schedule takes no memory, however many
// ranks there are.
//
// Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH",
// International Journal of High Performance Computing Applications 19 (2005), sections 4.1 to 4.5.
#pragma once

#include <cstdint>

namespace soliton {

inline constexpr std::uint32_t kNoRank = UINT32_MAX;

struct Rank {
  std::uint32_t number = 0;
  std::uint32_t of = 1;  // number of ranks

  std::uint32_t after(std::uint32_t places) const { return (number + places) % of; }
  std::uint32_t before(std::uint32_t places) const { return (number + of - places % of) % of; }
};

// The parts [first, first + count).
struct Parts {
  std::uint32_t first = 0;
  std::uint32_t count = 1;
  bool operator==(const Parts&) const = default;
};

// What becomes of parts that arrive.
enum class Combine : std::uint8_t {
  kCopy,     // they are as they must be in the end
  kAdd,      // they are added to what the rank holds of them
  kLastAdd,  // the same, and the sum is then complete
};

struct Step {
  std::uint32_t to = kNoRank;
  Parts sent{};
  std::uint32_t from = kNoRank;
  Parts received{};
  Combine combine = Combine::kCopy;
  bool drops = false;  // the rank does not need again what it sends
};

struct Schedule {
  std::uint32_t (*steps)(Rank me) = nullptr;
  // A step sends first; its messages may leave before that of an earlier step has been received only
  // if the schedule is not ordered.
  Step (*step)(Rank me, std::uint32_t number) = nullptr;
  // Steps go one after the other. Otherwise all at once: step s then sends to the rank s + 1 places
  // on and receives from the one s + 1 places back.
  bool ordered = true;
  // All steps that send have the same receiver.
  bool one_receiver = false;
};

// How files call them. A kind has those that it can be done by.
enum class ScheduleName : std::uint8_t {
  kDirect,           // to all others at once
  kPairwise,         // to all others, one after the other
  kRing,             // each rank hands on to the next
  kDoubling,         // pairs exchange all they hold, at distances 1, 2, 4, ...
  kHalvingDoubling,  // pairs exchange halves, at distances n/2, n/4, ..., and back
  kTree,             // along a binomial tree
};

// Every rank ends with the part of each rank.
Schedule direct_gather();
Schedule ring_gather();
Schedule doubling_gather();
// Every rank sends to each other a part that is for it alone.
Schedule direct_exchange();
Schedule pairwise_exchange();
// Every rank ends with the sums of all parts, of which there are as many as ranks.
Schedule ring_reduce();
Schedule halving_doubling_reduce();
Schedule tree_reduce();
// The same, but rank r ends with the sum of part r alone.
Schedule ring_reduce_scatter();
Schedule halving_reduce_scatter();
Schedule tree_reduce_scatter();
// Every rank ends with what rank 0 has: one part along a tree, or as many as ranks along a chain.
Schedule tree_broadcast();
Schedule chain_broadcast();
// One part goes from rank to rank, to the last one; or back to rank 0.
Schedule chain();
Schedule lap();

// Rounded up: steps of a binomial tree.
constexpr std::uint32_t tree_depth(std::uint32_t ranks) {
  std::uint32_t depth = 0;
  while ((std::uint64_t{1} << depth) < ranks) ++depth;
  return depth;
}
// The longest way from rank 0 along the tree.
constexpr std::uint32_t tree_height(std::uint32_t ranks) {
  std::uint32_t height = 0;
  while ((std::uint64_t{2} << height) <= ranks) ++height;
  return height;
}

}  // namespace soliton
