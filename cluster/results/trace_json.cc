// Chrome trace-event format (catapult project, "Trace Event Format"): a process for each node, numbered
// from 1, with a thread for each of its units, and a process of links and faults behind them. Slices of
// a thread must nest; where requests overlap on a unit, the later ones move to further threads
// "MVU (2)", sorted below it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "cluster/results/results.h"
#include "cluster/results/trace_counters.h"
#include "cluster/results/trace_lanes.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

std::string name_or(const std::vector<std::string>& names, std::int64_t number,
                    const char* otherwise) {
  if (number >= 0 && number < static_cast<std::int64_t>(names.size()))
    return names[static_cast<std::size_t>(number)];
  return fmt::format("{} {}", otherwise, number);
}

std::vector<const TraceEvent*> in_order(const std::vector<TraceEvent>& events) {
  std::vector<const TraceEvent*> out;
  for (const TraceEvent& event : events) out.push_back(&event);
  std::stable_sort(out.begin(), out.end(), [](const TraceEvent* a, const TraceEvent* b) {
    return std::pair(a->at, index(a->node)) < std::pair(b->at, index(b->node));
  });
  return out;
}

std::string slice_name(const TraceNames& names, const TraceEvent& e) {
  switch (e.kind) {
    case TraceKind::kChain: {
      static const std::vector<std::string> kNone;
      const std::uint32_t node = index(e.node);
      return name_or(node < names.chains.size() ? names.chains[node] : kNone, e.a, "chain");
    }
    case TraceKind::kRequest:
      return fmt::format("request {}", e.a);
    case TraceKind::kServe:
      return fmt::format("serve {}", e.a);
    case TraceKind::kHostWork:
      return fmt::format("host work {}", e.a);
    case TraceKind::kMessageSent:
      return fmt::format("send {} B to {}", e.b, name_or(names.nodes, e.c, "node"));
    default:
      return fmt::format("receive {} B from {}", e.b, name_or(names.nodes, e.c, "node"));
  }
}

const char* category(TraceKind kind) {
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

std::string instant_name(const TraceNames& names, const TraceEvent& e) {
  switch (e.kind) {
    case TraceKind::kPacketDropped: {
      const std::string cause = e.a < 0 ? "queue full" : name_or(names.fault_rules, e.a, "fault");
      return fmt::format("dropped on {}: {}", name_or(names.links, e.b, "link"), cause);
    }
    case TraceKind::kRetransmit:
      return fmt::format("retransmit {} of connection {}", e.b, e.a);
    case TraceKind::kTimeout:
      return fmt::format("timeout at {} of connection {}", e.b, e.a);
    case TraceKind::kFaultStart:
      return name_or(names.fault_rules, e.a, "fault") + " starts";
    default:
      return name_or(names.fault_rules, e.a, "fault") + " ends";
  }
}

class TraceWriter {
 public:
  TraceWriter(const std::vector<TraceEvent>& events, const TraceNames& names,
              const ChainProducts& products, const SeriesResult* series)
      : names_(names),
        sorted_(in_order(events)),
        lanes_(sorted_, names, products),
        series_(series) {}

  std::string text() {
    write_threads();
    for (const TraceSlice& slice : lanes_.slices()) write_slice(slice);
    write_flows();
    for (const TraceEvent* event : sorted_)
      if (!is_slice(event->kind)) write_instant(*event);
    if (series_ != nullptr)
      for (const Json& counter : trace_counters(*series_, links_process())) add(counter);
    return "{\n  \"displayTimeUnit\": \"ns\",\n  \"traceEvents\": [" + out_ + "\n  ]\n}\n";
  }

 private:
  std::uint32_t links_process() const { return lanes_.nodes() + 1; }
  // Of a track.
  std::uint32_t process(std::uint32_t track) const {
    return std::min(track / kTraceUnits, lanes_.nodes()) + 1;
  }

  static Json begun(const std::string& name, const char* phase, std::uint32_t process,
                    std::uint32_t thread) {
    return {{"name", name}, {"ph", phase}, {"pid", process}, {"tid", thread}};
  }

  // Event by event, as all of them together are large.
  void add(const Json& event) {
    out_ += out_.empty() ? "\n    " : ",\n    ";
    out_ += json_text(event, JsonLayout::kLine);
  }

  void metadata(const char* what, std::uint32_t process, std::uint32_t thread, Json arguments) {
    Json event = begun(what, "M", process, thread);
    event["args"] = std::move(arguments);
    add(event);
  }

  void write_process(std::uint32_t process, const std::string& name) {
    metadata("process_name", process, 0, {{"name", name}});
    metadata("process_sort_index", process, 0, {{"sort_index", process}});
  }

  // With the lanes of a unit on which requests overlap.
  void write_thread(std::uint32_t track, const std::string& name) {
    std::vector<std::uint32_t> threads = lanes_.further_threads(track);
    threads.insert(threads.begin(), track);
    for (std::size_t lane = 0; lane < threads.size(); ++lane) {
      metadata("thread_name", process(track), threads[lane],
               {{"name", lane == 0 ? name : fmt::format("{} ({})", name, lane + 1)}});
      metadata("thread_sort_index", process(track), threads[lane], {{"sort_index", order_++}});
    }
  }

  std::string track_name(std::uint32_t track) const {
    if (track < lanes_.faults_track())
      return trace_unit_name(static_cast<TraceUnit>(track % kTraceUnits));
    return track == lanes_.faults_track() ? "faults"
                                          : names_.links[track - lanes_.faults_track() - 1];
  }

  // Every node has a process, and threads where something happened.
  void write_threads() {
    std::set<std::uint32_t> tracks;
    for (const TraceEvent* event : sorted_) tracks.insert(lanes_.track(*event));
    for (std::uint32_t node = 0; node < lanes_.nodes(); ++node)
      write_process(node + 1, names_.nodes[node]);
    if (series_ != nullptr || tracks.lower_bound(lanes_.faults_track()) != tracks.end())
      write_process(links_process(), "links and faults");
    for (const std::uint32_t track : tracks) write_thread(track, track_name(track));
  }

  void write_slice(const TraceSlice& slice) {
    const TraceEvent& event = *slice.event;
    Json out = begun(slice_name(names_, event), "X", process_of(slice), slice.thread);
    out["cat"] = category(event.kind);
    out["ts"] = json_us(event.at.time_since_epoch());
    out["dur"] = json_us(slice.to - event.at);
    Json& arguments = out["args"];
    if (slice.mark) {
      arguments["bytes"] = event.b;
    } else {
      arguments["request"] = event.kind == TraceKind::kChain ? event.b : event.a;
      if (event.kind == TraceKind::kChain) arguments["step"] = event.c;
    }
    add(out);
  }

  // Arrows only where both ends were recorded: a node's trace buffer may have been full.
  void write_flows() {
    std::map<std::int64_t, std::vector<const TraceSlice*>> sent;
    std::map<std::int64_t, std::size_t> taken;
    for (const TraceSlice& slice : lanes_.slices())
      if (slice.event->kind == TraceKind::kMessageSent) sent[slice.event->a].push_back(&slice);
    std::int64_t arrow = 0;
    for (const TraceSlice& slice : lanes_.slices()) {
      if (slice.event->kind != TraceKind::kMessageReceived) continue;
      const auto found = sent.find(slice.event->a);
      if (found == sent.end()) continue;
      std::size_t& next = taken[slice.event->a];
      if (next == found->second.size() || found->second[next]->event->at > slice.event->at)
        continue;
      write_arrow(*found->second[next++], slice, ++arrow);
    }
  }

  void write_arrow(const TraceSlice& from, const TraceSlice& to, std::int64_t id) {
    write_arrow_end(from, "s", id);
    write_arrow_end(to, "f", id);
  }

  void write_arrow_end(const TraceSlice& slice, const char* phase, std::int64_t id) {
    Json out = begun("message", phase, process_of(slice), slice.thread);
    out["cat"] = "message";
    out["id"] = id;
    out["ts"] = json_us(slice.event->at.time_since_epoch());
    if (*phase == 'f') out["bp"] = "e";
    add(out);
  }

  void write_instant(const TraceEvent& event) {
    const bool fault = event.kind == TraceKind::kFaultStart || event.kind == TraceKind::kFaultEnd;
    const std::uint32_t track = lanes_.track(event);
    Json out = begun(instant_name(names_, event), "i", process(track), track);
    out["cat"] = fault ? "fault" : "transport";
    out["ts"] = json_us(event.at.time_since_epoch());
    out["s"] = fault ? "g" : "t";  // a fault is drawn through all tracks
    add(out);
  }

  std::uint32_t process_of(const TraceSlice& slice) const {
    return process(lanes_.track(*slice.event));
  }

  const TraceNames& names_;
  std::vector<const TraceEvent*> sorted_;
  TraceLanes lanes_;
  std::int64_t order_ = 0;
  const SeriesResult* series_;
  std::string out_;
};

}  // namespace

std::string trace_json(const std::vector<TraceEvent>& events, const TraceNames& names,
                       const SeriesResult* series) {
  return trace_json(events, names, {}, series);
}

std::string trace_json(const std::vector<TraceEvent>& events, const TraceNames& names,
                       const ChainProducts& products, const SeriesResult* series) {
  return TraceWriter(events, names, products, series).text();
}

}  // namespace soliton
