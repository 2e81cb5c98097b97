#include "node/traffic/traffic.h"

#include <algorithm>
#include <set>

namespace soliton {
namespace {

// Positions that exchange messages in an all-gather of n nodes.
std::set<std::pair<std::size_t, std::size_t>> gather_pairs(GatherSchedule schedule, std::size_t n) {
  std::set<std::pair<std::size_t, std::size_t>> pairs;
  const auto add = [&](std::size_t a, std::size_t b) {
    if (a != b) pairs.insert({std::min(a, b), std::max(a, b)});
  };
  for (std::size_t i = 0; i < n; ++i) {
    if (schedule == GatherSchedule::kRing) add(i, (i + 1) % n);
    if (schedule == GatherSchedule::kDirect)
      for (std::size_t j = 0; j < i; ++j) add(i, j);
    if (schedule == GatherSchedule::kDoubling)
      for (std::size_t bit = 1; bit < n; bit *= 2) add(i, i ^ bit);
  }
  return pairs;
}

}  // namespace

std::string gather_schedule_name(GatherSchedule schedule) {
  switch (schedule) {
    case GatherSchedule::kDirect:
      return "direct";
    case GatherSchedule::kRing:
      return "ring";
    case GatherSchedule::kDoubling:
      return "doubling";
  }
  return "";
}

std::string traffic_kind_name(TrafficKind kind) {
  switch (kind) {
    case TrafficKind::kPing:
      return "ping";
    case TrafficKind::kStream:
      return "stream";
    case TrafficKind::kIncast:
      return "incast";
    case TrafficKind::kAllGather:
      return "all-gather";
  }
  return "";
}

std::uint64_t expected_records(const Traffic& traffic) {
  return std::uint64_t{traffic.count} * traffic.senders.size();
}

// A round at its node, a round trip at the one that pings, a message at its receiver.
std::uint64_t completed_at(const Traffic& traffic, NodeId node) {
  const bool at_sender =
      traffic.kind == TrafficKind::kAllGather || traffic.kind == TrafficKind::kPing;
  if (!at_sender) return node == traffic.receiver ? expected_records(traffic) : 0;
  return std::count(traffic.senders.begin(), traffic.senders.end(), node) * traffic.count;
}

std::vector<std::pair<NodeId, NodeId>> talking_pairs(const Traffic& traffic) {
  std::set<std::pair<NodeId, NodeId>> pairs;
  const auto add = [&](NodeId a, NodeId b) { pairs.insert({std::min(a, b), std::max(a, b)}); };
  if (traffic.kind == TrafficKind::kAllGather) {
    for (const auto& [a, b] : gather_pairs(traffic.schedule, traffic.senders.size()))
      add(traffic.senders[a], traffic.senders[b]);
  } else {
    for (const NodeId sender : traffic.senders) add(sender, traffic.receiver);
  }
  return {pairs.begin(), pairs.end()};
}

std::uint64_t bytes_per_record(const Traffic& traffic) {
  if (traffic.kind == TrafficKind::kPing) return 2 * traffic.bytes;
  if (traffic.kind == TrafficKind::kAllGather) return traffic.bytes * (traffic.senders.size() - 1);
  return traffic.bytes;
}

}  // namespace soliton
