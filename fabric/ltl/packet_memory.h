// Memory of packets and messages that are done, for the next packets: allocators are slow at their
// size, and the memory that was given last is the likeliest to be in a cache. Nodes that run on one
// thread may share one, so that thousands of them get along with what is under way at one time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace soliton {

class PacketMemory {
 public:
  explicit PacketMemory(std::size_t nodes = 1) : most_(kANode * nodes) {}

  // `size` bytes, whatever they are.
  std::vector<std::byte> take(std::size_t size) {
    std::vector<std::byte> out;
    if (size >= kLeast && !free_.empty() && free_.back().capacity() >= size) {
      out = std::move(free_.back());
      free_.pop_back();
    } else if (size >= kLeast) {
      out.reserve(std::max(size, kPacket));
    }
    out.resize(size);
    return out;
  }
  void give(std::vector<std::byte>&& bytes) {
    if (bytes.capacity() >= kPacket && bytes.capacity() <= kMost && free_.size() < most_)
      free_.push_back(std::move(bytes));
  }

 private:
  static constexpr std::size_t kLeast = 512;     // smaller ones are what allocators are good at
  static constexpr std::size_t kPacket = 1'536;  // so that what one packet had fits the next one
  static constexpr std::size_t kMost = 2 * kPacket;
  static constexpr std::size_t kANode = 8;

  std::size_t most_;
  std::vector<std::vector<std::byte>> free_;
};

}  // namespace soliton
