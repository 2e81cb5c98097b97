// Workloads that go by a schedule: collective operations, chains and rings of messages. A kind of
// them is a Collective; the role of its nodes, the pairs that talk and the counts of records follow.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "node/traffic/contents.h"
#include "node/traffic/schedule.h"
#include "node/traffic/traffic_role.h"

namespace soliton {

// What one record stands for.
enum class Recorded : std::uint8_t {
  kRounds,      // the round of a rank, from its begin to its end; every rank has one
  kDeliveries,  // from when rank 0 hands over the first of a round until another rank has all of it
  kEnds,        // from when rank 0 hands over a message until it is at the last rank
  kLaps,        // from when rank 0 hands over a message until it is back
};

struct Collective {
  Schedule schedule;
  std::unique_ptr<Contents> (*contents)(const ContentsOf& of) = nullptr;
  Recorded recorded = Recorded::kRounds;
  bool rooted = false;  // rank 0 is Traffic::receiver, the others are the senders
};

// Ranks go through Traffic::count rounds. A rank begins a round when it has completed the last one,
// so others may be ahead of it, and when the messages of the one before have left. Nullptr for nodes
// that take no part.
std::unique_ptr<TrafficRole> make_collective_role(const Traffic& traffic,
                                                  const TrafficRole::Options& options);

// What the members of TrafficKind with these names are for kinds with a Collective.
std::uint64_t collective_completed(const Traffic& traffic, NodeId node);
std::uint32_t collective_flows(const Traffic& traffic);
FlowEnds collective_ends(const Traffic& traffic, std::uint32_t flow);
std::vector<std::pair<NodeId, NodeId>> collective_pairs(const Traffic& traffic);

}  // namespace soliton
