// Every knob of LTL, with its unit and what gets worse when it is turned (docs/ltl.md has the
// table).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "protocol/base/quantity.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/wire/packet_security.h"

namespace soliton {

enum class RecoveryMode : std::uint8_t { kSelective, kGoBackN };

inline constexpr std::size_t kWeightedChannels = 8;

// DCQCN (Zhu et al., "Congestion Control for Large-Scale RDMA Deployments", SIGCOMM 2015), driven
// by marks of the network. It costs nothing while a connection has never been marked.
struct CongestionOptions {
  bool enabled = true;                // off: marks are neither reported nor heeded
  BitRate line_rate{40'000'000'000};  // where a rate begins and ends. Below the real one: wasted
  BitRate rate_min{100'000'000};      // Lower: long silence after many marks
  // Receiver: at most one notification a connection in this time. Lower: packets; higher: slow to
  // react.
  Duration cnp_interval = microseconds(50);
  std::uint32_t alpha_gain = 256;  // weight of a sample of congestion is 1/256. Lower: jumpy
  Duration alpha_timer = microseconds(55);  // without a notification alpha decays once in this time
  Duration rate_timer = microseconds(55);   // between steps up. Lower: faster, and overshoots
  Bytes byte_counter{10'000'000};           // a step up after so many bytes, too
  std::uint32_t recovery_steps = 5;   // half-way back to the old rate so often, then additive steps
  BitRate additive_step{40'000'000};  // Higher: faster to a free line, more marks with many senders
};

struct LtlOptions {
  std::uint32_t mtu =
      1408;  // payload bytes a packet. Lower: more headers; higher: longer store and forward
  // Packets in flight per connection, a power of two up to kLtlWindowMax. Lower than rate times
  // round trip: the line idles.
  std::uint32_t window = 128;
  Bytes credit{1 << 20};  // receiver bytes granted per connection
  // The least time after which a packet is sent again though nothing proves it lost: the last
  // resort, when probes have gone unanswered for longer than the path could hold them (LtlPath).
  // Lower: faster recovery from silence, more needless resends.
  Duration timeout = microseconds(50);
  Duration timeout_max = milliseconds(10);  // ceiling of the doubling
  // A gap this old is a loss; a connection whose packets turn out to overtake each other waits
  // longer by itself. Higher: fewer needless resends where links reorder, later repairs.
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
  // Floor of the timeout in smoothed round trips, for paths of which nothing is known beforehand:
  // wall time wants 4.
  std::uint32_t timeout_rtts = 0;
  // Bursts from one request for an answer at once to the next, which costs a packet and gives a
  // sample of the round trip. Lower: more packets; higher: the smoothed round trip lags.
  std::uint32_t sample_every = 16;
  // What the receiver is charged for a packet beyond its fragment. Lower than its carrier charges:
  // receive buffers overflow.
  Bytes credit_overhead{32};
  // Messages to one connection that wait together share packets up to this much payload; 0: each
  // message has packets of its own. At most the MTU counts. Higher: fewer headers and interrupts;
  // but on an idle line the first of them waits for the last to be on the line.
  Bytes packing{1408};
  // Off: the checksum is neither made nor looked at. Only where nothing can damage a packet.
  bool crc = true;
  // Packet store of one node, shared by all its connections: copied messages and packets that wait
  // for an earlier one. It grows up to here. Lower: send() answers kWouldBlock and packets behind a
  // gap are dropped.
  Bytes store{std::int64_t{64} << 20};
  // New packets a channel may send in a row when others want to send as well; channels from
  // kWeightedChannels on have weight 1. Channel 0, control, goes first and has none.
  std::array<std::uint8_t, kWeightedChannels> weights = {1, 1, 1, 1, 1, 1, 1, 1};
  // Connections are opened on the wire, with epochs and a proof of the run's key, before they carry
  // messages. Off: they are what the deployment says, from the beginning.
  bool handshake = false;
  AuthMode auth = AuthMode::kNone;  // security block of every packet
  // PINGs that a peer may leave unanswered, one timeout apart, while something is outstanding,
  // before it is dead. 0: never; kMissesAuto: from the measured loss. Lower: live peers are buried;
  // higher: a spare comes later.
  std::uint32_t misses = 0;
  // Nobody is dead before so long a silence: a busy host puts a process to sleep for milliseconds.
  Duration silence_min{};
  CongestionOptions congestion;
};

inline constexpr std::uint32_t kMissesAuto = UINT32_MAX;
inline constexpr std::uint32_t kLtlWindowMax = 65'536;  // packets

// Bytes behind the header of a report that names every gap of a window, as far as a packet holds
// them.
std::size_t report_bytes_max(const LtlOptions& options);

// What is known of the way to a peer before anything was sent. All zero where nothing is: over real
// networks.
struct LtlPath {
  // There and back on an idle network: a packet of the MTU, and its acknowledgement.
  Duration round_trip{};
  // How much longer the queues of the path can keep the two; the own port's is not among them.
  Duration hold{};
  // The own port on it. Packets wait there for each other, and time begins when one leaves. 0:
  // they leave at once.
  BitRate line{};
  std::uint16_t port = 0;

  bool known() const { return round_trip.count() > 0; }
  bool operator==(const LtlPath&) const = default;
};

// What is wrong with `options`, or nothing. Ltl's constructor requires nothing to be wrong.
Status check(const LtlOptions& options);

}  // namespace soliton
