// An emulated network in parts, for hubs that are played side by side: what all of it did, whatever
// the cut.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "fabric/sim/engine_node.h"
#include "fabric/sim/local_hub.h"
#include "fabric/sim/meeting.h"
#include "fabric/sim/network.h"

namespace soliton {

class CutNetwork : public Meeting {
 public:
  // At most `parts` parts (cut_network()). Of what happens in the network, the first `trace_limit`
  // events by time are kept. The references outlive the object.
  CutNetwork(const Topology& topology, const Routes& routes, const FaultPlan& plan,
             std::uint32_t parts, std::size_t trace_limit);

  const Cut& cut() const { return cut_; }
  Duration least_path() const { return parts_.front()->least_path(); }
  // The nodes of a part, for its hub. nodes[i] is NodeId i.
  std::unique_ptr<LocalHub> make_hub(std::uint32_t part, const std::vector<EngineNode*>& nodes);

  // Cables::record_series().
  void record_series(Duration interval);

  // Parts meet when the watchdog of one looks: at what is stopped in all of them. Where a part has
  // passed that instant, nothing was stopped there.
  Instant at() const override;
  void hold(Instant now) override;

  NetworkCounters counters() const;
  const PortCounters& port(std::size_t port) const;
  // By port; empty if nothing is sampled.
  std::vector<PortSeries> series() const;
  // Unset without pauses. `now`: the end of the run, when ports are looked at once more.
  std::optional<PauseReport> pause_report(Instant now);
  std::vector<FaultCounters> fault_counters() const;
  // From here on take_firings() returns what fault rules have decided since the last call and nothing
  // that they decide later precedes, in order of time. `ended`: they decide nothing more.
  void record_firings();
  std::vector<FaultFiring> take_firings(bool ended);
  // In order of time.
  std::vector<TraceEvent> take_trace();

 private:
  void find_circles(Instant now);
  // The part of the switch that the port feeds; that of the port if it feeds none.
  const Network& switch_of(std::size_t port) const { return *parts_[switch_parts_[port]]; }

  const Topology& topology_;
  Cut cut_;
  std::vector<std::unique_ptr<Routes>> routes_;          // of parts after the first
  std::vector<std::unique_ptr<EarliestEvents>> traces_;  // by part
  std::vector<std::unique_ptr<Network>> parts_;
  std::vector<std::uint32_t> switch_parts_;  // by port
  std::optional<CircleLog> circles_;         // of all parts, with pauses
  Instant ended_ = kNever;                   // when the run ended
  std::vector<FaultFiring> firings_;         // not taken yet
};

}  // namespace soliton
