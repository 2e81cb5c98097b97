#include "fabric/router/router.h"

#include <algorithm>
#include <utility>

#include "protocol/base/check.h"

namespace soliton {

Router::Router(std::uint32_t ports, RouterOptions options)
    : options_(std::move(options)), input_busy_(ports, false) {
  SOLITON_CHECK(ports > 0 && ports <= 256 && options_.channels > 0 && options_.channels <= 256);
  SOLITON_CHECK(options_.flit.count > 0 && options_.slot.count() > 0);
  SOLITON_CHECK_MSG(options_.reserved_flits > 0, "a channel without a flit of its own can starve");
  const std::uint32_t channels = options_.channels;
  for (std::uint32_t i = 0; i < ports; ++i) {
    inputs_.push_back(
        {ElasticPool(options_.buffer_flits, options_.reserved_flits, channels), {}, 0});
    inputs_.back().lanes.resize(channels);
    outputs_.emplace_back();
    outputs_.back().held.resize(channels);
    outputs_.back().stopped.resize(channels, false);
    outputs_.back().input_turn.resize(channels, 0);
    outputs_.back().left = weight(1);
  }
}

std::uint32_t Router::weight(std::uint32_t channel) const {
  return channel >= 1 && channel <= options_.weights.size() ? options_.weights[channel - 1] : 1;
}

Status Router::send(RouterPort from, RouterMessage message, Instant now) {
  SOLITON_CHECK(index(from) < inputs_.size() && index(message.to) < outputs_.size() &&
                message.channel < options_.channels);
  Lane& lane = inputs_[index(from)].lanes[message.channel];
  if (lane.waiting.size() >= options_.queue_messages)
    return failure(ErrorCode::kWouldBlock, "port is full");
  const auto flit = static_cast<std::uint64_t>(options_.flit.count);
  const std::uint64_t flits =
      std::max<std::uint64_t>(1, (message.payload.size() + flit - 1) / flit);
  lane.waiting.push_back({std::move(message), flits, 0, 0});
  ++messages_;
  wake(now);
  return {};
}

void Router::stop(RouterPort at, std::uint8_t channel, bool stopped, Instant now) {
  outputs_[index(at)].stopped[channel] = stopped;
  if (!stopped) wake(now);
}

// Slots lie on multiples of the slot time, so that when a message comes does not shift the others.
void Router::wake(Instant now) {
  if (next_slot_ != kNever || messages_ == 0) return;
  const std::int64_t slot = options_.slot.count();
  const Instant next = kRunStart + Duration{(now - kRunStart).count() / slot * slot + slot};
  next_slot_ = std::max(next, later(last_slot_, options_.slot));
}

void Router::on_deadline(Instant now) {
  while (next_slot_ <= now && next_slot_ != kNever) {
    bool moved = false;
    std::fill(input_busy_.begin(), input_busy_.end(), false);
    const auto ports = static_cast<std::uint32_t>(outputs_.size());
    // Outputs before inputs: a flit stays in the buffer for a slot at least.
    for (std::uint32_t i = 0; i < ports; ++i) moved |= serve_output((first_output_ + i) % ports);
    for (std::uint32_t i = 0; i < ports; ++i) moved |= take_in(i);
    first_output_ = (first_output_ + 1) % ports;
    last_slot_ = next_slot_;
    // Nothing moved: only stop() or send() changes that, and both wake it.
    next_slot_ = moved && messages_ > 0 ? later(next_slot_, options_.slot) : kNever;
  }
}

bool Router::can_pass(std::uint32_t input, std::uint32_t channel, std::uint32_t output) const {
  const Lane& lane = inputs_[input].lanes[channel];
  return !input_busy_[input] && lane.ready() && index(lane.waiting[0].message.to) == output;
}

std::optional<std::uint32_t> Router::input_for(std::uint32_t channel, std::uint32_t output) const {
  const Output& out = outputs_[output];
  if (out.stopped[channel]) return std::nullopt;
  if (out.held[channel])
    return can_pass(*out.held[channel], channel, output) ? out.held[channel] : std::nullopt;
  const auto ports = static_cast<std::uint32_t>(inputs_.size());
  for (std::uint32_t i = 1; i <= ports; ++i) {
    const std::uint32_t input = (out.input_turn[channel] + i) % ports;
    if (can_pass(input, channel, output)) return input;
  }
  return std::nullopt;
}

bool Router::serve_output(std::uint32_t output) {
  if (const auto input = input_for(0, output)) return pass(*input, 0, output), true;
  Output& out = outputs_[output];
  const std::uint32_t others = options_.channels - 1;
  for (std::uint32_t tried = 0; tried <= others && others > 0; ++tried) {
    if (out.left > 0)
      if (const auto input = input_for(out.channel_turn, output)) {
        --out.left;
        return pass(*input, out.channel_turn, output), true;
      }
    out.channel_turn = out.channel_turn % others + 1;
    out.left = weight(out.channel_turn);
  }
  return false;
}

void Router::pass(std::uint32_t input, std::uint32_t channel, std::uint32_t output) {
  Output& out = outputs_[output];
  Lane& lane = inputs_[input].lanes[channel];
  Entry& entry = lane.waiting[0];
  input_busy_[input] = true;
  inputs_[input].pool.give(channel);
  ++stats_.flits;
  out.held[channel] = input;
  out.input_turn[channel] = input;
  if (++entry.passed < entry.flits) return;
  out.held[channel].reset();
  deliveries_.push_back({RouterPort{static_cast<std::uint8_t>(input)},
                         RouterPort{static_cast<std::uint8_t>(output)},
                         static_cast<std::uint8_t>(channel), std::move(entry.message.payload)});
  lane.waiting.pop_front();
  --lane.entering;
  --messages_;
  ++stats_.messages;
}

bool Router::take_in(std::uint32_t port) {
  Input& input = inputs_[port];
  if (take_from_lane(input, 0)) return true;
  for (std::uint32_t i = 1; i <= options_.channels; ++i) {
    const std::uint32_t channel = (input.turn + i) % options_.channels;
    if (channel == 0 || !take_from_lane(input, channel)) continue;
    input.turn = channel;
    return true;
  }
  return false;
}

bool Router::take_from_lane(Input& input, std::uint32_t channel) {
  Lane& lane = input.lanes[channel];
  if (lane.entering == lane.waiting.size()) return false;
  if (!input.pool.has_room(channel)) {
    ++stats_.waits;
    return false;
  }
  input.pool.take(channel);
  Entry& entry = lane.waiting[lane.entering];
  if (++entry.taken == entry.flits) ++lane.entering;
  return true;
}

std::optional<RouterDelivery> Router::poll_delivery() {
  if (deliveries_.empty()) return std::nullopt;
  RouterDelivery out = std::move(deliveries_.front());
  deliveries_.pop_front();
  return out;
}

}  // namespace soliton
