// The memory through which one node gets packets: a ring from every node, and a doorbell to wake
// it.
//
// It is a memfd: no name in any file system, gone with its last user. Whoever starts the nodes
// creates it and hands the descriptor to its owner, who reads, and to the owner's peers, who each
// write the ring of their own number. Rings that nobody uses take no memory.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "fabric/shm/doorbell.h"
#include "fabric/shm/packet_ring.h"
#include "fabric/shm/shared_memory.h"
#include "protocol/base/result.h"
#include "protocol/base/types.h"

namespace soliton {

struct InboxShape {
  std::uint32_t nodes = 2;
  PacketRingShape ring;
};

// Lies at the start of the shared memory; the rings follow, by NodeId of their producer.
struct InboxBlock {
  static constexpr std::uint64_t kMagic = 0x78626e696c6f73;  // "solinbx" in memory
  std::uint64_t magic = kMagic;
  InboxShape shape;
  alignas(64) Doorbell bell;
};

class Inbox {
 public:
  // `name` shows up in /proc/PID/maps. Error: kEnvironment. REQUIRES: slots is a power of two.
  static Result<Inbox> create(const std::string& name, const InboxShape& shape);
  // Takes ownership of the descriptor. Error: it is not an inbox (kEnvironment).
  static Result<Inbox> attach(int descriptor);

  // Has close-on-exec set: a launcher passes a duplicate.
  int descriptor() const { return memory_.descriptor(); }
  const InboxShape& shape() const { return block().shape; }
  Doorbell& bell() const { return block().bell; }
  // REQUIRES: producer is below shape().nodes.
  PacketRing ring(NodeId producer) const;

 private:
  explicit Inbox(SharedMemory memory) : memory_(std::move(memory)) {}
  InboxBlock& block() const { return *reinterpret_cast<InboxBlock*>(memory_.data()); }

  SharedMemory memory_;
};

}  // namespace soliton
