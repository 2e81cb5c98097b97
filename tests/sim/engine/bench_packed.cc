// How fast one process plays a packed cluster: every node sends a ghost packet to a random peer
// every 2 us.
//
//   bench_packed [nodes [emulated us]]        default 64 20000
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <vector>

#include "fabric/sim/engine.h"
#include "fabric/sim/local_node.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

class Source : public Machine {
 public:
  Source(NodeId self, std::uint32_t nodes, Instant end)
      : self_(self), nodes_(nodes), end_(end), random_(Random(1, "source").child(index(self))) {
    next_ = kRunStart + nanoseconds(static_cast<std::int64_t>(random_.below(0, 2000)));
  }
  void on_input(Datagram, Instant) override {}
  std::optional<Datagram> poll_output(Instant) override {
    if (!due_) return std::nullopt;
    due_ = false;
    const auto step = static_cast<std::uint32_t>(random_.below(++sent_, nodes_ - 1));
    return Datagram{.source = self_,
                    .destination = NodeId{(index(self_) + 1 + step) % nodes_},
                    .payload = {.bytes = {}, .ghost = 96}};
  }
  Instant next_deadline() const override { return next_; }
  void on_deadline(Instant now) override {
    due_ = true;
    next_ = now + microseconds(2) < end_ ? now + microseconds(2) : kNever;
  }

 private:
  NodeId self_;
  std::uint32_t nodes_;
  Instant end_;
  Random random_;
  Instant next_{};
  std::uint64_t sent_ = 0;
  bool due_ = false;
};

int play(std::uint32_t count, std::int64_t us) {
  std::vector<PlacedNode> placed;
  for (std::uint32_t i = 0; i < count; ++i) placed.push_back({fmt::format("fpga{}", i), ""});
  const auto topology = build_topology({.name = "datacenter", .kind = "datacenter"}, placed);
  if (!topology) return 2;
  const Routes routes(*topology);
  Network network(*topology, routes, {});
  std::vector<std::unique_ptr<Source>> machines;
  std::vector<std::unique_ptr<LocalNode>> nodes;
  std::vector<EngineNode*> references;
  for (std::uint32_t i = 0; i < count; ++i) {
    machines.push_back(std::make_unique<Source>(NodeId{i}, count, kRunStart + microseconds(us)));
    nodes.push_back(std::make_unique<LocalNode>(*machines.back(), NodeId{i}));
    references.push_back(nodes.back().get());
  }
  const auto start = std::chrono::steady_clock::now();
  const auto report = Engine(network, references).run();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!report) return 1;
  const auto rate = [&](std::uint64_t n) { return static_cast<double>(n) / seconds * 1e-6; };
  fmt::print(
      "{} nodes: {} packets, {:.2f} s: {:.2f} M packets/s, {:.2f} M link events/s, {} windows, "
      "{:.1f} grants each\n",
      count, network.counters().packets, seconds, rate(network.counters().packets),
      rate(report->network_events), report->windows,
      static_cast<double>(report->grants) / static_cast<double>(report->windows));
  return 0;
}

}  // namespace
}  // namespace soliton

int main(int argc, char** argv) {
  const int nodes = argc > 1 ? std::atoi(argv[1]) : 64;
  const int us = argc > 2 ? std::atoi(argv[2]) : 20'000;
  if (nodes < 2 || us < 1) return 2;
  return soliton::play(static_cast<std::uint32_t>(nodes), us);
}
