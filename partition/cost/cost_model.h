// The cost model: what a request costs on an idle cluster, from the clients and back. The partitioner has
// no other notion of time.
//
// predict() plays requests through the same NPU objects, transport, network and host costs that the
// emulator runs (message_flow.h), so the prediction equals the time of a request that has the
// cluster to itself.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fabric/ltl/options.h"
#include "partition/cost/priced_host.h"
#include "protocol/base/breakdown.h"
#include "protocol/isa/shard.h"
#include "topologies/routes.h"

namespace soliton {

// Recorded in every plan. Must change whenever a prediction can change.
inline constexpr const char* kCostModelVersion = "3";

// A data message is a header and fp16 values; LTL cuts it into packets, each with its own header.
inline constexpr std::int64_t kCostMessageHeaderBytes = 48;
inline constexpr std::int64_t kCostPacketHeaderBytes = 32;

constexpr std::int64_t message_bytes(std::int64_t elements) {
  return kCostMessageHeaderBytes + 2 * elements;
}

// Whether messages that wait together may share packets.
bool packets_shared(const LtlOptions* ltl);

// Time of one message that fits a window, on an idle network, from the moment its last value is
// ready to its arrival.
Duration message_time(const Topology& topology, const Routes& routes, NodeId from, NodeId to,
                      std::int64_t elements, std::uint32_t mtu);

struct CostRequest {
  std::span<const Shard> shards;  // pass check_shard(); weights may be absent
  // Exactly one has the clients. Must outlive the request.
  std::span<const PricedHost> hosts;
  // If both are null, messages take no time.
  const Topology* topology = nullptr;
  const Routes* routes = nullptr;
  std::uint32_t mtu = 1408;
  const LtlOptions* ltl = nullptr;  // options of the run, except the MTU; null: the defaults
  // Seed of the run: congestion marks fall as in its first request. Unset: there are no marks, so
  // that names and numbers of nodes have no influence.
  std::optional<std::uint64_t> seed;
  // Number of earlier requests of the same client. The first request of a run finds the network
  // idle; a later one may meet remains of the one before, such as acknowledgements of its answer. 1
  // gives a request in the middle of a run.
  std::uint32_t before = 0;
  std::uint32_t batch = 1;  // requests that run together, as in a full batch
  // Playing may stop once the latency or the interval is certain to exceed this.
  Duration latency_limit = kLongestTime;
  Duration interval_limit = kLongestTime;
};

struct Prediction {
  Duration latency{};       // from request to answer; for a batch, to its last answer
  Breakdown path;           // where the latency was spent; its parts sum to it
  Duration last_output{};   // when the last message from an NPU to a host left
  bool over_limit = false;  // above a limit of the request; the other members are then meaningless
  // Between answers (or batches of them) when all nodes are kept busy: the longest time for which
  // any device or cable is occupied.
  Duration interval{};
  std::vector<Duration> occupied;  // per shard: from first input to last result
  std::vector<Duration> busy;      // per shard: the same, less waits at NetQ
  std::int64_t cut_bytes = 0;      // tensor bytes between nodes, hosts included, per request
  std::int64_t messages = 0;       // between nodes
  std::vector<std::int64_t> received_bytes;  // into each shard from other nodes, per request
};

Prediction predict(const CostRequest& request);

}  // namespace soliton
