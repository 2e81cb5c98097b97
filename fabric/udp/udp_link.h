// A Link over one UDP socket on loopback. Asio owns the socket and tells when it is readable; the
// data path calls the kernel on the native handle, without Asio's per-operation cost (transport
// design page, section 5).
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "fabric/link.h"
#include "protocol/base/result.h"

namespace soliton {

class UdpLink : public Link {
 public:
  // Binds 127.0.0.1, a port of the kernel's choice. kEnvironment when there is none.
  static Result<std::unique_ptr<UdpLink>> open(boost::asio::io_context& context);

  std::uint16_t port() const { return port_; }
  boost::asio::ip::udp::socket& socket() { return socket_; }
  // UDP port of every node; anything from another port is dropped and counted.
  void set_peers(NodeId self, const std::vector<std::uint16_t>& ports);

  // REQUIRES: set_peers() was called; no ghost bytes.
  void send(Datagram datagram, Instant now) override;
  std::optional<Datagram> receive(Instant now) override;
  Instant next_wake() const override { return kNever; }

  // Datagrams the kernel would not take, and datagrams from strangers.
  std::uint64_t refused_by_kernel() const { return refused_by_kernel_; }
  std::uint64_t from_strangers() const { return from_strangers_; }

 private:
  explicit UdpLink(boost::asio::ip::udp::socket socket);

  boost::asio::ip::udp::socket socket_;
  std::uint16_t port_ = 0;
  NodeId self_{};
  std::vector<std::uint16_t> ports_;                       // by NodeId
  std::vector<std::pair<std::uint16_t, NodeId>> by_port_;  // sorted
  std::array<std::byte, 65536> buffer_;
  std::uint64_t refused_by_kernel_ = 0;
  std::uint64_t from_strangers_ = 0;
};

}  // namespace soliton
