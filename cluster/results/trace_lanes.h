// Assigns the events of a trace to threads of the Chrome trace-event format, in which slices must nest:
// each node has one for each of its units. If requests overlap on a unit, the later ones go to further
// lanes of it.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "cluster/results/results.h"
#include "cluster/results/trace_units.h"

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
  // A unit has track `node * kTraceUnits + unit`. Behind those of the nodes are one for what concerns
  // no node, faults above all, and one for each link. `events`, in order of time and node, and what follows
  // must outlive the object.
  TraceLanes(const std::vector<const TraceEvent*>& events, const TraceNames& names,
             const ChainProducts& products);
  TraceLanes(const TraceLanes&) = delete;
  TraceLanes& operator=(const TraceLanes&) = delete;

  // Outer slices come before those inside them.
  const std::vector<TraceSlice>& slices() const { return slices_; }
  // The track of what concerns no node; that of link 0 follows it.
  std::uint32_t faults_track() const { return nodes() * kTraceUnits; }
  std::uint32_t nodes() const { return static_cast<std::uint32_t>(names_.nodes.size()); }
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

  TraceUnit unit(const TraceEvent& event) const;

  const TraceNames& names_;
  const ChainProducts& products_;
  std::uint32_t next_thread_;
  std::vector<TraceSlice> slices_;
  std::map<std::uint32_t, std::vector<Lane>> lanes_;  // by track
};

}  // namespace soliton
