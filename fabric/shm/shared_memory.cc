#include "fabric/shm/shared_memory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "protocol/base/shortage.h"

namespace soliton {
namespace {

tl::unexpected<Error> system_failure(const std::string& what) {
  return tl::unexpected<Error>(shortage(what, errno));
}

}  // namespace

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      memory_(std::exchange(other.memory_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(memory_, other.memory_);
  std::swap(size_, other.size_);
  return *this;
}

SharedMemory::~SharedMemory() {
  if (memory_ != nullptr) munmap(memory_, size_);
  if (descriptor_ >= 0) close(descriptor_);
}

Result<SharedMemory> SharedMemory::map(int descriptor, std::size_t size) {
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory != MAP_FAILED) return SharedMemory(descriptor, memory, size);
  const auto error = system_failure(fmt::format("cannot map {} bytes of shared memory", size));
  close(descriptor);
  return error;
}

Result<SharedMemory> SharedMemory::create(const std::string& name, std::size_t size) {
  const int descriptor = memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return system_failure("cannot create shared memory");
  if (ftruncate(descriptor, static_cast<off_t>(size)) != 0 ||
      fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    const auto error = system_failure(fmt::format("cannot size shared memory to {} bytes", size));
    close(descriptor);
    return error;
  }
  return map(descriptor, size);
}

Result<SharedMemory> SharedMemory::attach(int descriptor, std::size_t least, const char* what) {
  struct stat info {};
  const bool known = fstat(descriptor, &info) == 0;
  if (known && info.st_size > 0 && static_cast<std::size_t>(info.st_size) >= least)
    return map(descriptor, static_cast<std::size_t>(info.st_size));
  if (known) close(descriptor);
  return failure(ErrorCode::kEnvironment, fmt::format("descriptor {} is not {}", descriptor, what));
}

}  // namespace soliton
