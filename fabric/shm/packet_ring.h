// Packets from one process to another through memory that both have mapped: one producer, one
// consumer, slots of one size. The mark that a slot is full lies in the slot itself, so a small
// packet costs only the transfer of its own cache lines.
//
// A slot is a 32-bit mark, a 32-bit length, the packet. The mark is 1 + the packet's ordinal modulo
// 2^32, which distinguishes a full slot from one that holds an older packet. The consumer publishes
// its position every quarter of the ring, and the producer reads it only when the ring appears
// full.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace soliton {

struct PacketRingShape {
  std::uint32_t slots = 256;        // a power of two
  std::uint32_t packet_bytes = 64;  // the largest packet

  std::size_t stride() const { return (kSlotHead + packet_bytes + 63) / 64 * 64; }
  // Of one ring in memory, its index line included.
  std::size_t bytes() const { return 64 + stride() * slots; }
  static constexpr std::size_t kSlotHead = 8;
};

// The memory of a ring: a cache line with the consumer's position, then the slots. Zero is empty.
class PacketRing {
 public:
  PacketRing() = default;
  PacketRing(std::byte* memory, const PacketRingShape& shape)
      : memory_(memory), stride_(shape.stride()), slots_(shape.slots) {}

  std::atomic<std::uint64_t>& consumed() const {
    return *reinterpret_cast<std::atomic<std::uint64_t>*>(memory_);
  }
  std::byte* slot(std::uint64_t ordinal) const {
    return memory_ + 64 + (ordinal & (slots_ - 1)) * stride_;
  }
  static std::atomic<std::uint32_t>& mark(std::byte* slot) {
    return *reinterpret_cast<std::atomic<std::uint32_t>*>(slot);
  }
  static std::uint32_t& length(std::byte* slot) {
    return *reinterpret_cast<std::uint32_t*>(slot + 4);
  }
  std::uint32_t slots() const { return slots_; }
  std::size_t room() const { return stride_ - PacketRingShape::kSlotHead; }

 private:
  std::byte* memory_ = nullptr;
  std::size_t stride_ = 0;
  std::uint32_t slots_ = 0;
};

class PacketProducer {
 public:
  PacketProducer() = default;
  explicit PacketProducer(PacketRing ring) : ring_(ring) {}

  // Memory for the next packet, at least packet_bytes of the shape; empty if the ring is full.
  std::span<std::byte> room() {
    if (next_ - consumed_ >= ring_.slots()) {
      consumed_ = ring_.consumed().load(std::memory_order_acquire);
      if (next_ - consumed_ >= ring_.slots()) return {};
    }
    return {ring_.slot(next_) + PacketRingShape::kSlotHead, ring_.room()};
  }
  // Passes the packet built in room() to the consumer. REQUIRES: room() was not empty, 0 < size <=
  // room().size().
  void publish(std::size_t size) {
    std::byte* const slot = ring_.slot(next_++);
    PacketRing::length(slot) = static_cast<std::uint32_t>(size);
    PacketRing::mark(slot).store(static_cast<std::uint32_t>(next_), std::memory_order_release);
  }

 private:
  PacketRing ring_;
  std::uint64_t next_ = 0;
  std::uint64_t consumed_ = 0;
};

class PacketConsumer {
 public:
  PacketConsumer() = default;
  explicit PacketConsumer(PacketRing ring) : ring_(ring) {}

  bool ready() const {
    return PacketRing::mark(ring_.slot(next_)).load(std::memory_order_acquire) ==
           static_cast<std::uint32_t>(next_ + 1);
  }
  // The next packet; its bytes are valid until release(). REQUIRES: ready(). An impossible length
  // is cut to the slot; decoding the packet will find the error.
  std::span<const std::byte> take() {
    std::byte* const slot = ring_.slot(next_++);
    const std::size_t size = PacketRing::length(slot);
    return {slot + PacketRingShape::kSlotHead, size <= ring_.room() ? size : ring_.room()};
  }
  // Returns the slots of all packets taken to the producer, which learns of it each quarter of the
  // ring, or immediately if `at_once`.
  void release(bool at_once) {
    if (next_ == released_ || (!at_once && next_ - released_ < ring_.slots() / 4)) return;
    released_ = next_;
    ring_.consumed().store(next_, std::memory_order_release);
  }

 private:
  PacketRing ring_;
  std::uint64_t next_ = 0;
  std::uint64_t released_ = 0;
};

}  // namespace soliton
