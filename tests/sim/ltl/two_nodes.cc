#include "tests/sim/ltl/two_nodes.h"

#include <algorithm>
#include <utility>

#include "fabric/ltl/burst.h"

namespace soliton {

TwoNodes::TwoNodes(std::uint64_t seed, const Cable& cable, const LtlOptions& options,
                   const LtlIdentity& identity)
    : cable_(cable), chance_(seed, "two nodes") {
  for (std::uint32_t n = 0; n < 2; ++n)
    nodes_[n] = std::make_unique<Ltl>(NodeId{n}, options,
                                      std::vector<LtlConnection>{{NodeId{1 - n}, 0, 0x5eed, 1}},
                                      nullptr, identity);
}

Payload TwoNodes::message(std::uint64_t seed, std::uint64_t ordinal, std::uint64_t size,
                          bool ghost) {
  if (ghost) return Payload{{}, size};
  Payload out;
  out.bytes.resize(size);
  std::uint64_t word = mix64(seed ^ mix64(ordinal));
  for (std::uint64_t i = 0; i < size; ++i) {
    if (i % 8 == 0) word = word * 6364136223846793005ull + 1442695040888963407ull;
    out.bytes[i] = static_cast<std::byte>(word >> (8 * (i % 8)));
  }
  return out;
}

void TwoNodes::require(bool good, const char* what) {
  if (!good && broken_.empty()) broken_ = what;
}

void TwoNodes::send(std::size_t from, Payload message) {
  const Status sent = nodes_[from]->send(ConnectionId{0}, std::move(message), now_);
  require(sent.has_value(), "send() refused a message");
  drain(from);
}

void TwoNodes::send_at(Instant at, std::size_t from, Payload message) {
  require(at >= now_, "a message was to be sent in the past");
  to_send_.emplace(Key{at, from, ordinal_++}, std::move(message));
}

void TwoNodes::transmit(std::size_t from, Datagram datagram) {
  const std::uint64_t size = datagram.payload.size();
  departures_.emplace_back(now_, from, size);
  require(size <= LtlBurst(*nodes_[from]).packet_bytes_max(), "a packet above the limit");
  line_free_[from] =
      std::max(line_free_[from], now_) +
      transmit_time(Bytes{static_cast<std::int64_t>(size)} + cable_.frame_overhead, cable_.rate);
  const Random packet = chance_.child(from).child(packets_[from]++);
  if (loses(from, packet)) {
    ++lost_by_[from];
    return;
  }
  datagram.congestion_seen = packet.happens(8, cable_.mark);
  if (packet.happens(5, cable_.corrupt)) damage(datagram, packet);
  Instant at = line_free_[from] + cable_.propagation;
  if (packet.happens(1, cable_.duplicate)) {
    const Duration lag = nanoseconds(static_cast<std::int64_t>(packet.below(2, 20'000)));
    arrive(1 - from, datagram, at + lag);
  }
  if (cable_.reorder_by.count() > 0 && packet.happens(3, cable_.reorder))
    at += picoseconds(static_cast<std::int64_t>(
        packet.below(4, static_cast<std::uint64_t>(cable_.reorder_by.count()))));
  if (packet.happens(6, cable_.replay)) {
    ++replayed_;
    arrive(1 - from, datagram, at + cable_.replay_after);
  }
  arrive(1 - from, datagram, at);
}

bool TwoNodes::loses(std::size_t from, const Random& packet) {
  const bool cut =
      now_ >= cable_.cut_from && now_ < cable_.cut_until && (cable_.cut == from || cable_.cut == 2);
  const bool lost = lost_in_a_row_[from] < cable_.max_burst && packet.happens(0, cable_.loss);
  lost_in_a_row_[from] = lost ? lost_in_a_row_[from] + 1 : 0;
  return cut || lost;
}

void TwoNodes::damage(Datagram& datagram, const Random& packet) {
  ++corrupted_;
  const std::uint64_t bit = packet.below(7, 8 * datagram.payload.size());
  if (bit / 8 < datagram.payload.bytes.size())
    datagram.payload.bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
  else
    datagram.damaged = true;
}

void TwoNodes::arrive(std::size_t to, const Datagram& datagram, Instant at) {
  in_flight_.emplace(Key{at, to, ordinal_++}, datagram);
}

void TwoNodes::drain(std::size_t n) {
  while (auto delivery = nodes_[n]->poll_delivery()) {
    delivered_[n].push_back(std::move(delivery->message));
    last_delivery_ = now_;
  }
  while (auto datagram = nodes_[n]->poll_output(now_)) transmit(n, std::move(*datagram));
}

void TwoNodes::step(Instant at) {
  require(at >= now_, "time went back");
  now_ = at;
  while (!to_send_.empty() && std::get<0>(to_send_.begin()->first) == at) {
    auto first = to_send_.extract(to_send_.begin());
    send(std::get<1>(first.key()), std::move(first.mapped()));
  }
  while (!in_flight_.empty() && std::get<0>(in_flight_.begin()->first) == at) {
    const auto first = in_flight_.extract(in_flight_.begin());
    const std::size_t to = std::get<1>(first.key());
    nodes_[to]->on_input(first.mapped(), now_);
    drain(to);
  }
  for (std::size_t n = 0; n < 2; ++n) {
    if (nodes_[n]->next_deadline() > now_) continue;
    nodes_[n]->on_deadline(now_);
    require(nodes_[n]->next_deadline() > now_, "a deadline did not move");
    drain(n);
  }
}

Instant TwoNodes::next_event() const {
  Instant next = std::min(nodes_[0]->next_deadline(), nodes_[1]->next_deadline());
  if (!in_flight_.empty()) next = std::min(next, std::get<0>(in_flight_.begin()->first));
  if (!to_send_.empty()) next = std::min(next, std::get<0>(to_send_.begin()->first));
  return next;
}

bool TwoNodes::run(std::uint64_t events_max) {
  for (std::uint64_t event = 0; event < events_max; ++event) {
    const Instant next = next_event();
    if (next == kNever) {
      require(nodes_[0]->idle() && nodes_[1]->idle(), "quiet but not idle");
      return true;
    }
    step(next);
  }
  return false;
}

}  // namespace soliton
