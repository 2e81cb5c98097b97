// A node that runs in the engine's process: virtual time, packed.
#pragma once

#include <vector>

#include "fabric/sim/engine_node.h"
#include "fabric/sim/node_loop.h"

namespace soliton {

class LocalNode : public EngineNode {
 public:
  // `machine` outlives the object.
  LocalNode(Machine& machine, NodeId self) : machine_(machine), loop_(machine, self) {}

  void deliver(Frame frame) override { loop_.deliver(std::move(frame)); }
  Instant next_event() const override { return loop_.next_event(); }
  void grant(Instant until) override { until_ = until; }
  Status collect(std::vector<Frame>& sent) override;
  Instant last_event() const override { return loop_.last_event(); }
  std::uint64_t events() const override { return loop_.events(); }
  RunEnd run_end() const override { return machine_.run_end(); }
  Instant ended() const override { return machine_.ended(); }
  void hot_memory(std::vector<std::span<const std::byte>>& out) const override {
    out.push_back(std::as_bytes(std::span(this, 1)));
    machine_.hot_memory(out);
  }

 private:
  Machine& machine_;
  NodeLoop loop_;
  Instant until_{};
};

}  // namespace soliton
