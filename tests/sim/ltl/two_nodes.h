// Two nodes and a cable in virtual time: the smallest network that can lose, double, delay,
// reorder, replay, damage and be cut.
//
// The network is a plain struct; chance is a function of (seed, direction, packet ordinal). A run
// ends when both ends are quiet, or at a limit of events, which is a failure.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "fabric/ltl/ltl.h"
#include "protocol/base/quantity.h"
#include "protocol/base/rng.h"

namespace soliton {

struct Cable {
  BitRate rate{40'000'000'000};
  Duration propagation = nanoseconds(1500);
  Bytes frame_overhead{66};  // preamble, Ethernet, IP, UDP, frame check, gap
  Probability loss{};
  Probability duplicate{};
  Probability reorder{};
  Duration reorder_by{};                 // uniform up to this, for the packets that `reorder` picks
  std::uint32_t max_burst = UINT32_MAX;  // losses in a row, each way
  Probability corrupt{};                 // one bit, or the ghosts as a whole
  Probability replay{};                  // arrives once more, `replay_after` later
  Duration replay_after{};
  Probability mark{};  // congestion seen on the way
  // Nothing passes from node `cut` (2: either) meanwhile.
  std::size_t cut = 2;
  Instant cut_from = kNever;
  Instant cut_until = kNever;
};

class TwoNodes {
 public:
  // Both ends are the same incarnation of a run whose key is `identity.key`.
  TwoNodes(std::uint64_t seed, const Cable& cable, const LtlOptions& options,
           const LtlIdentity& identity = {});

  // Message number `ordinal` of a run: its bytes can be checked without keeping it.
  static Payload message(std::uint64_t seed, std::uint64_t ordinal, std::uint64_t size, bool ghost);

  // At once, or when the run reaches `at` (not before now()).
  void send(std::size_t from, Payload message);
  void send_at(Instant at, std::size_t from, Payload message);
  // Runs until both ends are quiet. False if `events_max` events were not enough.
  [[nodiscard]] bool run(std::uint64_t events_max = 20'000'000);

  Instant now() const { return now_; }
  Ltl& node(std::size_t n) { return *nodes_[n]; }
  const std::vector<Payload>& delivered(std::size_t to) const { return delivered_[to]; }
  Instant last_delivery() const { return last_delivery_; }
  // Instants at which packets left, in order, with their sizes: the shape of a run.
  const std::vector<std::tuple<Instant, std::size_t, std::uint64_t>>& departures() const {
    return departures_;
  }
  std::uint64_t lost() const { return lost_by_[0] + lost_by_[1]; }
  std::uint64_t lost_from(std::size_t n) const { return lost_by_[n]; }
  std::uint64_t corrupted() const { return corrupted_; }
  std::uint64_t replayed() const { return replayed_; }
  // First broken rule of the driver's contract, or "".
  const std::string& broken() const { return broken_; }

 private:
  using Key = std::tuple<Instant, std::size_t, std::uint64_t>;  // instant, receiver, ordinal

  Instant next_event() const;
  void step(Instant at);
  void drain(std::size_t n);
  void transmit(std::size_t from, Datagram datagram);
  bool loses(std::size_t from, const Random& packet);
  void damage(Datagram& datagram, const Random& packet);
  void arrive(std::size_t to, const Datagram& datagram, Instant at);
  void require(bool good, const char* what);

  Cable cable_;
  Random chance_;
  std::array<std::unique_ptr<Ltl>, 2> nodes_;
  std::array<std::vector<Payload>, 2> delivered_;
  std::array<Instant, 2> line_free_{};
  std::array<std::uint64_t, 2> packets_{};
  std::map<Key, Datagram> in_flight_;
  std::map<Key, Payload> to_send_;  // by instant, sender, ordinal
  std::uint64_t ordinal_ = 0;
  std::vector<std::tuple<Instant, std::size_t, std::uint64_t>> departures_;
  std::array<std::uint64_t, 2> lost_by_{};
  std::array<std::uint32_t, 2> lost_in_a_row_{};
  std::uint64_t corrupted_ = 0;
  std::uint64_t replayed_ = 0;
  Instant now_{};
  Instant last_delivery_{};
  std::string broken_;
};

}  // namespace soliton
