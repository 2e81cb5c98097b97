// Lower bounds on the time of collective operations in the alpha-beta model: from when the first node
// begins until the last has ended its last round. They hold for the schedule that is used, not for the
// best one. A rank begins a round when its last one is complete, but others may be ahead, so that
// rounds overlap: a bound of many rounds is a chain of messages of which each waits for the one before,
// or what a node has to send or receive in all.
#pragma once

#include "node/traffic/contents.h"
#include "node/traffic/least_times.h"
#include "node/traffic/traffic.h"

namespace soliton {

// Every step waits for the one before: `steps` messages of at least `bytes` in each round.
Duration bound_of_steps(const Traffic& traffic, const LeastTimes& least, std::int64_t steps,
                        std::uint64_t bytes);
// Each node receives so many messages of at least `bytes` in each round.
Duration bound_of_receivers(const Traffic& traffic, const LeastTimes& least, std::uint64_t messages,
                            std::uint64_t bytes);
// Pairs exchange 1, 2, 4, ... parts of a vector, one after the other, `passes` times in each round.
Duration bound_of_halving(const Traffic& traffic, const LeastTimes& least, std::int64_t passes);
// Each part of a vector goes along `steps` ranks in each round.
Duration bound_of_ring(const Traffic& traffic, const LeastTimes& least, std::int64_t steps);

// The least and the largest part of a vector in as many parts as ranks.
struct PartSizes {
  std::uint64_t least = 0, least_with_bytes = 0, most = 0;
};
PartSizes part_sizes(std::uint64_t bytes, std::uint32_t ranks);

// Of a binomial tree along which vectors go up to the root and results down to the others.
struct TreeLoad {
  NodeId root{};
  std::uint32_t ranks = 1;
  std::uint64_t up = 0;             // bytes of each message to the root
  std::uint64_t down = 0;           // least bytes of a message that a rank gets from above
  std::uint64_t root_messages = 0;  // that leave the root in each round
  std::uint64_t root_bytes = 0;     // of each
};
Duration bound_of_tree(const Traffic& traffic, const LeastTimes& least, const TreeLoad& load);

}  // namespace soliton
