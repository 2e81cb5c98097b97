#include "fabric/shm/remote_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "fabric/shm/frame_record.h"

namespace soliton {

RemoteNode::RemoteNode(Channel& channel, std::string name, WaitOptions wait)
    : channel_(channel),
      to_node_(channel.to_node()),
      to_hub_(channel.to_hub()),
      name_(std::move(name)),
      wait_(std::move(wait)) {}

void RemoteNode::deliver(Frame frame) {
  unseen_ = std::min(unseen_, frame.at);
  if (!kept_.empty() || !write_frame(to_node_, frame)) kept_.push_back(std::move(frame));
}

Instant RemoteNode::next_event() const { return std::min(reported_, unseen_); }

void RemoteNode::grant(Instant until) {
  // A frame that is still here must not be overtaken. The grant may then allow nothing, but it
  // empties the ring.
  for (const Frame& frame : kept_) until = std::min(until, frame.at);
  ++grants_;
  channel_.block().grant_until.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  channel_.block().granted.ring();
}

Status RemoteNode::collect(std::vector<Frame>& sent) {
  if (Status status = await_report(); !status) return status;
  if (Status status = drain(sent); !status) return status;
  const ChannelBlock& block = channel_.block();
  reported_ = Instant{Duration{block.next_event.load(std::memory_order_relaxed)}};
  last_event_ = Instant{Duration{block.last_event.load(std::memory_order_relaxed)}};
  events_ = block.events.load(std::memory_order_relaxed);
  end_ = {.came = Instant{Duration{block.end_came.load(std::memory_order_relaxed)}},
          .next = Instant{Duration{block.end_next.load(std::memory_order_relaxed)}},
          .notice = Duration{block.end_notice.load(std::memory_order_relaxed)}};
  refill();
  return {};
}

void RemoteNode::finish(Instant end) {
  channel_.block().ended_at.store(end.time_since_epoch().count(), std::memory_order_relaxed);
}

Status RemoteNode::await_report() {
  Doorbell& reported = channel_.block().reported;
  for (;;) {
    const std::uint32_t count = reported.count.load(std::memory_order_acquire);
    if (count == grants_) return {};
    if (count != grants_ - 1) return tl::unexpected(broken("it reported without a grant"));
    if (reported.wait(count, wait_.spin, wait_.slice) == WaitEnd::kRung || !wait_.alive) continue;
    if (Status alive = wait_.alive(); !alive) {
      // Its last report may have come between the wait and the question.
      if (reported.count.load(std::memory_order_acquire) == grants_) return {};
      return alive;
    }
  }
}

Status RemoteNode::drain(std::vector<Frame>& sent) {
  for (;;) {
    Result<std::optional<Frame>> frame = read_frame(to_hub_);
    if (!frame) return tl::unexpected(broken(frame.error().message));
    if (!*frame) break;
    sent.push_back(std::move(**frame));
  }
  if (!to_node_.empty()) return tl::unexpected(broken("it left frames in its ring"));
  to_hub_.rewind();
  to_node_.rewind();
  return {};
}

void RemoteNode::refill() {
  unseen_ = kNever;
  for (const Frame& frame : kept_) unseen_ = std::min(unseen_, frame.at);
  while (!kept_.empty() && write_frame(to_node_, kept_.front())) kept_.pop_front();
}

Error RemoteNode::broken(const std::string& what) const {
  return {ErrorCode::kBroken,
          fmt::format("{} broke the protocol between hub and nodes: {}", name_, what)};
}

}  // namespace soliton
