// How two incarnations of two nodes agree on a connection: one exchange, in which both prove the
// key of the run over who they are and what they expect.
//
// The cookie is a base that only the two know plus the epochs of both, each in a byte of its own: a
// pair of incarnations has no other's cookie (for 255 restarts of either). A sum would not do: an
// OPEN of a dead incarnation, replayed to a later one of its peer, makes a session of which one
// epoch is lower and the other higher than of the live one. The keys of a session are made of
// everything both have said.
#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "fabric/ltl/impl.h"

namespace soliton {
namespace {

// A purpose for derive_key(): what the key is for, and which connection it belongs to.
class Purpose {
 public:
  explicit Purpose(std::string_view what) {
    for (const char c : what) bytes_.push_back(static_cast<std::byte>(c));
  }
  Purpose& add(std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes_.push_back(static_cast<std::byte>(value >> shift));
    return *this;
  }
  Key of(const Key& key) const { return derive_key(key, bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

std::uint64_t first_word(const Key& key) { return load_big_64(key.data()); }

// One end of a connection as both name it.
struct End {
  std::uint32_t node;
  std::uint16_t row;
  std::uint32_t epoch;
  std::uint64_t nonce;
};

}  // namespace

void Ltl::Impl::begin_opening(std::uint16_t row, Instant now) {
  Connection& c = table[row];
  c.session.state = Session::State::kOpening;
  c.session.open_due = true;
  c.session.attempts = 0;
  c.session.retry_at = later(now, c.timers.ping_interval());
  c.session.nonce =
      first_word(Purpose("nonce").add(index(self)).add(identity.epoch).add(row).of(identity.key));
}

// An opener retries until it is answered. An answerer with messages retries until it is confirmed:
// its own OPEN also reaches a peer that has been replaced since it was answered.
void Ltl::Impl::retry_opening(std::uint16_t row, Instant now) {
  Session& session = table[row].session;
  session.retry_at = kNever;
  if (session.state != Session::State::kOpening && !table[row].busy()) return;
  session.open_due = true;
  const Duration least = table[row].timers.ping_interval();
  const Duration most = std::max(least, options.timeout_max);
  Duration wait = least;
  for (std::uint32_t i = 0; i < session.attempts && wait < most; ++i) wait = times(wait, 2);
  session.retry_at = later(now, std::min(wait, most));
}

std::optional<DropCause> Ltl::Impl::take_handshake(const LtlHeader& header,
                                                   std::span<const std::byte> bytes, Instant now) {
  if (!options.handshake) return DropCause::kNotAllowed;
  const std::uint16_t row = header.index;
  std::optional<DropCause> cause;
  if (header.kind == PacketKind::kReset) {
    const auto body = decode_reset(header, bytes, identity.key);
    if (!body) return DropCause::kUnproven;
    cause = take_reset(row, *body, now);
  } else {
    const auto body = decode_open(header, bytes, identity.key);
    if (!body) return DropCause::kUnproven;
    if (body->run_id != identity.run_id || body->node != table[row].address.peer ||
        body->peer != self || body->row != table[row].address.remote_index)
      return DropCause::kWrongSource;
    cause = header.kind == PacketKind::kOpen ? take_open(row, header, *body, now)
                                             : take_opened(row, header, *body, now);
  }
  refresh(row, now);
  return cause;
}

std::optional<ResetReason> Ltl::Impl::objection(const OpenBody& body) const {
  if (body.protocol != kLtlProtocol) return ResetReason::kVersion;
  if (body.image_hash != identity.image_hash) return ResetReason::kImage;
  if (body.mtu != options.mtu || body.window != options.window || body.auth != options.auth ||
      body.recovery != static_cast<std::uint8_t>(options.recovery) ||
      body.first_sequence != options.first_sequence)
    return ResetReason::kParameters;
  return std::nullopt;
}

std::optional<DropCause> Ltl::Impl::take_open(std::uint16_t row, const LtlHeader& header,
                                              const OpenBody& body, Instant now) {
  Session& session = table[row].session;
  // From an incarnation that is dead, has been replaced, or has closed the connection.
  const bool known = body.epoch == session.peer_epoch;
  if (body.epoch < session.peer_epoch || body.epoch == 0 ||
      (known && (session.state != Session::State::kOpen || body.nonce != session.peer_nonce)))
    return DropCause::kWrongCookie;
  session.opener_time_ns = header.time_ns;
  if (const auto reason = objection(body)) {
    session.reset_due = true;
    session.reason = *reason;
    session.refused_nonce = body.nonce;
    return std::nullopt;
  }
  if (!known) establish(row, body, false, now);
  session.opened_due = true;
  return std::nullopt;
}

std::optional<DropCause> Ltl::Impl::take_opened(std::uint16_t row, const LtlHeader& header,
                                                const OpenBody& body, Instant now) {
  Connection& c = table[row];
  Session& session = c.session;
  if (session.nonce == 0 || body.peer_nonce != session.nonce || body.peer_epoch != identity.epoch ||
      body.epoch < session.peer_epoch)
    return DropCause::kWrongCookie;
  if (session.state == Session::State::kOpen && body.nonce == session.peer_nonce) {
    // Both opened at once, or the answer is repeated because it was not confirmed.
    session.confirmed = true;
    session.retry_at = kNever;
    if (!c.busy()) c.acks.confirm();
    return std::nullopt;
  }
  // A later incarnation answers an OPEN that an earlier one had answered before: it knows only this
  // session.
  const bool reborn = body.epoch > session.peer_epoch && (session.state == Session::State::kOpen ||
                                                          session.state == Session::State::kDead);
  if (session.state != Session::State::kOpening && !reborn) return DropCause::kWrongCookie;
  if (const auto reason = objection(body)) {
    session.reason = *reason;
    tell(LtlEvent::Kind::kRefused, row, now, static_cast<std::uint32_t>(*reason));
    end(row, Session::State::kRefused, now);
    return std::nullopt;
  }
  // Only if there was a single OPEN is it clear which one was answered, so that the time is a
  // sample.
  const bool once = session.attempts == 1;
  establish(row, body, true, now);
  const auto elapsed = static_cast<std::int32_t>(wire_time(now) - header.time_ns);
  if (once && elapsed >= 0) c.timers.sample(nanoseconds(elapsed));
  // The answerer sends messages only after it has heard from us, because our OPEN might be a
  // replay.
  if (!c.busy()) c.acks.confirm();
  return std::nullopt;
}

std::optional<DropCause> Ltl::Impl::take_reset(std::uint16_t row, const ResetBody& body,
                                               Instant now) {
  const Session& session = table[row].session;
  if (session.state != Session::State::kOpening || body.run_id != identity.run_id ||
      body.peer_nonce != session.nonce || body.node != table[row].address.peer)
    return DropCause::kWrongCookie;
  tell(LtlEvent::Kind::kRefused, row, now, static_cast<std::uint32_t>(body.reason));
  end(row, Session::State::kRefused, now);
  return std::nullopt;
}

void Ltl::Impl::establish(std::uint16_t row, const OpenBody& body, bool confirmed, Instant now) {
  Connection& c = table[row];
  // What waits here or was in flight was meant for the old incarnation: end() discards it.
  const bool before = c.session.peer_epoch != 0;
  if (before) end(row, Session::State::kOpening, now);
  if (c.session.nonce == 0) {
    begin_opening(row, now);
    c.session.open_due = false;
  }
  c.session.state = Session::State::kOpen;
  c.session.open_due = false;
  c.session.retry_at = confirmed ? kNever : later(now, c.timers.ping_interval());
  c.session.attempts = 0;
  c.session.confirmed = confirmed;
  c.session.peer_epoch = body.epoch;
  c.session.peer_nonce = body.nonce;
  c.send_credit = SendCredit(options);
  c.send_credit.update(static_cast<std::uint16_t>(std::min<std::uint32_t>(body.credit, UINT16_MAX)),
                       true);
  c.watch.heard(now);
  set_session_secrets(row);
  ++stats.connections_opened;
  tell(before ? LtlEvent::Kind::kRestarted : LtlEvent::Kind::kOpened, row, now, body.epoch);
}

void Ltl::Impl::set_session_secrets(std::uint16_t row) {
  Connection& c = table[row];
  // Both ends must name the connection alike, so its ends are ordered by node and row instead of by
  // who computes this.
  End low{index(self), row, options.handshake ? identity.epoch : 0, c.session.nonce};
  End high{index(c.address.peer), c.address.remote_index, c.session.peer_epoch,
           c.session.peer_nonce};
  const bool we_are_low = std::pair(low.node, low.row) < std::pair(high.node, high.row);
  if (!we_are_low) std::swap(low, high);
  const auto name = [&](std::string_view what) {
    return Purpose(what)
        .add(identity.run_id)
        .add(low.node)
        .add(low.row)
        .add(high.node)
        .add(high.row)
        .add(c.address.channel);
  };
  if (options.handshake)
    c.address.cookie = static_cast<std::uint16_t>(first_word(name("cookie").of(identity.key)) +
                                                  low.epoch + (high.epoch << 8));
  if (!c.guard) return;
  const auto direction = [&](std::uint64_t which) {
    return name("packets")
        .add(c.address.cookie)
        .add(low.epoch)
        .add(high.epoch)
        .add(low.nonce)
        .add(high.nonce)
        .add(which)
        .of(identity.key);
  };
  c.guard->set_keys(direction(we_are_low ? 0 : 1), direction(we_are_low ? 1 : 0));
}

PacketOut Ltl::Impl::write_handshake(Connection& c, std::uint16_t row, std::span<std::byte> room,
                                     Instant now) {
  LtlHeader header;
  header.index = c.address.remote_index;
  header.channel = c.address.channel;
  if (c.session.close_due) {
    c.session.close_due = false;
    header.kind = PacketKind::kClose;
    header.cookie = c.address.cookie;
    header.ack = c.receive.expected();
    return finish(c, header, room, 0, 0);
  }
  if (c.session.reset_due) return write_reset(c, header, room);
  header.kind = c.session.opened_due ? PacketKind::kOpened : PacketKind::kOpen;
  header.time_ns = c.session.opened_due ? c.session.opener_time_ns : wire_time(now);
  return write_open(c, row, header, room);
}

PacketOut Ltl::Impl::write_open(Connection& c, std::uint16_t row, LtlHeader& header,
                                std::span<std::byte> room) {
  Session& session = c.session;
  OpenBody body;
  body.run_id = identity.run_id;
  body.node = self;
  body.peer = c.address.peer;
  body.epoch = identity.epoch;
  body.image_hash = identity.image_hash;
  body.nonce = session.nonce;
  body.mtu = options.mtu;
  body.window = static_cast<std::uint16_t>(options.window);
  body.credit =
      static_cast<std::uint32_t>(credit_units(options.credit.count, credit_unit(options)));
  body.row = row;
  body.auth = options.auth;
  body.recovery = static_cast<std::uint8_t>(options.recovery);
  body.first_sequence = options.first_sequence;
  if (std::exchange(session.opened_due, false)) {
    body.peer_epoch = session.peer_epoch;
    body.peer_nonce = session.peer_nonce;
  } else {
    session.open_due = false;
    ++session.attempts;
  }
  encode(body, header, identity.key, room.subspan(kLtlHeaderSize).first<OpenBody::kSize>());
  return finish_bare(c, header, room, OpenBody::kSize);
}

PacketOut Ltl::Impl::write_reset(Connection& c, LtlHeader& header, std::span<std::byte> room) {
  c.session.reset_due = false;
  header.kind = PacketKind::kReset;
  const ResetBody body{identity.run_id, c.session.refused_nonce, self, identity.epoch,
                       c.session.reason};
  encode(body, header, identity.key, room.subspan(kLtlHeaderSize).first<ResetBody::kSize>());
  return finish_bare(c, header, room, ResetBody::kSize);
}

}  // namespace soliton
