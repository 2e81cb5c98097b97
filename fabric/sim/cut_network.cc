#include "fabric/sim/cut_network.h"

#include <algorithm>
#include <iterator>

namespace soliton {

CutNetwork::CutNetwork(const Topology& topology, const Routes& routes, const FaultPlan& plan,
                       std::uint32_t parts, std::size_t trace_limit)
    : topology_(topology), cut_(cut_network(topology, parts)) {
  for (std::uint32_t part = 0; part < cut_.parts; ++part) {
    traces_.push_back(std::make_unique<EarliestEvents>(trace_limit));
    // Routes fill tables when they are first asked, so each thread has its own.
    if (part > 0) routes_.push_back(std::make_unique<Routes>(routes.anew()));
    parts_.push_back(std::make_unique<Network>(topology, part > 0 ? *routes_.back() : routes, plan,
                                               traces_.back().get(), PartOf{&cut_, part}));
  }
  if (topology.pause) circles_.emplace(resume_level(*topology.pause), parts_.front()->classes());
  // A switch is in one part where there are pauses, which are what asks for it.
  std::vector<std::uint32_t> of_switch(topology.vertices.size(), 0);
  for (std::size_t port = 0; port < topology.links.size() * 2; ++port)
    of_switch[topology.links[port / 2].ends[port % 2]] = cut_.of_port(port);
  for (std::size_t port = 0; port < topology.links.size() * 2; ++port)
    switch_parts_.push_back(of_switch[topology.links[port / 2].ends[1 - port % 2]]);
}

std::unique_ptr<LocalHub> CutNetwork::make_hub(std::uint32_t part,
                                               const std::vector<EngineNode*>& nodes) {
  std::vector<LocalHub::Member> members;
  for (std::uint32_t i = 0; i < nodes.size(); ++i)
    if (cut_.of_node(i) == part) members.push_back({i, nodes[i]});
  return std::make_unique<LocalHub>(*parts_[part], members);
}

NetworkCounters CutNetwork::counters() const {
  NetworkCounters out;
  for (const std::unique_ptr<Network>& part : parts_) out.add(part->counters());
  return out;
}

const PortCounters& CutNetwork::port(std::size_t port) const {
  return parts_[cut_.of_port(port)]->port(hop_of(port));
}

void CutNetwork::record_series(Duration interval) {
  for (const std::unique_ptr<Network>& part : parts_) part->record_series(interval);
}

std::vector<PortSeries> CutNetwork::series() const {
  std::vector<PortSeries> out;
  for (std::size_t port = 0; port < parts_.front()->series().size(); ++port)
    out.push_back(parts_[cut_.of_port(port)]->series()[port]);
  return out;
}

Instant CutNetwork::at() const {
  Instant first = kNever;
  for (const std::unique_ptr<Network>& part : parts_) first = std::min(first, part->poll_at());
  return first;
}

// Circles are looked for first: the watchdog breaks them by dropping what waits in them.
void CutNetwork::hold(Instant now) {
  find_circles(now);
  for (const std::unique_ptr<Network>& part : parts_)
    if (part->poll_at() == now) part->poll(now);
}

void CutNetwork::find_circles(Instant now) {
  Stopped all;
  for (const std::unique_ptr<Network>& part : parts_) {
    if (part->poll_at() != now && now != ended_) continue;
    const Stopped its = part->stopped();
    all.queues.insert(all.queues.end(), its.queues.begin(), its.queues.end());
    all.waiting.insert(all.waiting.end(), its.waiting.begin(), its.waiting.end());
  }
  // In the order of a network that is whole.
  std::ranges::sort(all.queues);
  const std::size_t classes = parts_.front()->classes();
  circles_->look(now, all, [&](std::size_t queue) {
    return switch_of(queue / classes).pauses()->held_back(queue);
  });
}

std::optional<PauseReport> CutNetwork::pause_report(Instant now) {
  if (!parts_.front()->pauses()) return std::nullopt;
  ended_ = now;
  if (cut_.parts > 1) find_circles(now);
  PauseReport out;
  out.deadlocks = cut_.parts > 1 ? circles_->found() : parts_.front()->deadlocks();
  for (std::size_t port = 0; port < topology_.links.size() * 2; ++port) {
    PortPauses its = parts_[cut_.of_port(port)]->pauses_of(port, now);
    its.held_max = switch_of(port).pauses_of(port, now).held_max;
    const PortCounters& counters = its.counters;
    out.lossy_queue_max = std::max(out.lossy_queue_max, counters.lossy_queue_max);
    if (its.pauses > 0 || counters.dropped_queue > 0 || counters.dropped_watchdog > 0)
      out.ports.push_back(std::move(its));
  }
  return out;
}

void CutNetwork::record_firings() {
  for (const std::unique_ptr<Network>& part : parts_) part->record_firings();
}

std::vector<FaultFiring> CutNetwork::take_firings(bool ended) {
  // A card takes a frame up to least_first() before what its part has processed.
  Instant known = kNever;
  for (const std::unique_ptr<Network>& part : parts_) {
    std::ranges::move(part->take_firings(), std::back_inserter(firings_));
    known = std::min(known, part->processed() - part->least_first() - Duration{1});
  }
  std::ranges::sort(firings_, [](const auto& a, const auto& b) { return before(a, b); });
  const auto rest =
      ended ? firings_.end() : std::ranges::lower_bound(firings_, known, {}, &FaultFiring::at);
  std::vector<FaultFiring> out(firings_.begin(), rest);
  firings_.erase(firings_.begin(), rest);
  return out;
}

std::vector<FaultCounters> CutNetwork::fault_counters() const {
  std::vector<FaultCounters> out = parts_.front()->fault_counters();
  for (std::size_t part = 1; part < parts_.size(); ++part) {
    const std::vector<FaultCounters>& more = parts_[part]->fault_counters();
    for (std::size_t rule = 0; rule < out.size(); ++rule) out[rule].merge(more[rule]);
  }
  return out;
}

std::vector<TraceEvent> CutNetwork::take_trace() {
  for (std::size_t part = 1; part < traces_.size(); ++part) traces_.front()->merge(*traces_[part]);
  return traces_.front()->take();
}

}  // namespace soliton
