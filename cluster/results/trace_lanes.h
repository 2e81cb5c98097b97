// Slices of a trace in lanes: the threads of the Chrome trace-event format, in which slices must nest.
// Where requests overlap on a node, the later ones move to further lanes of the node.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "cluster/results/results.h"

namespace soliton {

struct TraceSlice {
  const TraceEvent* event = nullptr;
  Instant to{};
  bool mark = false;  // of a message, which is an instant
  std::uint32_t thread = 0;
};

bool is_slice(TraceKind kind);

class TraceLanes {
 public:
  // Nodes have tracks by their number; what no node of the `nodes` said (a switch, a link) has the
  // track behind them. `events`, in order of time and node, outlive the object.
  TraceLanes(const std::vector<const TraceEvent*>& events, std::uint32_t nodes);
  TraceLanes(const TraceLanes&) = delete;
  TraceLanes& operator=(const TraceLanes&) = delete;

  // Outer ones before what they hold.
  const std::vector<TraceSlice>& slices() const { return slices_; }
  std::uint32_t network_track() const { return nodes_; }
  std::uint32_t track(const TraceEvent& event) const;
  // The threads of a track beyond its first one, whose number is the track's.
  std::vector<std::uint32_t> further_threads(std::uint32_t track) const;

 private:
  struct Lane {
    std::uint32_t thread;
    std::vector<TraceSlice*> open;  // outermost first
  };

  void place(TraceSlice& slice);
  static bool nests(Lane& lane, TraceSlice& slice);
  static void enter(Lane& lane, TraceSlice& slice);

  std::uint32_t nodes_;
  std::uint32_t next_thread_;
  std::vector<TraceSlice> slices_;
  std::map<std::uint32_t, std::vector<Lane>> lanes_;  // by track
};

}  // namespace soliton
