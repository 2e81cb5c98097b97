// What roles report during a run: one record for each request, message or round they have
// completed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/base/breakdown.h"
#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

// A finished request of a model. The answer is in `arrays`: the outputs of the model; empty if it was
// not computed, or if the request was refused.
struct HostRecord {
  RequestId request{};  // of the service
  std::uint32_t client = 0;
  std::int64_t steps = 0;
  Instant sent{};
  Instant completed{};
  Breakdown path;
  std::vector<std::byte> arrays;  // partition/ir/array_bytes.h
  std::uint16_t service = 0;
  std::uint16_t copy = 0;  // of the service's model
  bool refused = false;    // too many were open
};

// A message of a communication workload, as seen from one of its ends. Different nodes see the two
// ends of a flow; whoever collects the records joins them by (flow, number).
struct TrafficRecord {
  std::uint32_t flow = 0;    // flows_of()
  std::uint32_t number = 0;  // index of the message in its flow; of collectives: the round
  Instant sent = kNever;     // kNever: this end did not see it sent
  Instant completed = kNever;
  bool damaged = false;        // it arrived with other bytes than those that were sent
  std::uint16_t workload = 0;  // which one of the run

  bool operator==(const TrafficRecord&) const = default;
};

// Records of both kinds, each in order of completion at one node.
struct Records {
  std::vector<HostRecord> requests;
  std::vector<TrafficRecord> messages;
};

}  // namespace soliton
