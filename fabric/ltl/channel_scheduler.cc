// Each channel has a part of one ring as large as the number of its connections, so that no
// connection can find it full and nothing is allocated after construction.
#include "fabric/ltl/channel_scheduler.h"

#include <algorithm>

namespace soliton {

ChannelScheduler::ChannelScheduler(const std::vector<std::uint8_t>& channels,
                                   const LtlOptions& options)
    : channel_of_(channels.size()), ring_(channels.size()), waiting_(channels.size(), 0) {
  std::vector<std::uint8_t> numbers = channels;
  std::sort(numbers.begin(), numbers.end());
  std::uint32_t begin = 0;
  for (std::size_t i = 0; i < numbers.size(); begin = static_cast<std::uint32_t>(i)) {
    Channel channel{.begin = begin, .number = numbers[i]};
    if (channel.number < kWeightedChannels) channel.weight = options.weights[channel.number];
    while (i < numbers.size() && numbers[i] == channel.number) ++i;
    channel.size = static_cast<std::uint32_t>(i) - begin;
    channels_.push_back(channel);
  }
  for (std::size_t row = 0; row < channels.size(); ++row) {
    const auto position =
        std::find_if(channels_.begin(), channels_.end(),
                     [&](const Channel& channel) { return channel.number == channels[row]; });
    channel_of_[row] = static_cast<std::uint8_t>(position - channels_.begin());
  }
  if (!channels_.empty()) left_ = channels_[0].weight;
}

void ChannelScheduler::add(std::uint16_t row) {
  if (waiting_[row]) return;
  waiting_[row] = 1;
  ++count_;
  Channel& channel = channels_[channel_of_[row]];
  std::uint32_t tail = channel.head + channel.count++;
  if (tail >= channel.size) tail -= channel.size;
  ring_[channel.begin + tail] = row;
}

void ChannelScheduler::next_channel() {
  turn_ = turn_ + 1 == channels_.size() ? 0 : turn_ + 1;
  left_ = channels_[turn_].weight;
}

// Channel 0 does not take part in the round robin: serving it takes no turn from the others.
std::uint16_t ChannelScheduler::front() {
  const bool control = channels_[0].number == 0 && channels_[0].count > 0;
  if (!control)
    while (channels_[turn_].count == 0 || left_ == 0) next_channel();
  chosen_ = control ? 0 : turn_;
  return ring_[channels_[chosen_].begin + channels_[chosen_].head];
}

void ChannelScheduler::drop_front() {
  Channel& channel = channels_[chosen_];
  waiting_[ring_[channel.begin + channel.head]] = 0;
  channel.head = channel.head + 1 == channel.size ? 0 : channel.head + 1;
  --channel.count;
  --count_;
}

void ChannelScheduler::served() {
  drop_front();
  if (chosen_ == turn_ && left_ > 0) --left_;
}

void ChannelScheduler::served_alone(std::uint16_t row) {
  if (channels_.size() == 1) return;  // the only channel keeps its turn
  add(row);
  front();
  served();
}

void ChannelScheduler::skip() { drop_front(); }

}  // namespace soliton
