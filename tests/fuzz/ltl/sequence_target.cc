#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "fabric/ltl/burst.h"
#include "protocol/base/check.h"
#include "protocol/wire/ltl_header.h"
#include "tests/fuzz/ltl/targets.h"

namespace soliton {
namespace {

constexpr std::uint16_t kCookie = 0xc0de;

class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  bool done() const { return at_ == bytes_.size(); }
  std::uint8_t byte() { return done() ? 0 : bytes_[at_++]; }
  std::uint16_t word() {
    const std::uint8_t high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

LtlOptions options_from(Input& in) {
  const std::uint8_t bits = in.byte();
  LtlOptions o;
  o.mtu = (bits & 1) ? 7 : 100;
  o.window = 1u << ((bits >> 1) & 7);
  o.window = o.window == 128 ? 256 : o.window;
  o.recovery = (bits & 16) ? RecoveryMode::kGoBackN : RecoveryMode::kSelective;
  o.credit = Bytes{(bits & 32) ? 512 : 1 << 20};
  o.reorder_tolerance = microseconds((bits & 64) ? 1 : 0);
  o.first_sequence = (bits & 128) ? 0xffff'fff0 : 0;
  return o;
}

class Script {
 public:
  explicit Script(Input in) : in_(in) {
    const std::uint8_t bits = in_.byte();
    hostile_ = (bits & 1) != 0;
    marks_ = (bits & 4) != 0;
    views_ = (bits & 8) != 0;
    options_ = options_from(in_);
    options_.auth = (bits & 2) != 0 ? AuthMode::kHeader : AuthMode::kNone;
    for (std::uint32_t n = 0; n < 2; ++n) {
      ends_[n] = std::make_unique<Ltl>(NodeId{n}, options_,
                                       std::vector<LtlConnection>{{NodeId{1 - n}, 0, kCookie, 1}});
      rooms_[n].resize(LtlBurst(*ends_[n]).packet_bytes_max());
    }
  }

  void play() {
    for (int steps = 0; !in_.done() && steps < 400; ++steps) step();
    if (!hostile_) finish();
  }

 private:
  void step() {
    const std::uint8_t op = in_.byte();
    const std::size_t n = op >> 7;
    switch (op & 15) {
      case 0:
      case 1:
        send(n, (op & 16) != 0);
        break;
      case 2:
      case 3:
      case 4:
        forward(n);
        break;
      case 5:
        if (!wire_[n].empty()) wire_[n].pop_front();
        break;
      case 6:
        if (!wire_[n].empty()) wire_[n].push_back(wire_[n].front());
        break;
      case 7:
        if (wire_[n].size() > 1) std::swap(wire_[n].front(), wire_[n].back());
        break;
      case 8:
        flip(n);
        break;
      case 9:
        wait(nanoseconds(in_.word()));
        break;
      case 10:
        wait_for_deadline(n);
        break;
      case 11:
        take_deliveries(n);
        break;
      case 12:
      case 13:
        if (hostile_) forge(n);
        break;
      default:
        while (!wire_[n].empty()) forward(n);
        break;
    }
    drain();
  }

  // `at_once`: by the short way, if it takes the message.
  void send(std::size_t n, bool at_once) {
    const std::size_t size = in_.word() % 400;
    Payload message;
    for (std::size_t i = 0; i < size; ++i)
      message.bytes.push_back(static_cast<std::byte>(i + sent_[n].size()));
    if (in_.byte() & 1) message = Payload{{}, size};
    if (sent_[n].size() >= 200) return;
    if (at_once && message.ghost == 0) {
      std::vector<std::byte>& room = rooms_[n];
      if (const auto packet =
              LtlBurst(*ends_[n]).send_now(ConnectionId{0}, {message.bytes, {}}, room, now_)) {
        Datagram datagram;
        datagram.source = NodeId{static_cast<std::uint32_t>(n)};
        datagram.destination = packet->destination;
        datagram.payload.bytes.assign(room.begin(),
                                      room.begin() + static_cast<std::ptrdiff_t>(packet->size));
        wire_[n].push_back(std::move(datagram));
        return sent_[n].push_back(message);
      }
    }
    if (ends_[n]->send(ConnectionId{0}, Payload(message), now_)) sent_[n].push_back(message);
  }

  void forward(std::size_t n) {
    if (wire_[n].empty()) return;
    Datagram first = std::move(wire_[n].front());
    wire_[n].pop_front();
    first.congestion_seen = marks_ && ++forwarded_ % 3 == 0;
    ends_[1 - n]->on_input(first, now_);
    drain();
  }

  void flip(std::size_t n) {
    if (wire_[n].empty()) return;
    std::vector<std::byte>& bytes = wire_[n].front().payload.bytes;
    const std::uint16_t where = in_.word();
    bytes[where / 8 % bytes.size()] ^= static_cast<std::byte>(1 << (where % 8));
  }

  // A packet with the right address and checksum, and anything in the rest.
  void forge(std::size_t n) {
    LtlHeader h;
    h.kind = static_cast<PacketKind>(1 + in_.byte() % 11);
    h.flags = in_.byte();
    h.cookie = kCookie;
    h.channel = 1;
    h.sequence =
        options_.first_sequence + static_cast<std::uint32_t>(static_cast<std::int16_t>(in_.word()));
    h.ack =
        options_.first_sequence + static_cast<std::uint32_t>(static_cast<std::int16_t>(in_.word()));
    h.bitmap = static_cast<std::uint32_t>(in_.word()) << 16 | in_.word();
    h.time_ns = in_.word();
    h.credit = in_.word();
    h.length = in_.byte() % 120;
    Datagram d;
    d.source = NodeId{static_cast<std::uint32_t>(n)};
    d.payload.bytes.resize(kLtlHeaderSize);
    const std::uint64_t ghost = in_.byte() % 120;
    d.payload.ghost = std::min<std::uint64_t>(ghost, h.length);
    for (std::uint64_t i = d.payload.ghost; i < h.length; ++i)
      d.payload.bytes.push_back(static_cast<std::byte>(in_.byte()));
    encode(h, std::span<std::byte, kLtlHeaderSize>(d.payload.bytes.data(), kLtlHeaderSize));
    seal(d.payload);
    ends_[1 - n]->on_input(d, now_);
  }

  void wait(Duration d) {
    now_ += d;
    for (std::size_t n = 0; n < 2; ++n) fire(n);
  }

  void wait_for_deadline(std::size_t n) {
    const Instant due = ends_[n]->next_deadline();
    if (due != kNever && due > now_) wait(due - now_);
  }

  void fire(std::size_t n) {
    if (ends_[n]->next_deadline() > now_) return;
    ends_[n]->on_deadline(now_);
    SOLITON_CHECK(ends_[n]->next_deadline() > now_);
  }

  // Bounded: after one call an end says at most its window, control packets, and what an opened
  // window lets out.
  void drain() {
    for (std::size_t n = 0; n < 2; ++n) {
      std::size_t packets = 0;
      while (auto datagram = ends_[n]->poll_output(now_)) {
        SOLITON_CHECK(++packets <= 3 * options_.window + 8);
        SOLITON_CHECK(datagram->payload.size() <=
                      kLtlHeaderSize + security_bytes(options_.auth) + std::max(options_.mtu, 28u));
        wire_[n].push_back(std::move(*datagram));
      }
    }
  }

  void take_deliveries(std::size_t n) {
    while (views_) {
      const auto message = LtlBurst(*ends_[n]).next_message();
      if (!message) return;
      if (hostile_) continue;
      SOLITON_CHECK(taken_[n] < sent_[1 - n].size());
      const Payload& wanted = sent_[1 - n][taken_[n]++];
      SOLITON_CHECK(message->ghost == wanted.ghost &&
                    std::ranges::equal(message->bytes, wanted.bytes));
    }
    while (auto delivery = ends_[n]->poll_delivery()) {
      if (hostile_) continue;
      SOLITON_CHECK(taken_[n] < sent_[1 - n].size());
      SOLITON_CHECK(delivery->message == sent_[1 - n][taken_[n]]);
      ++taken_[n];
    }
  }

  // The network heals: everything must be there soon, and then quiet.
  void finish() {
    for (int turn = 0; turn < 20'000; ++turn) {
      for (std::size_t n = 0; n < 2; ++n) take_deliveries(n);
      drain();
      for (std::size_t n = 0; n < 2; ++n)
        while (!wire_[n].empty()) forward(n);
      for (std::size_t n = 0; n < 2; ++n) take_deliveries(n);
      drain();
      const Instant due = std::min(ends_[0]->next_deadline(), ends_[1]->next_deadline());
      if (due == kNever && wire_[0].empty() && wire_[1].empty()) break;
      if (wire_[0].empty() && wire_[1].empty()) wait(std::max<Duration>(due - now_, Duration{}));
    }
    for (std::size_t n = 0; n < 2; ++n) {
      SOLITON_CHECK(ends_[n]->idle());
      SOLITON_CHECK(ends_[n]->next_deadline() == kNever);
      SOLITON_CHECK(taken_[n] == sent_[1 - n].size());
    }
  }

  Input in_;
  bool hostile_ = false;  // somebody forges packets, so that nothing is promised of messages
  bool marks_ = false;    // every third packet has seen congestion
  bool views_ = false;    // messages are read where they lie
  std::size_t forwarded_ = 0;
  LtlOptions options_;
  std::array<std::unique_ptr<Ltl>, 2> ends_;
  std::array<std::vector<std::byte>, 2> rooms_;  // packets of the short way
  std::array<std::deque<Datagram>, 2> wire_;     // from end n
  std::array<std::vector<Payload>, 2> sent_;
  std::array<std::size_t, 2> taken_{};
  Instant now_{};
};

}  // namespace

void fuzz_ltl_sequence(std::span<const std::uint8_t> input) { Script(Input(input)).play(); }

}  // namespace soliton
