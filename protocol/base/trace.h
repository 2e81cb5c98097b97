// Trace events: the only output of a state machine about itself. Drivers write them to files; no
// code depends on them.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

enum class TraceKind : std::uint8_t {
  kChain,            // duration; a = chain number in the program, b = request, c = step
  kRequest,          // at the host: duration; a = request
  kServe,            // at an NPU: duration; a = request
  kHostWork,         // at the host: duration; a = request
  kMessageSent,      // a = flow id, b = bytes, c = peer node
  kMessageReceived,  // a = flow id, b = bytes, c = peer node
  kPacketDropped,    // a = fault rule (or -1: queue full), b = link, c = direction
  kRetransmit,       // a = connection, b = sequence
  kTimeout,          // a = connection, b = sequence
  kFaultStart,       // a = fault rule
  kFaultEnd,         // a = fault rule
};

struct TraceEvent {
  Instant at{};
  Duration duration{};
  NodeId node{};
  TraceKind kind{};
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::int64_t c = 0;
};

// A bounded buffer that a state machine fills and its driver drains. A limit of 0 switches tracing
// off.
class TraceBuffer {
 public:
  explicit TraceBuffer(std::size_t limit = 0) : limit_(limit) {}

  // Whether it can become enabled.
  bool may_be_enabled() const { return limit_ > 0; }
  bool enabled() const { return !paused_ && recorded_ < limit_; }
  // While paused nothing is recorded.
  void pause(bool paused) { paused_ = paused; }
  void record(const TraceEvent& event) {
    if (!enabled()) return;
    ++recorded_;
    events_.push_back(event);
  }
  bool empty() const { return events_.empty(); }
  std::vector<TraceEvent> take() { return std::exchange(events_, {}); }

 private:
  std::size_t limit_;
  std::size_t recorded_ = 0;
  bool paused_ = false;
  std::vector<TraceEvent> events_;
};

}  // namespace soliton
