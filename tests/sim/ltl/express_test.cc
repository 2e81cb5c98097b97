// The short way of a packet against the general one: two worlds live through the same script. In
// one, messages go out by send_now() where it takes them; the other has a trace buffer that might
// record, which closes the short way, both in and out. Every packet must have the same bytes, every
// message, deadline and counter must be the same, at every step.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "fabric/ltl/burst.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

using Octets = std::vector<std::byte>;

struct Script {
  std::uint64_t seed;
  LtlOptions options;
  double loss = 0;
  double duplicate = 0;
  bool slow_reader = false;
};

// Both ends of three connections on two channels.
class World {
 public:
  World(const Script& script, bool express) : express_(express) {
    for (std::uint32_t self = 0; self < 2; ++self) {
      const NodeId peer{1 - self};
      const std::vector<LtlConnection> rows = {{peer, 0, 7, 1}, {peer, 1, 8, 1}, {peer, 2, 9, 2}};
      LtlIdentity who;
      who.run_id = who.epoch = 1;
      who.key.fill(std::byte{3});
      traces_[self] = std::make_unique<TraceBuffer>(1);
      traces_[self]->pause(true);
      ends_[self] = std::make_unique<Ltl>(NodeId{self}, script.options, rows,
                                          express ? nullptr : traces_[self].get(), who);
    }
    for (auto& room : rooms_) room.resize(LtlBurst(*ends_[0]).packet_bytes_max());
  }

  Ltl& end(std::uint32_t i) { return *ends_[i]; }

  // The packets that leave.
  std::vector<Octets> send(std::uint32_t from, std::uint16_t row, const Octets& message,
                           Instant now) {
    std::vector<Octets> out;
    const MessageParts parts{
        {message.data(), message.size() / 2},
        {message.data() + message.size() / 2, message.size() - message.size() / 2}};
    if (express_) {
      if (const auto packet =
              LtlBurst(*ends_[from]).send_now(ConnectionId{row}, parts, rooms_[from], now)) {
        ++taken_;
        out.push_back(packet_in(from, packet->size));
        return out;
      }
    }
    EXPECT_TRUE(LtlBurst(*ends_[from]).send(ConnectionId{row}, parts, now));
    return drain(from, now);
  }
  std::vector<Octets> drain(std::uint32_t from, Instant now) {
    std::vector<Octets> out;
    while (const auto packet = LtlBurst(*ends_[from]).write(rooms_[from], 1, now))
      out.push_back(packet_in(from, packet->size));
    return out;
  }
  // The messages that arrive, each behind its connection.
  std::vector<std::pair<std::uint16_t, Octets>> read(std::uint32_t at) {
    std::vector<std::pair<std::uint16_t, Octets>> out;
    while (const auto message = LtlBurst(*ends_[at]).next_message())
      out.emplace_back(index(message->connection),
                       Octets(message->bytes.begin(), message->bytes.end()));
    return out;
  }
  std::uint64_t taken() const { return taken_; }

 private:
  Octets packet_in(std::uint32_t from, std::size_t size) const {
    return {rooms_[from].begin(), rooms_[from].begin() + static_cast<std::ptrdiff_t>(size)};
  }

  bool express_;
  std::array<std::unique_ptr<TraceBuffer>, 2> traces_;
  std::array<std::unique_ptr<Ltl>, 2> ends_;
  std::array<std::vector<std::byte>, 2> rooms_;
  std::uint64_t taken_ = 0;
};

class Play {
 public:
  explicit Play(const Script& script)
      : script_(script),
        short_(script, true),
        general_(script, false),
        chance_(script.seed, "script") {}

  // Share of messages that took the short way.
  double run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) step();
    return static_cast<double>(short_.taken()) / static_cast<double>(std::max(sent_, 1));
  }

 private:
  std::uint64_t pick(std::uint64_t below) { return chance_.below(ordinal_++, below); }

  void step() {
    const auto who = static_cast<std::uint32_t>(pick(2));
    switch (pick(5)) {
      case 0:
      case 1:
        return send(who);
      case 2:
      case 3:
        return deliver(who);
      default:
        return pass_time(who);
    }
  }

  void send(std::uint32_t who) {
    ++sent_;
    const auto row = static_cast<std::uint16_t>(pick(3));
    Octets message(pick(8) == 0 ? pick(5'000) : pick(200));
    for (std::byte& b : message) b = static_cast<std::byte>(pick(256));
    const auto a = short_.send(who, row, message, now_);
    const auto b = general_.send(who, row, message, now_);
    put_on_line(who, a, b);
  }

  void put_on_line(std::uint32_t from, const std::vector<Octets>& a, const std::vector<Octets>& b) {
    ASSERT_TRUE(a == b) << "packets of node " << from << " at " << now_.time_since_epoch().count();
    for (const Octets& packet : a) {
      if (pick(1'000'000) < static_cast<std::uint64_t>(script_.loss * 1e6)) continue;
      line_[1 - from].push_back(packet);
      if (pick(1'000'000) < static_cast<std::uint64_t>(script_.duplicate * 1e6))
        line_[1 - from].push_back(packet);
    }
    compare(from);
  }

  void deliver(std::uint32_t to) {
    if (line_[to].empty()) return;
    const Octets packet = line_[to].front();
    line_[to].pop_front();
    const NodeId from{1 - to};
    LtlBurst(short_.end(to)).on_packet({from, false, false, packet, 0}, now_);
    LtlBurst(general_.end(to)).on_packet({from, false, false, packet, 0}, now_);
    if (script_.slow_reader && pick(4) != 0) {
      LtlBurst(short_.end(to)).keep_messages();
      LtlBurst(general_.end(to)).keep_messages();
    } else {
      ASSERT_EQ(short_.read(to), general_.read(to));
    }
    if (pick(2) == 0) LtlBurst(short_.end(to)).catch_up();
    if (pick(3) == 0) return;  // an application may answer first
    put_on_line(to, short_.drain(to, now_), general_.drain(to, now_));
  }

  void pass_time(std::uint32_t who) {
    now_ += nanoseconds(static_cast<std::int64_t>(pick(2'000)));
    if (general_.end(who).next_deadline() > now_) return compare(who);
    short_.end(who).on_deadline(now_);
    general_.end(who).on_deadline(now_);
    put_on_line(who, short_.drain(who, now_), general_.drain(who, now_));
  }

  void compare(std::uint32_t who) {
    Ltl& a = short_.end(who);
    Ltl& b = general_.end(who);
    if (pick(4) != 0) return;  // so that what is put off is not always asked for
    ASSERT_EQ(a.next_deadline(), b.next_deadline());
    ASSERT_EQ(a.idle(), b.idle());
    ASSERT_EQ(a.stats().packets_sent, b.stats().packets_sent);
    ASSERT_EQ(a.stats().bytes_sent, b.stats().bytes_sent);
    ASSERT_EQ(a.stats().messages_sent, b.stats().messages_sent);
    ASSERT_EQ(a.stats().messages_delivered, b.stats().messages_delivered);
    ASSERT_EQ(a.stats().retransmitted, b.stats().retransmitted);
    for (std::uint16_t row = 0; row < 3; ++row)
      ASSERT_EQ(a.messages_acknowledged(ConnectionId{row}),
                b.messages_acknowledged(ConnectionId{row}));
  }

  Script script_;
  World short_;
  World general_;
  Random chance_;
  std::uint64_t ordinal_ = 0;
  Instant now_ = kRunStart;
  std::array<std::deque<Octets>, 2> line_;  // by receiver
  int sent_ = 0;
};

LtlOptions options_for(std::uint64_t seed) {
  LtlOptions o;
  o.first_sequence = seed % 3 == 0 ? UINT32_MAX - 50 : 0;
  o.crc = seed % 2 == 0;
  if (seed % 4 == 0) o.auth = AuthMode::kHeader;
  o.handshake = o.auth != AuthMode::kNone;
  if (seed % 5 == 0) o.misses = 9;
  if (seed % 7 == 0) o.recovery = RecoveryMode::kGoBackN;
  if (seed % 11 == 0) o.reorder_tolerance = microseconds(1);
  if (seed % 3 == 1) o.credit = Bytes{4096};
  if (seed % 6 == 5) o.window = 4;
  if (seed % 13 == 0) o.weights = {1, 3, 2, 1, 1, 1, 1, 1};
  o.sample_every = seed % 2 == 0 ? 16 : 3;
  return o;
}

TEST(LtlExpress, QuietLinesSendTheSameBytesBothWays) {
  double shortest = 1;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Script script{seed, options_for(seed)};
    const double share = Play(script).run(3'000);
    if (script.options.window > 4 && script.options.credit.count > 4096)
      shortest = std::min(shortest, share);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(shortest, 0.1) << "the short way is hardly ever taken: nothing was compared";
}

TEST(LtlExpress, LossDuplicatesAndSlowReadersSendTheSameBytesBothWays) {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Script script{seed, options_for(seed)};
    script.loss = seed % 2 == 0 ? 0.02 : 0.2;
    script.duplicate = seed % 3 == 0 ? 0.1 : 0;
    script.slow_reader = seed % 4 == 1;
    Play(script).run(2'000);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace soliton
