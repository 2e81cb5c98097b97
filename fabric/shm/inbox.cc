#include "fabric/shm/inbox.h"

#include <bit>
#include <new>
#include <utility>

#include "protocol/base/check.h"
#include "protocol/base/shortage.h"

namespace soliton {
namespace {

constexpr std::size_t kHead = (sizeof(InboxBlock) + 63) / 64 * 64;

std::size_t size_of(const InboxShape& shape) { return kHead + shape.nodes * shape.ring.bytes(); }

}  // namespace

Result<Inbox> Inbox::create(const std::string& name, const InboxShape& shape) {
  SOLITON_CHECK(std::has_single_bit(shape.ring.slots) && shape.ring.slots >= 4);
  Result<SharedMemory> memory = SharedMemory::create(name, size_of(shape));
  if (!memory) return tl::unexpected<Error>(memory.error());
  (new (memory->data()) InboxBlock)->shape = shape;
  return Inbox(std::move(*memory));
}

Result<Inbox> Inbox::attach(int descriptor) {
  Result<SharedMemory> memory = SharedMemory::attach(descriptor, kHead, "a packet inbox");
  if (!memory) return tl::unexpected<Error>(memory.error());
  Inbox inbox(std::move(*memory));
  if (inbox.block().magic != InboxBlock::kMagic || size_of(inbox.shape()) != inbox.memory_.size())
    return failure(ErrorCode::kEnvironment, "the packet inbox is of another version");
  return inbox;
}

PacketRing Inbox::ring(NodeId producer) const {
  SOLITON_CHECK(index(producer) < shape().nodes);
  return PacketRing(memory_.data() + kHead + index(producer) * shape().ring.bytes(), shape().ring);
}

}  // namespace soliton
