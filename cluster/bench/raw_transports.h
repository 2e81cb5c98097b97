// Transports (pair.h) that LTL is compared with and that need no library: the physical limit, a
// bare ring, the kernel's sockets.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fabric/shm/inbox.h"

namespace soliton {

// Stream members for transports without streams.
struct NoStream {
  std::size_t send_some(std::span<const std::byte>, std::size_t) { return 0; }
  std::size_t receive_some(std::size_t) { return 0; }
  void settle() {}
  std::uint64_t wrong() const { return 0; }
};

// One word bounced between two cache lines: the lower bound for passing messages between two cores.
class FlagTransport : public NoStream {
 public:
  FlagTransport();
  ~FlagTransport();
  FlagTransport(const FlagTransport&) = delete;
  FlagTransport& operator=(const FlagTransport&) = delete;
  void become(bool server) { out_ = server ? 1 : 0; }
  void send(std::span<const std::byte> message);
  std::span<const std::byte> receive();

 private:
  struct Lines;
  Lines* lines_;
  std::size_t out_ = 0;
  std::uint64_t seen_ = 0;
  std::vector<std::byte> message_;  // as long as the last one sent, so that lengths agree
};

// Messages copied into and out of the rings that LTL's packets go through, and nothing else: no
// headers, losses or reordering.
class RingTransport {
 public:
  // Construction may fail; use the object only if made().
  explicit RingTransport(std::size_t bytes);
  bool made() const { return !inboxes_.empty(); }
  void become(bool server);
  void send(std::span<const std::byte> message);
  std::span<const std::byte> receive();
  std::size_t send_some(std::span<const std::byte> message, std::size_t want);
  std::size_t receive_some(std::size_t size);
  void settle() { from_.release(true); }
  std::uint64_t wrong() const { return wrong_; }

 private:
  std::vector<Inbox> inboxes_;  // by reader
  PacketProducer to_;
  PacketConsumer from_;
  std::vector<std::byte> message_;
  std::uint64_t wrong_ = 0;
};

enum class SocketKind : std::uint8_t { kUdp, kTcp, kUnix };

// A connected pair of sockets: one datagram per message or, over TCP, a length followed by the
// message.
class SocketTransport : public NoStream {
 public:
  SocketTransport(SocketKind kind, bool spin);
  ~SocketTransport();
  SocketTransport(const SocketTransport&) = delete;
  SocketTransport& operator=(const SocketTransport&) = delete;
  bool made() const { return sockets_[0] >= 0 && sockets_[1] >= 0; }
  void become(bool server);
  int descriptor() const { return socket_; }
  void send(std::span<const std::byte> message);
  std::span<const std::byte> receive();

 private:
  void make_udp();
  void make_tcp();
  std::size_t read_some(std::size_t at);
  std::span<const std::byte> receive_framed();

  SocketKind kind_;
  bool spin_;
  std::array<int, 2> sockets_ = {-1, -1};
  int socket_ = -1;
  std::vector<std::byte> in_;
  std::vector<std::byte> out_;
  std::size_t held_ = 0;  // TCP: bytes in in_ not yet taken
  std::size_t taken_ = 0;
};

// Boost.Asio's own asynchronous receive and send over UDP, polled.
class AsioTransport : public NoStream {
 public:
  AsioTransport() : sockets_(SocketKind::kUdp, true) {}
  bool made() const { return sockets_.made(); }
  void become(bool server);
  void send(std::span<const std::byte> message);
  std::span<const std::byte> receive();

 private:
  SocketTransport sockets_;  // made before the fork; Asio takes a duplicate of its end
  std::unique_ptr<boost::asio::io_context> context_;
  std::unique_ptr<boost::asio::ip::udp::socket> socket_;
  std::vector<std::byte> in_;
};

}  // namespace soliton
