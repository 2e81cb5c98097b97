// Communication workloads as values: who sends what to whom, without any model behind it. The same
// value goes to every node, which finds its own part in it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "node/deployment/records.h"
#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

enum class TrafficKind : std::uint8_t {
  kPing,       // one message there, one back, then the next: a record is a round trip
  kStream,     // one sender, one receiver: a record is a message, from hand-over to delivery
  kIncast,     // several senders, one receiver
  kAllGather,  // every node ends with every node's block: a record is one node's round
};

// How an all-gather of n blocks goes.
enum class GatherSchedule : std::uint8_t {
  kDirect,    // a block to each of the n-1 others at once
  kRing,      // n-1 steps, each node passes on to the next what it got last
  kDoubling,  // log2 n steps, pairs exchange all they hold (recursive doubling; n a power of two)
};

struct Traffic {
  TrafficKind kind = TrafficKind::kPing;
  GatherSchedule schedule = GatherSchedule::kDirect;
  std::vector<NodeId> senders;  // one for ping and stream; the nodes of an all-gather
  NodeId receiver{};            // of ping, stream and incast
  std::uint64_t bytes = 64;     // a message; all-gather: a node's block
  std::uint32_t count = 1;      // messages a sender; all-gather: rounds
  std::uint64_t seed = 1;       // of the contents
  bool contents = true;         // false: messages are sizes without bytes, nothing is verified

  bool operator==(const Traffic&) const = default;
};

std::string gather_schedule_name(GatherSchedule schedule);
std::string traffic_kind_name(TrafficKind kind);  // "ping", "stream", "incast", "all-gather"
// Records of a complete run, ends joined.
std::uint64_t expected_records(const Traffic& traffic);
// Of these, the ones that this node completes.
std::uint64_t completed_at(const Traffic& traffic, NodeId node);
// Pairs that exchange messages, each once, the lower node first, in order.
std::vector<std::pair<NodeId, NodeId>> talking_pairs(const Traffic& traffic);
// Payload bytes one record stands for: a message, both messages of a ping, or the n-1 blocks a node
// gathers.
std::uint64_t bytes_per_record(const Traffic& traffic);

}  // namespace soliton
