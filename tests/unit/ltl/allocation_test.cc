// What LTL costs in memory: nothing is allocated once the pools have their working set, and an idle
// connection is little more than its table row.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>

#include "fabric/ltl/burst.h"
#include "fabric/ltl/packet_memory.h"
#include "protocol/base/rng.h"

namespace {
std::uint64_t allocations = 0;
std::uint64_t bytes_allocated = 0;  // since the program began; freeing is not counted
}  // namespace

// Every form of new ends in one of these two. Not inlined: the compiler would take a delete of what
// malloc() returned for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  bytes_allocated += size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  bytes_allocated += size;
  const auto step = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(step, (size + step - 1) / step * step)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace soliton {
namespace {

constexpr ConnectionId kRow0{0};

// Two ends; every packet goes over at once, but for those that `lose` picks.
class Pair {
 public:
  explicit Pair(const LtlOptions& options)
      : ends_{std::make_unique<Ltl>(NodeId{0}, options, std::vector<LtlConnection>{{NodeId{1}}}),
              std::make_unique<Ltl>(NodeId{1}, options, std::vector<LtlConnection>{{NodeId{0}}})} {}

  Ltl& end(std::size_t n) { return *ends_[n]; }
  Instant now() const { return now_; }
  std::uint64_t bytes_received() const { return bytes_received_; }

  // By the short way, and on to the other end; whether it took the message.
  bool send_now(std::size_t from, std::span<const std::byte> message) {
    const auto packet = LtlBurst(*ends_[from]).send_now(kRow0, {message, {}}, room_, now_);
    if (!packet) return false;
    LtlBurst(*ends_[from]).catch_up();
    now_ += nanoseconds(100);
    deliver(from, packet->size);
    return true;
  }

  // Until neither has anything to send.
  void settle() {
    for (bool more = true; more;) {
      more = false;
      for (std::size_t n = 0; n < 2; ++n)
        while (const auto packet = LtlBurst(*ends_[n]).write(room_, 1, now_)) {
          more = true;
          now_ += nanoseconds(100);
          if (chance_.below(packets_++, 100) < loss_percent) continue;
          deliver(n, packet->size);
        }
      const Instant due = std::min(ends_[0]->next_deadline(), ends_[1]->next_deadline());
      if (more || due == kNever) continue;
      now_ = std::max(now_, due);
      for (const auto& end : ends_)
        if (end->next_deadline() <= now_) end->on_deadline(now_);
      more = true;
    }
  }

  std::uint64_t loss_percent = 0;

 private:
  void deliver(std::size_t from, std::size_t size) {
    LtlBurst to(*ends_[1 - from]);
    const std::span<const std::byte> bytes(room_.data(), size);
    to.on_packet({NodeId{static_cast<std::uint32_t>(from)}, false, false, bytes}, now_);
    while (const auto message = to.next_message()) bytes_received_ += message->bytes.size();
  }

  std::array<std::unique_ptr<Ltl>, 2> ends_;
  std::array<std::byte, 2000> room_{};
  Random chance_{1, "loss"};
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_received_ = 0;
  Instant now_{};
};

std::uint64_t allocations_of(const std::function<void()>& traffic) {
  for (int warm = 0; warm < 20; ++warm) traffic();
  const std::uint64_t before = allocations;
  traffic();
  return allocations - before;
}

TEST(LtlMemory, MessagesAndRepairsAllocateNothingInTheSteadyState) {
  Pair pair(LtlOptions{});
  std::array<std::byte, 1400> message{};
  const auto send = [&](std::size_t from, std::size_t size) {
    ASSERT_TRUE(
        LtlBurst(pair.end(from)).send(kRow0, {std::span(message).first(size), {}}, pair.now()));
  };
  EXPECT_EQ(allocations_of([&] {
              for (int i = 0; i < 1000; ++i) send(i % 2, 64), pair.settle();
            }),
            0u);
  EXPECT_EQ(allocations_of([&] {
              for (int i = 0; i < 1000; ++i) send(0, static_cast<std::size_t>(i));
              pair.settle();
            }),
            0u);
  pair.loss_percent = 10;
  EXPECT_EQ(allocations_of([&] {
              for (int i = 0; i < 1000; ++i) send(i % 2, static_cast<std::size_t>(i));
              pair.settle();
            }),
            0u);
  EXPECT_GT(pair.end(0).stats().retransmitted, 500u);
}

TEST(LtlMemory, TheShortWayAllocatesNothingInTheSteadyState) {
  Pair pair(LtlOptions{});
  std::array<std::byte, 1400> message{};
  int taken = 0;
  EXPECT_EQ(allocations_of([&] {
              for (std::size_t i = 0; i < 1000; ++i) {
                if (pair.send_now(i % 2, std::span(message).first(i))) ++taken;
                pair.settle();
              }
            }),
            0u);
  EXPECT_GT(taken, 21 * 900);
  EXPECT_EQ(pair.end(0).stats().retransmitted, 0u);
}

// One message goes to and fro a thousand times, in packets that are objects.
TEST(LtlMemory, PacketsAreMadeOfTheMemoryOfThoseBeforeThem) {
  Pair pair(LtlOptions{});
  const auto memory = std::make_shared<PacketMemory>(2);
  for (std::size_t n = 0; n < 2; ++n) pair.end(n).share(memory);
  Payload ball{std::vector<std::byte>(1024), 0};
  Instant now{};
  const auto move_packets = [&](Ltl& from, Ltl& to) {
    while (auto datagram = from.poll_output(now)) {
      now += nanoseconds(100);
      std::vector<std::byte>& bytes = datagram->payload.bytes;
      LtlBurst(to).on_packet({datagram->source, false, false, bytes}, now);
      while (auto delivery = to.poll_delivery(bytes)) ball = std::move(delivery->message);
      to.recycle(std::move(bytes));
    }
  };
  const auto play = [&] {
    for (std::size_t i = 0; i < 1000; ++i) {
      ASSERT_TRUE(pair.end(i % 2).send(kRow0, std::move(ball), now));
      for (const std::size_t from : {i % 2, 1 - i % 2})
        move_packets(pair.end(from), pair.end(1 - from));
      ASSERT_EQ(ball.bytes.size(), 1024u);
    }
  };
  play();
  const std::uint64_t before = bytes_allocated;
  play();
  // Acknowledgements that travel alone are so small that they have memory of their own.
  EXPECT_LT(bytes_allocated - before, std::uint64_t{100'000});
}

// The goal is 64 MiB for ten thousand idle connections; each has been used, and holds nothing now.
TEST(LtlMemory, TenThousandIdleConnectionsTakeLessThan64MiB) {
  constexpr std::uint16_t kConnections = 10'000;
  std::array<std::vector<LtlConnection>, 2> rows;
  for (std::uint16_t i = 0; i < kConnections; ++i)
    for (std::uint32_t n = 0; n < 2; ++n) rows[n].push_back({NodeId{1 - n}, i, i, 1});
  const std::uint64_t before = bytes_allocated;
  Ltl a(NodeId{0}, LtlOptions{}, rows[0]);
  const std::uint64_t fresh = bytes_allocated - before;
  Ltl b(NodeId{1}, LtlOptions{}, rows[1]);
  const std::uint64_t used_from = bytes_allocated;
  std::array<std::byte, 2000> room{};
  Instant now{};
  for (std::uint16_t i = 0; i < kConnections; ++i) {
    ASSERT_TRUE(LtlBurst(a).send(ConnectionId{i}, {std::span(room).first(64), {}}, now));
    for (Ltl* from : {&a, &b})
      while (const auto packet = LtlBurst(*from).write(room, 1, now)) {
        LtlBurst to(from == &a ? b : a);
        to.on_packet({NodeId{from == &a ? 0u : 1u}, false, false,
                      std::span<const std::byte>(room).first(packet->size)},
                     now);
        while (to.next_message()) continue;
      }
  }
  const std::uint64_t used = bytes_allocated - used_from;
  EXPECT_TRUE(a.idle());
  EXPECT_EQ(b.stats().messages_delivered, kConnections);
  std::printf("%u idle connections: %.1f MiB, %.0f B each; use added %.2f MiB at both ends\n",
              kConnections, static_cast<double>(fresh) / (1 << 20),
              static_cast<double>(fresh) / kConnections, static_cast<double>(used) / (1 << 20));
  EXPECT_LE(fresh + used, std::uint64_t{64} << 20);
}

}  // namespace
}  // namespace soliton
