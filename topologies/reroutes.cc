#include "topologies/reroutes.h"

#include <algorithm>
#include <set>
#include <utility>

#include "topologies/shortest_paths.h"

namespace soliton {

Reroutes::Reroutes(const Topology& topology, std::shared_ptr<const NextHops> whole,
                   std::vector<Outage> outages)
    : topology_(topology), whole_(std::move(whole)), outages_(std::move(outages)) {
  if (topology.routing != Routing::kFixed) equal_ = std::make_unique<EqualPaths>(topology);
  std::set<Instant> changes;
  for (Outage& outage : outages_) {
    // From here on, when the others know.
    outage.from = later(outage.from, *topology.reroute);
    outage.until = later(outage.until, *topology.reroute);
    changes.insert({outage.from, outage.until});
  }
  versions_.push_back({.from = Instant::min(), .next_hops = whole_.get()});
  for (const Instant change : changes)
    if (change != kNever) versions_.push_back({.from = change});
}

std::vector<Instant> Reroutes::changes() const {
  std::vector<Instant> out;
  for (std::size_t i = 1; i < versions_.size(); ++i) out.push_back(versions_[i].from);
  return out;
}

std::optional<Hop> Reroutes::next_hop(std::uint32_t vertex, NodeId destination,
                                      const PacketKey& key) const {
  const std::optional<Hop> left = version_at(key.at).next_hop(vertex, destination, key);
  return left ? left : whole_->next_hop(vertex, destination, key);
}

void Reroutes::choices(std::uint32_t vertex, NodeId destination, const PacketKey& key,
                       std::vector<Hop>& out) const {
  const std::size_t before = out.size();
  version_at(key.at).choices(vertex, destination, key, out);
  if (out.size() == before) whole_->choices(vertex, destination, key, out);
}

const NextHops& Reroutes::version_at(Instant at) const {
  const auto next =
      std::upper_bound(versions_.begin(), versions_.end(), at,
                       [](Instant when, const Version& version) { return when < version.from; });
  Version& version = *std::prev(next);
  if (version.next_hops == nullptr) version.next_hops = &make_version(version.from);
  return *version.next_hops;
}

const NextHops& Reroutes::make_version(Instant at) const {
  PortsDown down = down_at(at);
  if (std::find(down.begin(), down.end(), true) == down.end()) return *whole_;
  const auto [table, fresh] = tables_.try_emplace(down);
  if (!fresh) return *table->second;
  if (equal_)
    table->second = std::make_unique<EqualPaths>(*equal_, std::move(down));
  else
    table->second = std::make_unique<ShortestPaths>(topology_, std::move(down));
  return *table->second;
}

PortsDown Reroutes::down_at(Instant at) const {
  PortsDown down(topology_.links.size() * 2);
  for (const Outage& outage : outages_) {
    if (at < outage.from || outage.until <= at) continue;
    for (const std::uint32_t link : outage.links) {
      if (outage.forward) down[port_of({link, 0})] = true;
      if (outage.backward) down[port_of({link, 1})] = true;
    }
  }
  return down;
}

}  // namespace soliton
