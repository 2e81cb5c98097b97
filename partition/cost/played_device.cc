#include "partition/cost/played_device.h"

#include <algorithm>
#include <utility>

#include "partition/cost/cost_model.h"
#include "protocol/base/path.h"

namespace soliton {

void PlayedDevice::take(const FlowMessage& message) {
  started_ = std::max(started_, message.started);
  npu_->deliver(message.port,
                Payload{{}, static_cast<std::uint64_t>(message.bytes - kCostMessageHeaderBytes)},
                since(message.leaves, origin_));
}

// As the service of the device does it (node/service).
bool PlayedDevice::begin_next() {
  const auto held = held_.find(request_);
  if (serving_ || held == held_.end()) return false;
  const auto known = std::ranges::find_if(
      held->second, [](const FlowMessage& message) { return message.steps != 0; });
  if (counts_steps_ && known == held->second.end()) return false;
  const FlowMessage first = known == held->second.end() ? held->second.front() : *known;
  const std::vector<FlowMessage> messages = std::move(held_.extract(held).mapped());
  Arrival start = first.leaves;
  if (request_ > 0 && npu_->free_at() > start.at) {
    start.path.queue += npu_->free_at() - start.at;
    start.at = npu_->free_at();
  }
  serving_ = true;
  began_ = start.at;
  origin_ = started_ = first.started;
  steps_ = first.steps;
  busy_before_ = npu_->stats().busy;
  npu_->begin(RequestId{request_}, steps_, start, batch_);
  for (const FlowMessage& message : messages) take(message);
  return true;
}

bool PlayedDevice::end_request() {
  if (!npu_->finished()) return false;
  serving_ = false;
  ++request_;
  return true;
}

}  // namespace soliton
