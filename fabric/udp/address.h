// The address of a UDP socket: an IPv4 address and a port, both in host byte order.
#pragma once

#include <compare>
#include <cstdint>

namespace soliton {

inline constexpr std::uint32_t kLoopback = 0x7f000001;  // 127.0.0.1
// Whether only this host can send to the address.
constexpr bool is_loopback(std::uint32_t ipv4) { return ipv4 >> 24 == 127; }

struct UdpAddress {
  std::uint32_t host = kLoopback;
  std::uint16_t port = 0;  // 0: the kernel chooses one
  auto operator<=>(const UdpAddress&) const = default;
};

}  // namespace soliton
