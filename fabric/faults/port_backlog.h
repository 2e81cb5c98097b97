// What waits at a port that serves first come, first served, packet by packet. Where faults act on a port, the
// instant at which its line is free no longer says how much waits for it.
#pragma once

#include <cstdint>
#include <deque>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"
#include "topologies/line.h"

namespace soliton {

class PortBacklog {
 public:
  // Something is on the line in [start, until).
  void add(Instant start, Instant until, Bytes size) {
    entries_.push_back({start, until, size});
    bytes_ += size;
  }
  // What has left by `now` no longer counts.
  void pass(Instant now) {
    while (!entries_.empty() && entries_.front().until <= now) {
      bytes_ = bytes_ - entries_.front().size;
      entries_.pop_front();
    }
  }
  // After pass(now). A packet on the line counts with its rest.
  Bytes bytes(Instant now) const {
    if (entries_.empty() || now <= entries_.front().start) return bytes_;
    const Entry& first = entries_.front();
    const auto sent = static_cast<std::int64_t>(static_cast<__int128>(first.size.count) *
                                                (now - first.start).count() /
                                                (first.until - first.start).count());
    return bytes_ - Bytes{sent};
  }
  std::uint64_t packets() const { return entries_.size(); }

 private:
  struct Entry {
    Instant start, until;
    Bytes size{};
  };

  std::deque<Entry> entries_;
  Bytes bytes_{};
};

}  // namespace soliton
