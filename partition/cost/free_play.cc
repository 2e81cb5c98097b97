#include "partition/cost/free_play.h"

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/npu/npu.h"
#include "protocol/base/check.h"
#include "protocol/base/clock_domain.h"

namespace soliton {
namespace {

// For each port the number of ports that a program reads in a row up to and with it, 0 where that
// differs from place to place. Only moves: nothing else is between their messages.
std::vector<std::size_t> in_a_row(const Shard& shard, const std::vector<bool>& inside) {
  constexpr std::size_t kUnmet = SIZE_MAX;
  std::vector<std::size_t> out(shard.in_ports.size(), kUnmet);
  std::size_t row = 0;
  for (const Segment& segment : shard.program.segments) {
    row = 0;
    for (std::uint32_t at = segment.first; at < segment.last; ++at) {
      const std::vector<Instruction>& chain = shard.program.chains[at].instructions;
      const bool reads = chain.front().opcode == Opcode::kVRd &&
                         chain.front().memory == Memory::kNetQ && inside[chain.front().index];
      row = reads ? row + 1 : 0;
      if (!reads) continue;
      std::size_t& known = out[chain.front().index];
      known = known == kUnmet || known == row ? row : 0;
    }
  }
  return out;
}

struct Played {
  Instant first = kNever;
  Instant last = kRunStart;
  Duration occupied = kLongestTime;
};

// Where the ports of a part's shards lead: to another shard of the part, or out of it.
class PartEdges {
 public:
  explicit PartEdges(const FreePlayRequest& request) : request_(request) {
    for (std::size_t i = 0; i < request.shards.size(); ++i) {
      number_[request.shards[i].node] = i;
      inside_.emplace_back(request.shards[i].in_ports.size(), false);
    }
    for (const Shard& shard : request.shards)
      for (const OutPort& port : shard.out_ports)
        for (const auto& to : port.destinations)
          if (const auto at = shard_of(to)) inside_[*at][to.port] = true;
    for (std::size_t i = 0; i < request.shards.size(); ++i)
      row_.push_back(in_a_row(request.shards[i], inside_[i]));
  }

  // nullopt: out of the part.
  std::optional<std::size_t> shard_of(const OutPort::Destination& to) const {
    const auto at = number_.find(to.peer);
    if (at == number_.end()) return std::nullopt;
    return at->second;
  }
  // Port `port` of shard `i` is fed by one of the shards.
  bool inside(std::size_t i, std::size_t port) const { return inside_[i][port]; }
  // See in_a_row().
  std::size_t row(std::size_t i, std::size_t port) const { return row_[i][port]; }

  std::int64_t least_input() const {
    std::int64_t least = kNoMessage;
    for (std::size_t i = 0; i < request_.shards.size(); ++i) {
      const std::vector<InPort>& ports = request_.shards[i].in_ports;
      for (std::size_t port = 0; port < ports.size(); ++port)
        if (!inside_[i][port]) least = std::min<std::int64_t>(least, ports[port].elements);
    }
    return least == kNoMessage ? 0 : least;
  }

  std::int64_t inputs() const {
    std::int64_t count = 0;
    for (const std::vector<bool>& ports : inside_) count += std::ranges::count(ports, false);
    return count;
  }

  std::int64_t least_output() const {
    std::int64_t least = kNoMessage;
    for (const Shard& shard : request_.shards) {
      for (const OutPort& port : shard.out_ports) {
        const bool leaves =
            std::ranges::any_of(port.destinations, [&](const auto& to) { return !shard_of(to); });
        if (leaves) least = std::min<std::int64_t>(least, port.elements);
      }
    }
    return least == kNoMessage ? 0 : least;
  }

 private:
  static constexpr std::int64_t kNoMessage = std::int64_t{1} << 40;

  const FreePlayRequest& request_;
  std::map<std::string, std::size_t> number_;
  std::vector<std::vector<bool>> inside_;      // per shard and port
  std::vector<std::vector<std::size_t>> row_;  // per shard and port
};

class FreePlayback {
 public:
  explicit FreePlayback(const FreePlayRequest& request) : request_(request), edges_(request) {}

  // The last step's inputs come at `late`, all others at the start.
  Played run(std::int64_t steps, Instant late) {
    out_ = {};
    steps_ = steps;
    late_ = late;
    start();
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < npus_.size(); ++i) {
        moved = drain(i) || moved;
        moved = feed(i) || moved;
      }
    }
    for (const auto& npu : npus_) {
      SOLITON_CHECK_MSG(npu->finished(), "a node still waits for {}", npu->waiting_for());
      out_.occupied = std::min(out_.occupied, npu->free_at() - kRunStart);
    }
    return out_;
  }

  const PartEdges& edges() const { return edges_; }

 private:
  void start() {
    npus_.clear();
    left_.clear();
    held_.clear();
    cable_.assign(request_.shards.size(), {});
    for (const Shard& shard : request_.shards) {
      npus_.push_back(std::make_unique<Npu>(shard, ComputeMode::kTiming));
      left_.push_back(
          messages_per_port(shard.program, QueueSide::kTaken, shard.in_ports.size(), steps_));
      held_.emplace_back(shard.in_ports.size());
    }
    for (const auto& npu : npus_) npu->begin(RequestId{0}, steps_, Arrival{}, request_.batch);
  }

  // Gives a device what it waits for from outside, as long as it does.
  bool feed(std::size_t i) {
    bool moved = false;
    while (const auto port = npus_[i]->waiting_port()) {
      if (edges_.inside(i, *port)) {
        if (!take_held(i, *port)) break;
        moved = true;
        continue;
      }
      const Shard& shard = request_.shards[i];
      if (shard.in_ports[*port].reversed) {
        for (std::int64_t step = 0; step < steps_; ++step) deliver(i, *port, Arrival{});
      } else {
        Arrival arrival;
        arrival.at = --left_[i][*port] == 0 ? late_ : kRunStart;
        arrival.path.network = arrival.at - kRunStart;
        deliver(i, *port, arrival);
      }
      moved = true;
    }
    return moved;
  }

  // A message from inside, once it has been sent.
  bool take_held(std::size_t i, std::uint16_t port) {
    std::deque<Arrival>& held = held_[i][port];
    if (held.empty()) return false;
    Arrival arrival = held.front();
    held.pop_front();
    const Duration line =
        request_.cable(i, request_.batch * request_.shards[i].in_ports[port].elements);
    OnCable& row = cable_[i];
    const std::size_t place = edges_.row(i, port);
    const Instant begins = arrival.at - line;
    row = place <= 1 || place != row.messages + 1
              ? OnCable{1, begins, line}
              : OnCable{place, std::min(row.begins, begins), sum(row.line, line)};
    const Instant all = later(row.begins, row.line);
    if (place > 1 && place == row.messages && all > arrival.at) {
      arrival.path.network += all - arrival.at;
      arrival.at = all;
    }
    deliver(i, port, arrival);
    return true;
  }

  // A device takes notice of a message at its next tick, and its ticks count from its own begin. When
  // that is in a plan is not known, so here the message comes early by what that may take.
  void deliver(std::size_t i, std::uint16_t port, Arrival arrival) {
    const NpuDevice& device = request_.shards[i].device;
    const Duration tick = ClockDomain(device.clock, device.tile_engines).duration(1);
    const Duration early =
        request_.any_begin ? std::min(tick - Duration{1}, arrival.at - kRunStart) : Duration{};
    arrival.at = arrival.at - early;
    arrival.path.network -= early;
    const auto elements =
        request_.batch * std::uint64_t{request_.shards[i].in_ports[port].elements};
    npus_[i]->deliver(port, Payload{{}, 2 * elements}, arrival);
  }

  bool drain(std::size_t i) {
    bool moved = false;
    while (const auto output = npus_[i]->poll_output()) {
      const OutPort& port = request_.shards[i].out_ports[output->port];
      for (const auto& to : port.destinations) pass(i, to, port.elements, output->leaves);
      moved = true;
    }
    return moved;
  }

  void pass(std::size_t from, const OutPort::Destination& to, std::int64_t elements,
            const Arrival& leaves) {
    const std::optional<std::size_t> at = edges_.shard_of(to);
    if (!at) {
      out_.first = std::min(out_.first, leaves.at);
      out_.last = std::max(out_.last, leaves.at);
      return;
    }
    Arrival arrival = leaves;
    if (*at != from) {
      const Duration way = request_.way(from, *at, request_.batch * elements);
      arrival.at = later(arrival.at, way);
      arrival.path.network += arrival.at - leaves.at;
    }
    // A way back to the node itself, and what waits for a whole sequence, is no read in a row.
    if (*at == from || request_.shards[*at].in_ports[to.port].reversed)
      return deliver(*at, to.port, arrival);
    held_[*at][to.port].push_back(arrival);
  }

  // Messages that were read in a row.
  struct OnCable {
    std::size_t messages = 0;
    Instant begins = kNever;  // the first of them comes onto the cable
    Duration line{};
  };

  const FreePlayRequest& request_;
  PartEdges edges_;
  std::int64_t steps_ = 1;
  std::vector<std::unique_ptr<Npu>> npus_;
  std::vector<std::vector<std::int64_t>> left_;         // per shard and port: messages to come
  std::vector<std::vector<std::deque<Arrival>>> held_;  // per shard and port
  std::vector<OnCable> cable_;                          // per shard
  Instant late_{};
  Played out_;
};

}  // namespace

FreePlay play_free(const FreePlayRequest& request) {
  FreePlayback playback(request);
  const Played all = playback.run(request.steps, kRunStart);
  FreePlay out{all.first - kRunStart, all.last - kRunStart, {}, all.occupied, 0, 0, 0};
  const std::int64_t behind = std::min(request.steps, request.steps_behind);
  if (behind > 0) out.response = playback.run(behind, all.last).last - all.last;
  out.least_input = playback.edges().least_input();
  out.least_output = playback.edges().least_output();
  out.inputs = playback.edges().inputs();
  return out;
}

}  // namespace soliton
