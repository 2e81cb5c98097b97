// Connections that have something to send, served in turn; none is in it twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace soliton {

class ReadyQueue {
 public:
  explicit ReadyQueue(std::size_t rows) : waiting_(rows, false) {}

  void add(std::uint16_t row) {
    if (waiting_[row]) return;
    waiting_[row] = true;
    rows_.push_back(row);
  }
  bool empty() const { return rows_.empty(); }
  // REQUIRES: not empty().
  std::uint16_t take() {
    const std::uint16_t row = rows_.front();
    rows_.pop_front();
    waiting_[row] = false;
    return row;
  }

 private:
  std::deque<std::uint16_t> rows_;
  std::vector<bool> waiting_;
};

}  // namespace soliton
