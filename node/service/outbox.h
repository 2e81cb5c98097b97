// Data messages that wait for the instant at which they leave, ordered by (instant, order in which
// they were added).
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "node/service/role.h"
#include "protocol/control/data_message.h"

namespace soliton {

class Outbox {
 public:
  void add(Instant at, NodeId peer, const DataHeader& header, Payload vectors) {
    queue_.push(Entry{at, next_++, peer, header, std::move(vectors)});
  }
  Instant next() const { return queue_.empty() ? kNever : queue_.top().at; }

  // In emulated time the header says when the message left. In wall time values were computed while
  // the clock ran on: `now` less the instant at which the message was added is that computation and
  // is booked as compute time.
  std::optional<RoleMessage> poll(Instant now, TimeBase time, Duration Breakdown::*work) {
    if (queue_.empty() || next() > now) return std::nullopt;
    Entry entry = std::move(const_cast<Entry&>(queue_.top()));
    queue_.pop();
    if (time == TimeBase::kWall) {
      entry.header.path.*work += now - entry.at;
      entry.vectors.bytes.resize(
          entry.vectors.size());  // a socket carries every byte, so ghosts become zeros
      entry.vectors.ghost = 0;
    }
    return RoleMessage{entry.peer, pack_data(entry.header, entry.vectors)};
  }

 private:
  struct Entry {
    Instant at;
    std::uint64_t order;
    NodeId peer;
    DataHeader header;
    Payload vectors;
    bool operator<(const Entry& other) const {  // std::priority_queue puts the greatest first
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  std::priority_queue<Entry> queue_;
  std::uint64_t next_ = 0;
};

}  // namespace soliton
