#include "fabric/sim/local_hub.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "protocol/base/check.h"

namespace soliton {

LocalHub::LocalHub(Network& network, const std::vector<Member>& members)
    : network_(network),
      members_(members),
      next_(members.size(), kNever),
      heap_(members.size()),
      place_(members.size()),
      granted_(members.size(), kRunStart) {
  std::iota(heap_.begin(), heap_.end(), 0u);
  std::iota(place_.begin(), place_.end(), 0u);
  if (!members.empty()) member_of_.resize(members.back().number + 1);
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    member_of_[members_[i].number] = i;
    set_next(i, members_[i].node->next_event());
  }
  set_hot();
}

void LocalHub::set_hot() {
  constexpr std::size_t kMembersOfACache = 64;
  if (members_.size() <= kMembersOfACache) return;
  hot_.resize(members_.size());
  std::vector<std::span<const std::byte>> ranges;
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    ranges.clear();
    members_[i].node->hot_memory(ranges);
    std::copy_n(ranges.begin(), std::min(ranges.size(), hot_[i].state.size()),
                hot_[i].state.begin());
  }
}

// Calls into the cache what the turn of a member will touch, while another one has its own: each has
// state in more lines than a processor finds out about by itself before it must wait.
void LocalHub::look_ahead(std::uint32_t member) const {
  constexpr std::size_t kLine = 64;
  const auto call = [](std::span<const std::byte> range) {
    for (std::size_t at = 0; at < range.size(); at += kLine) __builtin_prefetch(&range[at]);
  };
  for (const std::span<const std::byte> range : hot_[member].state) call(range);
  call(hot_[member].packet);
}

Instant LocalHub::next_event() const {
  return std::min(heap_.empty() ? kNever : next_[heap_[0]], network_.next_event());
}

Instant LocalHub::foreseen_end(Instant first) const {
  Instant foreseen = kNever;
  for (const Member& member : members_) {
    const RunEnd end = member.node->run_end();
    foreseen = std::min({foreseen, end.next, later(first, end.notice)});
  }
  return foreseen;
}

void LocalHub::come_in(Handovers handovers) {
  for (Handover& packet : handovers.packets) network_.come_in(std::move(packet));
}

Status LocalHub::play(Instant horizon, const std::function<bool()>& pause) {
  reach_ = horizon;
  network_.forget_answers();
  while (next_event() < reach()) {
    // The network before the nodes: a frame that it delivers may make a node's next event earlier,
    // and all grants rest on these.
    play_network();
    grant_window();
    if (Status status = collect_window(); !status) return status;
    if (pause && pause()) break;
  }
  return {};
}

void LocalHub::finish(Instant now) {
  network_.finish(now);
  for (const Member& member : members_) member.node->finish(now);
}

HubReport LocalHub::report() const {
  HubReport out{network_.last_event(), 0, network_.counters().events, windows_, grants_};
  for (const Member& member : members_) {
    out.node_events += member.node->events();
    out.now = std::max(out.now, member.node->last_event());
  }
  return out;
}

void LocalHub::play_network() {
  const Instant first = heap_.empty() ? kNever : next_[heap_[0]];
  frames_.clear();
  network_.advance(std::min(later(first, network_.least_first()), reach_), frames_);
  for (Frame& frame : frames_) {
    const std::uint32_t member = member_of_[index(frame.datagram.destination)];
    SOLITON_CHECK_MSG(frame.at >= granted_[member],
                      "a frame arrives at node {} at {} ps, below its grant of {} ps",
                      members_[member].number, frame.at.time_since_epoch().count(),
                      granted_[member].time_since_epoch().count());
    if (!hot_.empty()) hot_[member].packet = frame.datagram.payload.bytes;
    const Instant at = std::min(next_[member], frame.at);
    members_[member].node->deliver(std::move(frame));
    set_next(member, at);
  }
}

// The bound of local_hub.h. The second earliest node stands for all others when `member` is the
// earliest itself.
Instant LocalHub::bound(std::uint32_t member) const {
  const std::uint32_t top = heap_[0];
  const Duration path = network_.least_path();
  const Instant others = later(member == top ? second_ : next_[top], path);
  const Instant answer = later(later(next_[member], path), path);
  return std::min({others, answer, network_reach_, reach()});
}

void LocalHub::grant_window() {
  ++windows_;
  active_.clear();
  if (heap_.empty()) return;
  second_ = kNever;
  // The second earliest of a heap is a child of its top.
  for (const std::size_t child : {1, 2}) {
    if (child < heap_.size()) second_ = std::min(second_, next_[heap_[child]]);
  }
  network_reach_ = later(network_.next_event(), network_.least_last());
  gather(0);
  // The earliest node can always run, unless the network or the horizon comes first: every other
  // term of its bound is later than its own next event.
  SOLITON_CHECK_MSG(!active_.empty() || network_.next_event() < reach() || next_event() >= reach(),
                    "no node can run");
  for (const std::uint32_t member : active_) {
    granted_[member] = bound(member);
    members_[member].node->grant(granted_[member]);
  }
  grants_ += active_.size();
}

// The part of the heap whose next event is below its bound. A child is never earlier than its
// parent, and only the top can have a bound of its own, so a node that may not run has none below
// it that may.
void LocalHub::gather(std::uint32_t at) {
  if (at >= heap_.size()) return;
  const std::uint32_t member = heap_[at];
  if (next_[member] >= bound(member) && at != 0) return;
  if (next_[member] < bound(member)) active_.push_back(member);
  gather(2 * at + 1);
  gather(2 * at + 2);
}

// In reverse: nodes on one core finish in the order they were woken, so the wait for the last one
// finds the others done and each costs one switch of processes instead of two.
Status LocalHub::collect_window() {
  for (std::size_t left = active_.size(); left-- > 0;) {
    const std::uint32_t member = active_[left];
    if (left > 0 && !hot_.empty()) look_ahead(active_[left - 1]);
    const auto [number, node] = members_[member];
    frames_.clear();
    if (Status status = node->collect(frames_); !status) return status;
    for (Frame& frame : frames_) {
      SOLITON_CHECK_MSG(index(frame.datagram.source) == number && frame.at >= next_[member] &&
                            frame.at < granted_[member],
                        "node {} was granted [{}, {}) ps and sent at {} ps", number,
                        next_[member].time_since_epoch().count(),
                        granted_[member].time_since_epoch().count(),
                        frame.at.time_since_epoch().count());
      network_.send(std::move(frame));
    }
    const Instant next = node->next_event();
    SOLITON_CHECK_MSG(next >= next_[member], "node {} took its promise back", number);
    set_next(member, next);
    take_end(member);
  }
  return {};
}

void LocalHub::take_end(std::uint32_t member) {
  const Instant came = members_[member].node->ended();
  if (came == kNever) return;
  // Distances of instants are a picosecond at least: an event at the horizon's last instant is still
  // below it.
  SOLITON_CHECK_MSG(later(came, picoseconds(1)) >= reach_,
                    "node {} ended the run at {} ps and had foreseen no end below {} ps",
                    members_[member].number, came.time_since_epoch().count(),
                    reach_.time_since_epoch().count());
  ended_ = std::min(ended_, came);
}

void LocalHub::set_next(std::uint32_t member, Instant at) {
  if (next_[member] == at) return;
  next_[member] = at;
  sift(place_[member]);
}

void LocalHub::sift(std::uint32_t at) {
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
