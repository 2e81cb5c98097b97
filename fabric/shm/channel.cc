#include "fabric/shm/channel.h"

#include <fmt/format.h>

#include <bit>
#include <new>
#include <utility>

#include "protocol/base/check.h"
#include "protocol/base/shortage.h"

namespace soliton {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kHeadBytes = (sizeof(ChannelBlock) + kPage - 1) / kPage * kPage;

}  // namespace

Result<Channel> Channel::create(const std::string& name, std::size_t ring_bytes) {
  SOLITON_CHECK(std::has_single_bit(ring_bytes) && ring_bytes >= kPage);
  Result<SharedMemory> memory = SharedMemory::create(name, kHeadBytes + 2 * ring_bytes);
  if (!memory) return tl::unexpected<Error>(memory.error());
  (new (memory->data()) ChannelBlock)->ring_bytes = ring_bytes;
  return Channel(std::move(*memory));
}

Result<Channel> Channel::attach(int descriptor) {
  Result<SharedMemory> memory = SharedMemory::attach(descriptor, kHeadBytes + 1, "a channel");
  if (!memory) return tl::unexpected<Error>(memory.error());
  Channel channel(std::move(*memory));
  const std::uint64_t ring_bytes = channel.block().ring_bytes;
  if (channel.block().magic != ChannelBlock::kMagic || !std::has_single_bit(ring_bytes) ||
      kHeadBytes + 2 * ring_bytes != channel.memory_.size())
    return failure(ErrorCode::kEnvironment,
                   fmt::format("descriptor {} is not a channel of this version", descriptor));
  return channel;
}

std::span<std::byte> Channel::ring_data(std::size_t ring) const {
  return {memory_.data() + kHeadBytes + ring * block().ring_bytes, block().ring_bytes};
}

void Channel::close() {
  block().closed.store(1, std::memory_order_release);
  block().granted.ring();
}

}  // namespace soliton
