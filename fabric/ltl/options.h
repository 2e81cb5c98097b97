// Every option of LTL, with its unit and what gets worse when it is lower or higher
// (docs/cluster-file.md has the table).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "protocol/base/fields.h"
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
  // Minimum time between two notifications that a receiver sends on one connection. Lower: more
  // packets; higher: slow to react.
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
  // Minimum time after which a packet is sent again without proof that it was lost: the last
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
  // Floor of the timeout in smoothed round trips, for paths of which nothing is known beforehand.
  // Wall time needs 4.
  std::uint32_t timeout_rtts = 0;
  // Bursts from one request for an answer at once to the next, which costs a packet and gives a
  // sample of the round trip. Lower: more packets; higher: the smoothed round trip lags.
  std::uint32_t sample_every = 16;
  // Bytes charged to the receiver for each packet beyond its fragment. If lower than what its
  // carrier charges, receive buffers overflow.
  Bytes credit_overhead{32};
  // Messages to one connection that wait together share packets up to this much payload; 0: each
  // message has packets of its own. At most the MTU counts. Higher: fewer headers and interrupts;
  // but on an idle line the first of them waits for the last to be on the line.
  Bytes packing{1408};
  // Off: the checksum is neither computed nor verified. Only for carriers that cannot damage a
  // packet.
  bool crc = true;
  // Packet store of one node, shared by all its connections: copied messages and packets that wait
  // for an earlier one. It grows up to here. Lower: send() answers kWouldBlock and packets behind a
  // gap are dropped.
  Bytes store{std::int64_t{64} << 20};
  // New packets a channel may send in a row when others want to send as well; channels from
  // kWeightedChannels on have weight 1. Channel 0, control, goes first and has none.
  std::array<std::uint8_t, kWeightedChannels> weights = {1, 1, 1, 1, 1, 1, 1, 1};
  // Connections are opened on the wire, with epochs and a proof of the run's key, before they carry
  // messages. Off: the deployment defines them, and they are open from the start.
  bool handshake = false;
  AuthMode auth = AuthMode::kNone;  // security block of every packet
  // PINGs, one timeout apart, that a peer may leave unanswered while something is outstanding
  // before it is declared dead. 0: never; kMissesAuto: derived from the measured loss. Lower: live
  // peers are declared dead; higher: a spare takes over later.
  std::uint32_t misses = 0;
  // Minimum silence before a peer is declared dead: a busy host puts a process to sleep for
  // milliseconds.
  Duration silence_min{};
  CongestionOptions congestion;
};

inline constexpr std::uint32_t kMissesAuto = UINT32_MAX;
inline constexpr std::uint32_t kLtlWindowMax = 65'536;  // packets

// Bytes behind the header of a report that names every gap of a window, limited to what one packet
// holds.
std::size_t report_bytes_max(const LtlOptions& options);

// What is known of the path to a peer before anything was sent. All fields are zero if nothing is
// known, as over real networks.
struct LtlPath {
  // There and back on an idle network: a packet of the MTU, and its acknowledgement.
  Duration round_trip{};
  // How much longer the queues of the path can hold packet and acknowledgement, without the queue
  // of the own port.
  Duration hold{};
  // Rate of the own port. Packets wait there for each other, and the time of a packet begins when
  // it leaves. 0: packets leave at once.
  BitRate line{};
  std::uint16_t port = 0;

  bool known() const { return round_trip.count() > 0; }
  bool operator==(const LtlPath&) const = default;
};

// An error that says what is wrong with `options`. Ltl's constructor requires that there is none.
Status check(const LtlOptions& options);

// The keys of `ltl.congestion`, and what cluster files may say of each.
inline constexpr Duration kLtlLongest = milliseconds(60'000);
inline constexpr Bytes kLtlMost{std::int64_t{1} << 40};
void check_congestion_keys(void* congestion, FieldCheck& check);
inline constexpr Field kCongestionRows[] = {
    field<&CongestionOptions::enabled>("enabled", "Marks of the network are reported and heeded."),
    field<&CongestionOptions::line_rate>("line_rate", "Where a rate begins and ends.")
        .between(kSlowestRate, kFastestRate)
        .by_default("the topology's bandwidth")
        .trade("bandwidth is wasted", "queues grow before rates fall"),
    field<&CongestionOptions::rate_min>("rate_min", "No rate falls below this.")
        .between(kSlowestRate, kFastestRate)
        .trade("long silence after many marks", "many senders keep a queue full"),
    field<&CongestionOptions::cnp_interval>(
        "cnp_interval", "A receiver sends at most one notification per connection in this time.")
        .between(Duration{0}, kLtlLongest)
        .trade("more packets", "slow to react"),
    field<&CongestionOptions::alpha_gain>("alpha_gain",
                                          "A sample of congestion has the weight 1 / this value.")
        .between(1, 65'536)
        .trade("rates are jumpy", "rates react late"),
    field<&CongestionOptions::alpha_timer>(
        "alpha_timer",
        "Without a notification the estimate of congestion decays once in this time.")
        .between(nanoseconds(1), kLtlLongest)
        .trade("congestion is forgotten too soon", "one mark is remembered for long"),
    field<&CongestionOptions::rate_timer>("rate_timer", "Time between two steps up.")
        .between(nanoseconds(1), kLtlLongest)
        .trade("rates overshoot", "a free line stays idle for longer"),
    field<&CongestionOptions::byte_counter>("byte_counter",
                                            "A step up also follows after this many bytes sent.")
        .between(Bytes{1}, kLtlMost)
        .trade("rates overshoot", "fast connections recover late"),
    field<&CongestionOptions::recovery_steps>(
        "recovery_steps", "Steps half-way back to the old rate before the target itself rises.")
        .between(0, 1'000)
        .trade("more marks soon after a cut", "slow to find new bandwidth"),
    field<&CongestionOptions::additive_step>("additive_step",
                                             "Rise of the target per step after those.")
        .between(kSlowestRate, kFastestRate)
        .trade("slow to a free line", "more marks with many senders"),
};
inline constexpr FieldTable kCongestionFields =
    fields_of<CongestionOptions>("ltl_congestion", kCongestionRows).ruled(&check_congestion_keys);

// The keys of `ltl:`. Credit and store are at least two full windows unless the file says
// otherwise.
inline constexpr FieldWord kRecoveryModes[] = {word("selective", RecoveryMode::kSelective),
                                               word("go-back-n", RecoveryMode::kGoBackN)};
inline constexpr FieldWord kMissesWords[] = {word("off", 0U), word("auto", kMissesAuto)};
inline constexpr FieldWord kAuthModes[] = {word("none", AuthMode::kNone),
                                           word("header", AuthMode::kHeader),
                                           word("aead", AuthMode::kAead)};
// A jumbo frame without what is not LTL's.
inline constexpr Bytes kMtuMost{9'000};
void check_ltl_keys(void* ltl, FieldCheck& check);
inline constexpr Field kLtlRows[] = {
    field<&LtlOptions::mtu>("mtu", "Payload of a packet.")
        .as(FieldType::kBytes)
        .between(Bytes{64}, kMtuMost)
        .trade("more headers: 98 B per packet with the frame", "longer store and forward"),
    field<&LtlOptions::window>("window", "Packets in flight per connection, a power of two.")
        .between(1U, kLtlWindowMax)
        .in("packets")
        .trade("below rate times round trip the line idles, and the run warns",
               "104 B per packet for each connection that has some in flight; in go-back-N a hole "
               "costs more"),
    field<&LtlOptions::credit>("credit", "Receiver bytes granted per connection.")
        .between(Bytes{256}, kLtlMost)
        .by_default("1 MiB, or two full windows if those are more")
        .trade("the sender stops and waits",
               "receive buffers may overflow; above 16 MiB it is counted in larger units"),
    field<&LtlOptions::timeout>(
        "timeout",
        "Least time before a packet is sent again without proof that it was "
        "lost; longer if the path can hold a packet for longer.")
        .between(microseconds(1), kLtlLongest)
        .trade("needless resends in wall time, when a busy host delays acknowledgements",
               "a lost packet whose probes are lost too waits longer"),
    field<&LtlOptions::timeout_max>("timeout_max", "Ceiling of the timeout's doubling.")
        .between(microseconds(1), milliseconds(3'600'000))
        .trade("more resends into a dead line", "slow to notice that it is back"),
    field<&LtlOptions::reorder_tolerance>(
        "reorder_tolerance",
        "How long a gap may stay before it counts as a loss; a connection whose packets overtake "
        "each other learns to wait longer.")
        .between(Duration{0}, kLtlLongest)
        .trade("needless resends where links reorder", "later repairs"),
    field<&LtlOptions::ack_every>(
        "ack_every", "Packets received before a bare acknowledgement; over sockets at least 32.")
        .between(1, 256)
        .in("packets")
        .trade("more acknowledgements", "windows open late"),
    field<&LtlOptions::queue_limit>("queue_limit",
                                    "Unsent bytes per connection before a sender has to wait.")
        .between(Bytes{1}, kLtlMost)
        .trade("senders wait", "more memory"),
    field<&LtlOptions::recovery>("recovery", "What is sent again after a loss.")
        .spelled(kRecoveryModes),
    field<&LtlOptions::first_sequence>(
        "first_sequence", "Number of the first packet; near 2^32 it exercises the wrap.")
        .between(0U, UINT32_MAX),
    field<&LtlOptions::ack_delay>(
        "ack_delay", "Time before a single packet is acknowledged; over sockets at least 500 us.")
        .between(Duration{0}, kLtlLongest)
        .trade("more bare acknowledgements", "a lost last packet is noticed later"),
    field<&LtlOptions::timeout_rtts>("timeout_rtts",
                                     "Floor of the timeout in smoothed round trips.")
        .between(0, 1'000)
        .in("round trips")
        .trade("needless resends on paths of which nothing is known", "later repairs"),
    field<&LtlOptions::sample_every>(
        "sample_every",
        "Bursts from one measured round trip to the next; over sockets at least 256.")
        .between(1, 1'000'000)
        .in("bursts")
        .trade("more packets", "the smoothed round trip lags"),
    field<&LtlOptions::credit_overhead>(
        "credit_overhead", "Charged to the receiver for each packet beyond its payload.")
        .between(Bytes{0}, Bytes{65'536})
        .trade("small packets fill the carrier's buffer unseen", "senders stop early"),
    field<&LtlOptions::packing>("packing",
                                "Messages to one connection that wait together share packets up to "
                                "this payload; 0 B: never. Over sockets at least 1408 B.")
        .between(Bytes{0}, kMtuMost)
        .trade("more headers and interrupts",
               "on an idle line the first message waits for the last to be on the line"),
    field<&LtlOptions::crc>("crc",
                            "Checksum of every packet; `false` delivers damage, and is only for "
                            "memory within one host."),
    field<&LtlOptions::store>("store", "Packet store of a node, shared by its connections.")
        .between(kMtuMost, kLtlMost)
        .by_default("64 MiB, or two full windows if those are more")
        .trade("senders wait, and packets behind a gap are dropped", "more memory"),
    field<&LtlOptions::weights>(
        "weights",
        "New packets in a row of channel 0, 1, ... when several want to send; "
        "channel 0 goes first anyway.")
        .between(1, 255)
        .up_to(kWeightedChannels),
    field<&LtlOptions::handshake>(
        "handshake",
        "Connections are opened on the wire, with incarnation numbers and a "
        "proof of the run's key."),
    field<&LtlOptions::auth>("auth",
                             "`header`: a keyed tag in every packet, 16 B more; `aead`: payload "
                             "encrypted, the rest authenticated, 24 B more, in wall time only.")
        .spelled(kAuthModes)
        .by_default("aead beyond loopback, header over sockets of this host, none in virtual time"),
    field<&LtlOptions::misses>(
        "misses", "Unanswered PINGs before a peer is declared dead; auto: from the measured loss.")
        .spelled(kMissesWords)
        .between(1, 1'000)
        .trade("live peers are declared dead", "a dead peer is noticed late"),
    field<&LtlOptions::silence_min>("silence_min",
                                    "Minimum silence before a peer is declared dead.")
        .between(Duration{0}, milliseconds(3'600'000))
        .trade("a live peer whose host sleeps for milliseconds is declared dead",
               "a dead peer is noticed late"),
    map_field<&LtlOptions::congestion, kCongestionFields>("congestion",
                                                          "DCQCN, driven by marks of the network."),
};
inline constexpr FieldTable kLtlFields =
    fields_of<LtlOptions>("ltl", kLtlRows).ruled(&check_ltl_keys);

}  // namespace soliton
