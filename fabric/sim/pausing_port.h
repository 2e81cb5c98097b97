// The queue of the lossless class at a port, when cables can be paused (topologies/pause.h):
// packets wait for the line and for the right to use it. Knows no other port; PausingPorts moves
// packets and carries signals.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

class PausingPort {
 public:
  struct Entry {
    std::uint32_t flight = 0;
    Bytes size{};            // on the line
    Instant others_until{};  // the traffic of others has the line until then
  };
  // A packet on the line; it stays in its switch until its last byte has left.
  struct Sending {
    Bytes size{};
    std::size_t cable = 0;  // port that feeds the cable it came in on
  };

  bool empty() const { return waiting_.empty(); }
  const std::deque<Entry>& waiting() const { return waiting_; }
  const Entry& front() const { return waiting_.front(); }
  Bytes waiting_bytes() const { return waiting_bytes_; }
  void push(Entry entry);
  // The first packet starts.
  void pop();
  // Removes and returns all waiting packets; packets that arrive before `dropping_until` are to be
  // dropped too.
  std::vector<Entry> drop_all(Instant dropping_until);
  bool drops(Instant now) const { return now < dropping_until_; }

  bool sending() const { return sending_.size != Bytes{}; }
  Bytes sending_bytes() const { return sending_.size; }
  void start_sending(Sending packet) { sending_ = packet; }
  Sending end_sending();

  // For a card: length of the queue when a packet of `size` arrived, which is what had arrived
  // before it and had not started by then. Call it when the packet starts, because frames are
  // handed over in windows whose limits must have no influence. `before`: bytes in front of it that
  // have not started at all.
  Bytes length_at(Instant came, Bytes size, Bytes before);
  // A packet has left the card after packets that may have come before its start.
  void left_card(Instant start, Bytes size);

  // Remembers one event at which the line may be used. Returns false if there is already one at
  // this instant.
  bool expect_line(Instant at);
  void line_came(Instant now);

  // Called at each poll of the watchdog. Returns whether the port has waited for `polls` polls
  // without sending.
  bool stalled(std::int64_t polls);

 private:
  struct Left {
    Instant start;
    Bytes size;
  };

  std::deque<Entry> waiting_;
  Bytes waiting_bytes_{};
  std::deque<Left> left_;  // of a card: packets that started after a later one came
  Bytes left_bytes_{};
  Sending sending_;
  Instant line_event_ = kNever;
  std::uint64_t started_ = 0;
  std::uint64_t started_at_poll_ = 0;
  std::int64_t stalled_polls_ = 0;
  Instant dropping_until_{};
};

}  // namespace soliton
