#include "fabric/udp/udp_carrier.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "protocol/base/check.h"

namespace soliton {
namespace {

// Large enough for a full window from each node of a rack; the kernel grants at most rmem_max.
constexpr int kReceiveBuffer = 4 << 20;
constexpr int kEcnMask = 3;
constexpr int kEcnCapable = 2;
constexpr int kEcnCongestion = 3;
// Number of consecutive receives that found a packet after which joining is switched on, and of
// receives that found at most one after which it is switched off.
constexpr std::uint32_t kBusy = 16;
constexpr std::uint32_t kQuiet = 4096;
constexpr std::size_t kControlBytes = 128;  // for the control messages of one receive

sockaddr_in socket_address(UdpAddress from) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(from.port);
  address.sin_addr.s_addr = htonl(from.host);
  return address;
}

bool try_again(int error) { return error == EINTR || error == ECONNREFUSED; }

// What the control messages of a receive say.
struct Remarks {
  std::size_t segment = 0;  // 0: one packet
  bool congestion_seen = false;
  std::uint32_t drops = 0;  // of the socket so far; 0: not stated
};

Remarks remarks_of(const msghdr& header) {
  Remarks out;
  for (const cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr;
       c = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(c))) {
    if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(c), sizeof segment);
      out.segment = static_cast<std::size_t>(std::max(segment, 0));
    } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
      std::uint8_t tos = 0;
      std::memcpy(&tos, CMSG_DATA(c), sizeof tos);
      out.congestion_seen = (tos & kEcnMask) == kEcnCongestion;
    } else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
      std::memcpy(&out.drops, CMSG_DATA(c), sizeof out.drops);
    }
  }
  return out;
}

// Offset in its page at which packets are built. The kernel copies a packet of 4 KiB a tenth of a
// microsecond slower if source and destination begin at the same offset of their pages, or in the
// middle of a cache line. The payload begins 32 to 56 bytes further on.
constexpr std::size_t kOutInPage = 528;

}  // namespace

// One header, address, control and 64 KiB of bytes for each receive of a batch.
struct UdpCarrier::Received {
  std::array<mmsghdr, kBatch> headers{};
  std::array<iovec, kBatch> vectors{};
  std::array<sockaddr_in, kBatch> addresses{};
  std::array<std::array<char, kControlBytes>, kBatch> control{};
  PageBuffer bytes{kBatch * kBuffer, 0};

  msghdr& prepare(std::size_t i, bool with_address) {
    vectors[i] = {bytes.begin() + i * kBuffer, kBuffer};
    msghdr& header = headers[i].msg_hdr;
    header.msg_name = with_address ? &addresses[i] : nullptr;
    header.msg_namelen = with_address ? sizeof addresses[i] : 0;
    header.msg_iov = &vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = control[i].data();
    header.msg_controllen = kControlBytes;
    return header;
  }
};

UdpCarrier::UdpCarrier(boost::asio::io_context& context, boost::asio::ip::udp::socket socket)
    : Carrier(NodeId{}),
      context_(context),
      socket_(std::move(socket)),
      timer_(context),
      in_(std::make_unique<Received>()),
      out_(kBuffer, kOutInPage) {
  port_ = socket_.local_endpoint().port();
  arrived_.reserve(kBatch * kBurst);
  fd_ = socket_.release();
}

UdpCarrier::~UdpCarrier() {
  if (!socket_.is_open()) ::close(fd_);
}

Result<std::unique_ptr<UdpCarrier>> UdpCarrier::open(boost::asio::io_context& context,
                                                     UdpAddress at) {
  using boost::asio::ip::udp;
  boost::system::error_code error;
  udp::socket socket(context);
  socket.open(udp::v4(), error);
  if (!error) socket.bind(udp::endpoint(boost::asio::ip::address_v4(at.host), at.port), error);
  if (!error) socket.non_blocking(true, error);
  if (error)
    return failure(ErrorCode::kEnvironment,
                   fmt::format("UDP socket on {}: {}",
                               boost::asio::ip::address_v4(at.host).to_string(), error.message()));
  std::unique_ptr<UdpCarrier> carrier(new UdpCarrier(context, std::move(socket)));
  carrier->marks_ = at.host != UdpAddress{}.host;
  carrier->set_options();
  return carrier;
}

// None of the options is essential: a smaller buffer only means more losses, which LTL repairs, and
// without control messages marks and drops are not known.
void UdpCarrier::set_options() {
  set_option(SOL_SOCKET, SO_RCVBUF, kReceiveBuffer);
  set_option(SOL_SOCKET, SO_SNDBUF, kReceiveBuffer);
  int granted = 0;
  socklen_t size = sizeof granted;
  if (getsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &granted, &size) == 0)
    receive_buffer_ = Bytes{granted};
  set_option(SOL_SOCKET, SO_RXQ_OVFL, 1);
  set_option(SOL_UDP, UDP_GRO, 1);
  if (!marks_) return;
  set_option(IPPROTO_IP, IP_TOS, kEcnCapable);  // may be marked where it would be dropped
  set_option(IPPROTO_IP, IP_RECVTOS, 1);
}

bool UdpCarrier::set_option(int level, int option, int value) {
  return setsockopt(fd_, level, option, &value, sizeof value) == 0;
}

void UdpCarrier::set_peers(NodeId self, const std::vector<std::uint16_t>& ports,
                           const std::vector<NodeId>& peers) {
  std::vector<UdpAddress> nodes;
  for (const std::uint16_t port : ports) nodes.push_back({UdpAddress{}.host, port});
  set_peers(self, nodes, peers);
}

void UdpCarrier::set_peers(NodeId self, const std::vector<UdpAddress>& nodes,
                           const std::vector<NodeId>& peers) {
  set_self(self);
  nodes_ = nodes;
  by_address_.clear();
  for (const NodeId peer : peers) by_address_.emplace_back(nodes[index(peer)], peer);
  std::sort(by_address_.begin(), by_address_.end());
  if (peers.size() != 1) return;
  only_peer_ = peers.front();
  const sockaddr_in address = socket_address(nodes[index(only_peer_)]);
  connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::span<const ArrivedPacket> UdpCarrier::poll() {
  arrived_.clear();
  if (connected_)
    receive_one();
  else
    receive_many();
  return arrived_;
}

void UdpCarrier::receive_one() {
  if (joined_)
    receive_joined();
  else
    receive_plain();
}

void UdpCarrier::receive_plain() {
  for (;;) {
    const ssize_t size = ::recv(fd_, in_->bytes.begin(), kBuffer, MSG_DONTWAIT);
    // The peer has ended or has not started yet: this call has consumed the error, so the next one
    // may succeed.
    if (size < 0 && try_again(errno)) continue;
    if (size < 0) {
      busy_ = 0;
      return;
    }
    arrived_.push_back({only_peer_, false, {in_->bytes.begin(), static_cast<std::size_t>(size)}});
    if (++busy_ == kBusy) set_joined(true);
    return;
  }
}

void UdpCarrier::receive_joined() {
  for (;;) {
    msghdr& header = in_->prepare(0, false);
    const ssize_t size = ::recvmsg(fd_, &header, MSG_DONTWAIT);
    if (size < 0 && try_again(errno)) continue;
    if (size >= 0) take(header, static_cast<std::size_t>(size));
    quiet_ = arrived_.size() > 1 ? 0 : quiet_ + 1;
    // Packets joined before the switch may still be in the queue, so joining is switched off only
    // when the queue is empty.
    if (size < 0 && quiet_ >= kQuiet && connected_ && !marks_) set_joined(false);
    return;
  }
}

void UdpCarrier::set_joined(bool on) {
  busy_ = quiet_ = 0;
  if (!set_option(SOL_UDP, UDP_GRO, on ? 1 : 0)) return;
  if (joined_ && !on)
    receive_joined();  // packets that arrived between the last receive and the switch
  joined_ = on;
}

void UdpCarrier::receive_many() {
  for (std::size_t i = 0; i < kBatch; ++i) in_->prepare(i, true);
  for (;;) {
    const int count = ::recvmmsg(fd_, in_->headers.data(), kBatch, MSG_DONTWAIT, nullptr);
    if (count < 0 && try_again(errno)) continue;
    for (int i = 0; i < count; ++i)
      take(in_->headers[static_cast<std::size_t>(i)].msg_hdr,
           in_->headers[static_cast<std::size_t>(i)].msg_len);
    return;
  }
}

// Packets received without control messages say nothing about drops, so the socket itself is asked.
CarrierCounters UdpCarrier::counters() const {
  CarrierCounters out = counters_;
  out.blind = connected_ ? 1 : 0;
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  if (getsockopt(fd_, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) == 0)
    out.host_drops = std::max<std::uint64_t>(out.host_drops, memory[SK_MEMINFO_DROPS]);
  return out;
}

std::optional<NodeId> UdpCarrier::source_of(const msghdr& header) {
  if (connected_) return only_peer_;
  const auto& address = *static_cast<const sockaddr_in*>(header.msg_name);
  const UdpAddress from{ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)};
  const std::pair<UdpAddress, NodeId> key{from, NodeId{0}};
  const auto peer = std::lower_bound(by_address_.begin(), by_address_.end(), key);
  if (peer == by_address_.end() || peer->first != from) return std::nullopt;
  return peer->second;
}

void UdpCarrier::take(const msghdr& header, std::size_t size) {
  const Remarks remarks = remarks_of(header);
  counters_.host_drops = std::max<std::uint64_t>(counters_.host_drops, remarks.drops);
  const std::optional<NodeId> source = source_of(header);
  if (!source) {
    ++counters_.strangers;
    return;
  }
  const std::span<const std::byte> bytes(static_cast<const std::byte*>(header.msg_iov->iov_base),
                                         size);
  const std::size_t segment =
      remarks.segment == 0 ? std::max<std::size_t>(size, 1) : remarks.segment;
  for (std::size_t at = 0; at < size || at == 0; at += segment)
    arrived_.push_back(
        {*source, remarks.congestion_seen, bytes.subspan(at, std::min(segment, size - at))});
}

void UdpCarrier::send_built(const BuiltBurst& burst) {
  SOLITON_CHECK(burst.size <= kBurstBytes && index(burst.destination) < nodes_.size());
  if (burst.size <= burst.segment) {
    if (!send_plain(burst.destination, out_.begin(), burst.size)) ++counters_.refused;
    return;
  }
  send_segments(burst);
}

bool UdpCarrier::send_plain(NodeId to, const std::byte* bytes, std::size_t size) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    ssize_t sent = 0;
    if (connected_) {
      sent = ::send(fd_, bytes, size, MSG_DONTWAIT);
    } else {
      const sockaddr_in address = socket_address(nodes_[index(to)]);
      sent = ::sendto(fd_, bytes, size, MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&address),
                      sizeof address);
    }
    if (sent >= 0) return true;
    // This call reports and consumes the error of an earlier packet, so a second attempt may
    // succeed.
    if (!try_again(errno)) return false;
  }
  return false;
}

void UdpCarrier::send_segments(const BuiltBurst& burst) {
  sockaddr_in address = socket_address(nodes_[index(burst.destination)]);
  iovec vector{out_.begin(), burst.size};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> control{};
  msghdr header{};
  header.msg_name = connected_ ? nullptr : &address;
  header.msg_namelen = connected_ ? 0 : sizeof address;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* const c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = SOL_UDP;
  c->cmsg_type = UDP_SEGMENT;
  c->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  const auto segment = static_cast<std::uint16_t>(burst.segment);
  std::memcpy(CMSG_DATA(c), &segment, sizeof segment);
  for (int attempt = 0; segmentation_ && attempt < 2; ++attempt) {
    if (::sendmsg(fd_, &header, MSG_DONTWAIT) >= 0) return;
    if (errno == EINVAL || errno == EIO || errno == EOPNOTSUPP)
      segmentation_ = false;  // it would refuse the next burst too
    else if (!try_again(errno))
      break;
  }
  // The kernel may accept packet by packet what it refused as a burst.
  counters_.refused += send_each(burst);
}

std::size_t UdpCarrier::send_each(const BuiltBurst& burst) {
  sockaddr_in address = socket_address(nodes_[index(burst.destination)]);
  std::array<mmsghdr, kBurst> headers{};
  std::array<iovec, kBurst> vectors{};
  unsigned count = 0;
  for (std::size_t at = 0; at < burst.size; at += burst.segment, ++count) {
    vectors[count] = {out_.begin() + at, std::min(burst.segment, burst.size - at)};
    msghdr& header = headers[count].msg_hdr;
    header.msg_name = connected_ ? nullptr : &address;
    header.msg_namelen = connected_ ? 0 : sizeof address;
    header.msg_iov = &vectors[count];
    header.msg_iovlen = 1;
  }
  const int sent = ::sendmmsg(fd_, headers.data(), count, MSG_DONTWAIT);
  return count - static_cast<std::size_t>(std::max(sent, 0));
}

void UdpCarrier::wait(Duration at_most) {
  context_.restart();
  boost::system::error_code ignored;
  if (!socket_.is_open()) socket_.assign(boost::asio::ip::udp::v4(), fd_, ignored);
  socket_.async_wait(boost::asio::ip::udp::socket::wait_read, [](const auto&) {});
  if (at_most.count() >= 0) {
    timer_.expires_after(std::chrono::duration_cast<std::chrono::nanoseconds>(at_most));
    timer_.async_wait([](const auto&) {});
  }
  context_.run_one();
  socket_.cancel(ignored);
  timer_.cancel();
  context_.poll();
}

void UdpCarrier::wake() {
  boost::asio::post(context_, [] {});
}

Result<Bytes> granted_receive_buffer() {
  boost::asio::io_context context;
  const Result<std::unique_ptr<UdpCarrier>> carrier = UdpCarrier::open(context);
  if (!carrier) return tl::unexpected<Error>(carrier.error());
  return (*carrier)->receive_buffer();
}

}  // namespace soliton
