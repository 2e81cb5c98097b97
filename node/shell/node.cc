#include "node/shell/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "protocol/base/chaos_site.h"
#include "protocol/base/check.h"

namespace soliton {

Node::Node(const Deployment& deployment) : Node(deployment, nullptr) {
  if (const RoleKind* kind = deployment.role.kind())
    role_ = kind->make(deployment.role, deployment, &trace_);
  outlives_peers_ = role_ && role_->outlives_peers();
}

Node::Node(const Deployment& deployment, std::unique_ptr<Role> role)
    : deployment_(deployment),
      trace_(deployment.trace_events),
      ltl_trace_(deployment.trace_events ? SIZE_MAX : 0),
      ltl_(deployment.id, deployment.ltl, deployment.connections, &ltl_trace_, deployment.identity),
      role_(std::move(role)),
      outlives_peers_(role_ && role_->outlives_peers()) {
  for (std::size_t i = 0; i < deployment.connections.size(); ++i)
    connections_.push_back({deployment.connections[i].peer, deployment.connections[i].channel == 0,
                            ConnectionId{static_cast<std::uint16_t>(i)}});
  std::ranges::stable_sort(connections_, {}, key_of);
}

void Node::open_connections(Instant now) {
  for (std::uint32_t row = 0; row < deployment_.connections.size(); ++row)
    ltl_.open(ConnectionId{static_cast<std::uint16_t>(row)}, now);
}

void Node::start(Instant at) {
  if (role_) role_->start(at);
}

void Node::on_input(Datagram datagram, Instant now) {
  std::vector<std::byte>& bytes = datagram.payload.bytes;
  burst_.on_packet(
      {datagram.source, datagram.congestion_seen, datagram.damaged, bytes, datagram.payload.ghost},
      now);
  take_deliveries(bytes, now);
  ltl_.recycle(std::move(bytes));
  take_events();
}

void Node::on_packet(const PacketView& packet, Instant now) {
  burst_.on_packet(packet, now);
  std::vector<std::byte> none;  // the packet is the carrier's
  take_deliveries(none, now);
  take_events();
}

void Node::take_deliveries(std::vector<std::byte>& packet, Instant now) {
  while (std::optional<LtlDelivery> delivery = ltl_.poll_delivery(packet)) {
    if (!role_) continue;
    ++delivered_;
    const NodeId peer = deployment_.connections[index(delivery->connection)].peer;
    role_->on_message(peer, std::move(delivery->message), now);
  }
}

void Node::take_events() {
  while (ltl_.has_event()) {
    const LtlEvent event = *ltl_.poll_event();
    switch (event.kind) {
      case LtlEvent::Kind::kDead:
        lose(event, LostPeer::How::kDead);
        break;
      case LtlEvent::Kind::kRefused:
        lose(event, LostPeer::How::kRefused);
        break;
      case LtlEvent::Kind::kClosed:
        lose(event, LostPeer::How::kClosed);
        break;
      case LtlEvent::Kind::kRestarted:
        lose(event, LostPeer::How::kRestarted);
        break;
      case LtlEvent::Kind::kOpened:
      case LtlEvent::Kind::kSuspect:
        break;
    }
  }
}

// Messages that wait for a lost peer are dropped, and the role is told that the peer is blocked;
// otherwise a role that makes messages as fast as they leave would go on for ever.
void Node::lose(const LtlEvent& event, LostPeer::How how) {
  const NodeId peer = deployment_.connections[index(event.connection)].peer;
  backlog_.erase(event.connection);
  if (outlives_peers_) return;
  lost_.push_back({how, peer, event.at, event.detail, event.silence});
  if (role_) role_->on_blocked(peer);
}

RunEnd Node::run_end() const {
  RunEnd end{.came = ended(), .next = ltl_.dead_at_least(), .notice = ltl_.dead_notice()};
  if (!outlives_peers_) return end;
  const RunEnd role = role_->run_end();
  end.next = std::min(end.next, role.next);
  end.notice = std::min(end.notice, role.notice);
  return end;
}

Instant Node::ended() const {
  Instant came = outlives_peers_ ? role_->run_end().came : kNever;
  for (const LostPeer& lost : lost_)
    if (lost.how == LostPeer::How::kDead) came = std::min(came, lost.at);
  return came;
}

void Node::hot_memory(std::vector<std::span<const std::byte>>& out) const {
  out.push_back(std::as_bytes(std::span(this, 1)));
  ltl_.hot_memory(out);
  // What kind of role it is is not known here: of most, this is what they look at first.
  constexpr std::size_t kRoleBytes = 256;
  if (role_) out.emplace_back(reinterpret_cast<const std::byte*>(role_.get()), kRoleBytes);
}

std::optional<Datagram> Node::poll_output(Instant now) {
  pump_role({}, now);
  std::optional<Datagram> datagram = ltl_.poll_output(now);
  if (!ltl_trace_.empty()) collect_ltl_trace();
  return datagram;
}

std::optional<PacketBurst> Node::write_burst(std::span<std::byte> room, std::uint32_t packets_max,
                                             Instant now) {
  if (const std::optional<PacketBurst> packet = pump_role(room, now)) return packet;
  const std::optional<PacketBurst> burst = burst_.write(room, packets_max, now);
  if (!ltl_trace_.empty()) collect_ltl_trace();
  return burst;
}

// Messages are traced by the roles, which know the request they belong to and whether it is traced.
void Node::collect_ltl_trace() {
  for (const TraceEvent& event : ltl_trace_.take())
    if (event.kind == TraceKind::kRetransmit || event.kind == TraceKind::kTimeout)
      trace_.record(event);
}

void Node::retry_backlog(Instant now) {
  for (auto next = backlog_.begin(); next != backlog_.end();) {
    auto& [connection, waiting] = *next;
    while (!waiting.empty() && try_send(connection, std::move(waiting.front()), now))
      waiting.pop_front();
    if (!waiting.empty()) {
      ++next;
      continue;
    }
    role_->on_room(deployment_.connections[index(connection)].peer);
    next = backlog_.erase(next);
  }
}

ConnectionId Node::connection_to(NodeId peer, bool control) const {
  // Of several connections the last one is used.
  const std::pair wanted(peer, control);
  const auto end = std::ranges::upper_bound(connections_, wanted, {}, key_of);
  SOLITON_CHECK_MSG(end != connections_.begin() && key_of(*std::prev(end)) == wanted,
                    "{} has no connection to node {}", deployment_.node, index(peer));
  return std::prev(end)->connection;
}

// Messages that LTL had no room for go first. With `room`, a message that nothing is waiting ahead
// of is written straight into a packet, without a copy in LTL's queue.
std::optional<PacketBurst> Node::pump_role(std::span<std::byte> room, Instant now) {
  if (!role_) return std::nullopt;
  retry_backlog(now);
  while (std::optional<RoleMessage> next = role_->poll_message(now)) {
    const ConnectionId connection = connection_to(next->peer, next->control);
    Payload& message = next->message;
    // Order within a connection is kept: once a message waits, later ones wait behind it.
    if (!backlog_.contains(connection) || SOLITON_PLANTED(kBacklogOvertaken)) {
      if (!room.empty() && message.ghost == 0)
        if (const auto packet = burst_.send_now(connection, {message.bytes, {}}, room, now))
          return packet;
      if (try_send(connection, std::move(message), now)) continue;
    }
    backlog_[connection].push_back(std::move(message));
    role_->on_blocked(next->peer);
  }
  return std::nullopt;
}

bool Node::try_send(ConnectionId connection, Payload&& message, Instant now) {
  const Status sent = ltl_.send(connection, std::move(message), now);
  if (sent) return true;
  if (sent.error().code == ErrorCode::kWouldBlock) return false;
  SOLITON_CHECK_MSG(sent.error().code == ErrorCode::kBroken, "{}", sent.error().message);
  return true;
}

Instant Node::next_deadline() const {
  const Instant ltl = ltl_.next_deadline();
  return role_ ? std::min(ltl, role_->next_deadline()) : ltl;
}

void Node::on_deadline(Instant now) {
  if (ltl_.next_deadline() <= now) {
    ltl_.on_deadline(now);
    take_events();
  }
  if (role_) role_->on_deadline(now);
}

std::vector<std::string> Node::describe_outstanding(Instant now) const {
  std::vector<std::string> out;
  if (role_)
    for (const std::string& line : role_->describe_outstanding())
      out.push_back(fmt::format("{}: {}", deployment_.node, line));
  for (const std::string& line : ltl_.describe_outstanding(now, *deployment_.node_names))
    out.push_back(fmt::format("{}: {}", deployment_.node, line));
  return out;
}

}  // namespace soliton
