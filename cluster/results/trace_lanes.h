// Assigns the slices of a trace to lanes, the threads of the Chrome trace-event format, in which
// slices must nest. If requests overlap on a node, the later ones go to further lanes of the node.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "cluster/results/results.h"

namespace soliton {

struct TraceSlice {
  const TraceEvent* event = nullptr;
  Instant to{};
  bool mark = false;  // for a message, which is an instant
  std::uint32_t thread = 0;
};

bool is_slice(TraceKind kind);

class TraceLanes {
 public:
  // A node's track has the node's number; events of no node (of a switch or link) have track
  // `nodes`. `events`, in order of time and node, must outlive the object.
  TraceLanes(const std::vector<const TraceEvent*>& events, std::uint32_t nodes);
  TraceLanes(const TraceLanes&) = delete;
  TraceLanes& operator=(const TraceLanes&) = delete;

  // Outer slices come before those inside them.
  const std::vector<TraceSlice>& slices() const { return slices_; }
  std::uint32_t network_track() const { return nodes_; }
  std::uint32_t track(const TraceEvent& event) const;
  // The threads of a track after its first, whose number is the track's.
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
