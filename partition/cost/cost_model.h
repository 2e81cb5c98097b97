// The cost model: what a request costs on an idle cluster, host to host. The partitioner's only
// idea of time.
//
// predict() plays requests through the same NPU objects, the same transport, the same network and
// the same host costs that the emulator runs (message_flow.h), so a prediction is what a request
// takes that has the cluster to itself.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fabric/ltl/options.h"
#include "protocol/base/breakdown.h"
#include "protocol/isa/shard.h"
#include "topologies/routes.h"

namespace soliton {

// Goes into every plan; changes whenever a prediction can.
inline constexpr const char* kCostModelVersion = "2";

// A data message is a header and fp16 values; LTL cuts it into packets, each with its own header.
inline constexpr std::int64_t kCostMessageHeaderBytes = 48;
inline constexpr std::int64_t kCostPacketHeaderBytes = 32;

constexpr std::int64_t message_bytes(std::int64_t elements) {
  return kCostMessageHeaderBytes + 2 * elements;
}

// Whether messages that wait together may share packets.
bool packets_shared(const LtlOptions* ltl);

// One message that fits a window on an idle network, from its last value being there to its
// arrival.
Duration message_time(const Topology& topology, const Routes& routes, NodeId from, NodeId to,
                      std::int64_t elements, std::uint32_t mtu);

struct CostRequest {
  std::span<const Shard> shards;  // pass check_shard(); weights may be absent
  const HostShard* host = nullptr;
  // Both null: messages take no time.
  const Topology* topology = nullptr;
  const Routes* routes = nullptr;
  std::uint32_t mtu = 1408;
  const LtlOptions* ltl = nullptr;  // of the run, but for the MTU; null: the defaults
  // Of the run: congestion marks fall as in its first request. Unset: there are none, so that what
  // nodes are called and how they are numbered changes nothing.
  std::optional<std::uint64_t> seed;
  std::int64_t steps = 1;
  // Requests of the same client before the one that is predicted. The first of a run finds the
  // network idle; a later one may meet what is left of the one before, as acknowledgements of its
  // answer. 1: as in the middle of a run.
  std::uint32_t before = 0;
  std::uint32_t batch = 1;  // requests that go through together, as from a full batch
  // The playing may stop once it is sure that the latency or the interval is above this.
  Duration latency_limit = kLongestTime;
  Duration interval_limit = kLongestTime;
};

struct Prediction {
  Duration latency{};       // request to answer; of a batch, to its last answer
  Breakdown path;           // where it went; sums to latency
  Duration last_output{};   // when the last reply left its NPU
  bool over_limit = false;  // above a limit of the request: all else is of no meaning
  // Between answers, or batches of them, when all nodes are kept busy: the longest any device or
  // cable is occupied.
  Duration interval{};
  std::vector<Duration> occupied;  // per shard: first input to last result
  std::vector<Duration> busy;      // per shard: less waits at NetQ
  std::int64_t cut_bytes = 0;      // tensor bytes between nodes, host included, for each request
  std::int64_t messages = 0;       // between nodes
  std::vector<std::int64_t> received_bytes;  // into each shard from other nodes, for each request
};

Prediction predict(const CostRequest& request);

}  // namespace soliton
