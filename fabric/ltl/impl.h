// What is behind Ltl: the connection table, the order in which connections are served, and the
// counters.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "fabric/ltl/connection.h"
#include "fabric/ltl/deadline_tree.h"
#include "fabric/ltl/ltl.h"
#include "fabric/ltl/ready_queue.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {

struct Ltl::Impl {
  Impl(NodeId node, const LtlOptions& given, const std::vector<LtlConnection>& connections,
       TraceBuffer* buffer);

  // --- ltl.cc
  Status send(ConnectionId connection, Payload message, Instant now);
  std::optional<LtlDelivery> poll_delivery();
  void on_deadline(Instant now);
  // To be called after anything that may change what `row` wants to send or when it wants to wake.
  void refresh(std::uint16_t row, Instant now);
  void record(TraceKind kind, Instant now, std::int64_t a, std::int64_t b, std::int64_t c);
  std::string describe(const Connection& c, Instant now) const;

  // --- input.cc
  void on_input(const Datagram& datagram, Instant now);
  std::optional<DropCause> admit(const Datagram& datagram, Instant now);
  std::optional<DropCause> check_address(const LtlHeader& header, NodeId source) const;
  bool sensible(const LtlHeader& header) const;
  bool take_report(Connection& c, const LtlHeader& header, const Payload& packet, Instant now);
  bool take_packet(std::uint16_t row, const LtlHeader& header, const Payload& packet, Instant now);
  bool take_data(std::uint16_t row, const LtlHeader& header, const Payload& packet, Instant now);
  void take_pong(Connection& c, const LtlHeader& header, Instant now);
  void deliver(std::uint16_t row, std::vector<Payload>& completed, Instant now);
  void count_drop(DropCause cause);

  // --- output.cc
  std::optional<Datagram> poll_output(Instant now);
  Datagram control_packet(Connection& c, Instant now);
  Datagram acknowledgement(Connection& c, PacketKind kind, Instant now);
  Datagram resent_packet(std::uint16_t row, Instant now);
  Datagram new_packet(Connection& c, Instant now);
  Datagram data_packet(Connection& c, const Transmission& t, Instant now);
  LtlHeader header_for(Connection& c, PacketKind kind, Instant now);
  Datagram seal_packet(const Connection& c, const LtlHeader& header, Payload packet);

  NodeId self;
  LtlOptions options;  // referred to by the connections
  std::deque<Connection> table;
  std::vector<bool> busy;
  std::size_t busy_count = 0;
  ReadyQueue control;
  ReadyQueue resends;
  ReadyQueue fresh;
  DeadlineTree deadlines;
  std::deque<LtlDelivery> deliveries;
  std::vector<Payload> completed;  // scratch
  LtlStats stats;
  TraceBuffer* trace;
};

}  // namespace soliton
