#include "fabric/shm/channel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "protocol/base/check.h"
#include "protocol/base/shortage.h"

namespace soliton {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kHeadBytes = (sizeof(ChannelBlock) + kPage - 1) / kPage * kPage;

tl::unexpected<Error> system_failure(const std::string& what) {
  return tl::unexpected<Error>(shortage(what, errno));
}

}  // namespace

Channel::Channel(int descriptor, void* memory, std::size_t size)
    : descriptor_(descriptor), block_(static_cast<ChannelBlock*>(memory)), size_(size) {}

Channel::Channel(Channel&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      block_(std::exchange(other.block_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Channel& Channel::operator=(Channel&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(block_, other.block_);
  std::swap(size_, other.size_);
  return *this;
}

Channel::~Channel() {
  if (block_) munmap(block_, size_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Channel> Channel::map(int descriptor, std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) {
    const auto error = system_failure(fmt::format("cannot map {} bytes of shared memory", size));
    ::close(descriptor);
    return error;
  }
  return Channel(descriptor, memory, size);
}

Result<Channel> Channel::create(const std::string& name, std::size_t ring_bytes) {
  SOLITON_CHECK(std::has_single_bit(ring_bytes) && ring_bytes >= kPage);
  const std::size_t size = kHeadBytes + 2 * ring_bytes;
  const int descriptor = memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return system_failure("cannot create shared memory");
  // A size that is fixed cannot be cut under the hub's feet.
  if (ftruncate(descriptor, static_cast<off_t>(size)) != 0 ||
      fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    const auto error = system_failure(fmt::format("cannot size shared memory to {} bytes", size));
    ::close(descriptor);
    return error;
  }
  Result<Channel> channel = map(descriptor, size);
  if (channel) {
    new (channel->block_) ChannelBlock;
    channel->block_->ring_bytes = ring_bytes;
  }
  return channel;
}

Result<Channel> Channel::attach(int descriptor) {
  struct stat info {};
  const bool known = fstat(descriptor, &info) == 0;
  const auto size = static_cast<std::size_t>(info.st_size);
  if (!known || size <= kHeadBytes) {
    if (known) ::close(descriptor);
    return failure(ErrorCode::kEnvironment, fmt::format("descriptor {} is no channel", descriptor));
  }
  Result<Channel> channel = map(descriptor, size);
  if (!channel) return channel;
  const std::uint64_t ring_bytes = channel->block_->ring_bytes;
  if (channel->block_->magic != ChannelBlock::kMagic || !std::has_single_bit(ring_bytes) ||
      kHeadBytes + 2 * ring_bytes != size) {
    return failure(ErrorCode::kEnvironment,
                   fmt::format("descriptor {} is no channel of this version", descriptor));
  }
  return channel;
}

std::span<std::byte> Channel::data(std::size_t ring) const {
  std::byte* base = reinterpret_cast<std::byte*>(block_) + kHeadBytes;
  return {base + ring * block_->ring_bytes, block_->ring_bytes};
}

void Channel::close() {
  block_->closed.store(1, std::memory_order_relaxed);
  block_->granted.ring();
}

}  // namespace soliton
