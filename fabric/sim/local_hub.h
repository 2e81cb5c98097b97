// A hub in this process. It simulates its part of the network, and grants each node the right to run
// up to an instant before which nothing can reach it. Nothing is rolled back, idle nodes are never
// woken, and the result depends neither on where the windows end nor on what runs the nodes.
//
// Let n_i be the earliest instant at which node i may do anything, e the network's next event, a
// the least time from a send to its first event at a switch, b the least time from there to an
// arrival, and L the least time from a send to an arrival (Lookahead). Then
//   the network processes events below min(n) + a, and below arrival + a of what it delivers then;
//   node i may run below min(min over j != i of n_j + L, n_i + 2 L, e + b).
// Nothing passes the horizon up to which the hub may play, below which nothing comes in from others but
// packets that have left, or answers to them: the network knows the earliest of these
// (Network::first_answer()). A packet that a node sends in its window needs no such limit in this
// window, because its way out and back is no shorter than L.
// Chandy, Misra, "Distributed simulation", IEEE TSE 1979, with bounds computed centrally in place
// of null messages.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fabric/sim/engine_node.h"
#include "fabric/sim/hub.h"
#include "fabric/sim/network.h"

namespace soliton {

class LocalHub : public Hub {
 public:
  // A node of this hub. `node` outlives the hub.
  struct Member {
    std::uint32_t number;  // NodeId
    EngineNode* node;
  };
  // `members` in ascending order: the nodes of the network's part. The network outlives the object.
  LocalHub(Network& network, const std::vector<Member>& members);

  Instant next_event() const override;
  Instant foreseen_end(Instant first) const override;
  Instant ended() const override { return ended_; }
  void come_in(Handovers packets) override;
  Status play(Instant horizon, const std::function<bool()>& pause) override;
  Handovers take_leaving(std::uint32_t hub) override { return network_.take_leaving(hub); }
  void finish(Instant now) override;
  HubReport report() const override;

 private:
  // Nothing here may pass it.
  Instant reach() const { return std::min({reach_, network_.first_answer(), network_.meeting()}); }
  void play_network();
  void grant_window();
  Status collect_window();
  void take_end(std::uint32_t member);
  Instant bound(std::uint32_t member) const;
  void set_next(std::uint32_t member, Instant at);
  void look_ahead(std::uint32_t member) const;
  void set_hot();
  void sift(std::uint32_t at);
  void gather(std::uint32_t at);

  // What a turn of a member touches: of its state, and the packet that was delivered last.
  struct HotMemory {
    static constexpr std::size_t kRanges = 5;
    std::array<std::span<const std::byte>, kRanges> state;
    std::span<const std::byte> packet;
  };

  Network& network_;
  std::vector<Member> members_;
  std::vector<std::uint32_t> member_of_;  // by node; only those of this hub are set
  std::uint64_t windows_ = 0;
  std::uint64_t grants_ = 0;
  Instant reach_{};         // the horizon
  Instant ended_ = kNever;  // when a node ended the run
  // Members in a heap by (next event, number), so that a window costs what its active nodes cost.
  std::vector<Instant> next_;  // by member
  std::vector<std::uint32_t> heap_;
  std::vector<std::uint32_t> place_;   // in heap_, by member
  std::vector<Instant> granted_;       // nothing may arrive below it, by member
  std::vector<std::uint32_t> active_;  // granted in this window
  std::vector<HotMemory> hot_;         // by member; empty if all members fit a cache
  std::vector<Frame> frames_;          // reused
  Instant second_{};                   // next event of the second member in time
  Instant network_reach_{};            // network's next event + b
};

}  // namespace soliton
