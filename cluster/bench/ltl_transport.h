// LTL over a carrier, as `soliton bench ltl` measures it: a node's transport without the node.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cluster/bench/ticks.h"
#include "fabric/carrier.h"
#include "fabric/ltl/burst.h"
#include "node/deployment/wall_options.h"

namespace soliton {

// One end of one connection, node 0 the client's and 1 the server's. With authentication, the first
// message opens the connection, before the measurement.
class LtlTransport {
 public:
  // `options` apply to both ends. The derived class opens the carrier in become().
  LtlTransport(const LtlOptions& options, WaitMode wait) : options_(options), wait_(wait) {}
  virtual ~LtlTransport() = default;

  void become(bool server) {
    self_ = NodeId{server ? 1U : 0U};
    carrier_ = open(server);
    LtlIdentity identity;
    identity.run_id = identity.epoch = 1;
    identity.key.fill(std::byte{0x6b});
    ltl_ = std::make_unique<Ltl>(self_, options_,
                                 std::vector<LtlConnection>{{NodeId{server ? 0U : 1U}, 0, 7, 1}},
                                 nullptr, identity);
    burst_.emplace(*ltl_);
    clock_ = std::make_unique<TickClock>();
    now_ = clock_->now();
  }

  void send(std::span<const std::byte> message) {
    if (const std::optional<PacketBurst> packet =
            burst_->send_now(ConnectionId{0}, {message, {}}, carrier_->room(), now_)) {
      carrier_->send_built({packet->destination, packet->size, packet->size});
      return burst_->catch_up();
    }
    while (!burst_->send(ConnectionId{0}, {message, {}}, now_)) turn();
    flush();
  }

  std::span<const std::byte> receive() {
    for (;;) {
      if (const std::optional<MessageView> message = burst_->next_message()) return message->bytes;
      while (!turn()) {
      }
    }
  }

  std::size_t send_some(std::span<const std::byte> message, std::size_t want) {
    std::size_t taken = 0;
    while (taken < want && burst_->send(ConnectionId{0}, {message, {}}, now_)) ++taken;
    flush();
    turn();
    return taken;
  }

  std::size_t receive_some(std::size_t size) {
    turn();
    std::size_t taken = 0;
    while (const std::optional<MessageView> message = burst_->next_message()) {
      wrong_ += message->bytes.size() != size;
      ++taken;
    }
    flush();
    return taken;
  }

  // The peer does not wait for the last acknowledgements, so they may be lost with this process.
  void settle() { flush(); }
  std::uint64_t wrong() const { return wrong_; }

 protected:
  virtual std::unique_ptr<Carrier> open(bool server) = 0;

 private:
  // Takes in packets; false if there were none. Only then are acknowledgements sent that no answer
  // has carried, and is the clock read, so that a packet that arrives after a pause waits for
  // neither.
  bool turn() {
    const std::span<const ArrivedPacket> packets = carrier_->poll();
    if (packets.empty()) {
      idle();
      return false;
    }
    unanswered_ = true;
    for (const ArrivedPacket& packet : packets)
      burst_->on_packet({packet.source, packet.congestion_seen, false, packet.bytes, 0}, now_);
    return true;
  }

  void idle() {
    if (unanswered_) flush();
    unanswered_ = false;
    if (wait_ != WaitMode::kBlock && ++looks_ % kLooksAClock != 0) return;
    now_ = clock_->now();
    const Instant deadline = ltl_->next_deadline();
    if (deadline <= now_) {
      ltl_->on_deadline(now_);
      flush();
    } else if (wait_ == WaitMode::kBlock) {
      carrier_->wait(deadline == kNever ? Duration{-1} : deadline - now_);
      now_ = clock_->now();
    }
  }

  void flush() {
    while (const std::optional<PacketBurst> burst =
               burst_->write(carrier_->room(), carrier_->burst_max(), now_))
      carrier_->send_built({burst->destination, burst->segment, burst->size});
  }

  // Polling memory takes a few nanoseconds, reading the clock ten.
  static constexpr std::uint32_t kLooksAClock = 8;

  LtlOptions options_;
  WaitMode wait_;
  NodeId self_{};
  std::unique_ptr<Carrier> carrier_;
  std::unique_ptr<Ltl> ltl_;
  std::optional<LtlBurst> burst_;
  std::unique_ptr<TickClock> clock_;
  Instant now_{};
  bool unanswered_ = false;
  std::uint32_t looks_ = 0;
  std::uint64_t wrong_ = 0;
};

}  // namespace soliton
