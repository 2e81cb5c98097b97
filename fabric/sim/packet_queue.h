// Packets of one class that wait at a port for the line, and, when cables can be paused
// (topologies/pause.h), for the right to use it; and what is on that line. They know no other port: SwitchPorts
// moves packets and carries signals.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

class PacketQueue {
 public:
  struct Entry {
    std::uint32_t flight = 0;
    Bytes size{};               // on the line
    Instant others_until{};     // the traffic of others has the line until then
    std::uint64_t ordinal = 0;  // at the port, if faults act there (PortFaults)
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

  // For a card: length of the queue when a packet of `size` arrived, which is what had arrived
  // before it and had not started by then. Call it when the packet starts, because frames are
  // handed over in windows whose limits must have no influence. `before`: bytes in front of it that
  // have not started at all.
  Bytes length_at(Instant came, Bytes size, Bytes before);
  // A packet has left the card after packets that may have come before its start.
  void left_card(Instant start, Bytes size);

  // Called at each poll of the watchdog. Returns whether the queue has waited for `polls` polls
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
  std::uint64_t started_ = 0;
  std::uint64_t started_at_poll_ = 0;
  std::int64_t stalled_polls_ = 0;
  Instant dropping_until_{};
};

// The line of a port with such queues.
class PortLine {
 public:
  // A packet on it, which stays in its switch until its last byte has left.
  struct Sending {
    Bytes size{};
    std::size_t its_class = 0;
    std::size_t cable = 0;  // port that feeds the cable it came in on
  };

  bool sending() const { return sending_.size != Bytes{}; }
  const Sending& packet() const { return sending_; }
  void start(Sending packet) { sending_ = packet; }
  Sending end();

  // Remembers one event at which the line may be used. Returns false if there is already one at
  // this instant.
  bool expect(Instant at);
  void came(Instant now);

 private:
  Sending sending_;
  Instant event_ = kNever;
};

}  // namespace soliton
