// A single-producer single-consumer ring of byte records in memory that two processes share.
//
// A record is a 64-bit length, the bytes, padding to 8. It may wrap around the end. A record
// becomes visible to the reader only when all of it is written, so a producer killed at any moment
// leaves only whole records.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/base/result.h"

namespace soliton {

// Lies in the shared memory; all zero means empty. Total bytes written and read so far, each on a
// cache line of its own.
struct RingIndices {
  alignas(64) std::atomic<std::uint64_t> written{0};
  alignas(64) std::atomic<std::uint64_t> read{0};
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

class Ring {
 public:
  // REQUIRES: `data.size()` is a power of two, at least 64. The memory outlives the object.
  Ring(RingIndices& indices, std::span<std::byte> data);

  // Producer. Appends `head` and `tail` as one record. Returns false, with no effect, if there is
  // no room now. REQUIRES: not both are empty, and fits_ever() holds.
  bool write(std::span<const std::byte> head, std::span<const std::byte> tail = {});
  bool fits_ever(std::size_t bytes) const { return record_size(bytes) <= data_.size(); }

  // Consumer. Size of the oldest record; 0 if there is none. Error: the peer wrote a malformed
  // record (kBroken).
  Result<std::uint32_t> next() const;
  // Copies part of the oldest record. REQUIRES: the part lies within the size that next() returned.
  void copy(std::size_t offset, std::span<std::byte> out) const;
  // REQUIRES: next() > 0.
  void pop();

  bool empty() const;
  // Starts over at the first byte, so that a ring that runs empty often stays in the same few pages
  // and cache lines. REQUIRES: empty(), and the other side touches nothing until it is told to
  // through a doorbell.
  void rewind();

 private:
  static constexpr std::size_t kHead = 8;
  static std::size_t record_size(std::size_t bytes) { return kHead + (bytes + 7) / 8 * 8; }
  void put(std::uint64_t at, std::span<const std::byte> bytes);
  void get(std::uint64_t at, std::span<std::byte> out) const;

  RingIndices& indices_;
  std::span<std::byte> data_;
};

}  // namespace soliton
