// The service of one emulated FPGA: it admits requests one at a time in order of their numbers,
// passes messages to the NPU's queues, and sends the NPU's outputs to the peers of its ports. A
// state machine.
//
// Request numbers are dense and the same on every node, so all nodes serve requests in the same
// order and no wait can be circular. Messages of later requests are held. A message of a request
// that is already done is a bug of the sender; it is counted. A batch counts as one request: its
// messages carry the vectors of all its lanes, and its first message determines how many lanes
// there are.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "node/npu/npu.h"
#include "node/service/outbox.h"
#include "node/service/role.h"
#include "protocol/base/histogram.h"
#include "protocol/control/data_message.h"

namespace soliton {

// Who has a device. Models that share one take turns, a request at a time.
struct DeviceTurn {
  bool taken = false;
  Instant free_at{};  // when the last request is done
};

struct NpuServiceOptions {
  NodeId self{};
  TimeBase time = TimeBase::kEmulated;
  // Every `functional_every`-th request (0, k, 2k, ...) computes values; 0: none does; 1: all do.
  // Each message says whether it carries values.
  std::uint32_t functional_every = 1;
  std::uint32_t trace_requests = 0;
  std::uint16_t first_port = 0;  // what comes before the shard's ports at its node
  // Of a device that other services share, which outlives the object. Null: nobody does.
  DeviceTurn* turn = nullptr;
  // Once it is true no values are computed any more, and those of answers mean nothing. Null: never.
  const std::atomic<bool>* given_up = nullptr;
};

class NpuService : public Role {
 public:
  // `node_names` resolves the shard's logical peers. `shard` and `trace` must outlive the object.
  NpuService(const Shard& shard, const NpuServiceOptions& options,
             const std::vector<std::string>& node_names, TraceBuffer* trace);
  NpuService(const NpuService&) = delete;
  NpuService& operator=(const NpuService&) = delete;

  void on_message(NodeId peer, Payload message, Instant now) override;
  std::optional<RoleMessage> poll_message(Instant now) override;
  Instant next_deadline() const override { return outbox_.next(); }
  void on_deadline(Instant) override {}
  std::vector<std::string> describe_outstanding() const override;
  void add_stats(RoleStats& to) const override;
  void restart(std::uint32_t first, Instant now) override;

  // on_message() in two parts, for a device that is shared: what has come, and the next request. Returns
  // false if the message is for nobody.
  bool take(NodeId peer, DataMessage message, Instant now);
  bool may_begin() const { return !turn().taken && ready(); }
  void begin_next();
  // When the first message of the next request came. REQUIRES: may_begin().
  Instant waits_since() const { return held_.begin()->second.front().arrival.at; }
  Instant next_departure() const { return outbox_.next(); }

  NpuStats stats() const;
  // The modelled time for which each request kept the NPU busy.
  const DurationHistogram& device_time() const { return device_time_; }
  std::uint64_t refused() const { return refused_; }

 private:
  struct Held {
    DataHeader header;
    std::uint32_t lanes = 1;
    Payload vectors;
    Arrival arrival;
  };

  void make_npus();
  Npu* npu_for(const DataHeader& header) const {
    return header.functional ? functional_.get() : timing_.get();
  }
  // The number of lanes of a message that this service can serve; 0 if the message is not for it.
  std::uint32_t lanes_of(const DataMessage& message) const;
  void deliver(const Held& held);
  static bool says_steps(const Held& held) { return held.header.steps != 0; }
  bool ready() const;  // whether the current request can begin
  DeviceTurn& turn() const { return *turn_; }
  void drain_outputs();
  void send(const NpuOutput& output);
  void send_to(NodeId peer, std::uint16_t port, std::size_t flow, const NpuOutput& output);
  bool traced(std::uint32_t request) const { return trace_ && request < options_.trace_requests; }
  void finish_if_done();

  const Shard& shard_;
  bool counts_steps_ = false;  // of the shard
  NpuServiceOptions options_;
  DeviceTurn own_turn_;
  DeviceTurn* turn_;  // options_.turn or own_turn_
  TraceBuffer* trace_;
  TraceBuffer chain_trace_;        // of the NPU; paused during requests that are not traced
  std::vector<NodeId> out_peers_;  // by out port and destination, flattened
  std::vector<std::size_t> first_peer_;
  std::unique_ptr<Npu> functional_, timing_;
  NpuStats before_;  // of those that a restart replaced
  Npu* active_ = nullptr;
  bool serving_ = false;
  std::uint32_t current_ = 0;  // number of the request being served, or the next one to serve
  DataHeader current_header_;  // of its first message, but for `started`, the latest of all
  Instant origin_{};           // where the NPU's paths begin: `started` of the first message
  std::uint32_t current_lanes_ = 1;
  Instant began_{};
  Duration busy_before_{};
  Instant wall_now_{};  // arrival of the last message
  Breakdown path_;  // wall time: path of the current request's last message, until it was taken up
  std::vector<std::uint32_t> sent_;      // messages so far, by flattened destination
  std::vector<std::uint32_t> received_;  // messages so far, by in port
  std::map<std::uint32_t, std::vector<Held>> held_;
  Outbox outbox_;
  DurationHistogram device_time_;
  std::uint64_t refused_ = 0;
};

}  // namespace soliton
