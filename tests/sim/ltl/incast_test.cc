// Congestion: sixteen senders to one receiver, with a queue that marks; and two channels of which
// only one loses packets.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "protocol/wire/ltl_header.h"
#include "tests/sim/ltl/star.h"

namespace soliton {
namespace {

constexpr std::size_t kSenders = 16;
constexpr std::uint64_t kMessage = 64 << 10;

struct Incast {
  double share = 0;  // of what the line could carry as fragments
  double jain = 0;
  std::int64_t queue_first =
      0;  // most bytes in the queue: before, and after the rates have settled
  std::int64_t queue_settled = 0;
  std::uint64_t notifications = 0;
  std::uint64_t dropped = 0;
};

// Node 0 receives; nodes 1 to 16 always have a message waiting.
Incast incast(std::uint64_t seed, const LtlOptions& options, const StarOptions& star_options = {}) {
  std::vector<std::unique_ptr<Ltl>> nodes;
  std::vector<LtlConnection> rows;
  for (std::uint32_t n = 1; n <= kSenders; ++n)
    rows.push_back({NodeId{n}, 0, static_cast<std::uint16_t>(n), 1});
  nodes.push_back(std::make_unique<Ltl>(NodeId{0}, options, rows));
  for (std::uint32_t n = 1; n <= kSenders; ++n)
    nodes.push_back(std::make_unique<Ltl>(
        NodeId{n}, options,
        std::vector<LtlConnection>{
            {NodeId{0}, static_cast<std::uint16_t>(n - 1), static_cast<std::uint16_t>(n), 1}}));
  Star star(seed, star_options, std::move(nodes));
  const Instant settled = kRunStart + milliseconds(5), end = kRunStart + milliseconds(20);
  std::array<std::uint64_t, kSenders> sent{}, bytes{};
  star.on_delivery = [&](std::size_t node, ConnectionId from, std::uint64_t size) {
    if (node == 0 && star.now() >= settled) bytes[index(from)] += size;
  };
  star.before_drain = [&](std::size_t n) {
    if (n == 0) return;
    while (sent[n - 1] < star.node(n).messages_acknowledged(ConnectionId{0}) + 3) {
      EXPECT_TRUE(star.node(n).send(ConnectionId{0}, Payload{{}, kMessage}, star.now()));
      ++sent[n - 1];
    }
  };
  for (std::size_t n = 1; n <= kSenders; ++n) star.drain(n);
  Incast out;
  star.run(settled);
  out.queue_first = star.take_queue_max(0);
  star.run(end);
  out.queue_settled = star.take_queue_max(0);
  double sum = 0, squares = 0;
  for (const std::uint64_t b : bytes) {
    sum += static_cast<double>(b);
    squares += static_cast<double>(b) * static_cast<double>(b);
  }
  const double fragments = static_cast<double>(options.mtu) / (options.mtu + 32 + 66);
  out.share = sum * 8 / (40e9 * 15e-3 * fragments);
  out.jain = sum * sum / (kSenders * squares);
  out.notifications = star.node(0).stats().notifications_sent;
  out.dropped = star.dropped();
  return out;
}

void print(const char* name, const Incast& r) {
  std::printf(
      "%s: %.1f %% of the line, Jain %.4f, queue at most %.0f kB in the first 5 ms, %.0f kB after, "
      "%llu notifications, %llu dropped\n",
      name, 100 * r.share, r.jain, static_cast<double>(r.queue_first) / 1e3,
      static_cast<double>(r.queue_settled) / 1e3, static_cast<unsigned long long>(r.notifications),
      static_cast<unsigned long long>(r.dropped));
}

TEST(Incast, SixteenToOneFillsTheLineFairlyWithAShortQueue) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Incast r = incast(seed, {});
    print("16:1, DCQCN", r);
    EXPECT_GE(r.share, 0.90);
    EXPECT_GE(r.jain, 0.95);
    EXPECT_LE(r.queue_settled, 400'000);
    EXPECT_EQ(r.dropped, 0u);
    EXPECT_GT(r.notifications, 100u);
  }
}

// The same without: the queue is all windows together, which is what the rates are for.
TEST(Incast, WithoutTheRatesTheQueueIsAllWindows) {
  LtlOptions options;
  options.congestion.enabled = false;
  const Incast r = incast(1, options);
  print("16:1, marks unheeded", r);
  EXPECT_GT(r.queue_settled, 1'000'000);
  EXPECT_EQ(r.notifications, 0u);
}

// Instants of deliveries on channel 2 between two nodes that share their cables with channel 1.
std::vector<Instant> deliveries_of_channel_2(bool channel_1_loses) {
  LtlOptions options;
  options.mtu = 1000;
  std::vector<std::unique_ptr<Ltl>> nodes;
  for (std::uint32_t n = 0; n < 2; ++n)
    nodes.push_back(std::make_unique<Ltl>(
        NodeId{n}, options,
        std::vector<LtlConnection>{{NodeId{1 - n}, 0, 1, 1}, {NodeId{1 - n}, 1, 2, 2}}));
  Star star(1, {}, std::move(nodes));
  std::vector<Instant> at;
  std::size_t of_channel_1 = 0;
  star.on_delivery = [&](std::size_t, ConnectionId from, std::uint64_t) {
    if (from == ConnectionId{1}) at.push_back(star.now());
    if (from == ConnectionId{0}) ++of_channel_1;
  };
  // The first packet on channel 1, and its first resends.
  int lost = 0;
  star.lose = [&](const Datagram& d) {
    const auto header = decode(d.payload.bytes);
    return channel_1_loses && header->channel == 1 && header->kind == PacketKind::kData &&
           header->sequence == 0 && ++lost <= 4;
  };
  for (int i = 0; i < 20; ++i)
    for (std::uint16_t row = 0; row < 2; ++row)
      EXPECT_TRUE(star.node(0).send(ConnectionId{row}, Payload{{}, 900}, star.now()));
  star.drain(0);
  star.run(kRunStart + milliseconds(50));
  EXPECT_EQ(of_channel_1, 20u);
  return at;
}

TEST(Channels, LossOnOneNeverHoldsTheOther) {
  const auto clean = deliveries_of_channel_2(false), lossy = deliveries_of_channel_2(true);
  ASSERT_EQ(clean.size(), 20u);
  EXPECT_EQ(lossy, clean) << "to the picosecond";
}

}  // namespace
}  // namespace soliton
