#include "fabric/ltl/ltl.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "fabric/ltl/impl.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

// The same number at both ends: names a message by sender, receiver, the receiver's row, and its
// ordinal there. 53 bits, so that it survives JSON.
std::int64_t flow_id(NodeId sender, NodeId receiver, std::uint16_t receiver_row,
                     std::uint64_t ordinal) {
  const std::uint64_t pair = std::uint64_t{index(sender)} << 32 | index(receiver);
  return static_cast<std::int64_t>(mix64(mix64(mix64(pair) ^ receiver_row) ^ ordinal) >> 11);
}

}  // namespace

Status check(const LtlOptions& o) {
  if (o.mtu < 1 || o.mtu > kLtlFragmentMax)
    return invalid(fmt::format("mtu is {} bytes; allowed: 1 to {}", o.mtu, kLtlFragmentMax));
  if (!std::has_single_bit(o.window) || o.window > ArrivalBitmap::kBits)
    return invalid(fmt::format("window is {} packets; allowed: powers of two up to {}", o.window,
                               ArrivalBitmap::kBits));
  if (o.credit.count < kLtlCreditUnit)
    return invalid(
        fmt::format("credit is {}; at least {} bytes", describe(o.credit), kLtlCreditUnit));
  if (o.timeout.count() <= 0 || o.timeout_max < o.timeout)
    return invalid("timeout must be above 0 and at most timeout_max");
  if (o.reorder_tolerance.count() < 0 || o.ack_delay.count() < 0)
    return invalid("reorder_tolerance and ack_delay cannot be negative");
  if (o.ack_every < 1) return invalid("ack_every is 0 packets; at least 1");
  if (o.queue_limit.count < 1 || o.credit_overhead.count < 0)
    return invalid("queue_limit must be above 0 and credit_overhead not below");
  return {};
}

Ltl::Impl::Impl(NodeId node, const LtlOptions& given, const std::vector<LtlConnection>& connections,
                TraceBuffer* buffer)
    : self(node),
      options(given),
      busy(connections.size(), false),
      control(connections.size()),
      resends(connections.size()),
      fresh(connections.size()),
      deadlines(connections.size()),
      trace(buffer) {
  const Status good = check(options);
  SOLITON_CHECK_MSG(good.has_value(), "{}", good.error().message);
  SOLITON_CHECK_MSG(connections.size() <= 65'536, "{} connections", connections.size());
  for (const LtlConnection& c : connections) table.emplace_back(c, options);
}

Status Ltl::Impl::send(ConnectionId connection, Payload message, Instant now) {
  const std::uint16_t row = index(connection);
  SOLITON_CHECK_MSG(row < table.size(), "connection {} of {}", row, table.size());
  Connection& c = table[row];
  if (message.size() > kMessageBytesMax)
    return invalid(fmt::format("message of {} bytes is above the limit of 1 GiB", message.size()));
  if (c.window.unsent_charge() >= static_cast<std::uint64_t>(options.queue_limit.count))
    return failure(ErrorCode::kWouldBlock, "too many bytes wait to be sent");
  const std::uint64_t ordinal = c.messages_sent++;
  ++stats.messages_sent;
  record(TraceKind::kMessageSent, now,
         flow_id(self, c.address.peer, c.address.remote_index, ordinal),
         static_cast<std::int64_t>(message.size()), index(c.address.peer));
  c.window.push(std::move(message));
  refresh(row, now);
  return {};
}

void Ltl::Impl::deliver(std::uint16_t row, std::vector<Payload>& messages, Instant now) {
  Connection& c = table[row];
  for (Payload& message : messages) {
    record(TraceKind::kMessageReceived, now,
           flow_id(c.address.peer, self, row, c.messages_received++),
           static_cast<std::int64_t>(message.size()), index(c.address.peer));
    ++stats.messages_delivered;
    c.receive_credit.hold(message.size(), now);
    deliveries.push_back({ConnectionId{row}, std::move(message)});
  }
  messages.clear();
}

std::optional<LtlDelivery> Ltl::Impl::poll_delivery() {
  if (deliveries.empty()) return std::nullopt;
  LtlDelivery out = std::move(deliveries.front());
  deliveries.pop_front();
  Connection& c = table[index(out.connection)];
  c.receive_credit.release(out.message.size());
  if (c.receive_credit.worth_telling()) {
    c.credit_due = true;
    control.add(index(out.connection));
  }
  return out;
}

void Ltl::Impl::refresh(std::uint16_t row, Instant now) {
  Connection& c = table[row];
  if (c.busy() != busy[row]) {
    busy[row] = c.busy();
    busy_count = c.busy() ? busy_count + 1 : busy_count - 1;
  }
  if (c.must_send_control()) control.add(row);
  if (c.window.has_lost()) resends.add(row);
  if (c.can_send_new()) fresh.add(row);
  if (c.blocked_by_credit()) c.timers.wait_for_credit(now);
  deadlines.set(row, c.deadline());
}

void Ltl::Impl::on_deadline(Instant now) {
  while (deadlines.earliest() <= now && deadlines.earliest() != kNever) {
    const auto row = static_cast<std::uint16_t>(deadlines.first());
    Connection& c = table[row];
    c.acks.expire(now);
    if (c.window.tolerance_deadline() <= now) c.window.expire_tolerance(now);
    const SendTimers::Due due = c.timers.expire(now);
    if (due == SendTimers::Due::kTailProbe) {
      ++stats.tail_probes;
      c.window.probe_tail();
    } else if (due == SendTimers::Due::kTimeout && c.window.in_flight() == 0) {
      c.ping_due = true;
    } else if (due == SendTimers::Due::kTimeout) {
      ++stats.timeouts;
      record(TraceKind::kTimeout, now, row, c.window.oldest(), index(c.address.peer));
      c.window.resend_oldest();
    }
    refresh(row, now);
  }
}

void Ltl::Impl::record(TraceKind kind, Instant now, std::int64_t a, std::int64_t b,
                       std::int64_t c) {
  if (trace == nullptr || !trace->enabled()) return;
  trace->record({now, Duration{}, self, kind, a, b, c});
}

std::string Ltl::Impl::describe(const Connection& c, Instant now) const {
  std::string text;
  if (c.window.in_flight() > 0)
    text = fmt::format("{} packets from sequence {} unacknowledged to node {} for {}",
                       c.window.in_flight(), c.window.oldest(), index(c.address.peer),
                       to_string(now - c.window.oldest_first_sent()));
  if (!c.window.has_unsent()) return text;
  if (!text.empty()) text += "; ";
  text += fmt::format("{} messages with {} unsent bytes to node {}", c.window.unsent_messages(),
                      c.window.unsent_bytes(), index(c.address.peer));
  if (!c.window.has_room())
    text += ", the window is full";
  else if (!c.can_send_new())
    text += ", waiting for its credit";
  return text;
}

Ltl::Ltl(NodeId self, const LtlOptions& options, std::vector<LtlConnection> connections,
         TraceBuffer* trace)
    : x_(std::make_unique<Impl>(self, options, connections, trace)) {}
Ltl::~Ltl() = default;

Status Ltl::send(ConnectionId connection, Payload message, Instant now) {
  return x_->send(connection, std::move(message), now);
}
void Ltl::on_input(const Datagram& datagram, Instant now) { x_->on_input(datagram, now); }
std::optional<Datagram> Ltl::poll_output(Instant now) { return x_->poll_output(now); }
std::optional<LtlDelivery> Ltl::poll_delivery() { return x_->poll_delivery(); }
Instant Ltl::next_deadline() const { return x_->deadlines.earliest(); }
void Ltl::on_deadline(Instant now) { x_->on_deadline(now); }
bool Ltl::idle() const { return x_->busy_count == 0; }
const LtlStats& Ltl::stats() const { return x_->stats; }

std::vector<std::string> Ltl::describe_outstanding(Instant now) const {
  std::vector<std::string> lines;
  for (const Connection& c : x_->table)
    if (c.busy()) lines.push_back(x_->describe(c, now));
  return lines;
}

}  // namespace soliton
