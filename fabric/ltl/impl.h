// The implementation of Ltl: the connection table, the order in which connections are served, and
// the counters. Each group of functions below is defined in the file that its heading names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fabric/ltl/burst.h"
#include "fabric/ltl/channel_scheduler.h"
#include "fabric/ltl/connection.h"
#include "fabric/ltl/deadline_tree.h"
#include "fabric/ltl/delivery_queue.h"
#include "fabric/ltl/ltl.h"
#include "fabric/ltl/own_ports.h"
#include "fabric/ltl/ready_queue.h"
#include "fabric/ltl/stores.h"
#include "protocol/base/check.h"
#include "protocol/wire/handshake.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {

// A packet that was written: `size` real bytes, followed by `ghost` ghost bytes.
struct PacketOut {
  NodeId destination{};
  std::size_t size = 0;
  std::uint64_t ghost = 0;
};

// Copies head, then body. REQUIRES: `to` has room for both.
void copy_parts(const MessageParts& message, std::byte* to);

struct Ltl::Impl {
  Impl(NodeId node, const LtlOptions& given, const std::vector<LtlConnection>& connections,
       TraceBuffer* buffer, const LtlIdentity& who);

  // --- ltl.cc
  Status admit_message(Connection& c, std::uint64_t size);
  Status send(ConnectionId connection, Payload&& message, Instant now);
  Status send_copy(ConnectionId connection, const MessageParts& message, Instant now);
  void queue(std::uint16_t row, StoredMessage* message, Instant now);
  [[gnu::always_inline]] Connection& at(ConnectionId connection) {
    SOLITON_CHECK_MSG(index(connection) < table.size(), "row {}: there are {}", index(connection),
                      table.size());
    return table[index(connection)];
  }
  [[gnu::always_inline]] inline DeliveryQueue::Entry* take_message();
  void on_deadline(Instant now);
  // To be called after anything that may change what `row` wants to send or when it wants to wake.
  void refresh(std::uint16_t row, Instant now);
  void count_busy(Connection& c);
  void record(TraceKind kind, Instant now, std::int64_t a, std::int64_t b, std::int64_t c);
  bool tracing() const { return trace != nullptr && trace->enabled(); }
  std::string describe(Connection& c, Instant now, const std::string& peer);
  void expire_watch(std::uint16_t row, Instant now);
  void expire_timers(std::uint16_t row, Instant now);
  void count_window_wait(Connection& c);
  void tell(LtlEvent::Kind kind, std::uint16_t row, Instant now, std::uint32_t detail,
            Duration silence = {});
  // Ends the session: no message is sent or accepted on the connection any more.
  void end(std::uint16_t row, Session::State state, Instant now);

  // --- opening.cc
  void begin_opening(std::uint16_t row, Instant now);
  std::optional<DropCause> take_handshake(const LtlHeader& header, std::span<const std::byte> body,
                                          Instant now);
  std::optional<DropCause> take_open(std::uint16_t row, const LtlHeader& header,
                                     const OpenBody& body, Instant now);
  std::optional<DropCause> take_opened(std::uint16_t row, const LtlHeader& header,
                                       const OpenBody& body, Instant now);
  std::optional<DropCause> take_reset(std::uint16_t row, const ResetBody& body, Instant now);
  std::optional<ResetReason> objection(const OpenBody& body) const;
  void establish(std::uint16_t row, const OpenBody& body, bool confirmed, Instant now);
  void set_session_secrets(std::uint16_t row);
  void retry_opening(std::uint16_t row, Instant now);
  PacketOut write_handshake(Connection& c, std::uint16_t row, std::span<std::byte> room,
                            Instant now);
  PacketOut write_open(Connection& c, std::uint16_t row, LtlHeader& header,
                       std::span<std::byte> room);
  PacketOut write_reset(Connection& c, LtlHeader& header, std::span<std::byte> room);

  // --- input.cc
  void on_packet(const PacketView& packet, Instant now);
  std::optional<DropCause> admit(const PacketView& packet, Instant now);
  std::optional<DropCause> check_address(const LtlHeader& header, NodeId source) const;
  bool sensible(const LtlHeader& header) const;
  bool take_report(Connection& c, const LtlHeader& header, std::span<const std::byte> rest,
                   Instant now);
  void take_outcome(Connection& c, const LtlHeader& header, bool advanced,
                    const ReportOutcome& outcome, Instant now);
  bool take_packet(std::uint16_t row, const LtlHeader& header, std::span<const std::byte> rest,
                   std::uint64_t ghost, Instant now);
  bool take_data(std::uint16_t row, const LtlHeader& header, std::span<const std::byte> rest,
                 std::uint64_t ghost, Instant now);
  void take_pong(Connection& c, const LtlHeader& header, Instant now);
  void take_sample(Connection& c, Duration rtt);
  void account_delivered(std::uint16_t row, std::size_t first, Instant now);
  void count_drop(DropCause cause);

  // --- express.cc
  // These two have one caller each, and a call would be a tenth of their work.
  [[gnu::always_inline]] inline std::optional<PacketBurst> send_now(ConnectionId connection,
                                                                    const MessageParts& message,
                                                                    std::span<std::byte> room,
                                                                    Instant now);
  // Returns false, with no effect, if the packet does not qualify for the fast path.
  [[gnu::always_inline]] inline bool take_express(const PacketView& packet, Instant now);
  // Does what send_now() and take_express() have put off.
  void catch_up() {
    if (debts.row != ExpressDebts::kNoRow) pay_debts();
  }
  void pay_debts();
  bool book_exchange(Connection& c, const ExpressDebts::Received& in,
                     const ExpressDebts::Sent& out);
  void book_received(Connection& c, const ExpressDebts::Received& packet);
  void book_sent(Connection& c, const ExpressDebts::Sent& packet);
  void count_received(Connection& c);
  void count_sent(Connection& c, std::size_t bytes);
  void settle_deadline();

  // --- output.cc
  // The packet that leaves next; it does not change until it is written.
  struct Next {
    enum class Kind : std::uint8_t { kControl, kResend, kNew } kind;
    std::uint16_t row;
  };
  bool something_waits() const { return !control.empty() || !resends.empty() || !fresh.empty(); }
  std::optional<Next> next_ready(Instant now) {
    return something_waits() ? choose_next(now) : std::nullopt;
  }
  std::optional<Next> choose_next(Instant now);
  std::size_t real_size(const Next& next);
  PacketOut write(const Next& next, std::span<std::byte> room, Instant now);
  std::optional<PacketBurst> write_burst(std::span<std::byte> room, std::uint32_t packets_max,
                                         Instant now);
  std::optional<Datagram> poll_output(Instant now);
  PacketOut write_control(std::uint16_t row, std::span<std::byte> room, Instant now);
  PacketOut write_acknowledgement(Connection& c, PacketKind kind, std::span<std::byte> room,
                                  Instant now);
  PacketOut write_resent(std::uint16_t row, std::span<std::byte> room, Instant now);
  PacketOut write_new(Connection& c, std::span<std::byte> room, Instant now);
  // `leaves`: when it leaves the own port.
  PacketOut write_data(Connection& c, const Transmission& t, std::span<std::byte> room,
                       Instant leaves, Instant now);
  PacketOut write_ping(Connection& c, std::span<std::byte> room, Instant now);
  PacketOut write_pong(Connection& c, std::span<std::byte> room, Instant now);
  LtlHeader header_for(Connection& c, PacketKind kind, Instant now);
  // The rest of the report that a NACK or PONG carries; its bytes.
  std::size_t write_report(const Connection& c, std::span<std::byte> room) const {
    return c.receive.write_tail(
        room.subspan(prefix, std::min(report_bytes_max(options), room.size() - prefix)));
  }
  // The header in front of `real` bytes of payload that are in place, and `ghost` more.
  PacketOut finish(Connection& c, LtlHeader& header, std::span<std::byte> room, std::size_t real,
                   std::uint64_t ghost);
  // The same without a security block.
  PacketOut finish_bare(const Connection& c, LtlHeader& header, std::span<std::byte> room,
                        std::size_t real);

  std::size_t packet_bytes_max() const;

  NodeId self;
  LtlOptions options;  // referred to by the connections
  LtlIdentity identity;
  std::size_t prefix;  // bytes before a packet's payload
  Stores stores;
  std::vector<Connection> table;
  OwnPorts ports;
  std::size_t busy_count = 0;
  ReadyQueue control;
  ReadyQueue resends;
  ChannelScheduler fresh;
  DeadlineTree deadlines;
  ExpressDebts debts;
  std::uint32_t stale_deadline = ExpressDebts::kNoRow;  // its deadline is not in the tree yet
  DeliveryQueue deliveries;
  std::vector<std::byte> opened;  // a packet as it was before its encryption
  std::deque<LtlEvent> events;
  LtlStats stats;
  TraceBuffer* trace;
  const bool express_possible;  // nothing is recorded, and no payload is encrypted
};

}  // namespace soliton
