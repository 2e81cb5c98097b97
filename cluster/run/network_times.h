// The alpha-beta model of a topology, for the bounds of communication workloads.
#pragma once

#include <optional>
#include <vector>

#include "fabric/ltl/options.h"
#include "node/traffic/least_times.h"
#include "node/traffic/traffic.h"
#include "protocol/base/quantity.h"
#include "topologies/topology.h"

namespace soliton {

// How messages become bytes on a line.
struct LineBytes {
  std::uint64_t packet_payload = 1;
  std::uint64_t packet_overhead = 0;  // headers and frame
  bool shared_packets = false;        // small messages may share one (LtlOptions::packing)

  // At least so many for these messages.
  std::uint64_t of(std::uint64_t messages, std::uint64_t bytes) const;
};
LineBytes line_bytes(const LtlOptions& ltl);

// Of the nodes' cables, those of a router's node its own.
BitRate slowest_line(const Topology& topology, const std::vector<NodeId>& nodes);

// Alpha is the latency of the shortest path, of all there are: cables, and switches between. Beta is
// that of the fastest cable of a node; `many_ways`: of all its cables together, because packets of one
// message may take several. The topology outlives the object.
class NetworkTimes final : public LeastTimes {
 public:
  NetworkTimes(const Topology& topology, const LineBytes& lines, std::vector<NodeId> nodes,
               bool many_ways);

  Duration stream(NodeId from, NodeId to, std::uint64_t messages,
                  std::uint64_t bytes) const override;
  Duration stream(std::uint64_t messages, std::uint64_t bytes) const override;
  Duration through(NodeId node, std::uint64_t messages, std::uint64_t bytes) const override;

  BitRate fastest_line(NodeId node) const { return ports_[index(node)].fastest; }
  // Of the shortest path; nullopt if there is none.
  std::optional<Duration> alpha(NodeId from, NodeId to) const;
  // The least of those between two nodes of the workload; 0 if none has a path to another.
  Duration least_alpha() const { return least_alpha_; }

 private:
  struct Edge {
    std::uint32_t to = 0;
    Duration latency{};
  };
  struct Port {
    BitRate fastest{}, all{};  // of a node's cables
  };

  void find_edges();
  void find_ports();
  void find_least_alpha();
  Duration line(BitRate rate, std::uint64_t messages, std::uint64_t bytes) const;

  const Topology& topology_;
  const LineBytes lines_;
  const std::vector<NodeId> nodes_;
  const bool many_ways_;
  std::vector<std::vector<Edge>> edges_;  // by vertex
  std::vector<Port> ports_;               // by node
  BitRate fastest_{};                     // of the workload's nodes
  Duration least_alpha_{};
  // The last source of alpha(), and how far every vertex is from it.
  mutable std::optional<NodeId> source_;
  mutable std::vector<Duration> distances_;
};

}  // namespace soliton
