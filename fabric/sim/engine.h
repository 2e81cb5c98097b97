// The conservative virtual-time engine: simulates the network, and grants each node the right to
// run up to an instant before which nothing can reach it. Nothing is rolled back, idle nodes are
// never woken, and the result depends neither on where the windows end nor on what runs the nodes.
//
// A run ends when no event is left, at a time limit, or at the instant at which a node ends it
// (RunEnd). No node has run beyond that instant, because no window reaches further than the
// earliest foreseen end. So every node stops at the same instant however nodes are spread over
// processes.
//
// Let n_i be the earliest instant at which node i may do anything, e the network's next event, a
// the least time from a send to its first event at a switch, b the least time from there to an
// arrival, and L the least time from a send to an arrival (Lookahead). Then
//   the network processes events below min(n) + a, and below arrival + a of what it delivers then;
//   node i may run below min(min over j != i of n_j + L, n_i + 2 L, e + b).
// Chandy, Misra, "Distributed simulation", IEEE TSE 1979, with bounds computed centrally in place
// of null messages.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fabric/machine.h"
#include "fabric/sim/network.h"
#include "protocol/base/result.h"

namespace soliton {

// A node as the engine sees it: in this process (LocalNode) or behind a channel (RemoteNode).
class EngineNode {
 public:
  virtual ~EngineNode() = default;
  // A frame that arrives at frame.at, which is not below any earlier grant.
  virtual void deliver(Frame frame) = 0;
  // The promise of the node: it sends nothing before this instant unless a frame is delivered.
  // Takes into account frames that are delivered but not handled yet.
  virtual Instant next_event() const = 0;
  // Lets the node run all events before `until`. May return before they have run; collect() waits
  // for them.
  virtual void grant(Instant until) = 0;
  // After each grant(): waits until the node has stopped and appends what it sent. The node may
  // have stopped early; next_event() says where. Error: the node is gone or violated the protocol
  // (kBroken), or the wait was interrupted.
  virtual Status collect(std::vector<Frame>& sent) = 0;
  // The last instant at which the node did anything, and the number of its events so far.
  virtual Instant last_event() const = 0;
  virtual std::uint64_t events() const = 0;
  // The RunEnd of its machine. A node that has not reported yet must be assumed to end the run at
  // any time.
  virtual RunEnd run_end() const { return {}; }
  // Tells the node that the run is over and which instant was its last.
  virtual void finish(Instant) {}
};

enum class EndReason : std::uint8_t {
  kQuiet,      // no node and no packet will ever do anything again
  kStopped,    // EngineOptions::stop returned true
  kTimeLimit,  // nothing is left below the limit
  kNodeEnded,  // a node ended it; everything up to that instant has happened, and nothing after it
};

struct EngineOptions {
  Instant time_limit = kRunEnd;  // events at or after it do not happen; at most kRunEnd
  std::function<bool()> stop;    // called once per window; may be empty
};

struct EngineReport {
  EndReason end = EndReason::kQuiet;
  // The last instant at which anything happened; the limit or the node's end if that was the end.
  Instant now{};
  std::uint64_t node_events = 0;
  std::uint64_t network_events = 0;
  // These two depend on how nodes are driven, unlike everything else in the report.
  std::uint64_t windows = 0;
  std::uint64_t grants = 0;
};

class Engine {
 public:
  // nodes[i] is NodeId i. All outlive the object.
  Engine(Network& network, std::vector<EngineNode*> nodes, EngineOptions options = {});

  // Runs to the end and tells network and nodes about it. After an error report() says how far the
  // run came.
  Result<EngineReport> run();
  EngineReport report() const;

 private:
  Status play();
  bool ended();
  Instant first_event() const;
  void set_reach();
  void play_network();
  void grant_window();
  Status collect_window();
  void take_end(std::uint32_t node);
  Instant bound(std::uint32_t node) const;
  void set_next(std::uint32_t node);
  void sift(std::uint32_t at);
  void gather(std::uint32_t at);

  Network& network_;
  std::vector<EngineNode*> nodes_;
  EngineOptions options_;
  EngineReport report_;
  Instant limit_;           // no event happens at or after it
  Instant reach_{};         // nor at or after this one until foreseen ends are asked again
  Instant ended_ = kNever;  // when a node ended the run
  // Nodes in a heap by (next event, number), so that a window costs what its active nodes cost.
  std::vector<Instant> next_;  // by node
  std::vector<std::uint32_t> heap_;
  std::vector<std::uint32_t> place_;   // in heap_, by node
  std::vector<Instant> granted_;       // nothing may arrive below it, by node
  std::vector<std::uint32_t> active_;  // granted in this window
  std::vector<Frame> frames_;          // reused
  Instant second_{};                   // next event of the second node in time
  Instant network_reach_{};            // network's next event + b
};

}  // namespace soliton
