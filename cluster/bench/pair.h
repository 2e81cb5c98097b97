// Two processes, pinned to two cores, that exchange messages: one measures, the other answers or
// counts.
//
// A transport is a type, constructed before the fork with what both sides need, with these members:
//
//   become(server)            after the fork, in each process
//   send(message)             returns when it has left, or is sure to
//   receive()                 waits; a view until the next call
//   send_some(message, want)  stream: messages taken, 0 when there is no room
//   receive_some(size)        stream: messages of that size taken in, maybe 0
//   wrong()                   stream: messages that were not what was expected
//   settle()                  what was sent leaves although this process ends
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "cluster/bench/ticks.h"

namespace soliton {

struct PairOptions {
  std::size_t bytes = 64;  // of a message, 16 at least
  double seconds = 0.3;
  bool pinned = true;
};

struct PairFigures {
  double p50_ns = 0, p99_ns = 0;   // of round trips
  double messages_per_second = 0;  // of a stream
  std::uint64_t samples = 0;
  std::uint64_t wrong = 0;  // messages that were not the ones expected
};

// Placed in memory that both processes share.
struct PairPage {
  std::atomic<std::uint64_t> target{UINT64_MAX};  // messages of the stream; set near its end
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<bool> server_up{false};
  PairFigures figures;
};

// Forks `client` and `server`, pinned if `options` say so, and waits for both. Returns nullopt if
// one failed or did not end in time.
std::optional<PairFigures> run_pair(const PairOptions& options,
                                    const std::function<void(PairPage&)>& client,
                                    const std::function<void(PairPage&)>& server);

inline constexpr std::uint64_t kPairQuit = UINT64_MAX;

inline std::uint64_t first_word(std::span<const std::byte> message) {
  std::uint64_t word = 0;
  if (message.size() >= sizeof word) std::memcpy(&word, message.data(), sizeof word);
  return word;
}

// Echoes messages until one begins with kPairQuit.
template <typename Transport>
void serve_round_trips(Transport& transport, PairPage& page) {
  transport.become(true);
  page.server_up = true;
  for (;;) {
    const std::span<const std::byte> message = transport.receive();
    if (first_word(message) == kPairQuit) return;
    transport.send(message);
  }
}

template <typename Transport>
void measure_round_trips(Transport& transport, const PairOptions& options, PairPage& page) {
  constexpr std::uint64_t kWarm = 2'000;
  constexpr std::uint64_t kLookEvery = 64;
  transport.become(false);
  while (!page.server_up) {
  }
  const TickClock clock;
  std::vector<std::byte> message(options.bytes, std::byte{0x5a});
  std::vector<std::uint32_t> spans;
  spans.reserve(2'000'000);
  std::uint64_t began = 0;
  for (std::uint64_t i = 0;; ++i) {
    std::memcpy(message.data(), &i, sizeof i);
    const std::uint64_t sent = ticks();
    transport.send(message);
    const std::span<const std::byte> answer = transport.receive();
    const std::uint64_t back = ticks();
    page.figures.wrong += answer.size() != options.bytes || first_word(answer) != i;
    if (i < kWarm) continue;
    if (i == kWarm) began = back;
    spans.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(back - sent, UINT32_MAX)));
    if (i % kLookEvery == 0 && clock.nanoseconds(back - began) > options.seconds * 1e9) break;
  }
  std::memcpy(message.data(), &kPairQuit, sizeof kPairQuit);
  transport.send(message);
  transport.settle();
  std::sort(spans.begin(), spans.end());
  page.figures.p50_ns = clock.nanoseconds(spans[spans.size() / 2]);
  page.figures.p99_ns = clock.nanoseconds(spans[spans.size() * 99 / 100]);
  page.figures.samples = spans.size();
}

template <typename Transport>
void serve_stream(Transport& transport, const PairOptions& options, PairPage& page) {
  transport.become(true);
  page.server_up = true;
  std::uint64_t got = 0;
  while (got < page.target.load(std::memory_order_acquire)) {
    const std::size_t more = transport.receive_some(options.bytes);
    if (more == 0) continue;
    got += more;
    page.received.store(got, std::memory_order_release);
  }
  page.wrong = transport.wrong();
  transport.settle();
}

template <typename Transport>
void measure_stream(Transport& transport, const PairOptions& options, PairPage& page) {
  constexpr std::size_t kBatch = 32;
  transport.become(false);
  while (!page.server_up) {
  }
  const TickClock clock;
  const std::vector<std::byte> message(options.bytes, std::byte{0x5a});
  const std::uint64_t began = ticks();
  std::uint64_t sent = 0;
  while (clock.nanoseconds(ticks() - began) < options.seconds * 1e9)
    sent += transport.send_some(message, kBatch);
  page.target.store(sent, std::memory_order_release);
  while (page.received.load(std::memory_order_acquire) < sent) transport.send_some(message, 0);
  page.figures.messages_per_second =
      static_cast<double>(sent) * 1e9 / clock.nanoseconds(ticks() - began);
  page.figures.samples = sent;
}

}  // namespace soliton
