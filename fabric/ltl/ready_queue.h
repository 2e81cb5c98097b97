// Connections that have something to send, served in turn; each is queued at most once. Nothing is
// allocated after construction.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace soliton {

class ReadyQueue {
 public:
  explicit ReadyQueue(std::size_t rows)
      : ring_(std::bit_ceil(std::max<std::size_t>(rows, 1))), waiting_(rows, 0) {}

  void add(std::uint16_t row) {
    if (waiting_[row]) return;
    waiting_[row] = 1;
    ring_[(head_ + count_++) & (ring_.size() - 1)] = row;
  }
  bool empty() const { return count_ == 0; }
  // REQUIRES: not empty().
  std::uint16_t front() const { return ring_[head_]; }
  void pop() {
    waiting_[ring_[head_]] = 0;
    head_ = (head_ + 1) & (ring_.size() - 1);
    --count_;
  }

 private:
  std::vector<std::uint16_t> ring_;
  std::vector<std::uint8_t> waiting_;
  std::size_t head_ = 0;
  std::size_t count_ = 0;
};

}  // namespace soliton
