// The buffer that the ports of one switch share. A queue takes a packet if it is then no longer than alpha
// times what is free (Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet
// switches", IEEE/ACM Transactions on Networking 6(2), 1998). So one long queue leaves a share free, and
// n of them each get alpha / (1 + n alpha) of the buffer.
#pragma once

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/base/quantity.h"

namespace soliton {

class SharedBuffer {
 public:
  SharedBuffer(Bytes size, double alpha) : size_(size), alpha_(alpha) {}

  // Whether a queue of this length may take a packet. Sizes are exact in double, so the product is rounded
  // once.
  bool takes(Bytes length, Bytes packet) const {
    const Bytes free = size_ - used_;
    return packet <= free &&
           static_cast<double>((length + packet).count) <= alpha_ * static_cast<double>(free.count);
  }
  void add(Bytes packet) {
    used_ += packet;
    used_max_ = std::max(used_max_, used_);
    SOLITON_CHECK(used_ <= size_);
  }
  void remove(Bytes packet) {
    SOLITON_CHECK(packet <= used_);
    used_ = used_ - packet;
  }
  Bytes used() const { return used_; }
  Bytes used_max() const { return used_max_; }

 private:
  Bytes size_;
  double alpha_;
  Bytes used_{};
  Bytes used_max_{};
};

}  // namespace soliton
