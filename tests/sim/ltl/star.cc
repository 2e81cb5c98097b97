#include "tests/sim/ltl/star.h"

#include <algorithm>
#include <utility>

namespace soliton {

Star::Star(std::uint64_t seed, const StarOptions& options, std::vector<std::unique_ptr<Ltl>> nodes)
    : options_(options),
      chance_(seed, "star"),
      nodes_(std::move(nodes)),
      card_free_(nodes_.size()),
      port_free_(nodes_.size()),
      queue_max_(nodes_.size()) {}

Duration Star::line_time(const Datagram& datagram) const {
  const auto size = static_cast<std::int64_t>(datagram.payload.size());
  return transmit_time(Bytes{size} + options_.frame_overhead, options_.rate);
}

void Star::drain(std::size_t n) {
  while (auto delivery = nodes_[n]->poll_delivery())
    if (on_delivery) on_delivery(n, delivery->connection, delivery->message.size());
  if (before_drain) before_drain(n);
  while (auto datagram = nodes_[n]->poll_output(now_)) {
    card_free_[n] = std::max(card_free_[n], now_) + line_time(*datagram);
    if (lose && lose(*datagram)) continue;
    flights_.emplace(Key{card_free_[n] + options_.propagation, ordinal_++},
                     Flight{Where::kSwitch, std::move(*datagram)});
  }
}

bool Star::mark(std::int64_t queued) {
  if (queued <= options_.mark_from) return false;
  if (queued > options_.mark_all) return true;
  const std::int64_t share = options_.mark_share.parts_per_billion * (queued - options_.mark_from) /
                             (options_.mark_all - options_.mark_from);
  return chance_.happens(passed_, Probability{share});
}

void Star::enqueue(Datagram datagram) {
  const std::size_t port = index(datagram.destination);
  ++passed_;
  const Duration wait = std::max<Duration>(port_free_[port] - now_, Duration{});
  const auto queued =
      static_cast<std::int64_t>(static_cast<double>(wait.count()) *
                                static_cast<double>(options_.rate.bits_per_second) / 8e12);
  if (queued + static_cast<std::int64_t>(datagram.payload.size()) > options_.queue_limit) {
    ++dropped_;
    return;
  }
  queue_max_[port] = std::max(queue_max_[port], queued);
  if (mark(queued)) {
    datagram.congestion_seen = true;
    ++marked_;
  }
  port_free_[port] = std::max(port_free_[port], now_) + line_time(datagram);
  flights_.emplace(Key{port_free_[port] + options_.propagation, ordinal_++},
                   Flight{Where::kNode, std::move(datagram)});
}

void Star::step(Instant at) {
  now_ = at;
  while (!flights_.empty() && std::get<0>(flights_.begin()->first) <= now_) {
    auto first = flights_.extract(flights_.begin());
    Flight& flight = first.mapped();
    if (flight.where == Where::kSwitch) {
      enqueue(std::move(flight.datagram));
      continue;
    }
    const std::size_t to = index(flight.datagram.destination);
    nodes_[to]->on_input(flight.datagram, now_);
    drain(to);
  }
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    if (nodes_[n]->next_deadline() > now_) continue;
    nodes_[n]->on_deadline(now_);
    SOLITON_CHECK(nodes_[n]->next_deadline() > now_);
    drain(n);
  }
}

void Star::run(Instant end) {
  for (;;) {
    Instant next = flights_.empty() ? kNever : std::get<0>(flights_.begin()->first);
    for (const auto& node : nodes_) next = std::min(next, node->next_deadline());
    if (next == kNever || next > end) break;
    step(next);
  }
  now_ = std::max(now_, end);
}

}  // namespace soliton
