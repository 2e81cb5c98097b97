#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "fabric/ltl/burst.h"
#include "protocol/base/check.h"
#include "tests/fuzz/ltl/targets.h"

namespace soliton {
namespace {

constexpr ConnectionId kRow{0};

class Bytes8 {
 public:
  explicit Bytes8(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool done() const { return at_ == bytes_.size(); }
  std::uint8_t next() { return done() ? 0 : bytes_[at_++]; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

// Two nodes that open, restart and talk over a wire that loses, repeats and changes packets, with a
// stranger who has no key and, when the first byte says so, a faulty member who has.
class Handshakes {
 public:
  explicit Handshakes(Bytes8 in) : in_(in) {
    const std::uint8_t bits = in_.next();
    faulty_member_ = (bits & 1) != 0;
    options_.handshake = true;
    options_.mtu = 100;
    options_.window = 8;
    options_.auth = (bits & 2) != 0 ? AuthMode::kHeader : AuthMode::kNone;
    options_.misses = (bits & 4) != 0 ? 3 : 0;
    options_.first_sequence = (bits & 8) != 0 ? 0xffff'fffc : 0;
    key_.fill(std::byte{7});
    for (std::size_t n = 0; n < 2; ++n) restart(n);
  }

  void play() {
    for (int steps = 0; !in_.done() && steps < 300; ++steps) step();
    if (!faulty_member_ && options_.misses == 0) finish();
  }

 private:
  // The tag of a message: which node and which of its incarnations sent it, and its number.
  struct Told {
    std::uint32_t epoch;
    std::uint32_t number;
  };

  void restart(std::size_t n) {
    LtlIdentity who;
    who.run_id = 1;
    who.epoch = ++epoch_[n];
    who.key = key_;
    const auto self = NodeId{static_cast<std::uint32_t>(n)};
    const auto peer = NodeId{static_cast<std::uint32_t>(1 - n)};
    ends_[n] = std::make_unique<Ltl>(self, options_, std::vector<LtlConnection>{{peer, 0, 0, 1}},
                                     nullptr, who);
    sent_[n] = 0;
    heard_[n].clear();
  }

  void step() {
    const std::uint8_t op = in_.next();
    const std::size_t n = op >> 7;
    switch (op & 15) {
      case 0:
      case 1:
        send(n);
        break;
      case 2:
        if (!wire_[n].empty()) wire_[n].pop_front();
        break;
      case 3:
        if (!wire_[n].empty()) wire_[n].push_back(wire_[n].front());
        break;
      case 4:
        replay(n);
        break;
      case 5:
        flip(n);
        break;
      case 6:
        if (epoch_[n] < 6) restart(n);
        break;
      case 7:
        stranger(n);
        break;
      case 8:
        if (faulty_member_) member(n);
        break;
      case 9:
        wait_for_deadline(n);
        break;
      case 10:
        if (faulty_member_) ends_[n]->close(kRow, now_);
        break;
      default:
        forward_all(n);
        break;
    }
    drain();
  }

  void send(std::size_t n) {
    Payload message;
    for (const std::uint32_t word : {epoch_[n], sent_[n]})
      for (int shift = 0; shift < 32; shift += 8)
        message.bytes.push_back(static_cast<std::byte>(word >> shift));
    message.bytes.resize(8 + in_.next());
    if (sent_[n] < 50 && ends_[n]->send(kRow, Payload(message), now_)) ++sent_[n];
  }

  void forward_all(std::size_t n) {
    while (!wire_[n].empty()) {
      const Datagram first = std::move(wire_[n].front());
      wire_[n].pop_front();
      ends_[1 - n]->on_input(first, now_);
      drain();
    }
  }

  void replay(std::size_t n) {
    if (seen_[n].empty()) return;
    ends_[1 - n]->on_input(seen_[n][in_.next() % seen_[n].size()], now_);
  }

  void flip(std::size_t n) {
    if (wire_[n].empty()) return;
    std::vector<std::byte>& bytes = wire_[n].front().payload.bytes;
    bytes[in_.next() % bytes.size()] ^= static_cast<std::byte>(1 << in_.next() % 8);
  }

  // Any handshake packet, with a right checksum and no key: nothing may be answered or changed.
  void stranger(std::size_t n) {
    drain();
    const Instant deadline = ends_[n]->next_deadline();
    const bool open = ends_[n]->is_open(kRow);
    LtlHeader h;
    h.kind = static_cast<PacketKind>(8 + in_.next() % 4);
    h.channel = 1;
    h.time_ns = in_.next();
    h.length = static_cast<std::uint16_t>(in_.next() % 120);
    Datagram d;
    d.source = NodeId{static_cast<std::uint32_t>(1 - n)};
    d.payload.bytes.resize(kLtlHeaderSize + h.length);
    for (std::size_t i = kLtlHeaderSize; i < d.payload.bytes.size(); ++i)
      d.payload.bytes[i] = static_cast<std::byte>(in_.next());
    encode(h, std::span<std::byte, kLtlHeaderSize>(d.payload.bytes.data(), kLtlHeaderSize));
    seal(d.payload);
    ends_[n]->on_input(d, now_);
    SOLITON_CHECK(!ends_[n]->poll_output(now_));
    SOLITON_CHECK(ends_[n]->next_deadline() == deadline && ends_[n]->is_open(kRow) == open);
  }

  // A packet with a good proof and any fields.
  void member(std::size_t n) {
    LtlHeader h;
    h.kind = static_cast<PacketKind>(8 + in_.next() % 2);
    h.channel = 1;
    OpenBody b;
    b.run_id = 1 + in_.next() % 2;
    b.node = NodeId{static_cast<std::uint32_t>(1 - n)};
    b.peer = NodeId{static_cast<std::uint32_t>(n)};
    b.epoch = in_.next() % 8;
    b.peer_epoch = in_.next() % 8;
    b.nonce = in_.next() % 4;
    b.peer_nonce = in_.next() % 4;
    b.mtu = in_.next() % 4 == 0 ? 99 : options_.mtu;
    b.window = static_cast<std::uint16_t>(options_.window);
    b.credit = in_.next();
    b.auth = options_.auth;
    b.first_sequence = options_.first_sequence;
    Datagram d;
    d.source = b.node;
    d.payload.bytes.resize(kLtlHeaderSize + OpenBody::kSize);
    const std::span<std::byte> bytes(d.payload.bytes);
    encode(b, h, key_, bytes.subspan(kLtlHeaderSize).first<OpenBody::kSize>());
    h.length = OpenBody::kSize;
    encode(h, bytes.first<kLtlHeaderSize>());
    seal(d.payload);
    ends_[n]->on_input(d, now_);
  }

  void wait_for_deadline(std::size_t n) {
    const Instant due = ends_[n]->next_deadline();
    if (due == kNever) return;
    now_ = std::max(now_, due);
    for (auto& end : ends_) {
      if (end->next_deadline() > now_) continue;
      end->on_deadline(now_);
      SOLITON_CHECK(end->next_deadline() > now_);
    }
  }

  void drain() {
    for (std::size_t n = 0; n < 2; ++n) {
      std::size_t packets = 0;
      while (auto datagram = ends_[n]->poll_output(now_)) {
        SOLITON_CHECK(++packets <= 3 * options_.window + 8);
        SOLITON_CHECK(datagram->payload.bytes.size() <= LtlBurst(*ends_[n]).packet_bytes_max());
        if (seen_[n].size() < 200) seen_[n].push_back(*datagram);
        wire_[n].push_back(std::move(*datagram));
      }
      while (ends_[n]->poll_event()) continue;
      take(n);
    }
  }

  // From each incarnation of the peer its messages once, in order, and none of an older one after
  // those of a newer.
  void take(std::size_t n) {
    while (auto delivery = ends_[n]->poll_delivery()) {
      const std::vector<std::byte>& bytes = delivery->message.bytes;
      if (faulty_member_) continue;
      SOLITON_CHECK(bytes.size() >= 8);
      Told told{};
      for (std::size_t i = 0; i < 4; ++i) {
        told.epoch |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * i);
        told.number |= std::to_integer<std::uint32_t>(bytes[4 + i]) << (8 * i);
      }
      if (!heard_[n].empty()) {
        const Told& last = heard_[n].back();
        SOLITON_CHECK(told.epoch > last.epoch ||
                      (told.epoch == last.epoch && told.number > last.number));
      }
      heard_[n].push_back(told);
    }
  }

  // The network heals: what the living incarnations say from here on arrives.
  void finish() {
    for (std::size_t n = 0; n < 2; ++n) {
      if (sent_[n] > 0) continue;
      SOLITON_CHECK(ends_[n]->send(kRow, tagged(n), now_));
      ++sent_[n];
    }
    for (int turn = 0; turn < 3'000; ++turn) {
      drain();
      for (std::size_t n = 0; n < 2; ++n) forward_all(n);
      const Instant due = std::min(ends_[0]->next_deadline(), ends_[1]->next_deadline());
      if (due == kNever && wire_[0].empty() && wire_[1].empty()) break;
      if (wire_[0].empty() && wire_[1].empty()) wait_for_deadline(ends_[0]->next_deadline() > due);
    }
    for (std::size_t n = 0; n < 2; ++n) {
      const auto waiting = ends_[n]->describe_outstanding(now_);
      SOLITON_CHECK_MSG(ends_[n]->idle(), "node {}: {}", n, waiting.empty() ? "" : waiting[0]);
      SOLITON_CHECK(ends_[n]->next_deadline() == kNever);
      SOLITON_CHECK(ends_[n]->is_open(kRow));
    }
  }

  Payload tagged(std::size_t n) const {
    Payload message;
    for (const std::uint32_t word : {epoch_[n], sent_[n]})
      for (int shift = 0; shift < 32; shift += 8)
        message.bytes.push_back(static_cast<std::byte>(word >> shift));
    return message;
  }

  Bytes8 in_;
  bool faulty_member_ = false;
  LtlOptions options_;
  Key key_{};
  std::array<std::unique_ptr<Ltl>, 2> ends_;
  std::array<std::uint32_t, 2> epoch_{};
  std::array<std::uint32_t, 2> sent_{};
  std::array<std::vector<Told>, 2> heard_;
  std::array<std::deque<Datagram>, 2> wire_;  // from end n
  std::array<std::vector<Datagram>, 2> seen_;
  Instant now_ = kRunStart + milliseconds(1);
};

}  // namespace

void fuzz_ltl_handshake(std::span<const std::uint8_t> input) { Handshakes(Bytes8(input)).play(); }

}  // namespace soliton
