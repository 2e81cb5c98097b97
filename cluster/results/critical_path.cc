#include "cluster/results/critical_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "cluster/results/statistics.h"

namespace soliton {
namespace {

// More messages than any traced request has: a trace that leads in a circle has no path.
constexpr std::size_t kMessagesMost = 1'000'000;
// Requests that are asked for their path in place of one whose messages were not all traced.
constexpr std::size_t kTriesMost = 64;

using Events = std::vector<const TraceEvent*>;

// The events of a trace by node, and the two ends of each message.
class Ways {
 public:
  explicit Ways(std::span<const TraceEvent> trace) {
    for (const TraceEvent& event : trace) add(event);
    for (auto* lists : {&arrivals_, &served_})
      for (auto& [node, list] : *lists) std::ranges::stable_sort(list, {}, &TraceEvent::at);
  }

  // The request as its host saw it; nullptr: it was not traced.
  const TraceEvent* answer(const RequestRecord& request) const {
    const auto found = answers_.find({index(request.request), request.sent});
    return found == answers_.end() ? nullptr : found->second;
  }
  // The request at which an FPGA worked when it sent that; nullopt of a host.
  std::optional<std::int64_t> serves(const TraceEvent& sent) const {
    const TraceEvent* window = window_of(sent.node, sent.at);
    return window == nullptr ? std::nullopt : std::optional(window->a);
  }
  // When the node began with the request that it worked at then.
  std::optional<Instant> began(NodeId node, Instant at) const {
    const TraceEvent* window = window_of(node, at);
    return window == nullptr ? std::nullopt : std::optional(window->at);
  }
  // The message that made what left the node then: the last one with that time between nodes.
  struct Message {
    const TraceEvent *sent = nullptr, *arrived = nullptr;
  };
  std::optional<Message> before(NodeId node, Instant until, Duration network,
                                std::optional<std::int64_t> request) const {
    const auto list = arrivals_.find(index(node));
    if (list == arrivals_.end()) return std::nullopt;
    auto at = std::ranges::upper_bound(list->second, until, {}, &TraceEvent::at);
    while (at != list->second.begin()) {
      const TraceEvent& arrived = **--at;
      if (arrived.duration != network) continue;
      const auto sent = sent_.find(arrived.a);
      // A node that was replaced counts its messages anew, so that two may have one number.
      if (sent == sent_.end() || sent->second->at > arrived.at) continue;
      const std::optional<std::int64_t> of = serves(*sent->second);
      if (!of || !request || *of == *request) return Message{sent->second, &arrived};
    }
    return std::nullopt;
  }

 private:
  void add(const TraceEvent& event) {
    if (event.kind == TraceKind::kMessageSent) sent_.emplace(event.a, &event);
    if (event.kind == TraceKind::kMessageReceived) arrivals_[index(event.node)].push_back(&event);
    if (event.kind == TraceKind::kRequest) answers_.emplace(std::pair{event.a, event.at}, &event);
    if (event.kind == TraceKind::kServe) served_[index(event.node)].push_back(&event);
  }
  // A node works at one request after the other; what leaves at the very end is still the former's.
  const TraceEvent* window_of(NodeId node, Instant at) const {
    const auto list = served_.find(index(node));
    if (list == served_.end()) return nullptr;
    const auto next = std::ranges::lower_bound(list->second, at, {}, &TraceEvent::at);
    if (next == list->second.begin()) return nullptr;
    const TraceEvent* window = *std::prev(next);
    return at <= window->at + window->duration ? window : nullptr;
  }

  std::map<std::uint32_t, Events> arrivals_, served_;
  std::map<std::int64_t, const TraceEvent*> sent_;
  std::map<std::pair<std::int64_t, Instant>, const TraceEvent*> answers_;
};

// Parts in the order in which they are met first.
class Parts {
 public:
  explicit Parts(const PathNodes& nodes) : nodes_(nodes) {}

  void add_link(NodeId from, NodeId to, Duration time) {
    add(fmt::format("{} -> {}", name(from), name(to)), "network", time);
  }
  void add_node(NodeId node, Duration waited, Duration worked) {
    if (waited.count() > 0) add(name(node), "queue", waited);
    if (worked.count() > 0) add(name(node), has_fpga(node) ? "compute" : "host", worked);
  }
  // What hosts had waited of their time is known of the whole path alone.
  void add_waits_of_hosts(Duration queue) {
    for (const PathPart& part : parts_)
      if (part.what == "queue") queue -= part.time;
    for (std::size_t i = 0; i < parts_.size() && queue.count() > 0; ++i) {
      if (parts_[i].what != "host") continue;
      const Duration moved = std::min(queue, parts_[i].time);
      queue -= moved;
      parts_[i].time -= moved;
      add(parts_[i].where, "queue", moved);
    }
  }
  std::vector<PathPart> longest_first() {
    std::erase_if(parts_, [](const PathPart& part) { return part.time.count() == 0; });
    std::ranges::stable_sort(parts_, std::ranges::greater(), &PathPart::time);
    return std::move(parts_);
  }

 private:
  bool has_fpga(NodeId node) const {
    return index(node) < nodes_.has_fpga.size() && nodes_.has_fpga[index(node)];
  }
  std::string name(NodeId node) const {
    return index(node) < nodes_.names.size() ? nodes_.names[index(node)]
                                             : fmt::format("node {}", index(node));
  }
  void add(const std::string& where, const char* what, Duration time) {
    for (PathPart& part : parts_)
      if (part.where == where && part.what == what) {
        part.time += time;
        ++part.count;
        return;
      }
    parts_.push_back({where, what, time, 1});
  }

  const PathNodes& nodes_;
  std::vector<PathPart> parts_;
};

std::optional<std::vector<PathPart>> path_of(const Ways& ways, const RequestRecord& request,
                                             const PathNodes& nodes) {
  const TraceEvent* answer = ways.answer(request);
  if (answer == nullptr) return std::nullopt;
  Parts parts(nodes);
  NodeId node = answer->node;
  Instant until = request.completed;
  Duration network = request.path.network;
  std::optional<std::int64_t> served;
  for (std::size_t i = 0; network.count() > 0; ++i) {
    const auto message = ways.before(node, until, network, served);
    if (!message || message->sent->at < request.sent || i == kMessagesMost) return std::nullopt;
    const Instant came = message->arrived->at;
    const Instant began = std::clamp(ways.began(node, until).value_or(came), came, until);
    parts.add_node(node, began - came, until - began);
    parts.add_link(message->sent->node, node, came - message->sent->at);
    node = message->sent->node;
    until = message->sent->at;
    network = message->sent->duration;
    if (const auto now = ways.serves(*message->sent)) served = now;
  }
  parts.add_node(node, Duration{}, until - request.sent);
  parts.add_waits_of_hosts(request.path.queue);
  return parts.longest_first();
}

// The request nearest to that latency whose path is known; of several the first.
std::optional<CriticalPath> path_near(const Ways& ways, const char* which, Duration latency,
                                      std::vector<const RequestRecord*> traced,
                                      const PathNodes& nodes) {
  const auto away = [latency](const RequestRecord* r) {
    return std::abs((r->completed - r->sent - latency).count());
  };
  std::ranges::stable_sort(traced, {}, away);
  if (traced.size() > kTriesMost) traced.resize(kTriesMost);
  for (const RequestRecord* request : traced)
    if (std::optional<std::vector<PathPart>> parts = path_of(ways, *request, nodes))
      return CriticalPath{which, latency, index(request->request),
                          request->completed - request->sent, std::move(*parts)};
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<PathPart>> critical_path(std::span<const TraceEvent> trace,
                                                   const RequestRecord& request,
                                                   const PathNodes& nodes) {
  return path_of(Ways(trace), request, nodes);
}

std::vector<CriticalPath> critical_paths(const RunResults& results,
                                         std::span<const TraceEvent> trace,
                                         const PathNodes& nodes) {
  std::vector<CriticalPath> out;
  if (results.time != "virtual" || results.services.size() > 1) return out;
  const Ways ways(trace);
  std::vector<const RequestRecord*> traced;
  for (const RequestRecord& request : results.requests)
    if (request.counts() && ways.answer(request) != nullptr) traced.push_back(&request);
  const std::vector<Duration> sorted = sorted_latencies(results);
  if (traced.empty() || sorted.empty()) return out;
  for (const auto& [which, permille] : {std::pair{"median", 500}, {"p99.9", 999}})
    if (auto path = path_near(ways, which, nearest_rank(sorted, permille), traced, nodes))
      out.push_back(std::move(*path));
  return out;
}

}  // namespace soliton
