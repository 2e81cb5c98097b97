#include <algorithm>
#include <set>
#include <vector>

#include "fabric/ltl/delivery_queue.h"
#include "fabric/ltl/receive_window.h"
#include "protocol/base/check.h"
#include "protocol/wire/ltl_header.h"
#include "protocol/wire/packet_security.h"
#include "tests/fuzz/bytes.h"
#include "tests/fuzz/ltl/targets.h"

namespace soliton {
namespace {

constexpr std::size_t kPacketsMost = 600;
constexpr std::uint32_t kMtu = 16;

// The packets of a sender: messages of one to four packets, made from a seed.
struct Sender {
  struct Packet {
    std::uint8_t flags = 0;
    std::vector<std::byte> bytes;
  };
  std::vector<Packet> packets;
  std::vector<std::vector<std::byte>> messages;
  std::vector<std::size_t> ends;  // of each message: one after its last packet

  explicit Sender(std::uint8_t seed) {
    std::uint32_t state = seed + 1U;
    const auto next = [&state] { return state = state * 1'664'525U + 1'013'904'223U; };
    while (packets.size() < kPacketsMost) {
      const std::size_t parts = 1 + (next() >> 28) % 4;
      std::vector<std::byte>& message = messages.emplace_back();
      for (std::size_t part = 0; part < parts; ++part) {
        Packet& packet = packets.emplace_back();
        if (part == 0) packet.flags |= packet_flag::kFirst;
        if (part + 1 == parts) packet.flags |= packet_flag::kLast;
        packet.bytes.resize((next() >> 24) % (kMtu + 1));
        for (std::byte& byte : packet.bytes) byte = static_cast<std::byte>(next() >> 24);
        message.insert(message.end(), packet.bytes.begin(), packet.bytes.end());
      }
      ends.push_back(packets.size());
    }
  }
};

class Windows {
 public:
  explicit Windows(FuzzBytes in)
      : in_(in),
        sender_(in_.byte()),
        options_(options_from(in_)),
        stores_(options_),
        deliveries_(stores_),
        window_(ConnectionId{0}, options_, stores_) {}

  void play() {
    while (!in_.done() && expected_ + options_.window < kPacketsMost) {
      const std::int64_t number =
          static_cast<std::int64_t>(expected_) + static_cast<std::int8_t>(in_.byte());
      if (number < 0 || number >= static_cast<std::int64_t>(kPacketsMost)) continue;
      arrive(static_cast<std::size_t>(number));
    }
  }

 private:
  static LtlOptions options_from(FuzzBytes& in) {
    const std::uint8_t bits = in.byte();
    LtlOptions out;
    out.mtu = kMtu;
    out.window = 1U << (bits & 7);
    out.recovery = (bits & 8) != 0 ? RecoveryMode::kGoBackN : RecoveryMode::kSelective;
    out.first_sequence = (bits & 16) != 0 ? 0xffff'fff0 : 0;
    return out;
  }

  bool holds() const { return options_.recovery == RecoveryMode::kSelective; }

  void arrive(std::size_t number) {
    const Sender::Packet& packet = sender_.packets[number];
    // A copy that is gone afterwards, as a carrier's is.
    std::vector<std::byte> bytes = packet.bytes;
    const auto sequence = static_cast<Sequence>(options_.first_sequence + number);
    const ArrivalKind kind = window_.accept({sequence, packet.flags, bytes, 0}, deliveries_);
    deliveries_.keep();
    std::ranges::fill(bytes, std::byte{0});
    SOLITON_CHECK(fits(kind, number));
    if (number == expected_) {
      ++expected_;
      while (ahead_.erase(expected_) > 0) ++expected_;
    } else if (kind == ArrivalKind::kNewGap || kind == ArrivalKind::kOutOfOrder) {
      if (holds()) ahead_.insert(number);
    }
    check_report();
    check_deliveries();
  }

  bool fits(ArrivalKind kind, std::size_t number) const {
    if (number < expected_ || ahead_.contains(number)) return kind == ArrivalKind::kDuplicate;
    if (number >= expected_ + options_.window) return kind == ArrivalKind::kOutside;
    if (number == expected_)
      return kind == ArrivalKind::kInOrder || kind == ArrivalKind::kFilledGap;
    return kind == ArrivalKind::kNewGap || kind == ArrivalKind::kOutOfOrder;
  }

  void check_report() const {
    SOLITON_CHECK(window_.expected() == static_cast<Sequence>(options_.first_sequence + expected_));
    std::vector<std::byte> tail(window_.tail_size());
    SOLITON_CHECK(window_.write_tail(tail) == tail.size());
    const ArrivalBitmap bits(window_.header_bits(), tail);
    for (std::uint32_t bit = 0; bit < options_.window; ++bit)
      SOLITON_CHECK(bits.test(bit) == ahead_.contains(expected_ + 1 + bit));
    SOLITON_CHECK(!window_.plain() || ahead_.empty());
  }

  void check_deliveries() {
    while (const DeliveryQueue::Entry* entry = deliveries_.take()) {
      SOLITON_CHECK(delivered_ < sender_.messages.size());
      SOLITON_CHECK(std::ranges::equal(entry->real, sender_.messages[delivered_]));
      ++delivered_;
    }
    const auto complete = std::ranges::upper_bound(sender_.ends, expected_) - sender_.ends.begin();
    SOLITON_CHECK(delivered_ == static_cast<std::size_t>(complete));
    SOLITON_CHECK(window_.misplaced() == 0);
  }

  FuzzBytes in_;
  Sender sender_;
  LtlOptions options_;
  Stores stores_;
  DeliveryQueue deliveries_;
  ReceiveWindow window_;
  std::size_t expected_ = 0;
  std::set<std::size_t> ahead_;
  std::size_t delivered_ = 0;
};

void replay_window(FuzzBytes in) {
  ReplayWindow window;
  std::set<std::uint64_t> seen;
  std::uint64_t at = in.number(5);
  for (int step = 0; !in.done() && step < 500; ++step) {
    at += static_cast<std::uint64_t>(
        static_cast<std::int64_t>(static_cast<std::int16_t>(in.number(2))));
    at &= kPacketNumberMax;
    const bool old =
        !seen.empty() && *seen.rbegin() >= at && *seen.rbegin() + 1 - at > ReplayWindow::kNumbers;
    const bool fresh = !old && !seen.contains(at);
    SOLITON_CHECK(window.fresh(at) == fresh);
    if (!fresh) continue;
    window.add(at);
    seen.insert(at);
  }
}

}  // namespace

void fuzz_ltl_window(std::span<const std::uint8_t> input) {
  FuzzBytes in(input.data(), input.size());
  if (in.byte() % 4 == 0)
    replay_window(in);
  else
    Windows(in).play();
}

}  // namespace soliton
