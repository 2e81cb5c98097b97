// Datagrams that nobody asked for, thrown at a port of loopback.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "protocol/wire/ltl_header.h"

namespace soliton {

using PacketBytes = std::vector<std::byte>;

// A packet with these fields, `length` bytes of body and a right checksum.
PacketBytes sealed_packet(LtlHeader header, std::uint16_t length);
// A whole packet of 1,024 bytes as a data packet would be, whose cookie is a guess.
PacketBytes guessed_data_packet();

// A socket that throws. With `from`, the sender's port is a forgery, for which the kernel wants a
// privilege: good() is false without it.
class Thrower {
 public:
  Thrower(std::uint16_t to, std::optional<std::uint16_t> from);
  ~Thrower();
  Thrower(const Thrower&) = delete;
  Thrower& operator=(const Thrower&) = delete;

  bool good() const { return socket_ >= 0; }
  // How many of `copies` the kernel took.
  std::size_t send(const PacketBytes& packet, std::size_t copies = 1) const;
  // Whether anything ever came back. Not with a forged sender.
  bool answered() const;

 private:
  PacketBytes framed(const PacketBytes& packet) const;

  int socket_ = -1;
  std::uint16_t to_;
  std::optional<std::uint16_t> from_;
};

// `per_second` copies of `packet` a second, from a thread of its own, until the end of the object.
class Flood {
 public:
  Flood(const Thrower& thrower, PacketBytes packet, double per_second);
  ~Flood();
  std::uint64_t sent() const { return sent_; }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> sent_{0};
  std::thread thread_;
};

// A packet of LTL that goes from port to port of loopback, whole and alone; unset: nobody may look, or
// none came within a second.
std::optional<PacketBytes> packet_on_the_way(std::uint16_t from, std::uint16_t to);

// What lies in the socket of a UDP port of loopback, not read yet, as the kernel counts it.
std::uint64_t unread_bytes(std::uint16_t port);

// The UDP port in a node's log, or 0.
std::uint16_t port_of_log(const std::string& log);

}  // namespace soliton
