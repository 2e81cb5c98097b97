// The memory a node process shares with the hub: two rings of frames, a grant, a report, two
// doorbells.
//
// The hub creates it (memfd: no name in any file system, gone with its last user) and hands the
// descriptor to the node process, which attaches. Pages of the rings take memory only once they are
// touched. Ownership of each part:
//
//   hub writes   to_node ring, grant_until, ended_at, closed, then rings `granted`;
//   node writes  to_hub ring, the report, then rings `reported`, once per grant.
//
// Between a report and the next grant the node touches nothing, so the hub may rewind both rings.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "fabric/shm/doorbell.h"
#include "fabric/shm/ring.h"
#include "fabric/shm/shared_memory.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace soliton {

// Lies at the start of the shared memory; the rings' data follow, to_node first.
struct ChannelBlock {
  static constexpr std::uint64_t kMagic = 0x326e6f74696c6f73;  // "soliton2" in memory
  std::uint64_t magic = kMagic;
  std::uint64_t ring_bytes = 0;
  alignas(64) Doorbell granted;
  std::atomic<std::int64_t> grant_until{0};  // ps
  std::atomic<std::int64_t> ended_at{0};     // ps; with `closed`: the last instant of the run
  std::atomic<std::uint32_t> closed{0};
  alignas(64) Doorbell reported;
  std::atomic<std::int64_t> next_event{0};  // ps
  std::atomic<std::int64_t> last_event{0};  // ps
  std::atomic<std::uint64_t> events{0};
  // The machine's RunEnd, in ps. Before the first report it may end the run at once.
  std::atomic<std::int64_t> end_came{INT64_MAX};
  std::atomic<std::int64_t> end_next{INT64_MAX};
  std::atomic<std::int64_t> end_notice{0};
  RingIndices to_node;
  RingIndices to_hub;
};

class Channel {
 public:
  static constexpr std::size_t kRingBytes = 1 << 20;

  // REQUIRES: ring_bytes is a power of two, at least 4096. `name` shows up in /proc/PID/maps.
  // Error: kEnvironment.
  static Result<Channel> create(const std::string& name, std::size_t ring_bytes = kRingBytes);
  // Takes ownership of the descriptor. Error: the descriptor is not a channel (kEnvironment).
  static Result<Channel> attach(int descriptor);

  // Has close-on-exec set: a launcher passes a duplicate.
  int descriptor() const { return memory_.descriptor(); }
  ChannelBlock& block() const { return *reinterpret_cast<ChannelBlock*>(memory_.data()); }
  Ring to_node() const { return Ring(block().to_node, ring_data(0)); }
  Ring to_hub() const { return Ring(block().to_hub, ring_data(1)); }
  // Called by the hub when the run is over: the node's serve_channel() returns when its grant is
  // done. Safe at any time.
  void close();

 private:
  explicit Channel(SharedMemory memory) : memory_(std::move(memory)) {}
  std::span<std::byte> ring_data(std::size_t ring) const;

  SharedMemory memory_;
};

}  // namespace soliton
