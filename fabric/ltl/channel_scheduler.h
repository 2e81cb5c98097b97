// Which connection sends new data next: channel 0 first, then the other channels by weighted round
// robin, the connections of a channel in turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fabric/ltl/options.h"

namespace soliton {

class ChannelScheduler {
 public:
  // `channels[row]` is the virtual channel of a connection.
  ChannelScheduler(const std::vector<std::uint8_t>& channels, const LtlOptions& options);

  void add(std::uint16_t row);
  bool empty() const { return count_ == 0; }
  // The row of the connection whose turn it is. REQUIRES: not empty().
  std::uint16_t front();
  // The connection that front() named has sent a packet. REQUIRES: front() was called.
  void served();
  // A connection has sent a packet although none waited: as add(), front() and served().
  void served_alone(std::uint16_t row);
  // The connection that front() named had nothing to send after all: its channel keeps its turn.
  void skip();

 private:
  struct Channel {
    std::uint32_t begin = 0;  // its part of ring_
    std::uint32_t size = 0;   // rows of this channel
    std::uint32_t head = 0;
    std::uint32_t count = 0;
    std::uint8_t number = 0;
    std::uint8_t weight = 1;
  };

  void drop_front();
  void next_channel();

  std::vector<Channel> channels_;         // in ascending order
  std::vector<std::uint8_t> channel_of_;  // row -> position in channels_
  std::vector<std::uint16_t> ring_;
  std::vector<std::uint8_t> waiting_;
  std::size_t count_ = 0;
  std::size_t turn_ = 0;    // position in channels_ of the round robin
  std::uint32_t left_ = 1;  // packets left of its turn
  std::size_t chosen_ = 0;  // by front()
};

}  // namespace soliton
