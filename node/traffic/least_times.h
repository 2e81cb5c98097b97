// The alpha-beta model of a network for the bounds of workloads: alpha is the time of the path, beta
// that of a byte on the line (Hockney, "The communication challenge for MPP: Intel Paragon and Meiko
// CS-2", Parallel Computing 20, 1994). Every time is a lower bound, whatever else is under way, whatever
// ways packets take and whatever fails: paths are the shortest of all, and lines carry nothing but the
// messages with their headers and frames. Whoever knows the topology implements it (cluster/run).
#pragma once

#include <cstdint>

#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

class LeastTimes {
 public:
  virtual ~LeastTimes() = default;

  // Until `to` has so many messages of `bytes` bytes, of which the first is handed over at 0: alpha of
  // the two, and the messages on the slower of their lines. 0 if there is nothing to send.
  virtual Duration stream(NodeId from, NodeId to, std::uint64_t messages,
                          std::uint64_t bytes) const = 0;
  // The least of that between any two nodes of the workload.
  virtual Duration stream(std::uint64_t messages, std::uint64_t bytes) const = 0;
  // Until a node has so many messages from others, or they all have left it and arrived: the least
  // alpha between nodes of the workload, and the messages on all cables of the node at once.
  virtual Duration through(NodeId node, std::uint64_t messages, std::uint64_t bytes) const = 0;

  Duration message(NodeId from, NodeId to, std::uint64_t bytes) const {
    return stream(from, to, 1, bytes);
  }
  Duration message(std::uint64_t bytes) const { return stream(1, bytes); }
};

}  // namespace soliton
