// Runs a node over real sockets: Asio waits, the steady clock is read once a turn, the node's verbs
// do the rest.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>

#include "fabric/link.h"
#include "fabric/udp/udp_link.h"
#include "node/shell/node.h"

namespace soliton {

class WallDriver {
 public:
  // `link` is `socket` or a wrapper of it; `start_ns` is CLOCK_MONOTONIC at run time 0.
  // `after_turn` runs after every turn of the loop (it hands finished requests on). References
  // outlive the driver.
  WallDriver(boost::asio::io_context& context, UdpLink& socket, Link& link, Node& node,
             std::int64_t start_ns, std::function<void()> after_turn);
  // Returns after context.stop().
  void run();
  Instant now() const;

 private:
  void wait_for_input();
  void wait_for_deadline();
  void turn();

  boost::asio::io_context& context_;
  UdpLink& socket_;
  Link& link_;
  Node& node_;
  std::int64_t start_ns_;
  std::function<void()> after_turn_;
  boost::asio::steady_timer timer_;
  Instant armed_ = kNever;
};

}  // namespace soliton
