// The emulated network as a state machine in virtual time: hosts' network cards, links, switches
// with output queues, faults. The engine feeds frames in and takes deliveries out. The network does
// not know how nodes are run.
//
// A packet that is handed over at its departure instant waits in the card's queue, crosses each
// link (line_time() of its bytes and the frame overhead, then the latency) and each switch
// (cut-through or store-and-forward, topologies/line.h), and arrives when its last byte has. Routes
// decides its path, hop by hop. Queues are those of Port (port.h), or of SwitchPorts where the topology
// has pauses, and at switches with several classes or a shared buffer; as long as nothing makes a
// difference, both let a packet go at the same picosecond.
//
// Packets that come to a port in one instant are taken in an order that changes from instant to
// instant, by a hash of the run's seed. With a fixed order, senders in lockstep would always reach
// a full queue in the same order, and the last of them would starve.
//
// A Network is all of the emulated network or a part of it (cut.h): the ports of the part, and the
// nodes that send into it and take deliveries from it. Packets that go on in another part are taken
// out with take_leaving() and come in there with come_in().
//
// A switch port marks packets by the length of its queue (EcnMarking), and may find its line taken
// by traffic that is not of this cluster (OtherTraffic).
//
//   network.send(frame);                          // frame.at: departure
//   network.advance(horizon, delivered);          // frames with their arrival instants
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "fabric/sim/cables.h"
#include "fabric/sim/fault_windows.h"
#include "fabric/sim/lookahead.h"
#include "fabric/sim/network_counters.h"
#include "fabric/sim/switch_ports.h"

namespace soliton {

class Network {
 public:
  // The references outlive the object; `trace` may be null.
  Network(const Topology& topology, const Routes& routes, const FaultPlan& plan,
          EarliestEvents* trace = nullptr, PartOf part = {});
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Cables::record_series().
  void record_series(Duration interval) { cables_.record_series(interval); }
  // By port; empty if nothing is sampled.
  const std::vector<PortSeries>& series() const { return cables_.series(); }

  // REQUIRES: frame.at is not below an earlier frame of the same source, and its first effect is
  // not below what advance() has processed: frame.at + least_first() >= processed().
  void send(Frame&& frame);
  // Processes the events below `horizon` in order of (instant, source, ordinal) and appends
  // deliveries. Stops earlier, at arrival + least_first() of a delivery, because the receiver may
  // answer, and at first_answer().
  void advance(Instant horizon, std::vector<Frame>& delivered);
  Instant next_event() const;
  // Packets for another part since the last call. first_answer(): nothing comes in because of those that
  // have left since forget_answers() below this instant.
  Handovers take_leaving(std::uint32_t part) { return cables_.take_leaving(part); }
  Instant first_answer() const { return cables_.first_answer(); }
  void forget_answers() { cables_.forget_answers(); }
  // REQUIRES: handover.at >= processed(), and the packet is for this part.
  void come_in(Handover handover) { cables_.come_in(std::move(handover)); }
  // All events before this instant are done.
  Instant processed() const { return cables_.events().processed(); }
  Instant last_event() const { return last_event_; }
  // Called when the run ends: records the faults that started or ended up to `now`, and ports that
  // wait for each other.
  void finish(Instant now);

  // With pauses: when the watchdog looks next (SwitchPorts::poll_at()). A part does not pass that
  // instant: someone must look at what is stopped in all parts, and then call poll().
  Instant poll_at() const { return queued_ ? queued_->poll_at() : kNever; }
  // The same of a part; kNever of a network that is whole, which looks by itself.
  Instant meeting() const { return whole() ? kNever : poll_at(); }
  void poll(Instant now);
  Stopped stopped() const { return pauses() ? queued_->stopped() : Stopped{}; }

  // Bounds for the engine (Lookahead).
  Duration least_first() const { return least_.first; }
  Duration least_last() const { return least_.last; }
  Duration least_path() const { return least_.path; }

  const NetworkCounters& counters() const { return cables_.counters(); }
  const PortCounters& port(Hop hop) const { return cables_.port(port_of(hop)).counters; }
  // Null without pauses.
  const PauseControl* pauses() const { return queued_ ? queued_->control() : nullptr; }
  // SwitchPorts::pauses_of(). REQUIRES: pauses().
  PortPauses pauses_of(std::size_t port, Instant now) const {
    return queued_->pauses_of(port, now);
  }
  std::size_t classes() const { return queued_ ? queued_->classes() : 1; }
  // Empty without pauses, and of a part.
  const std::vector<Deadlock>& deadlocks() const { return circles_.found(); }
  const std::vector<FaultCounters>& fault_counters() const { return cables_.faults().counters(); }
  // LinkFaults::record_firings() and take_firings().
  void record_firings() { cables_.faults().record_firings(); }
  std::vector<FaultFiring> take_firings() { return cables_.faults().take_firings(); }

 private:
  bool whole() const { return !part_.cut || part_.cut->parts == 1; }
  // When it polls by itself.
  Instant own_poll() const { return whole() ? poll_at() : kNever; }
  void process(const NetworkEvent& event);
  void find_circles(Instant now);

  PartOf part_;
  Cables cables_;
  FaultWindows windows_;
  Lookahead least_;
  std::unique_ptr<SwitchPorts> queued_;  // null if no port needs it
  CircleLog circles_;
  std::vector<Instant> sent_;  // last departure, by source
  Instant last_event_{};
};

}  // namespace soliton
