// Random traffic over random routers: nothing lost, nothing twice, order kept, credits conserved,
// nobody starved.
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "fabric/router/router.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

using Stream = std::tuple<int, int, int>;  // from, to, channel

RouterOptions options_of(const Random& r) {
  RouterOptions o;
  o.channels = 1 + static_cast<std::uint32_t>(r.below(0, 5));
  o.flit = Bytes{static_cast<std::int64_t>(1 + r.below(1, 64))};
  o.reserved_flits = 1 + static_cast<std::uint32_t>(r.below(2, 4));
  o.buffer_flits = o.channels * o.reserved_flits + static_cast<std::uint32_t>(r.below(3, 40));
  for (std::uint32_t c = 1; c < o.channels; ++c)
    o.weights.push_back(static_cast<std::uint8_t>(1 + r.below(10 + c, 4)));
  return o;
}

Payload numbered(std::uint32_t number, std::uint64_t size) {
  Payload out;
  for (int i = 0; i < 4; ++i) out.bytes.push_back(static_cast<std::byte>(number >> (8 * i)));
  out.ghost = size;
  return out;
}

std::uint32_t number_of(const Payload& payload) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number |= std::to_integer<std::uint32_t>(payload.bytes[i]) << (8 * i);
  return number;
}

TEST(RouterProperty, EveryMessageArrivesOnceInOrderAndCreditsAreConserved) {
  std::uint64_t messages = 0, flits = 0, waits = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Random r(seed, "router");
    const auto ports = static_cast<std::uint32_t>(2 + r.below(5, 5));
    const RouterOptions options = options_of(r);
    Router router(ports, options);
    std::map<Stream, std::uint32_t> sent, received;
    Instant now = kRunStart;
    std::uint64_t step = 0;
    const auto turn = [&] {
      now = router.next_deadline();
      router.on_deadline(now);
      while (const auto d = router.poll_delivery()) {
        const Stream stream{index(d->from), index(d->at), d->channel};
        ASSERT_EQ(number_of(d->payload), received[stream]++);
      }
      for (std::uint8_t p = 0; p < ports; ++p)
        ASSERT_TRUE(router.credits(RouterPort{p}).conserved());
    };
    for (; step < 300; ++step) {
      const Random one = r.child(step);
      const auto from = static_cast<std::uint8_t>(one.below(0, ports));
      const auto to = static_cast<std::uint8_t>(one.below(1, ports));
      const auto channel = static_cast<std::uint8_t>(one.below(2, options.channels));
      std::uint32_t& number = sent[{from, to, channel}];
      if (router.send(RouterPort{from},
                      {RouterPort{to}, channel, numbered(number, one.below(3, 400))}, now))
        ++number;
      for (std::uint64_t i = one.below(4, 6); i > 0 && router.next_deadline() != kNever; --i)
        turn();
      if (HasFatalFailure()) return;
    }
    while (router.next_deadline() != kNever) {
      turn();
      if (HasFatalFailure()) return;
    }
    EXPECT_TRUE(router.idle());
    EXPECT_EQ(sent.size(),
              std::count_if(sent.begin(), sent.end(), [](const auto& s) { return s.second > 0; }));
    EXPECT_EQ(received, sent);
    for (std::uint8_t p = 0; p < ports; ++p) EXPECT_EQ(router.credits(RouterPort{p}).used(), 0u);
    messages += router.stats().messages;
    flits += router.stats().flits;
    waits += router.stats().waits;
  }
  EXPECT_GT(messages, 50'000u);
  EXPECT_GT(flits, 500'000u);
  EXPECT_GT(waits, 1'000u) << "or the buffers were never full";
}

// Every channel but control has traffic without end from every port to one output, some receivers
// stop now and then: in any stretch each channel that is not stopped gets its share.
TEST(RouterProperty, NoChannelStarves) {
  RouterOptions options;
  options.channels = 5;
  options.flit = Bytes{1};
  options.slot = nanoseconds(1);
  options.buffer_flits = 20;
  options.reserved_flits = 2;
  options.weights = {8, 1, 1, 1};
  Router router(3, options);
  std::vector<std::uint64_t> bytes(5);
  Instant now = kRunStart;
  for (int slot = 0; slot < 20'000; ++slot) {
    for (std::uint8_t port = 0; port < 3; ++port)
      for (std::uint8_t channel = 1; channel < 5; ++channel)
        (void)router.send(RouterPort{port}, {RouterPort{0}, channel, Payload{{}, 7}}, now);
    if (slot % 1000 == 0) router.stop(RouterPort{0}, 1, slot % 2000 == 0, now);
    now = router.next_deadline();
    router.on_deadline(now);
    while (const auto d = router.poll_delivery()) bytes[d->channel] += d->payload.size();
  }
  for (int channel = 1; channel < 5; ++channel)
    EXPECT_GE(bytes[static_cast<std::size_t>(channel)], 20'000u / 2 / 11 * 9 / 10) << channel;
  EXPECT_GE(bytes[1] + bytes[2] + bytes[3] + bytes[4], 19'000u) << "the output is never idle";
}

}  // namespace
}  // namespace soliton
