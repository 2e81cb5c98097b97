// One row of the connection table: the state of both halves of a connection. Each concern has a
// class of its own; the decisions that need several of them are made here.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "fabric/ltl/acknowledger.h"
#include "fabric/ltl/congestion.h"
#include "fabric/ltl/credit.h"
#include "fabric/ltl/express.h"
#include "fabric/ltl/ltl.h"
#include "fabric/ltl/packet_guard.h"
#include "fabric/ltl/peer_watch.h"
#include "fabric/ltl/receive_window.h"
#include "fabric/ltl/send_window.h"
#include "fabric/ltl/timers.h"
#include "protocol/wire/handshake.h"

namespace soliton {

// Whether the two ends have agreed to talk. docs/ltl.md has the states as a picture.
struct Session {
  enum class State : std::uint8_t { kIdle, kOpening, kOpen, kRefused, kClosed, kDead };

  State state = State::kIdle;
  // The peer has proven that it knows this session, so its OPEN was not a replay and messages may
  // be sent.
  bool confirmed = false;
  bool open_due = false;
  bool opened_due = false;
  bool reset_due = false;
  bool close_due = false;
  ResetReason reason{};  // of the RESET that is due or was received
  std::uint32_t peer_epoch = 0;
  std::uint32_t attempts = 0;
  std::uint64_t nonce = 0;
  std::uint64_t peer_nonce = 0;
  std::uint64_t refused_nonce = 0;
  std::uint32_t opener_time_ns = 0;  // of the OPEN that is to be answered
  Instant retry_at = kNever;

  bool control_due() const { return open_due || opened_due || reset_due || close_due; }
};

struct Connection {
  Connection(ConnectionId self, const LtlConnection& to, const LtlOptions& options, Stores& stores)
      : address(to),
        window(options, stores),
        send_credit(options),
        timers(options, to.path),
        rate(options.congestion, to.path.line),
        receive(self, options, stores),
        receive_credit(options),
        acks(options),
        watch(options, to.path) {}

  ExpressLane express;
  LtlConnection address;
  Session session;
  std::unique_ptr<PacketGuard> guard;  // null without authentication

  SendWindow window;
  SendCredit send_credit;
  SendTimers timers;
  SampleRequests samples;
  RateControl rate;
  std::uint64_t messages_sent = 0;
  Instant ping_sent = kNever;  // of the PING that is not answered yet

  ReceiveWindow receive;
  ReceiveCredit receive_credit;
  Acknowledger acks;
  MarkReporter marks;
  std::uint64_t messages_received = 0;
  std::uint32_t pong_echo_ns = 0;
  std::uint32_t pong_echo_number = 0;
  PeerWatch watch;

  bool ping_due = false;
  bool probe_due = false;  // a PING too
  bool pong_due = false;
  bool credit_due = false;
  bool notify_due = false;
  bool counted_busy = false;
  bool window_was_full = false;

  bool open() const { return session.state == Session::State::kOpen; }
  bool busy() const { return window.in_flight() > 0 || window.has_unsent(); }
  void open_express(std::uint16_t row, bool possible) {
    express.clear = possible && open() && session.confirmed && !rate.limits() && window.plain() &&
                    receive.plain();
    express.ready = express.clear && !window.has_unsent() && window.has_room() &&
                    window.in_flight() < timers.under_way_max();
    if (express.clear) express.address(row, address.remote_index, address.cookie, address.channel);
  }
  bool may_send(Instant now) const { return !rate.limits() || rate.next_send() <= now; }
  bool can_send_new(Instant now) {
    return window.has_unsent() && session.confirmed && window.has_room() &&
           window.under_way() < timers.under_way_max() && may_send(now) &&
           send_credit.allows(window.charged(), window.next_charge());
  }
  bool can_resend(Instant now) const { return window.has_lost() && may_send(now); }
  // `data`: a packet of data could leave and carry the acknowledgement.
  bool must_send_control(bool data) const {
    return acks.nack_due() || acks.bare_due() || (acks.ack_due() && !data) || ping_due ||
           probe_due || pong_due || credit_due || notify_due || session.control_due();
  }
  bool must_send_control(Instant now) {
    return must_send_control(can_resend(now) || can_send_new(now));
  }
  Instant deadline(Instant now) const {
    Instant at = std::min({timers.deadline(), window.tolerance_deadline(), acks.deadline(),
                           watch.deadline(), session.retry_at});
    if (rate.limits() && rate.next_send() > now && (window.has_unsent() || window.has_lost()))
      at = std::min(at, rate.next_send());
    return at;
  }
};

}  // namespace soliton
