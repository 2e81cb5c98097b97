// A node's part of a communication workload: it sends messages, verifies those it receives, and
// reports when it is done. A state machine without clock or socket, driven through its LTL like
// every role.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "node/service/role.h"
#include "node/traffic/pattern.h"
#include "node/traffic/traffic.h"
#include "protocol/base/trace.h"

namespace soliton {

class TrafficRole : public Role {
 public:
  struct Options {
    NodeId self{};
    std::uint32_t trace_messages = 0;  // the first N messages of each flow are traced
    TraceBuffer* trace = nullptr;      // must outlive the role
  };
  TrafficRole(const Traffic& traffic, const Options& options);

  void start(Instant at) override { start_ = at; }
  Instant next_deadline() const override { return begun_ ? kNever : start_; }
  void on_deadline(Instant now) override;
  // Says whether LTL has room for more messages to `peer`.
  void on_blocked(NodeId peer) override { blocked_.insert(peer); }
  void on_room(NodeId peer) override { blocked_.erase(peer); }
  std::vector<std::string> describe_outstanding() const override;

  // Whether this node has handed over everything it sends and has received everything it expects.
  bool finished() const override = 0;
  void hand_over(Records& to) override;
  std::vector<TrafficRecord> take_records() { return std::exchange(records_, {}); }
  // Number of messages from nodes without a part in the workload, or beyond the expected number.
  std::uint64_t refused() const { return refused_; }

 protected:
  virtual void begin(Instant now) = 0;
  virtual std::string missing() const = 0;

  const Traffic& traffic() const { return traffic_; }
  NodeId self() const { return options_.self; }
  bool begun() const { return begun_; }
  bool blocked(NodeId peer) const { return blocked_.contains(peer); }
  Payload block(NodeId origin, std::uint32_t number) const;
  // Whether the part [offset, offset + traffic().bytes) of a message equals that block.
  bool is_block(const Payload& message, std::uint64_t offset, NodeId origin,
                std::uint32_t number) const;
  bool has_size(const Payload& message, std::uint64_t blocks) const {
    return message.size() == blocks * traffic_.bytes;
  }
  void add(const TrafficRecord& record) { records_.push_back(record); }
  void refuse() { ++refused_; }
  void trace_sent(NodeId peer, std::uint32_t number, std::uint64_t bytes, Instant now);
  void trace_received(NodeId peer, std::uint32_t number, std::uint64_t bytes, Instant now);
  void trace_span(std::uint32_t number, Instant from, Instant until);
  bool is_traced(std::uint32_t number) const {
    return options_.trace != nullptr && number < options_.trace_messages;
  }

 private:
  const Traffic& traffic_;
  Options options_;
  Instant start_ = kNever;
  bool begun_ = false;
  std::set<NodeId> blocked_;
  std::vector<TrafficRecord> records_;
  std::uint64_t refused_ = 0;
};

}  // namespace soliton
