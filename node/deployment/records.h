// What roles report while a run goes on: one record for each request, message or round that they
// have completed.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/breakdown.h"
#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

// A finished request of a model. `output` is fp32, and empty if it was not computed.
struct HostRecord {
  RequestId request{};
  std::uint32_t client = 0;
  std::int64_t steps = 0;
  Instant sent{};
  Instant completed{};
  Breakdown path;
  std::vector<float> output;
};

// A message without a model, or one of its ends: different nodes see the two ends of a stream, and
// whoever collects the records joins them by (flow, number).
struct TrafficRecord {
  std::uint32_t flow = 0;    // position in Traffic::senders
  std::uint32_t number = 0;  // of the message in its flow; all-gather: the round
  Instant sent = kNever;     // kNever: not seen here
  Instant completed = kNever;
  bool damaged = false;  // it arrived, and its bytes were not those that were sent

  bool operator==(const TrafficRecord&) const = default;
};

// Both forms, each in the order of completion at one node.
struct Records {
  std::vector<HostRecord> requests;
  std::vector<TrafficRecord> messages;
};

}  // namespace soliton
