#include "fabric/sim/engine.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "protocol/base/check.h"

namespace soliton {
namespace {

// Least distance of two instants.
constexpr Duration kInstant = picoseconds(1);

}  // namespace

Engine::Engine(Network& network, std::vector<EngineNode*> nodes, EngineOptions options)
    : network_(network),
      nodes_(std::move(nodes)),
      options_(std::move(options)),
      limit_(options_.time_limit),
      next_(nodes_.size(), kNever),
      heap_(nodes_.size()),
      place_(nodes_.size()),
      granted_(nodes_.size(), kRunStart) {
  options_.time_limit = std::min(options_.time_limit, kRunEnd);
  std::iota(heap_.begin(), heap_.end(), 0u);
  std::iota(place_.begin(), place_.end(), 0u);
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) set_next(i);
}

Result<EngineReport> Engine::run() {
  Status played = play();
  // Also after an error: what was measured until then is kept, so network and nodes must know where
  // the run ended.
  const EngineReport result = report();
  network_.finish(result.now);
  for (EngineNode* node : nodes_) node->finish(result.now);
  if (!played) return tl::unexpected(std::move(played.error()));
  return result;
}

Status Engine::play() {
  for (;;) {
    set_reach();
    // The network before the nodes: a frame that it delivers may make a node's next event earlier,
    // and all grants rest on these.
    play_network();
    if (ended()) return {};
    grant_window();
    if (Status status = collect_window(); !status) return status;
  }
}

EngineReport Engine::report() const {
  EngineReport result = report_;
  result.network_events = network_.counters().events;
  result.now = network_.last_event();
  for (const EngineNode* node : nodes_) {
    result.node_events += node->events();
    result.now = std::max(result.now, node->last_event());
  }
  if (result.end == EndReason::kTimeLimit) result.now = limit_;
  if (result.end == EndReason::kNodeEnded) result.now = ended_;
  return result;
}

Instant Engine::first_event() const {
  return std::min(heap_.empty() ? kNever : next_[heap_[0]], network_.next_event());
}

// No window reaches further than two paths beyond the first event. So nodes are asked for the
// earliest end only when a window could come close to their last answer, which remains true until
// then.
void Engine::set_reach() {
  const Instant first = first_event();
  const Duration path = network_.least_path();
  if (reach_ < limit_ && later(later(first, path), path) >= reach_) {
    Instant foreseen = kNever;
    for (const EngineNode* node : nodes_) {
      const RunEnd end = node->run_end();
      foreseen = std::min({foreseen, end.next, later(first, end.notice)});
    }
    reach_ = std::max(reach_, later(foreseen, kInstant));
  }
  reach_ = std::min(reach_, limit_);
}

bool Engine::ended() {
  const Instant first = first_event();
  // The end that a node brought has lowered limit_, so it is looked for before the time limit.
  if (ended_ != kNever && first >= limit_) {
    report_.end = EndReason::kNodeEnded;
  } else if (first == kNever) {
    report_.end = EndReason::kQuiet;
  } else if (first >= limit_) {
    report_.end = EndReason::kTimeLimit;
  } else if (options_.stop && options_.stop()) {
    report_.end = EndReason::kStopped;
  } else {
    return false;
  }
  return true;
}

void Engine::play_network() {
  const Instant first = heap_.empty() ? kNever : next_[heap_[0]];
  frames_.clear();
  network_.advance(std::min(later(first, network_.least_first()), reach_), frames_);
  for (Frame& frame : frames_) {
    const std::uint32_t node = index(frame.datagram.destination);
    SOLITON_CHECK_MSG(
        frame.at >= granted_[node], "a frame arrives at node {} at {} ps, below its grant of {} ps",
        node, frame.at.time_since_epoch().count(), granted_[node].time_since_epoch().count());
    nodes_[node]->deliver(std::move(frame));
    set_next(node);
  }
}

// The bound of engine.h. The second earliest node stands for all others when `node` is the earliest
// itself.
Instant Engine::bound(std::uint32_t node) const {
  const std::uint32_t top = heap_[0];
  const Duration path = network_.least_path();
  const Instant others = later(node == top ? second_ : next_[top], path);
  const Instant answer = later(later(next_[node], path), path);
  return std::min({others, answer, network_reach_, reach_});
}

void Engine::grant_window() {
  ++report_.windows;
  second_ = kNever;
  // The second earliest of a heap is a child of its top.
  for (const std::size_t child : {1, 2}) {
    if (child < heap_.size()) second_ = std::min(second_, next_[heap_[child]]);
  }
  network_reach_ = later(network_.next_event(), network_.least_last());
  active_.clear();
  gather(0);
  // The earliest node can always run, unless the network or the foreseen end comes first: every
  // other term of its bound is later than its own next event.
  SOLITON_CHECK_MSG(!active_.empty() || network_.next_event() < limit_ || first_event() >= reach_,
                    "no node can run");
  for (const std::uint32_t node : active_) {
    granted_[node] = bound(node);
    nodes_[node]->grant(granted_[node]);
  }
  report_.grants += active_.size();
}

// The part of the heap whose next event is below its bound. A child is never earlier than its
// parent, and only the top can have a bound of its own, so a node that may not run has none below
// it that may.
void Engine::gather(std::uint32_t at) {
  if (at >= heap_.size()) return;
  const std::uint32_t node = heap_[at];
  if (next_[node] >= bound(node) && at != 0) return;
  if (next_[node] < bound(node)) active_.push_back(node);
  gather(2 * at + 1);
  gather(2 * at + 2);
}

// In reverse: nodes on one core finish in the order they were woken, so the wait for the last one
// finds the others done and each costs one switch of processes instead of two.
Status Engine::collect_window() {
  for (auto it = active_.rbegin(); it != active_.rend(); ++it) {
    const std::uint32_t node = *it;
    frames_.clear();
    if (Status status = nodes_[node]->collect(frames_); !status) return status;
    for (Frame& frame : frames_) {
      SOLITON_CHECK_MSG(index(frame.datagram.source) == node && frame.at >= next_[node] &&
                            frame.at < granted_[node],
                        "node {} was granted [{}, {}) ps and sent at {} ps", node,
                        next_[node].time_since_epoch().count(),
                        granted_[node].time_since_epoch().count(),
                        frame.at.time_since_epoch().count());
      network_.send(std::move(frame));
    }
    SOLITON_CHECK_MSG(nodes_[node]->next_event() >= next_[node], "node {} took its promise back",
                      node);
    set_next(node);
    take_end(node);
  }
  return {};
}

void Engine::take_end(std::uint32_t node) {
  const Instant came = nodes_[node]->run_end().came;
  if (came == kNever) return;
  SOLITON_CHECK_MSG(later(came, kInstant) >= reach_,
                    "node {} ended the run at {} ps and had foreseen no end below {} ps", node,
                    came.time_since_epoch().count(), reach_.time_since_epoch().count());
  ended_ = std::min(ended_, came);
  // Events at the instant of the end still happen, at every node.
  limit_ = std::min(limit_, later(ended_, kInstant));
}

void Engine::set_next(std::uint32_t node) {
  next_[node] = nodes_[node]->next_event();
  sift(place_[node]);
}

void Engine::sift(std::uint32_t at) {
  // Ties go by number, so the order of nodes is the same in every run.
  const auto earlier = [&](std::uint32_t a, std::uint32_t b) {
    return std::pair{next_[heap_[a]], heap_[a]} < std::pair{next_[heap_[b]], heap_[b]};
  };
  const auto exchange = [&](std::uint32_t a, std::uint32_t b) {
    std::swap(heap_[a], heap_[b]);
    place_[heap_[a]] = a;
    place_[heap_[b]] = b;
  };
  while (at > 0 && earlier(at, (at - 1) / 2)) {
    exchange(at, (at - 1) / 2);
    at = (at - 1) / 2;
  }
  for (;;) {
    std::uint32_t first = at;
    for (const std::uint32_t child : {2 * at + 1, 2 * at + 2}) {
      if (child < heap_.size() && earlier(child, first)) first = child;
    }
    if (first == at) return;
    exchange(at, first);
    at = first;
  }
}

}  // namespace soliton
