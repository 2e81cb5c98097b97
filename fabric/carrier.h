// What moves packets in wall time: a UDP socket, or rings in shared memory. A carrier is a Link,
// and in addition offers calls that neither own nor copy packets, for a driver that counts
// nanoseconds:
//
//   for (const ArrivedPacket& packet : carrier.poll()) ltl.on_packet(...);   // read where it lies
//   while (auto burst = ltl.write_burst(carrier.room(), carrier.burst_max(), now))
//     carrier.send_built({burst->destination, burst->segment, burst->size});
//   if (nothing_happened) carrier.wait(until);
//
// A resource, not a value: its driver owns it. All calls come from one thread, except wake().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "fabric/link.h"
#include "protocol/base/check.h"
#include "protocol/base/fields.h"

namespace soliton {

struct ArrivedPacket {
  NodeId source{};
  bool congestion_seen = false;  // ECN CE
  std::span<const std::byte> bytes;
};

// Packets built in room(), back to back, each of `segment` bytes except the last, which may be
// shorter. `size` is the sum of their bytes.
struct BuiltBurst {
  NodeId destination{};
  std::size_t segment = 0;
  std::size_t size = 0;
};

struct CarrierCounters {
  std::uint64_t refused = 0;    // packets not taken: no room at the carrier or receiver
  std::uint64_t strangers = 0;  // packets whose source is not a peer
  // Sockets at which the kernel drops what is not from the only peer, and does not say how much.
  std::uint64_t blind = 0;
  // Packets lost at this host because its receive buffer was full.
  std::uint64_t host_drops = 0;

  // Unset: not all of them were seen.
  std::optional<std::uint64_t> strangers_seen() const {
    return blind == 0 ? std::optional(strangers) : std::nullopt;
  }
};
inline constexpr Field kCarrierRefusedRows[] = {
    derived<&CarrierCounters::strangers_seen>(
        "stranger",
        "Packets from an address that does not belong to a peer; `null`: a node has one peer only, "
        "and "
        "what others send to its socket the kernel drops without a count."),
};
inline constexpr Field kCarrierInnerRows[] = {
    field<&CarrierCounters::strangers>("strangers", "Packets whose source is not a peer."),
    field<&CarrierCounters::blind>("blind", "Sockets that see no strangers."),
    field<&CarrierCounters::refused>("refused", "Packets that the carrier did not take."),
    field<&CarrierCounters::host_drops>("host_drops",
                                        "Packets lost in the receive buffer of this host."),
};
inline constexpr FieldTable kCarrierRefusedFields =
    fields_of<CarrierCounters>("refused", kCarrierRefusedRows);
inline constexpr FieldTable kCarrierFields =
    fields_of<CarrierCounters>("carrier", kCarrierInnerRows);

class Carrier : public Link {
 public:
  // Packets that have arrived, at most one batch; empty if there are none. The views are valid
  // until the next poll() or wait().
  virtual std::span<const ArrivedPacket> poll() = 0;
  // Memory in which to build the next packet or burst; valid until send_built() or the next room().
  virtual std::span<std::byte> room() = 0;
  // Most packets that one burst may hold.
  virtual std::uint32_t burst_max() const = 0;
  virtual void send_built(const BuiltBurst& burst) = 0;
  // Sleeps until a packet may have arrived, wake() was called, or `at_most` has passed (negative:
  // no limit). May return early.
  virtual void wait(Duration at_most) = 0;
  // Ends the current or the next wait(). May be called from any thread.
  virtual void wake() = 0;
  virtual CarrierCounters counters() const = 0;

  // The calls of Link, in terms of the ones above. REQUIRES: the payload has no ghost bytes.
  void send(Datagram datagram, Instant) override {
    SOLITON_CHECK(datagram.payload.ghost == 0);
    const std::span<const std::byte> bytes(datagram.payload.bytes);
    const std::span<std::byte> to = room();
    SOLITON_CHECK_MSG(bytes.size() <= to.size(), "a packet of {} bytes in room for {}",
                      bytes.size(), to.size());
    std::copy(bytes.begin(), bytes.end(), to.begin());
    send_built({datagram.destination, bytes.size(), bytes.size()});
  }
  std::optional<Datagram> receive(Instant) override {
    if (waiting_.empty()) waiting_ = poll();
    if (waiting_.empty()) return std::nullopt;
    const ArrivedPacket& packet = waiting_.front();
    Datagram datagram;
    datagram.source = packet.source;
    datagram.destination = self_;
    datagram.congestion_seen = packet.congestion_seen;
    datagram.payload.bytes.assign(packet.bytes.begin(), packet.bytes.end());
    waiting_ = waiting_.subspan(1);
    return datagram;
  }
  Instant next_wake() const override { return kNever; }

 protected:
  explicit Carrier(NodeId self) : self_(self) {}
  void set_self(NodeId self) { self_ = self; }

 private:
  NodeId self_;
  std::span<const ArrivedPacket> waiting_;  // polled and not yet handed on by receive()
};

}  // namespace soliton
