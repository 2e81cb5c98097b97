// A device in a plan that is played. Like the service of a node it serves one request after the
// other and holds messages of later requests until then.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/npu/npu.h"
#include "partition/cost/message_flow.h"
#include "protocol/isa/shard_steps.h"

namespace soliton {

class PlayedDevice {
 public:
  // `shard` must outlive the object.
  PlayedDevice(const Shard& shard, std::uint32_t batch)
      : npu_(std::make_unique<Npu>(shard, ComputeMode::kTiming)),
        counts_steps_(counts_steps(shard)),
        batch_(batch) {}

  // The request that it serves, or will serve next.
  std::uint32_t request() const { return request_; }
  bool serves(const FlowMessage& message) const { return serving_ && message.request == request_; }
  Instant began() const { return began_; }
  // Of the request that is served: its steps, and when the client sent it.
  std::uint32_t steps() const { return steps_; }
  Instant started() const { return started_; }

  // `leaves` is when the message arrives. REQUIRES: serves(message), or the message is the device's
  // own.
  void take(const FlowMessage& message);
  void hold(const FlowMessage& message) { held_[message.request].push_back(message); }
  // Begins the next request with the messages held for it. Returns false if a request is being
  // served or no message is held that says its steps.
  bool begin_next();
  std::optional<NpuOutput> poll_output() { return npu_->poll_output(); }
  // False: the request has not ended.
  bool end_request();

  // Of the last request that ended: the time from its start to its end, and the work in it.
  Duration occupied() const { return npu_->free_at() - began_; }
  Duration busy() const { return npu_->stats().busy - busy_before_; }
  std::string waiting_for() const { return npu_->waiting_for(); }

 private:
  std::unique_ptr<Npu> npu_;
  bool counts_steps_;
  std::uint32_t batch_;
  std::uint32_t request_ = 0;
  bool serving_ = false;
  std::uint32_t steps_ = 1;
  Instant began_{};
  Instant started_{};  // the latest of its messages
  Instant origin_{};   // where the NPU's paths begin: `started` of the first message
  Duration busy_before_{};
  std::map<std::uint32_t, std::vector<FlowMessage>> held_;  // by request
};

}  // namespace soliton
