#include "fabric/shm/serve.h"

#include "fabric/shm/frame_record.h"
#include "fabric/sim/node_loop.h"

namespace soliton {
namespace {

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

Status serve_channel(Channel& channel, Machine& machine, NodeId self, const WaitOptions& wait) {
  ChannelBlock& block = channel.block();
  Ring to_node = channel.to_node();
  Ring to_hub = channel.to_hub();
  NodeLoop loop(machine, self);
  for (std::uint32_t seen = block.reported.count.load(std::memory_order_relaxed);; ++seen) {
    if (wait.pulse != nullptr) wait.pulse->begin_wait();
    const Result<bool> granted = await_grant(block, seen, wait);
    if (wait.pulse != nullptr) wait.pulse->begin_work();
    if (!granted) return tl::unexpected(granted.error());
    if (!*granted) return {};
    if (Status status = take_frames(to_node, loop); !status) return status;
    const Instant until{Duration{block.grant_until.load(std::memory_order_relaxed)}};
    loop.run(until, [&](const Frame& frame) { return write_frame(to_hub, frame); });
    block.next_event.store(loop.next_event().time_since_epoch().count(), std::memory_order_relaxed);
    block.last_event.store(loop.last_event().time_since_epoch().count(), std::memory_order_relaxed);
    block.events.store(loop.events(), std::memory_order_relaxed);
    block.reported.ring();
  }
}

}  // namespace soliton
