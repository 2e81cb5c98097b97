#include "fabric/message/flows.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "protocol/base/check.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

constexpr std::size_t kSlotsFirst = 1024;

std::uint64_t key_of(NodeId from, NodeId to) {
  return std::uint64_t{index(from)} << 32 | index(to);
}

}  // namespace

Flows::Flows(const Topology& topology, const Routes& routes)
    : topology_(topology), routes_(routes), recent_(topology.nodes), slots_(kSlotsFirst) {}

Flows::Slot& Flows::slot(std::uint64_t key) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = mix64(key) & mask;
  while (slots_[at].flow != kNoIndex && slots_[at].key != key) at = (at + 1) & mask;
  return slots_[at];
}

std::uint32_t Flows::look_up(NodeId from, NodeId to) {
  const std::uint64_t key = key_of(from, to);
  if (const Slot& known = slot(key); known.flow != kNoIndex) return known.flow;
  if (flows_.size() * 2 >= slots_.size()) grow();
  const std::uint32_t flow = make(from, to);
  slot(key) = {key, flow};
  return flow;
}

void Flows::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& known : old)
    if (known.flow != kNoIndex) slot(known.key) = known;
}

std::uint32_t Flows::make(NodeId from, NodeId to) {
  Flow flow{.from = from, .to = to};
  std::tie(flow.path, flow.hops) = way_from(index(from), flow, changed_);
  SOLITON_CHECK_MSG(flow.hops > 0, "no path from node {} to node {}", index(from), index(to));
  flow.card = paths_[flow.path];
  flows_.push_back(flow);
  queues_.emplace_back();
  return static_cast<std::uint32_t>(flows_.size() - 1);
}

std::pair<std::uint32_t, std::uint32_t> Flows::way_from(std::uint32_t vertex, const Flow& flow,
                                                        Instant at) {
  const auto begin = static_cast<std::uint32_t>(paths_.size());
  const PacketKey key{.flow = routes_.flow(flow.from, flow.to), .at = at};
  while (vertex != index(flow.to)) {
    const std::optional<Hop> hop = routes_.next_hop(vertex, flow.to, key);
    if (!hop) break;
    paths_.push_back(static_cast<std::uint32_t>(port_of(*hop)));
    SOLITON_CHECK(paths_.size() - begin <= topology_.vertices.size());
    vertex = far_end(topology_.links[hop->link], hop->direction);
  }
  return {begin, static_cast<std::uint32_t>(paths_.size()) - begin};
}

void Flows::renew(Instant at) {
  changed_ = at;
  for (Flow& flow : flows_) {
    const auto [path, hops] = way_from(index(flow.from), flow, at);
    const auto from = paths_.begin();
    if (std::equal(from + path, from + path + hops, from + flow.path,
                   from + flow.path + flow.hops)) {
      paths_.resize(path);
      continue;
    }
    flow.path = path;
    flow.hops = hops;
    flow.card = paths_[path];
  }
}

void Flows::join(std::uint32_t flow) {
  const NodeId from = flows_[flow].from, to = flows_[flow].to;
  const std::uint32_t back = look_up(to, from);
  flows_[flow].back = back;
  flows_[back].back = flow;
}

std::vector<Hop> Flows::hops(const Flow& flow) const {
  std::vector<Hop> out;
  for (const std::uint32_t port : path(flow)) out.push_back(hop_of(port));
  return out;
}

}  // namespace soliton
