// Two nodes with LTL and a carrier between them: the simulated network, UDP on loopback, or shared
// memory, each behind the same fault interceptor. One thread plays both.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fabric/faults/interceptor.h"
#include "fabric/ltl/ltl.h"

namespace soliton {

enum class WorldKind : std::uint8_t { kSim, kUdp, kShm };
std::string world_name(WorldKind kind);

// The links between the two nodes, and their clock.
class CarrierPair {
 public:
  virtual ~CarrierPair() = default;
  virtual Link& link(std::size_t node) = 0;
  // Advances time, at most to `next` unless a packet may have arrived.
  virtual Instant advance(Instant next) = 0;
};
std::unique_ptr<CarrierPair> make_pair(WorldKind kind, const Topology& topology,
                                       const Routes& routes);

class CarrierWorld {
 public:
  // `rules` act on the cables of a rack of two: link 0 is node 0's, link 1 node 1's.
  CarrierWorld(WorldKind kind, const LtlOptions& options, std::vector<FaultRule> rules = {});

  void send(std::size_t from, Payload message);
  // Runs until both ends have `expected` deliveries and nothing is unacknowledged. False after a
  // limit of minutes, in emulated or real time.
  [[nodiscard]] bool run(std::array<std::size_t, 2> expected);
  const std::vector<Payload>& delivered(std::size_t to) const { return delivered_[to]; }
  const Ltl& node(std::size_t n) const { return *nodes_[n]; }
  Instant now() const { return now_; }
  std::uint64_t faults_hit() const;

  // Bytes determined by (ordinal, size).
  static Payload message(std::uint64_t ordinal, std::size_t size);

 private:
  bool turn(std::size_t n);

  Topology topology_;
  std::unique_ptr<Routes> routes_;
  std::unique_ptr<CarrierPair> pair_;
  std::array<std::unique_ptr<FaultInterceptor>, 2> links_;
  std::array<std::unique_ptr<Ltl>, 2> nodes_;
  std::array<std::vector<Payload>, 2> delivered_;
  Instant now_{};
};

}  // namespace soliton
