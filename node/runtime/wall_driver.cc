#include "node/runtime/wall_driver.h"

#include <algorithm>
#include <chrono>

namespace soliton {
namespace {

// Datagrams taken in before outputs are drained: bounds how long an acknowledgement waits behind
// input.
constexpr int kInputBurst = 32;

}  // namespace

WallDriver::WallDriver(boost::asio::io_context& context, UdpLink& socket, Link& link, Node& node,
                       std::int64_t start_ns, std::function<void()> after_turn)
    : context_(context),
      socket_(socket),
      link_(link),
      node_(node),
      start_ns_(start_ns),
      after_turn_(std::move(after_turn)),
      timer_(context) {}

Instant WallDriver::now() const {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return kRunStart + (std::chrono::duration_cast<std::chrono::nanoseconds>(since_boot) -
                      std::chrono::nanoseconds(start_ns_));
}

void WallDriver::run() {
  wait_for_input();
  turn();
  context_.run();
}

void WallDriver::wait_for_input() {
  socket_.socket().async_wait(boost::asio::ip::udp::socket::wait_read,
                              [this](const boost::system::error_code& error) {
                                if (error) return;
                                turn();
                                wait_for_input();
                              });
}

void WallDriver::turn() {
  bool more = true;
  while (more) {
    more = false;
    for (int taken = 0; taken < kInputBurst; ++taken) {
      const Instant at = now();
      std::optional<Datagram> datagram = link_.receive(at);
      if (!datagram) break;
      node_.on_input(std::move(*datagram), at);
      more = true;
    }
    if (const Instant at = now(); node_.next_deadline() <= at) {
      node_.on_deadline(at);
      more = true;
    }
    for (Instant at = now(); std::optional<Datagram> datagram = node_.poll_output(at); at = now())
      link_.send(std::move(*datagram), at);
  }
  after_turn_();
  wait_for_deadline();
}

void WallDriver::wait_for_deadline() {
  const Instant next = std::min(node_.next_deadline(), link_.next_wake());
  if (next == armed_ || next == kNever) return;
  armed_ = next;
  timer_.expires_after(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::max(next - now(), Duration{})));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    armed_ = kNever;
    turn();
  });
}

}  // namespace soliton
