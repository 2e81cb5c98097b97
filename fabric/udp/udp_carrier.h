// A Carrier over one UDP socket on loopback. Asio opens the socket and waits for
// it; the data path calls the kernel on the native handle: Asio's own receive
// costs a third of a round trip (docs/benchmarks.md). Until the first wait(), so for as long as a
// node spins, Asio does not hold the socket: registration with its reactor costs 6 % of a round
// trip.
//
// A node with one peer connects its socket, which saves the kernel one look-up per packet. A node
// with several peers does not: one socket per peer would cost one system call per peer each time it
// looks for packets.
//
// Packets of one size for one peer are sent as one (segmentation offload), and packets that the
// kernel has joined are received as one (UDP_GRO); where the kernel supports neither, a batch takes
// one system call (sendmmsg, recvmmsg). Receiving joined packets needs the kernel's control
// messages on each receive, which cost a quarter of a microsecond. So a connected socket does it
// only while packets arrive faster than they are taken.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "fabric/carrier.h"
#include "fabric/udp/address.h"
#include "protocol/base/quantity.h"
#include "protocol/base/result.h"

namespace soliton {

// Memory that begins at a chosen offset in a page.
class PageBuffer {
 public:
  PageBuffer(std::size_t size, std::size_t in_page) : memory_(size + in_page + kPage), size_(size) {
    const auto at = reinterpret_cast<std::uintptr_t>(memory_.data());
    begin_ = memory_.data() + (kPage - at % kPage) % kPage + in_page;
  }
  std::byte* begin() { return begin_; }
  std::size_t size() const { return size_; }
  operator std::span<std::byte>() { return {begin_, size_}; }

 private:
  static constexpr std::size_t kPage = 4096;
  std::vector<std::byte> memory_;
  std::byte* begin_;
  std::size_t size_;
};

class UdpCarrier : public Carrier {
 public:
  // Binds `at`. A node of a cluster listens on loopback; the caller must ensure that other
  // addresses are used only with a key. Error: the address is not available (kEnvironment).
  static Result<std::unique_ptr<UdpCarrier>> open(boost::asio::io_context& context,
                                                  UdpAddress at = {});
  ~UdpCarrier() override;

  std::uint16_t port() const { return port_; }
  // Size of the receive buffer that the kernel granted, in its own accounting: each packet is
  // charged udp_charge().
  Bytes receive_buffer() const { return receive_buffer_; }
  // Sets the address of every node, by NodeId, and the peers that this node exchanges packets with.
  // Packets from other addresses are dropped and counted.
  void set_peers(NodeId self, const std::vector<UdpAddress>& nodes,
                 const std::vector<NodeId>& peers);
  // The same on loopback.
  void set_peers(NodeId self, const std::vector<std::uint16_t>& ports,
                 const std::vector<NodeId>& peers);

  std::span<const ArrivedPacket> poll() override;
  std::span<std::byte> room() override { return {out_.begin(), kBurstBytes}; }
  std::uint32_t burst_max() const override { return kBurst; }
  void send_built(const BuiltBurst& burst) override;
  void wait(Duration at_most) override;
  void wake() override;
  CarrierCounters counters() const override;

 private:
  static constexpr std::uint32_t kBurst = 64;  // segments the kernel takes in one send
  // Bytes of all segments of one send together: the limit of an IPv4 datagram, which the kernel
  // applies to a burst as a whole.
  static constexpr std::size_t kBurstBytes = 65'507;
  static constexpr std::size_t kBatch = 16;          // receives in one system call
  static constexpr std::size_t kBuffer = 64 * 1024;  // of one receive or send

  struct Received;  // headers of the receive calls

  UdpCarrier(boost::asio::io_context& context, boost::asio::ip::udp::socket socket);
  void set_options();
  bool set_option(int level, int option, int value);
  void receive_one();
  void receive_plain();
  void receive_joined();
  void set_joined(bool on);
  void receive_many();
  void take(const struct msghdr& header, std::size_t size);
  std::optional<NodeId> source_of(const struct msghdr& header);
  void send_segments(const BuiltBurst& burst);
  // Returns how many packets of the burst the kernel did not take.
  std::size_t send_each(const BuiltBurst& burst);
  bool send_plain(NodeId to, const std::byte* bytes, std::size_t size);

  boost::asio::io_context& context_;
  boost::asio::ip::udp::socket socket_;  // open from the first wait() on; then it owns fd_
  int fd_ = -1;
  boost::asio::steady_timer timer_;
  std::uint16_t port_ = 0;
  Bytes receive_buffer_{};
  bool connected_ = false;
  bool joined_ = true;       // the kernel may join packets on their way in
  std::uint32_t busy_ = 0;   // receives in a row that found something
  std::uint32_t quiet_ = 0;  // and that found nothing, or one packet
  NodeId only_peer_{};
  bool segmentation_ = true;       // until the kernel refuses it
  bool marks_ = false;             // marks can come: not on loopback, which has no queue
                                   // that makes them
  std::vector<UdpAddress> nodes_;  // by NodeId
  std::vector<std::pair<UdpAddress, NodeId>> by_address_;  // of the peers, sorted
  std::unique_ptr<Received> in_;
  PageBuffer out_;
  std::vector<ArrivedPacket> arrived_;
  CarrierCounters counters_;
};

// The receive buffer that the kernel of this machine grants to a socket of UdpCarrier. Error: no
// socket is available (kEnvironment).
Result<Bytes> granted_receive_buffer();
// What the kernel charges a receive buffer for a packet, at most: measured on
// Linux 6, 832 bytes for 64, 2,315 for 1,408, 17,749 for 8,192.
constexpr Bytes udp_charge(Bytes packet) { return Bytes{2 * packet.count + 1408}; }

}  // namespace soliton
