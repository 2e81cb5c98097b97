#include "fabric/shm/ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "protocol/base/check.h"

namespace soliton {

Ring::Ring(RingIndices& indices, std::span<std::byte> data) : indices_(indices), data_(data) {
  SOLITON_CHECK(std::has_single_bit(data.size()) && data.size() >= 64);
}

bool Ring::write(std::span<const std::byte> head, std::span<const std::byte> tail) {
  const std::size_t bytes = head.size() + tail.size();
  SOLITON_CHECK_MSG(bytes > 0 && fits_ever(bytes), "a record of {} bytes in a ring of {}", bytes,
                    data_.size());
  const std::uint64_t at = indices_.written.load(std::memory_order_relaxed);
  const std::uint64_t used = at - indices_.read.load(std::memory_order_acquire);
  if (used + record_size(bytes) > data_.size()) return false;
  const auto length = static_cast<std::uint64_t>(bytes);
  put(at, std::as_bytes(std::span(&length, 1)));
  put(at + kHead, head);
  put(at + kHead + head.size(), tail);
  // Only this store makes the record visible: the reader sees all of it or nothing.
  indices_.written.store(at + record_size(bytes), std::memory_order_release);
  return true;
}

Result<std::uint32_t> Ring::next() const {
  const std::uint64_t at = indices_.read.load(std::memory_order_relaxed);
  const std::uint64_t there = indices_.written.load(std::memory_order_acquire) - at;
  if (there == 0) return 0;
  std::uint64_t bytes = 0;
  // The producer is another process and may write anything: nothing it says is trusted.
  if (there >= kHead && there <= data_.size())
    get(at, std::as_writable_bytes(std::span(&bytes, 1)));
  if (bytes == 0 || bytes > there || record_size(bytes) > there) {
    return failure(ErrorCode::kBroken,
                   fmt::format("a ring holds {} bytes that are not a record", there));
  }
  return static_cast<std::uint32_t>(bytes);
}

void Ring::copy(std::size_t offset, std::span<std::byte> out) const {
  get(indices_.read.load(std::memory_order_relaxed) + kHead + offset, out);
}

void Ring::pop() {
  const std::uint64_t at = indices_.read.load(std::memory_order_relaxed);
  std::uint64_t bytes = 0;
  get(at, std::as_writable_bytes(std::span(&bytes, 1)));
  indices_.read.store(at + record_size(bytes), std::memory_order_release);
}

bool Ring::empty() const {
  return indices_.read.load(std::memory_order_acquire) ==
         indices_.written.load(std::memory_order_acquire);
}

void Ring::rewind() {
  SOLITON_CHECK(empty());
  if (indices_.read.load(std::memory_order_relaxed) == 0)
    return;  // unused: leave its cache lines where they are
  indices_.read.store(0, std::memory_order_relaxed);
  indices_.written.store(0, std::memory_order_release);
}

void Ring::put(std::uint64_t at, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::size_t from = at & (data_.size() - 1);
  const std::size_t first = std::min(bytes.size(), data_.size() - from);
  std::memcpy(data_.data() + from, bytes.data(), first);
  std::memcpy(data_.data(), bytes.data() + first, bytes.size() - first);
}

void Ring::get(std::uint64_t at, std::span<std::byte> out) const {
  if (out.empty()) return;
  const std::size_t from = at & (data_.size() - 1);
  const std::size_t first = std::min(out.size(), data_.size() - from);
  std::memcpy(out.data(), data_.data() + from, first);
  std::memcpy(out.data() + first, data_.data(), out.size() - first);
}

}  // namespace soliton
