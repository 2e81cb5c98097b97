#include "cluster/results/trace_lanes.h"

#include <algorithm>
#include <utility>

namespace soliton {
namespace {

// A message is an instant, but an arrow can only start and end at a slice: it gets one of this
// width, which gives way to any real slice.
constexpr Duration kMarkWidth = nanoseconds(1);

bool is_mark(TraceKind kind) {
  return kind == TraceKind::kMessageSent || kind == TraceKind::kMessageReceived;
}

bool gives_way(TraceSlice& open, const TraceSlice& slice) {
  if (!open.mark || slice.to <= open.to) return false;
  open.to = slice.event->at;
  return true;
}

}  // namespace

bool is_slice(TraceKind kind) {
  return kind == TraceKind::kChain || kind == TraceKind::kRequest || kind == TraceKind::kServe ||
         kind == TraceKind::kHostWork || is_mark(kind);
}

const char* trace_unit_name(TraceUnit unit) {
  static constexpr const char* kNames[] = {"requests", "MVU", "MFU", "host", "network"};
  return kNames[static_cast<std::size_t>(unit)];
}

TraceLanes::TraceLanes(const std::vector<const TraceEvent*>& events, const TraceNames& names,
                       const ChainProducts& products)
    : names_(names),
      products_(products),
      next_thread_(faults_track() + 1 + static_cast<std::uint32_t>(names.links.size())) {
  for (const TraceEvent* event : events) {
    if (!is_slice(event->kind)) continue;
    const bool mark = is_mark(event->kind);
    slices_.push_back({event, event->at + (mark ? kMarkWidth : event->duration), mark, 0});
  }
  // An outer slice before what it holds.
  std::stable_sort(slices_.begin(), slices_.end(), [](const TraceSlice& a, const TraceSlice& b) {
    return std::pair(a.event->at, b.to) < std::pair(b.event->at, a.to);
  });
  for (TraceSlice& slice : slices_) place(slice);
}

TraceUnit TraceLanes::unit(const TraceEvent& event) const {
  switch (event.kind) {
    case TraceKind::kRequest:
    case TraceKind::kServe:
      return TraceUnit::kRequests;
    case TraceKind::kHostWork:
      return TraceUnit::kHost;
    case TraceKind::kChain: {
      const std::uint32_t node = index(event.node);
      if (node >= products_.size() || event.a < 0) return TraceUnit::kMvu;
      const std::vector<bool>& own = products_[node];
      const auto chain = static_cast<std::size_t>(event.a);
      return chain < own.size() && !own[chain] ? TraceUnit::kMfu : TraceUnit::kMvu;
    }
    default:
      return TraceUnit::kNetwork;
  }
}

std::uint32_t TraceLanes::track(const TraceEvent& event) const {
  const auto links = static_cast<std::int64_t>(names_.links.size());
  if (event.kind == TraceKind::kPacketDropped && event.b >= 0 && event.b < links)
    return faults_track() + 1 + static_cast<std::uint32_t>(event.b);
  const bool fault = event.kind == TraceKind::kFaultStart || event.kind == TraceKind::kFaultEnd;
  if (fault || event.kind == TraceKind::kPacketDropped || index(event.node) >= nodes())
    return faults_track();
  return index(event.node) * kTraceUnits + static_cast<std::uint32_t>(unit(event));
}

std::vector<std::uint32_t> TraceLanes::further_threads(std::uint32_t track) const {
  std::vector<std::uint32_t> out;
  const auto lanes = lanes_.find(track);
  if (lanes == lanes_.end()) return out;
  for (std::size_t lane = 1; lane < lanes->second.size(); ++lane)
    out.push_back(lanes->second[lane].thread);
  return out;
}

void TraceLanes::place(TraceSlice& slice) {
  std::vector<Lane>& lanes = lanes_[track(*slice.event)];
  for (Lane& lane : lanes)
    if (nests(lane, slice)) return enter(lane, slice);
  lanes.push_back({lanes.empty() ? track(*slice.event) : next_thread_++, {}});
  enter(lanes.back(), slice);
}

bool TraceLanes::nests(Lane& lane, TraceSlice& slice) {
  const Instant from = slice.event->at;
  while (!lane.open.empty() &&
         (lane.open.back()->to <= from || gives_way(*lane.open.back(), slice)))
    lane.open.pop_back();
  if (lane.open.empty()) return true;
  const Instant end = lane.open.back()->to;
  if (slice.mark) slice.to = std::min(slice.to, end);
  return slice.to <= end;
}

void TraceLanes::enter(Lane& lane, TraceSlice& slice) {
  slice.thread = lane.thread;
  lane.open.push_back(&slice);
}

}  // namespace soliton
