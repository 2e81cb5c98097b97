// A Carrier over inboxes in shared memory, one per node: a node reads its own inbox and writes to a
// ring in the inbox of each peer. With one peer, packets are built directly in the slot of the
// ring.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "fabric/carrier.h"
#include "fabric/shm/inbox.h"

namespace soliton {

class ShmCarrier : public Carrier {
 public:
  // `peers`: inboxes by owner, this node's not among them. All have the shape of `own`.
  ShmCarrier(NodeId self, Inbox own, std::vector<std::pair<NodeId, Inbox>> peers);

  std::span<const ArrivedPacket> poll() override;
  std::span<std::byte> room() override;
  std::uint32_t burst_max() const override { return 1; }
  void send_built(const BuiltBurst& burst) override;
  void wait(Duration at_most) override;
  void wake() override;
  CarrierCounters counters() const override { return counters_; }

 private:
  struct Peer {
    NodeId node{};
    Inbox inbox;
    PacketProducer to;
    PacketConsumer from;
  };

  bool anything() const;
  void release(bool at_once);
  void ring(Peer& peer);

  Inbox own_;
  std::vector<Peer> peers_;
  std::vector<std::uint32_t> place_;  // in peers_, by NodeId
  std::vector<ArrivedPacket> arrived_;
  std::vector<std::byte> staging_;  // for packets whose peer is not known when they are built
  std::span<std::byte> given_;      // the room that was handed out
  bool fence_needed_;  // set if the kernel cannot put the memory fence on the sleeper's side
  std::atomic<bool> woken_{false};
  CarrierCounters counters_;
};

}  // namespace soliton
