// What is in the parts of a collective operation: how they are cut, what each rank contributes, and
// what they must be in the end, which follows from (seed, origin, round) alone.
//
// Reductions add 64-bit words modulo 2^64. That sum does not depend on its order, so all schedules
// give the same bytes, and it has a closed form (pattern.h).
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "node/traffic/pattern.h"
#include "node/traffic/schedule.h"
#include "node/traffic/traffic.h"

namespace soliton {

// The nodes of a collective by rank: those of Traffic::senders, behind the receiver if the kind has
// a root.
class Ranks {
 public:
  Ranks(const Traffic& traffic, bool rooted) : traffic_(traffic), root_(rooted ? 1 : 0) {}

  std::uint32_t count() const {
    return static_cast<std::uint32_t>(traffic_.senders.size()) + root_;
  }
  NodeId node(std::uint32_t rank) const {
    return rank < root_ ? traffic_.receiver : traffic_.senders[rank - root_];
  }
  // kNoRank if the node takes no part. Names in a row are found at once.
  std::uint32_t rank_of(NodeId node) const;

 private:
  const Traffic& traffic_;
  std::uint32_t root_;
};

// As one rank sees them.
class Contents {
 public:
  virtual ~Contents() = default;
  // Bytes of these parts; 0 where there are fewer words than parts.
  virtual std::uint64_t size(Parts parts) const = 0;
  // What this rank contributes to these parts of a round, in a message to rank `to`.
  virtual void append_own(Parts parts, std::uint32_t to, std::uint32_t round,
                          Payload& out) const = 0;
  virtual void add_own(Parts parts, std::uint32_t round, std::span<std::byte> bytes) const = 0;
  // Whether `bytes`, which came from rank `from`, are what these parts must be in the end.
  virtual bool are_final(Parts parts, std::uint32_t from, std::uint32_t round,
                         std::span<const std::byte> bytes) const = 0;
};

// Everything a Contents knows. The ranks outlive it.
struct ContentsOf {
  const Traffic& traffic;
  const Ranks& ranks;
  std::uint32_t me = 0;
};
// Part p is the block of rank p.
std::unique_ptr<Contents> blocks_of_ranks(const ContentsOf& of);
// Part p is what one rank has for rank p.
std::unique_ptr<Contents> blocks_of_pairs(const ContentsOf& of);
// A vector in as many parts as ranks, each a whole number of words but for the last: the sum of those
// of all ranks.
std::unique_ptr<Contents> sum_of_ranks(const ContentsOf& of);
// The vector of rank 0, cut like that, or in one part.
std::unique_ptr<Contents> parts_of_root(const ContentsOf& of);
std::unique_ptr<Contents> whole_of_root(const ContentsOf& of);

// Bytes of `parts` of a vector of `bytes` in `count` parts.
std::uint64_t bytes_of_parts(std::uint64_t bytes, std::uint32_t count, Parts parts);

}  // namespace soliton
