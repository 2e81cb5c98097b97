// All plans of a small model on a small cluster, one by one: every cut, number of nodes, direction
// and assignment of nodes, with lower() and predict() but none of the search's own code. Also
// random clusters to compare on.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "partition/search/partition.h"
#include "protocol/base/rng.h"

namespace soliton::test {

// A cluster as a file would describe it, so that it can be listed in another order or grow.
struct RandomCluster {
  struct Node {
    std::string name;
    std::string at;
    std::optional<NpuDevice> device;  // none: the host
    std::int64_t cable_us = 1;        // kind explicit
    std::int64_t rate_gbps = 40;
  };
  LayerGraph model;
  std::string kind;  // "rack", "datacenter", "explicit"
  int spines = 0;  // kind explicit: switches that join two leaves; 0: all nodes hang on one switch
  std::vector<Node> nodes;
  std::int64_t steps = 1;
  Objective objective = Objective::kLatency;
  std::int64_t max_nodes = 0;
  Duration sla{};
  // As PlanConstraints, with nodes by name.
  std::vector<std::string> forbidden;
  std::vector<std::vector<std::string>> only_on;
  std::vector<bool> joined;

  std::string words() const;  // of everything in it, for a failure
};

// Determined by seed and number. `large`: up to four layers on four nodes.
RandomCluster random_cluster(std::uint64_t seed, std::uint64_t number, bool large);

// Adds constraints: at least one, and now and then some that nothing can meet.
void constrain(RandomCluster& cluster, std::uint64_t seed, std::uint64_t number);

// With its topology built; not movable.
struct BuiltCluster {
  explicit BuiltCluster(const RandomCluster& of);
  BuiltCluster(const BuiltCluster&) = delete;
  Topology topology;
  Routes routes;
  PartitionRequest request;
};

struct BruteForce {
  std::optional<Duration> latency;             // least of all plans
  std::optional<Duration> interval;            // the same
  std::map<std::size_t, Duration> latency_on;  // least of all plans on exactly that many nodes
  std::int64_t plans = 0;
};
BruteForce all_plans(const PartitionRequest& request);

}  // namespace soliton::test
