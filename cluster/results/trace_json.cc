// Chrome trace-event format (catapult project, "Trace Event Format"): one process, one thread a
// node. Slices of a thread must nest; where requests overlap on a node, the later ones move to
// further threads "fpga0 (2)", sorted below it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cluster/results/json.h"
#include "cluster/results/results.h"

namespace soliton {
namespace {

// A message is an instant, but an arrow can only start and end at a slice: it gets one of this
// width, which gives way to any real slice.
constexpr Duration kMarkWidth = nanoseconds(1);

struct Slice {
  const TraceEvent* event = nullptr;
  Instant to{};
  bool mark = false;
  std::uint32_t thread = 0;
};

bool is_mark(TraceKind kind) {
  return kind == TraceKind::kMessageSent || kind == TraceKind::kMessageReceived;
}

bool is_slice(TraceKind kind) {
  return kind == TraceKind::kChain || kind == TraceKind::kRequest || kind == TraceKind::kServe ||
         kind == TraceKind::kHostWork || is_mark(kind);
}

std::string name_or(const std::vector<std::string>& names, std::int64_t number,
                    const char* otherwise) {
  if (number >= 0 && number < static_cast<std::int64_t>(names.size()))
    return names[static_cast<std::size_t>(number)];
  return fmt::format("{} {}", otherwise, number);
}

class TraceWriter {
 public:
  TraceWriter(const std::vector<TraceEvent>& events, const TraceNames& names) : names_(names) {
    for (const TraceEvent& event : events) {
      sorted_.push_back(&event);
      if (index(event.node) >= names.nodes.size()) has_network_track_ = true;
    }
    std::stable_sort(sorted_.begin(), sorted_.end(), [](const TraceEvent* a, const TraceEvent* b) {
      return std::pair(a->at, index(a->node)) < std::pair(b->at, index(b->node));
    });
    next_thread_ = network_track() + 1;
  }

  std::string text() {
    place_slices();
    json_.open('{', JsonWriter::Layout::kLines);
    json_.key("displayTimeUnit");
    json_.string("ns");
    json_.key("traceEvents");
    json_.open('[', JsonWriter::Layout::kLines);
    write_threads();
    for (const Slice& slice : slices_) write_slice(slice);
    write_flows();
    for (const TraceEvent* event : sorted_)
      if (!is_slice(event->kind)) write_instant(*event);
    json_.close();
    json_.close();
    return json_.take() + "\n";
  }

 private:
  struct Lane {
    std::uint32_t thread;
    std::vector<Slice*> open;  // outermost first
  };

  // What no node of the cluster said (a switch, a link) goes to a track of its own.
  std::uint32_t network_track() const { return static_cast<std::uint32_t>(names_.nodes.size()); }
  std::uint32_t track(const TraceEvent& event) const {
    return std::min(index(event.node), network_track());
  }

  std::string track_name(std::uint32_t node) const {
    return node < names_.nodes.size() ? names_.nodes[node] : std::string("network");
  }

  void place_slices() {
    for (const TraceEvent* event : sorted_) {
      if (!is_slice(event->kind)) continue;
      const bool mark = is_mark(event->kind);
      slices_.push_back({event, event->at + (mark ? kMarkWidth : event->duration), mark, 0});
    }
    // An outer slice before what it holds.
    std::stable_sort(slices_.begin(), slices_.end(), [](const Slice& a, const Slice& b) {
      return std::pair(a.event->at, b.to) < std::pair(b.event->at, a.to);
    });
    for (Slice& slice : slices_) place(slice);
  }

  void place(Slice& slice) {
    std::vector<Lane>& lanes = lanes_[track(*slice.event)];
    for (Lane& lane : lanes)
      if (nests(lane, slice)) return enter(lane, slice);
    lanes.push_back({lanes.empty() ? track(*slice.event) : next_thread_++, {}});
    enter(lanes.back(), slice);
  }

  static bool nests(Lane& lane, Slice& slice) {
    const Instant from = slice.event->at;
    while (!lane.open.empty() &&
           (lane.open.back()->to <= from || gives_way(*lane.open.back(), slice)))
      lane.open.pop_back();
    if (lane.open.empty()) return true;
    const Instant end = lane.open.back()->to;
    if (slice.mark) slice.to = std::min(slice.to, end);
    return slice.to <= end;
  }

  static bool gives_way(Slice& open, const Slice& slice) {
    if (!open.mark || slice.to <= open.to) return false;
    open.to = slice.event->at;
    return true;
  }

  static void enter(Lane& lane, Slice& slice) {
    slice.thread = lane.thread;
    lane.open.push_back(&slice);
  }

  void begin(const std::string& name, const char* phase, std::uint32_t thread) {
    json_.open('{');
    json_.key("name");
    json_.string(name);
    json_.key("ph");
    json_.string(phase);
    json_.key("pid");
    json_.integer(0);
    json_.key("tid");
    json_.natural(thread);
  }

  void member(const char* key, Instant value) {
    json_.key(key);
    json_.microseconds(value.time_since_epoch());
  }

  void member(const char* key, const char* value) {
    json_.key(key);
    json_.string(value);
  }

  void member(const char* key, std::int64_t value) {
    json_.key(key);
    json_.integer(value);
  }

  void metadata(const char* what, std::uint32_t thread, const std::string& name) {
    begin(what, "M", thread);
    json_.key("args");
    json_.open('{');
    json_.key("name");
    json_.string(name);
    json_.close();
    json_.close();
  }

  void sort_index(std::uint32_t thread, std::int64_t value) {
    begin("thread_sort_index", "M", thread);
    json_.key("args");
    json_.open('{');
    member("sort_index", value);
    json_.close();
    json_.close();
  }

  void write_threads() {
    metadata("process_name", 0, "cluster");
    std::int64_t order = 0;
    const std::uint32_t tracks = network_track() + (has_network_track_ ? 1 : 0);
    for (std::uint32_t node = 0; node < tracks; ++node) {
      metadata("thread_name", node, track_name(node));
      sort_index(node, order++);
      const std::vector<Lane>& lanes = lanes_[node];
      for (std::size_t lane = 1; lane < lanes.size(); ++lane) {
        metadata("thread_name", lanes[lane].thread,
                 fmt::format("{} ({})", track_name(node), lane + 1));
        sort_index(lanes[lane].thread, order++);
      }
    }
  }

  std::string slice_name(const TraceEvent& e) const {
    switch (e.kind) {
      case TraceKind::kChain: {
        static const std::vector<std::string> kNone;
        const std::uint32_t node = index(e.node);
        return name_or(node < names_.chains.size() ? names_.chains[node] : kNone, e.a, "chain");
      }
      case TraceKind::kRequest:
        return fmt::format("request {}", e.a);
      case TraceKind::kServe:
        return fmt::format("serve {}", e.a);
      case TraceKind::kHostWork:
        return fmt::format("host work {}", e.a);
      case TraceKind::kMessageSent:
        return fmt::format("send {} B to {}", e.b, name_or(names_.nodes, e.c, "node"));
      default:
        return fmt::format("receive {} B from {}", e.b, name_or(names_.nodes, e.c, "node"));
    }
  }

  static const char* category(TraceKind kind) {
    switch (kind) {
      case TraceKind::kChain:
        return "chain";
      case TraceKind::kRequest:
        return "request";
      case TraceKind::kServe:
        return "serve";
      case TraceKind::kHostWork:
        return "host";
      default:
        return "message";
    }
  }

  void write_slice(const Slice& slice) {
    const TraceEvent& event = *slice.event;
    begin(slice_name(event), "X", slice.thread);
    member("cat", category(event.kind));
    member("ts", event.at);
    json_.key("dur");
    json_.microseconds(slice.to - event.at);
    json_.key("args");
    json_.open('{');
    if (slice.mark) {
      member("bytes", event.b);
    } else {
      member("request", event.kind == TraceKind::kChain ? event.b : event.a);
      if (event.kind == TraceKind::kChain) member("step", event.c);
    }
    json_.close();
    json_.close();
  }

  // Arrows only where both ends were recorded: a node's trace buffer may have been full.
  void write_flows() {
    std::map<std::int64_t, std::vector<const Slice*>> sent;
    std::map<std::int64_t, std::size_t> taken;
    for (const Slice& slice : slices_)
      if (slice.event->kind == TraceKind::kMessageSent) sent[slice.event->a].push_back(&slice);
    std::int64_t arrow = 0;
    for (const Slice& slice : slices_) {
      if (slice.event->kind != TraceKind::kMessageReceived) continue;
      const auto found = sent.find(slice.event->a);
      if (found == sent.end()) continue;
      std::size_t& next = taken[slice.event->a];
      if (next == found->second.size() || found->second[next]->event->at > slice.event->at)
        continue;
      write_arrow(*found->second[next++], slice, ++arrow);
    }
  }

  void write_arrow(const Slice& from, const Slice& to, std::int64_t id) {
    write_arrow_end(from, "s", id);
    write_arrow_end(to, "f", id);
  }

  void write_arrow_end(const Slice& slice, const char* phase, std::int64_t id) {
    begin("message", phase, slice.thread);
    member("cat", "message");
    member("id", id);
    member("ts", slice.event->at);
    if (*phase == 'f') member("bp", "e");
    json_.close();
  }

  std::string instant_name(const TraceEvent& e) const {
    switch (e.kind) {
      case TraceKind::kPacketDropped: {
        const std::string cause =
            e.a < 0 ? "queue full" : name_or(names_.fault_rules, e.a, "fault");
        return fmt::format("dropped on {}: {}", name_or(names_.links, e.b, "link"), cause);
      }
      case TraceKind::kRetransmit:
        return fmt::format("retransmit {} of connection {}", e.b, e.a);
      case TraceKind::kTimeout:
        return fmt::format("timeout at {} of connection {}", e.b, e.a);
      case TraceKind::kFaultStart:
        return name_or(names_.fault_rules, e.a, "fault") + " starts";
      default:
        return name_or(names_.fault_rules, e.a, "fault") + " ends";
    }
  }

  void write_instant(const TraceEvent& event) {
    const bool fault = event.kind == TraceKind::kFaultStart || event.kind == TraceKind::kFaultEnd;
    begin(instant_name(event), "i", track(event));
    member("cat", fault ? "fault" : "transport");
    member("ts", event.at);
    member("s", fault ? "g" : "t");  // a fault is drawn through all tracks
    json_.close();
  }

  const TraceNames& names_;
  std::vector<const TraceEvent*> sorted_;
  std::vector<Slice> slices_;
  std::map<std::uint32_t, std::vector<Lane>> lanes_;
  std::uint32_t next_thread_ = 0;
  bool has_network_track_ = false;
  JsonWriter json_;
};

}  // namespace

std::string trace_json(const std::vector<TraceEvent>& events, const TraceNames& names) {
  return TraceWriter(events, names).text();
}

}  // namespace soliton
