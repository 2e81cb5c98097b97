#include "node/runtime/wall_driver.h"

#include <algorithm>
#include <chrono>

namespace soliton {
namespace {

// Datagrams taken in before outputs are drained: bounds how long an acknowledgement waits behind
// input.
constexpr int kInputBurst = 32;

}  // namespace

WallDriver::WallDriver(Carrier& carrier, Link* faults, Chassis& node, const WallOptions& options,
                       Pulse& pulse, std::int64_t start_ns, std::function<void()> after_turn)
    : carrier_(carrier),
      faults_(faults),
      machine_(node.machine()),
      node_(node.node()),
      options_(options),
      pulse_(pulse),
      start_ns_(start_ns),
      after_turn_(std::move(after_turn)) {}

Instant WallDriver::now() const {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return kRunStart + (std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot) -
                      std::chrono::nanoseconds(start_ns_));
}

void WallDriver::run() {
  Instant last_work = now();
  pulse_.begin_work();
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
  pulse_.beat();
  Instant at = now();
  bool worked = faults_ ? take_in_faulted(at) : take_in(at);
  if (machine_.next_deadline() <= at) {
    machine_.on_deadline(at);
    worked = true;
  }
  // Values were computed in the meantime; the message header records how long that took.
  if (worked) at = now();
  return (faults_ ? send_out_faulted(at) : send_out(at)) || worked;
}

bool WallDriver::take_in(Instant at) {
  const std::span<const ArrivedPacket> packets = carrier_.poll();
  for (const ArrivedPacket& packet : packets)
    node_.on_packet({packet.source, packet.congestion_seen, false, packet.bytes, 0}, at);
  return !packets.empty();
}

// Making a packet may include computing its values, so the clock is read again.
bool WallDriver::send_out(Instant at) {
  bool sent = false;
  while (const std::optional<PacketBurst> burst =
             node_.write_burst(carrier_.room(), carrier_.burst_max(), at)) {
    carrier_.send_built({burst->destination, burst->segment, burst->size});
    node_.catch_up();
    sent = true;
    at = now();
  }
  return sent;
}

bool WallDriver::take_in_faulted(Instant at) {
  bool taken = false;
  for (int i = 0; i < kInputBurst; ++i) {
    std::optional<Datagram> datagram = faults_->receive(at);
    if (!datagram) break;
    machine_.on_input(std::move(*datagram), at);
    taken = true;
  }
  return taken;
}

bool WallDriver::send_out_faulted(Instant at) {
  bool sent = false;
  while (std::optional<Datagram> datagram = machine_.poll_output(at)) {
    faults_->send(std::move(*datagram), at);
    sent = true;
    at = now();
  }
  return sent;
}

void WallDriver::rest(Instant idle_since) {
  if (options_.wait == WaitMode::kSpin) return;
  const Instant at = now();
  if (options_.wait == WaitMode::kSpinThenBlock && at - idle_since < options_.spin) return;
  const Instant next =
      faults_ ? std::min(machine_.next_deadline(), faults_->next_wake()) : machine_.next_deadline();
  pulse_.begin_wait();
  if (next == kNever)
    carrier_.wait(Duration{-1});
  else if (next > at)
    carrier_.wait(next - at);
  pulse_.begin_work();
}

}  // namespace soliton
