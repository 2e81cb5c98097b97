// The trace of a network: of all events that are recorded, in whatever order, the earliest. So what is
// kept depends neither on the order in which the network is simulated nor on how it is cut.
#pragma once

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include "protocol/base/trace.h"

namespace soliton {

class EarliestEvents {
 public:
  // Keeps `limit` events; 0 switches it off.
  explicit EarliestEvents(std::size_t limit = 0) : limit_(limit) {}

  void record(const TraceEvent& event) {
    if (limit_ == 0) return;
    events_.push_back(event);
    if (events_.size() >= 2 * limit_) keep();
  }
  // In order of time; events of one instant in the order of what they say.
  std::vector<TraceEvent> take() {
    keep();
    std::sort(events_.begin(), events_.end(), before);
    return std::exchange(events_, {});
  }
  // Records what another one has kept.
  void merge(EarliestEvents& other) {
    for (const TraceEvent& event : other.take()) record(event);
  }

 private:
  static bool before(const TraceEvent& a, const TraceEvent& b) {
    const auto place = [](const TraceEvent& e) {
      return std::tuple{e.at, e.kind, e.node, e.b, e.c, e.a, e.duration};
    };
    return place(a) < place(b);
  }
  // Cutting at twice the limit makes an event cost a constant.
  void keep() {
    if (events_.size() <= limit_) return;
    const auto end = events_.begin() + static_cast<std::ptrdiff_t>(limit_);
    std::nth_element(events_.begin(), end, events_.end(), before);
    events_.erase(end, events_.end());
  }

  std::size_t limit_;
  std::vector<TraceEvent> events_;
};

}  // namespace soliton
