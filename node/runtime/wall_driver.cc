#include "node/runtime/wall_driver.h"

#include <algorithm>
#include <chrono>

namespace soliton {
namespace {

// Datagrams taken in before outputs are drained: bounds how long an acknowledgement waits behind
// input.
constexpr int kInputBurst = 32;

}  // namespace

WallDriver::WallDriver(Carrier& carrier, Link& link, Node& node, const WallOptions& options,
                       std::int64_t start_ns, std::function<void()> after_turn)
    : carrier_(carrier),
      link_(link),
      node_(node),
      options_(options),
      start_ns_(start_ns),
      after_turn_(std::move(after_turn)) {}

Instant WallDriver::now() const {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return kRunStart + (std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot) -
                      std::chrono::nanoseconds(start_ns_));
}

void WallDriver::run() {
  Instant last_work = now();
  while (!stopped_.load(std::memory_order_relaxed)) {
    if (turn()) {
      after_turn_();
      last_work = now();
    } else {
      rest(last_work);
    }
  }
}

void WallDriver::stop() {
  stopped_ = true;
  carrier_.wake();
}

bool WallDriver::turn() {
  bool worked = false;
  Instant at = now();
  for (int taken = 0; taken < kInputBurst; ++taken) {
    std::optional<Datagram> datagram = link_.receive(at);
    if (!datagram) break;
    node_.on_input(std::move(*datagram), at);
    worked = true;
  }
  if (node_.next_deadline() <= at) {
    node_.on_deadline(at);
    worked = true;
  }
  while (std::optional<Datagram> datagram = node_.poll_output(at)) {
    link_.send(std::move(*datagram), at);
    worked = true;
    // Values may have been computed for the next one meanwhile.
    at = now();
  }
  return worked;
}

void WallDriver::rest(Instant idle_since) {
  if (options_.wait == WaitMode::kSpin) return;
  const Instant at = now();
  if (options_.wait == WaitMode::kSpinThenBlock && at - idle_since < options_.spin) return;
  const Instant next = std::min(node_.next_deadline(), link_.next_wake());
  if (next == kNever)
    carrier_.wait(Duration{-1});
  else if (next > at)
    carrier_.wait(next - at);
}

}  // namespace soliton
