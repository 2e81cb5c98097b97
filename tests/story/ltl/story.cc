#include "tests/story/ltl/story.h"

#include <algorithm>
#include <span>
#include <utility>

namespace soliton {

Story::Story(const LtlOptions& options, TraceBuffer* trace) {
  for (std::uint32_t n = 0; n < 2; ++n)
    ends_[n] = std::make_unique<Ltl>(
        NodeId{n}, options, std::vector<LtlConnection>{{NodeId{1 - n}, 0, kCookie, 1}}, trace);
}

Payload Story::message(std::size_t bytes) {
  Payload out;
  for (std::size_t i = 0; i < bytes; ++i)
    out.bytes.push_back(static_cast<std::byte>(i * 7 + bytes));
  return out;
}

void Story::send(std::size_t from, Payload message) {
  SOLITON_CHECK(ends_[from]->send(kRow0, std::move(message), now_).has_value());
}

std::vector<Sent> Story::take(std::size_t from) {
  std::vector<Sent> out;
  while (auto datagram = ends_[from]->poll_output(now_)) {
    const auto header = decode(datagram->payload.bytes);
    SOLITON_CHECK(header.has_value());
    out.push_back({std::move(*datagram), *header, now_, from});
  }
  return out;
}

void Story::give(std::size_t to, const std::vector<Sent>& packets) {
  for (const Sent& packet : packets) give(to, packet);
}

std::vector<Payload> Story::delivered(std::size_t at) {
  std::vector<Payload> out;
  while (auto delivery = ends_[at]->poll_delivery()) out.push_back(std::move(delivery->message));
  return out;
}

void Story::fire(std::size_t end) {
  if (ends_[end]->next_deadline() <= now_) ends_[end]->on_deadline(now_);
}

void Story::collect(std::size_t from) {
  while (auto delivery = ends_[from]->poll_delivery())
    if (on_delivery) on_delivery(from, delivery->message);
  for (Sent& packet : take(from)) {
    log.push_back(packet);
    if (drop && drop(packet)) continue;
    travelling_.emplace(std::tuple{now_ + kOneWay, ordinal_++}, std::move(packet));
  }
}

bool Story::run() {
  for (int event = 0; event < 100'000; ++event) {
    collect(0);
    collect(1);
    Instant next = std::min(ends_[0]->next_deadline(), ends_[1]->next_deadline());
    if (!travelling_.empty()) next = std::min(next, std::get<0>(travelling_.begin()->first));
    if (next == kNever) return true;
    now_ = std::max(now_, next);
    while (!travelling_.empty() && std::get<0>(travelling_.begin()->first) <= now_) {
      const auto first = travelling_.extract(travelling_.begin());
      give(1 - first.mapped().from, first.mapped());
    }
    fire(0);
    fire(1);
  }
  return false;
}

std::vector<Sent> Story::logged(std::size_t from, PacketKind kind) const {
  std::vector<Sent> out;
  for (const Sent& packet : log)
    if (packet.from == from && packet.header.kind == kind) out.push_back(packet);
  return out;
}

Sent forged(const Sent& packet, const std::function<void(LtlHeader&)>& change) {
  Sent out = packet;
  change(out.header);
  out.header.crc = 0;
  encode(out.header,
         std::span<std::byte, kLtlHeaderSize>(out.datagram.payload.bytes.data(), kLtlHeaderSize));
  seal(out.datagram.payload);
  return out;
}

std::vector<Sequence> sequences(const std::vector<Sent>& packets) {
  std::vector<Sequence> out;
  for (const Sent& packet : packets) out.push_back(packet.header.sequence);
  return out;
}

}  // namespace soliton
