#include "fabric/udp/udp_link.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "protocol/base/check.h"

namespace soliton {
namespace {

// Large enough for a full window from each of a rack's nodes; the kernel grants what rmem_max
// allows.
constexpr int kReceiveBuffer = 4 << 20;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

UdpLink::UdpLink(boost::asio::ip::udp::socket socket) : socket_(std::move(socket)) {
  port_ = socket_.local_endpoint().port();
}

Result<std::unique_ptr<UdpLink>> UdpLink::open(boost::asio::io_context& context) {
  using boost::asio::ip::udp;
  boost::system::error_code error;
  udp::socket socket(context);
  socket.open(udp::v4(), error);
  if (!error) socket.bind(udp::endpoint(boost::asio::ip::address_v4::loopback(), 0), error);
  if (!error) socket.non_blocking(true, error);
  if (error) return failure(ErrorCode::kEnvironment, "UDP socket on 127.0.0.1: " + error.message());
  // Smaller buffers only mean more losses, which LTL repairs.
  socket.set_option(boost::asio::socket_base::receive_buffer_size(kReceiveBuffer), error);
  socket.set_option(boost::asio::socket_base::send_buffer_size(kReceiveBuffer), error);
  return std::unique_ptr<UdpLink>(new UdpLink(std::move(socket)));
}

void UdpLink::set_peers(NodeId self, const std::vector<std::uint16_t>& ports) {
  self_ = self;
  ports_ = ports;
  by_port_.clear();
  for (std::uint32_t node = 0; node < ports.size(); ++node)
    by_port_.emplace_back(ports[node], NodeId{node});
  std::sort(by_port_.begin(), by_port_.end());
}

void UdpLink::send(Datagram datagram, Instant) {
  SOLITON_CHECK(datagram.payload.ghost == 0 && index(datagram.destination) < ports_.size());
  const sockaddr_in address = loopback(ports_[index(datagram.destination)]);
  const std::vector<std::byte>& bytes = datagram.payload.bytes;
  const ssize_t sent = ::sendto(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT,
                                reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (sent < 0) ++refused_by_kernel_;
}

std::optional<Datagram> UdpLink::receive(Instant) {
  for (;;) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    const ssize_t size = ::recvfrom(socket_.native_handle(), buffer_.data(), buffer_.size(),
                                    MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&address), &length);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ECONNREFUSED)
      continue;  // a peer that has ended; the error is consumed by this call
    if (size < 0) return std::nullopt;
    const std::pair<std::uint16_t, NodeId> key{ntohs(address.sin_port), NodeId{0}};
    const auto peer = std::lower_bound(by_port_.begin(), by_port_.end(), key);
    if (peer == by_port_.end() || peer->first != key.first ||
        address.sin_addr.s_addr != htonl(INADDR_LOOPBACK)) {
      ++from_strangers_;
      continue;
    }
    Datagram datagram;
    datagram.source = peer->second;
    datagram.destination = self_;
    datagram.payload.bytes.assign(buffer_.begin(), buffer_.begin() + size);
    return datagram;
  }
}

}  // namespace soliton
