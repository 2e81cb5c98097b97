// Clusters to plan for.
#pragma once

#include <string>
#include <vector>

#include "partition/search/partition.h"

namespace soliton::test {

// A cluster of `fpgas` nodes of one device and a host, with a request for it.
struct Cluster {
  Topology topology;
  Routes routes;
  PartitionRequest request;

  Cluster(const LayerGraph& model, const NpuDevice& device, std::size_t fpgas,
          const std::string& kind = "rack", const std::vector<std::string>& places = {})
      : topology(build(fpgas, kind, places)), routes(topology) {
    request.model = &model;
    request.topology = &topology;
    request.routes = &routes;
    for (std::size_t i = 0; i < fpgas; ++i)
      request.nodes.push_back({name(i), {Device::Kind::kNpu, device, {}}});
    request.nodes.push_back({"host0", {Device::Kind::kCpu, {}, {}}});
    request.with_weights = false;
  }
  static std::string name(std::size_t i) { return "fpga" + std::to_string(i); }
  static Topology build(std::size_t fpgas, const std::string& kind,
                        const std::vector<std::string>& places) {
    TopologySpec spec;
    spec.kind = kind;
    std::vector<PlacedNode> nodes;
    for (std::size_t i = 0; i < fpgas; ++i)
      nodes.push_back({name(i), places.empty() ? "" : places[i]});
    nodes.push_back({"host0", places.empty() ? "" : places.back()});
    return build_topology(spec, nodes).value();
  }
};

}  // namespace soliton::test
