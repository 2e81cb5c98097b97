// Memory that processes share through an inherited descriptor: a memfd, so it has no name in any
// file system and is gone with its last user.
#pragma once

#include <cstddef>
#include <string>

#include "protocol/base/result.h"

namespace soliton {

// Owns the descriptor and the mapping.
class SharedMemory {
 public:
  // Zeroed and of a fixed size: no process can truncate it while others use it. `name` shows up in
  // /proc/PID/maps. kEnvironment.
  static Result<SharedMemory> create(const std::string& name, std::size_t size);
  // Takes ownership of the descriptor, even on error. Error: it is not shared memory of at least
  // `least` bytes (kEnvironment); `what` names it in the message.
  static Result<SharedMemory> attach(int descriptor, std::size_t least, const char* what);

  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  ~SharedMemory();

  // Has close-on-exec set: a launcher passes a duplicate.
  int descriptor() const { return descriptor_; }
  std::byte* data() const { return static_cast<std::byte*>(memory_); }
  std::size_t size() const { return size_; }

 private:
  SharedMemory(int descriptor, void* memory, std::size_t size)
      : descriptor_(descriptor), memory_(memory), size_(size) {}
  static Result<SharedMemory> map(int descriptor, std::size_t size);

  int descriptor_ = -1;
  void* memory_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace soliton
