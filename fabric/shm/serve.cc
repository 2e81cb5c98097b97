#include "fabric/shm/serve.h"

#include "fabric/shm/frame_record.h"
#include "fabric/sim/node_loop.h"

namespace soliton {
namespace {

void report(ChannelBlock& block, const NodeLoop& loop, const RunEnd& end) {
  const auto tell = [](auto& field, auto value) { field.store(value, std::memory_order_relaxed); };
  tell(block.next_event, loop.next_event().time_since_epoch().count());
  tell(block.last_event, loop.last_event().time_since_epoch().count());
  tell(block.events, loop.events());
  tell(block.end_came, end.came.time_since_epoch().count());
  tell(block.end_next, end.next.time_since_epoch().count());
  tell(block.end_notice, end.notice.count());
  block.reported.ring();
}

// Until there is a grant after the `seen`-th one. False: the run is over.
Result<bool> await_grant(ChannelBlock& block, std::uint32_t seen, const WaitOptions& wait) {
  for (;;) {
    const WaitEnd end = block.granted.wait(seen, wait.spin, wait.slice);
    if (block.closed.load(std::memory_order_acquire) != 0) return false;
    if (end == WaitEnd::kRung) return true;
    if (!wait.alive) continue;
    if (Status alive = wait.alive(); !alive) return tl::unexpected(std::move(alive.error()));
  }
}

Status take_frames(Ring& ring, NodeLoop& loop) {
  for (;;) {
    Result<std::optional<Frame>> frame = read_frame(ring);
    if (!frame) return tl::unexpected(std::move(frame.error()));
    if (!*frame) return {};
    loop.deliver(std::move(**frame));
  }
}

}  // namespace

Result<Instant> serve_channel(Channel& channel, Machine& machine, NodeId self,
                              const WaitOptions& wait) {
  ChannelBlock& block = channel.block();
  Ring to_node = channel.to_node();
  Ring to_hub = channel.to_hub();
  NodeLoop loop(machine, self);
  for (std::uint32_t seen = block.reported.count.load(std::memory_order_relaxed);; ++seen) {
    if (wait.pulse != nullptr) wait.pulse->begin_wait();
    const Result<bool> granted = await_grant(block, seen, wait);
    if (wait.pulse != nullptr) wait.pulse->begin_work();
    if (!granted) return tl::unexpected(granted.error());
    if (!*granted) return Instant{Duration{block.ended_at.load(std::memory_order_relaxed)}};
    if (Status status = take_frames(to_node, loop); !status)
      return tl::unexpected(std::move(status.error()));
    const Instant until{Duration{block.grant_until.load(std::memory_order_relaxed)}};
    loop.run(until, [&](const Frame& frame) { return write_frame(to_hub, frame); });
    report(block, loop, machine.run_end());
  }
}

}  // namespace soliton
