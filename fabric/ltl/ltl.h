// LTL, the lightweight transport layer: in-order exactly-once messages of any size over datagrams
// that may be lost.
//
// One Ltl object is one node's end of all its connections. It owns no clock, socket or thread: the
// driver passes `now`, feeds datagrams in and drains datagrams, deliveries and deadlines.
// Connections are static and come from the deployment.
//
//   ltl.send(connection, message, now);
//   while (auto datagram = ltl.poll_output(now)) link.send(*datagram, now);
//   ltl.on_input(datagram, now);
//   while (auto delivery = ltl.poll_delivery()) ...
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fabric/link.h"
#include "protocol/base/histogram.h"
#include "protocol/base/quantity.h"
#include "protocol/base/result.h"
#include "protocol/base/trace.h"

namespace soliton {

enum class RecoveryMode : std::uint8_t { kSelective, kGoBackN };

struct LtlOptions {
  std::uint32_t mtu =
      1408;  // payload bytes a packet. Lower: more headers; higher: longer store and forward
  std::uint32_t window = 128;  // packets in flight per connection, a power of two, <= 256
  Bytes credit{1 << 20};       // receiver bytes granted per connection
  Duration timeout =
      microseconds(50);  // last resort. Lower: faster recovery, more needless resends
  Duration timeout_max = milliseconds(10);  // ceiling of the doubling
  // 0: a gap is a loss at once. Higher: fewer needless resends where links reorder.
  Duration reorder_tolerance{};
  std::uint32_t ack_every = 4;  // packets received before a bare ACK
  Bytes queue_limit{std::int64_t{2}
                    << 30};  // unsent bytes per connection before send() answers kWouldBlock
  RecoveryMode recovery = RecoveryMode::kSelective;
  std::uint32_t first_sequence = 0;  // tests start near the wrap
  // A single packet is acknowledged after this unless data carries the ACK before. Lower: more bare
  // ACKs in request/response traffic; higher: a lost last packet is noticed later, as the sender's
  // tail probe waits for it.
  Duration ack_delay = microseconds(4);
  // Floor of the timeout in smoothed round trips; 0: the timeout is fixed, as in hardware. Wall
  // time wants 4.
  std::uint32_t timeout_rtts = 0;
  // What the receiver is charged for a packet beyond its fragment. Lower than its carrier charges:
  // receive buffers overflow.
  Bytes credit_overhead{32};
};

// What is wrong with `options`, or nothing. Ltl's constructor requires nothing to be wrong.
Status check(const LtlOptions& options);

struct LtlConnection {
  NodeId peer{};
  std::uint16_t remote_index = 0;  // this connection's row in the peer's table
  std::uint16_t cookie = 0;        // agreed at deployment; packets with another one are stale
  std::uint8_t channel = 1;        // virtual channel; 0 is control
};

struct LtlDelivery {
  ConnectionId connection{};
  Payload message;
};

struct LtlStats {
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_delivered = 0;
  std::uint64_t packets_sent = 0;  // all kinds, resends included
  std::uint64_t bytes_sent = 0;    // LTL packets with their headers
  std::uint64_t retransmitted = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t tail_probes = 0;
  std::uint64_t nacks_sent = 0;
  std::uint64_t duplicates_received = 0;
  std::uint64_t dropped_malformed = 0;
  std::uint64_t dropped_checksum = 0;
  std::uint64_t dropped_stale = 0;
  DurationHistogram rtt;
  void merge(const LtlStats& other);
};

class Ltl {
 public:
  // `connections[i]` is row i of this node's table; both ends of a connection have the same
  // options. `trace` may be null.
  Ltl(NodeId self, const LtlOptions& options, std::vector<LtlConnection> connections,
      TraceBuffer* trace = nullptr);
  ~Ltl();
  Ltl(const Ltl&) = delete;
  Ltl& operator=(const Ltl&) = delete;

  // Queues one message. Errors: kInvalid above 1 GiB, kWouldBlock when queue_limit is reached.
  // REQUIRES: `connection` is a row of the table.
  Status send(ConnectionId connection, Payload message, Instant now);
  void on_input(const Datagram& datagram, Instant now);
  // Drain until empty after every other call. Order: acknowledgements and control, resends, new
  // data by connection in turn.
  std::optional<Datagram> poll_output(Instant now);
  std::optional<LtlDelivery> poll_delivery();
  // kNever when nothing is outstanding.
  Instant next_deadline() const;
  void on_deadline(Instant now);

  // No packet unacknowledged, no message unsent.
  bool idle() const;
  // For explanations of a stall: "3 packets from sequence 17 unacknowledged to node 2 for 12 ms".
  std::vector<std::string> describe_outstanding(Instant now) const;
  const LtlStats& stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> x_;
};

}  // namespace soliton
