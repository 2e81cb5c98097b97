#include "fabric/shm/inbox.h"

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

constexpr std::size_t kHead = (sizeof(InboxBlock) + 63) / 64 * 64;

std::size_t size_of(const InboxShape& shape) { return kHead + shape.nodes * shape.ring.bytes(); }

tl::unexpected<Error> environment(const char* what) {
  return tl::unexpected<Error>(shortage(fmt::format("inbox of shared memory: {}", what), errno));
}

}  // namespace

Result<Inbox> Inbox::create(const std::string& name, const InboxShape& shape) {
  SOLITON_CHECK(std::has_single_bit(shape.ring.slots) && shape.ring.slots >= 4);
  const int descriptor = memfd_create(name.c_str(), MFD_CLOEXEC);
  if (descriptor < 0) return environment("memfd_create");
  if (ftruncate(descriptor, static_cast<off_t>(size_of(shape))) != 0) {
    const auto error = environment("ftruncate");
    close(descriptor);
    return error;
  }
  Result<Inbox> inbox = map(descriptor, size_of(shape));
  if (inbox) (new (inbox->block_) InboxBlock)->shape = shape;
  return inbox;
}

Result<Inbox> Inbox::attach(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return environment("fstat");
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size < kHead) {
    close(descriptor);
    return failure(ErrorCode::kEnvironment, "inbox of shared memory: too small");
  }
  Result<Inbox> inbox = map(descriptor, size);
  if (!inbox) return inbox;
  if (inbox->block_->magic != InboxBlock::kMagic || size_of(inbox->shape()) != size)
    return failure(ErrorCode::kEnvironment, "inbox of shared memory: it is none");
  return inbox;
}

Result<Inbox> Inbox::map(int descriptor, std::size_t size) {
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory != MAP_FAILED) return Inbox(descriptor, memory, size);
  const auto error = environment("mmap");
  close(descriptor);
  return error;
}

Inbox::Inbox(int descriptor, void* memory, std::size_t size)
    : descriptor_(descriptor), block_(static_cast<InboxBlock*>(memory)), size_(size) {}

Inbox::Inbox(Inbox&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      block_(std::exchange(other.block_, nullptr)),
      size_(other.size_) {}

Inbox& Inbox::operator=(Inbox&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(block_, other.block_);
  std::swap(size_, other.size_);
  return *this;
}

Inbox::~Inbox() {
  if (block_ != nullptr) munmap(block_, size_);
  if (descriptor_ >= 0) close(descriptor_);
}

PacketRing Inbox::ring(NodeId producer) const {
  SOLITON_CHECK(index(producer) < shape().nodes);
  std::byte* const memory =
      reinterpret_cast<std::byte*>(block_) + kHead + index(producer) * shape().ring.bytes();
  return PacketRing(memory, shape().ring);
}

}  // namespace soliton
