// Nodes around one switch in virtual time: each has a cable, and each switch port an output queue
// that marks and, at its limit, drops. The smallest network with congestion.
//
// Marks follow the queue that a packet finds: never up to `mark_from`, then with a probability that
// rises to `mark_share` at `mark_all`, always above.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "fabric/ltl/ltl.h"
#include "protocol/base/quantity.h"
#include "protocol/base/rng.h"

namespace soliton {

struct StarOptions {
  BitRate rate{40'000'000'000};
  Duration propagation = nanoseconds(700);  // of one cable
  Bytes frame_overhead{66};
  std::int64_t queue_limit = 8 << 20;  // bytes
  std::int64_t mark_from = 5'000;
  std::int64_t mark_all = 200'000;
  Probability mark_share{10'000'000};  // 1 %
};

class Star {
 public:
  Star(std::uint64_t seed, const StarOptions& options, std::vector<std::unique_ptr<Ltl>> nodes);

  // Called with every message taken from a node, at its instant.
  std::function<void(std::size_t node, ConnectionId from, std::uint64_t bytes)> on_delivery;
  // Called before a node is drained: it may send.
  std::function<void(std::size_t node)> before_drain;
  // True: the packet is lost on the cable to the switch.
  std::function<bool(const Datagram&)> lose;

  Instant now() const { return now_; }
  Ltl& node(std::size_t n) { return *nodes_[n]; }
  // Lets a node send what it has to send now.
  void drain(std::size_t n);
  // Runs until `end`, or until nothing more happens.
  void run(Instant end);

  // Of the port to a node, since the last call.
  std::int64_t take_queue_max(std::size_t port) { return std::exchange(queue_max_[port], 0); }
  std::uint64_t marked() const { return marked_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  enum class Where : std::uint8_t { kSwitch, kNode };
  using Key = std::tuple<Instant, std::uint64_t>;
  struct Flight {
    Where where;
    Datagram datagram;
  };

  Duration line_time(const Datagram& datagram) const;
  void enqueue(Datagram datagram);
  bool mark(std::int64_t queued);
  void step(Instant at);

  StarOptions options_;
  Random chance_;
  std::vector<std::unique_ptr<Ltl>> nodes_;
  std::vector<Instant> card_free_;
  std::vector<Instant> port_free_;
  std::vector<std::int64_t> queue_max_;
  std::map<Key, Flight> flights_;
  std::uint64_t ordinal_ = 0;
  std::uint64_t passed_ = 0;
  std::uint64_t marked_ = 0;
  std::uint64_t dropped_ = 0;
  Instant now_{};
};

}  // namespace soliton
