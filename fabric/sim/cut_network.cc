#include "fabric/sim/cut_network.h"

namespace soliton {

CutNetwork::CutNetwork(const Topology& topology, const Routes& routes, const FaultPlan& plan,
                       std::uint32_t parts, std::size_t trace_limit)
    : cut_(cut_network(topology, parts)) {
  for (std::uint32_t part = 0; part < cut_.parts; ++part) {
    traces_.push_back(std::make_unique<EarliestEvents>(trace_limit));
    // Routes fill tables when they are first asked, so each thread has its own.
    if (part > 0) routes_.push_back(std::make_unique<Routes>(routes.anew()));
    parts_.push_back(std::make_unique<Network>(topology, part > 0 ? *routes_.back() : routes, plan,
                                               traces_.back().get(), PartOf{&cut_, part}));
  }
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

// A topology with pauses is not cut.
std::vector<Deadlock> CutNetwork::deadlocks() const {
  const std::span<const Deadlock> found = parts_.front()->deadlocks();
  return {found.begin(), found.end()};
}

std::optional<PauseReport> CutNetwork::pause_report(Instant now) const {
  return parts_.front()->pause_report(now);
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
