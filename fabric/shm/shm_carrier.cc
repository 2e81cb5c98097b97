// A producer publishes, then looks whether the consumer sleeps; a consumer says that it sleeps,
// then looks whether anything was published. Without a fence between the two on both sides each may
// miss the other. The producer's is on every packet's way, so it is left out: the consumer, which
// is about to lose microseconds anyway, has the kernel put a fence on all cores (membarrier) where
// it can.
#include "fabric/shm/shm_carrier.h"

#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <ctime>

namespace soliton {
namespace {

constexpr std::size_t kBatch = 32;  // packets of one peer in a poll
constexpr std::uint32_t kNobody = UINT32_MAX;

bool membarrier(int command) { return syscall(SYS_membarrier, command, 0, 0) == 0; }

bool kernel_fences() { return membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED); }

}  // namespace

ShmCarrier::ShmCarrier(NodeId self, Inbox own, std::vector<std::pair<NodeId, Inbox>> peers)
    : Carrier(self),
      own_(std::move(own)),
      place_(own_.shape().nodes, kNobody),
      staging_(own_.shape().ring.packet_bytes),
      fence_needed_(!kernel_fences()) {
  for (auto& [node, inbox] : peers) {
    place_[index(node)] = static_cast<std::uint32_t>(peers_.size());
    PacketProducer to(inbox.ring(self));
    peers_.push_back({node, std::move(inbox), to, PacketConsumer(own_.ring(node))});
  }
  arrived_.reserve(peers_.size() * kBatch);
}

std::span<const ArrivedPacket> ShmCarrier::poll() {
  if (!arrived_.empty()) {
    release(false);
    arrived_.clear();
  }
  for (Peer& peer : peers_)
    for (std::size_t i = 0; i < kBatch && peer.from.ready(); ++i)
      arrived_.push_back({peer.node, false, peer.from.take()});
  return arrived_;
}

void ShmCarrier::release(bool at_once) {
  for (Peer& peer : peers_) peer.from.release(at_once);
}

std::span<std::byte> ShmCarrier::room() {
  given_ = peers_.size() == 1 ? peers_.front().to.room() : std::span<std::byte>();
  // A full ring refuses the packet when it is sent; until then it is built aside.
  if (given_.empty()) given_ = staging_;
  return given_;
}

void ShmCarrier::send_built(const BuiltBurst& burst) {
  SOLITON_CHECK(burst.size == burst.segment && index(burst.destination) < place_.size() &&
                place_[index(burst.destination)] != kNobody);
  Peer& peer = peers_[place_[index(burst.destination)]];
  if (given_.data() == staging_.data()) {
    const std::span<std::byte> slot = peer.to.room();
    if (slot.empty()) {
      ++counters_.refused;
      return;
    }
    std::memcpy(slot.data(), staging_.data(), burst.size);
  }
  peer.to.publish(burst.size);
  ring(peer);
}

void ShmCarrier::ring(Peer& peer) {
  if (fence_needed_)
    std::atomic_thread_fence(std::memory_order_seq_cst);
  else
    std::atomic_signal_fence(std::memory_order_seq_cst);
  Doorbell& bell = peer.inbox.bell();
  if (bell.sleepers.load(std::memory_order_relaxed) != 0) [[unlikely]]
    bell.ring();
}

bool ShmCarrier::anything() const {
  return std::any_of(peers_.begin(), peers_.end(),
                     [](const Peer& peer) { return peer.from.ready(); });
}

void ShmCarrier::wait(Duration at_most) {
  release(true);
  Doorbell& bell = own_.bell();
  const std::uint32_t seen = bell.count.load(std::memory_order_acquire);
  bell.sleepers.store(1, std::memory_order_seq_cst);
  if (!fence_needed_ && !membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED)) fence_needed_ = true;
  const bool sleep = !woken_.exchange(false) && !anything();
  constexpr std::int64_t kSecond = 1'000'000'000'000;
  const timespec timeout{.tv_sec = at_most.count() / kSecond,
                         .tv_nsec = at_most.count() % kSecond / 1000};
  if (sleep)
    syscall(SYS_futex, &bell.count, FUTEX_WAIT, seen, at_most.count() < 0 ? nullptr : &timeout,
            nullptr, 0);
  bell.sleepers.store(0, std::memory_order_relaxed);
}

void ShmCarrier::wake() {
  woken_ = true;
  own_.bell().ring();
}

}  // namespace soliton
