// One row of the connection table: everything both halves of a connection know. The concerns have a
// class each; this is where they are seen together.
#pragma once

#include <algorithm>
#include <cstdint>

#include "fabric/ltl/acknowledger.h"
#include "fabric/ltl/credit.h"
#include "fabric/ltl/ltl.h"
#include "fabric/ltl/receive_window.h"
#include "fabric/ltl/send_window.h"
#include "fabric/ltl/timers.h"

namespace soliton {

struct Connection {
  Connection(const LtlConnection& to, const LtlOptions& options)
      : address(to),
        window(options),
        send_credit(options),
        timers(options),
        receive(options),
        receive_credit(options),
        acks(options) {}

  LtlConnection address;

  SendWindow window;
  SendCredit send_credit;
  SendTimers timers;
  SampleRequests samples;
  std::uint64_t messages_sent = 0;
  bool ping_due = false;
  Instant ping_sent = kNever;  // of the PING that is not answered yet

  ReceiveWindow receive;
  ReceiveCredit receive_credit;
  Acknowledger acks;
  std::uint64_t messages_received = 0;
  bool pong_due = false;
  std::uint32_t pong_echo_ns = 0;
  bool credit_due = false;

  bool busy() const { return window.in_flight() > 0 || window.has_unsent(); }
  bool can_send_new() const {
    return window.has_unsent() && window.has_room() &&
           window.under_way() < timers.under_way_max() &&
           send_credit.allows(window.charged(), window.next_charge());
  }
  bool blocked_by_credit() const {
    return window.has_unsent() && window.in_flight() == 0 && !can_send_new();
  }
  bool can_send_data() const { return window.has_lost() || can_send_new(); }
  bool must_send_control() const {
    return acks.nack_due() || acks.bare_due() || (acks.ack_due() && !can_send_data()) || ping_due ||
           pong_due || credit_due;
  }
  Instant deadline() const {
    return std::min({timers.deadline(), window.tolerance_deadline(), acks.deadline()});
  }
};

}  // namespace soliton
