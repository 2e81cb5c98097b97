#include "tests/process/carriers/carrier_world.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>

#include "fabric/shm/shm_carrier.h"
#include "fabric/sim/network.h"
#include "fabric/udp/udp_carrier.h"
#include "protocol/base/check.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

// The simulated network as two links.
class SimPair : public CarrierPair {
 public:
  SimPair(const Topology& topology, const Routes& routes)
      : network_(topology, routes, no_faults_), ends_{End(*this), End(*this)} {}

  Link& link(std::size_t node) override { return ends_[node]; }
  Instant advance(Instant next) override {
    const Instant until = std::min(next, network_.next_event());
    now_ = std::max(now_, until == kNever ? now_ : until);
    std::vector<Frame> frames;
    network_.advance(later(now_, picoseconds(1)), frames);
    for (Frame& frame : frames)
      ends_[index(frame.datagram.destination)].arrived.push_back(std::move(frame));
    for (const End& end : ends_)
      if (!end.arrived.empty()) now_ = std::max(now_, end.arrived.front().at);
    return now_;
  }

 private:
  struct End : public Link {
    explicit End(SimPair& owner) : pair(owner) {}
    void send(Datagram datagram, Instant now) override {
      pair.network_.send({std::move(datagram), now, pair.ordinal_++});
    }
    std::optional<Datagram> receive(Instant now) override {
      if (arrived.empty() || arrived.front().at > now) return std::nullopt;
      Datagram out = std::move(arrived.front().datagram);
      arrived.pop_front();
      return out;
    }
    Instant next_wake() const override { return arrived.empty() ? kNever : arrived.front().at; }
    SimPair& pair;
    std::deque<Frame> arrived;
  };

  FaultPlan no_faults_;
  Network network_;
  std::array<End, 2> ends_;
  std::uint64_t ordinal_ = 0;
  Instant now_{};
};

// Carriers in real time. Nothing waits: the test spins.
class WallPair : public CarrierPair {
 public:
  Link& link(std::size_t node) override { return *carriers_[node]; }
  Instant advance(Instant) override {
    return kRunStart + std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_);
  }

 protected:
  using Clock = std::chrono::steady_clock;
  std::array<std::unique_ptr<Carrier>, 2> carriers_;

 private:
  Clock::time_point start_ = Clock::now();
};

class UdpPair : public WallPair {
 public:
  UdpPair() {
    std::vector<std::uint16_t> ports;
    std::vector<UdpCarrier*> sockets;
    for (auto& carrier : carriers_) {
      Result<std::unique_ptr<UdpCarrier>> made = UdpCarrier::open(context_);
      SOLITON_CHECK_MSG(made.has_value(), "{}", made.error().message);
      ports.push_back((*made)->port());
      sockets.push_back(made->get());
      carrier = std::move(*made);
    }
    for (std::uint32_t i = 0; i < 2; ++i) sockets[i]->set_peers(NodeId{i}, ports, {NodeId{1 - i}});
  }
  ~UdpPair() override {
    for (auto& carrier : carriers_) carrier.reset();
  }

 private:
  boost::asio::io_context context_;
};

class ShmPair : public WallPair {
 public:
  ShmPair() {
    InboxShape shape;
    shape.ring = {64, 2048};
    std::vector<Inbox> own, of_peer;
    for (int i = 0; i < 2; ++i) {
      Result<Inbox> inbox = Inbox::create("soliton-test", shape);
      SOLITON_CHECK_MSG(inbox.has_value(), "{}", inbox.error().message);
      Result<Inbox> again = Inbox::attach(dup(inbox->descriptor()));
      SOLITON_CHECK_MSG(again.has_value(), "{}", again.error().message);
      own.push_back(std::move(*inbox));
      of_peer.push_back(std::move(*again));
    }
    for (std::uint32_t i = 0; i < 2; ++i) {
      std::vector<std::pair<NodeId, Inbox>> peers;
      peers.emplace_back(NodeId{1 - i}, std::move(of_peer[1 - i]));
      carriers_[i] = std::make_unique<ShmCarrier>(NodeId{i}, std::move(own[i]), std::move(peers));
    }
  }
};

Topology rack_of_two() {
  Checked<Topology> topology =
      build_topology({.name = "rack", .kind = "rack"}, {{"fpga0", ""}, {"fpga1", ""}});
  SOLITON_CHECK(topology.has_value());
  return std::move(*topology);
}

}  // namespace

std::string world_name(WorldKind kind) {
  return kind == WorldKind::kSim ? "sim" : kind == WorldKind::kUdp ? "udp" : "shm";
}

std::unique_ptr<CarrierPair> make_pair(WorldKind kind, const Topology& topology,
                                       const Routes& routes) {
  if (kind == WorldKind::kSim) return std::make_unique<SimPair>(topology, routes);
  if (kind == WorldKind::kUdp) return std::make_unique<UdpPair>();
  return std::make_unique<ShmPair>();
}

CarrierWorld::CarrierWorld(WorldKind kind, const LtlOptions& options, std::vector<FaultRule> rules)
    : topology_(rack_of_two()),
      routes_(std::make_unique<Routes>(topology_)),
      pair_(make_pair(kind, topology_, *routes_)) {
  const FaultPlan plan{11, std::move(rules)};
  for (std::uint32_t i = 0; i < 2; ++i) {
    links_[i] = std::make_unique<FaultInterceptor>(
        pair_->link(i), plan, node_routes(topology_, *routes_, NodeId{i}, {NodeId{1 - i}}));
    nodes_[i] = std::make_unique<Ltl>(NodeId{i}, options,
                                      std::vector<LtlConnection>{{NodeId{1 - i}, 0, 0x5eed, 1}},
                                      nullptr, LtlIdentity{.run_id = 1, .epoch = 1});
  }
}

void CarrierWorld::send(std::size_t from, Payload message) {
  const Status sent = nodes_[from]->send(ConnectionId{0}, std::move(message), now_);
  SOLITON_CHECK_MSG(sent.has_value(), "{}", sent.error().message);
}

bool CarrierWorld::turn(std::size_t n) {
  bool worked = false;
  while (std::optional<Datagram> datagram = links_[n]->receive(now_)) {
    nodes_[n]->on_input(*datagram, now_);
    worked = true;
  }
  if (nodes_[n]->next_deadline() <= now_) {
    nodes_[n]->on_deadline(now_);
    worked = true;
  }
  while (std::optional<LtlDelivery> delivery = nodes_[n]->poll_delivery())
    delivered_[n].push_back(std::move(delivery->message));
  while (std::optional<Datagram> datagram = nodes_[n]->poll_output(now_)) {
    links_[n]->send(std::move(*datagram), now_);
    worked = true;
  }
  return worked;
}

bool CarrierWorld::run(std::array<std::size_t, 2> expected) {
  const Instant limit = kRunStart + milliseconds(120'000);
  while (now_ < limit) {
    while (turn(0) | turn(1)) {
    }
    if (delivered_[0].size() >= expected[0] && delivered_[1].size() >= expected[1] &&
        nodes_[0]->idle() && nodes_[1]->idle())
      return true;
    Instant next = kNever;
    for (std::size_t n = 0; n < 2; ++n)
      next = std::min({next, nodes_[n]->next_deadline(), links_[n]->next_wake()});
    now_ = pair_->advance(next);
  }
  return false;
}

std::uint64_t CarrierWorld::faults_hit() const {
  std::uint64_t hits = 0;
  for (const auto& link : links_)
    for (const FaultCounters& counters : link->counters()) hits += counters.hits;
  return hits;
}

Payload CarrierWorld::message(std::uint64_t ordinal, std::size_t size) {
  Payload out;
  out.bytes.resize(size);
  for (std::size_t i = 0; i < size; ++i)
    out.bytes[i] = static_cast<std::byte>(mix64(ordinal * 1'000'003 + i / 8) >> (i % 8 * 8));
  return out;
}

}  // namespace soliton
