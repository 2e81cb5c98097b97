#include "partition/cost/free_play.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/npu/npu.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

// Messages that the program takes from each port.
std::vector<std::int64_t> takes_per_port(const Shard& shard, std::int64_t steps) {
  std::vector<std::int64_t> out(shard.in_ports.size());
  for (const Segment& segment : shard.program.segments) {
    for (std::uint32_t chain = segment.first; chain < segment.last; ++chain) {
      for (const Instruction& it : shard.program.chains[chain].instructions) {
        const bool takes = it.opcode == Opcode::kVRd || it.opcode == Opcode::kSRd;
        if (takes && it.memory == Memory::kNetQ) out[it.index] += segment.iterations(steps);
      }
    }
  }
  return out;
}

struct Played {
  Instant first = kNever;
  Instant last = kRunStart;
  Duration occupied = kLongestTime;
};

class FreePlayback {
 public:
  explicit FreePlayback(const FreePlayRequest& request) : request_(request) {
    for (std::size_t i = 0; i < request.shards.size(); ++i) {
      number_[request.shards[i].node] = i;
      inside_.emplace_back(request.shards[i].in_ports.size(), false);
    }
    for (const Shard& shard : request.shards) {
      for (const OutPort& port : shard.out_ports) {
        for (const auto& to : port.destinations) {
          const auto at = number_.find(to.peer);
          if (at != number_.end()) inside_[at->second][to.port] = true;
        }
      }
    }
  }

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
      SOLITON_CHECK_MSG(npu->finished(), "a part waits for {}", npu->waiting_for());
      out_.occupied = std::min(out_.occupied, npu->free_at() - kRunStart);
    }
    return out_;
  }

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
        const bool leaves = std::ranges::any_of(
            port.destinations, [&](const auto& to) { return number_.count(to.peer) == 0; });
        if (leaves) least = std::min<std::int64_t>(least, port.elements);
      }
    }
    return least == kNoMessage ? 0 : least;
  }

 private:
  static constexpr std::int64_t kNoMessage = std::int64_t{1} << 40;

  void start() {
    npus_.clear();
    left_.clear();
    for (const Shard& shard : request_.shards) {
      npus_.push_back(std::make_unique<Npu>(shard, ComputeMode::kTiming));
      left_.push_back(takes_per_port(shard, steps_));
    }
    for (const auto& npu : npus_) npu->begin(RequestId{0}, steps_, Arrival{}, request_.batch);
  }

  // Gives a device what it waits for from outside, as long as it does.
  bool feed(std::size_t i) {
    bool moved = false;
    while (const auto port = npus_[i]->waiting_port()) {
      if (inside_[i][*port]) break;
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

  void deliver(std::size_t i, std::uint16_t port, const Arrival& arrival) {
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
    const auto at = number_.find(to.peer);
    if (at == number_.end()) {
      out_.first = std::min(out_.first, leaves.at);
      out_.last = std::max(out_.last, leaves.at);
      return;
    }
    Arrival arrival = leaves;
    if (at->second != from) {
      const Duration way = request_.way(from, at->second, request_.batch * elements);
      arrival.at = later(arrival.at, way);
      arrival.path.network += arrival.at - leaves.at;
    }
    npus_[at->second]->deliver(
        to.port, Payload{{}, static_cast<std::uint64_t>(2 * request_.batch * elements)}, arrival);
  }

  const FreePlayRequest& request_;
  std::int64_t steps_ = 1;
  std::map<std::string, std::size_t> number_;
  std::vector<std::vector<bool>> inside_;  // per shard and port: fed by one of the shards
  std::vector<std::unique_ptr<Npu>> npus_;
  std::vector<std::vector<std::int64_t>> left_;  // per shard and port: messages to come
  Instant late_{};
  Played out_;
};

}  // namespace

FreePlay play_free(const FreePlayRequest& request) {
  FreePlayback playback(request);
  const Played all = playback.run(request.steps, kRunStart);
  FreePlay out{all.first - kRunStart, all.last - kRunStart, {}, all.occupied, 0, 0, 0};
  const std::int64_t behind = std::min(request.steps, request.steps_behind);
  out.response = playback.run(behind, all.last).last - all.last;
  out.least_input = playback.least_input();
  out.least_output = playback.least_output();
  out.inputs = playback.inputs();
  return out;
}

}  // namespace soliton
