#include "fabric/udp/udp_carrier.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

namespace soliton {
namespace {

class Udp : public testing::Test {
 protected:
  // `nodes` carriers, all peers of each other.
  void open(std::uint32_t nodes) {
    std::vector<std::uint16_t> ports;
    for (std::uint32_t i = 0; i < nodes; ++i) {
      Result<std::unique_ptr<UdpCarrier>> carrier = UdpCarrier::open(context_);
      ASSERT_TRUE(carrier.has_value());
      ports.push_back((*carrier)->port());
      carriers_.push_back(std::move(*carrier));
    }
    for (std::uint32_t i = 0; i < nodes; ++i) {
      std::vector<NodeId> peers;
      for (std::uint32_t j = 0; j < nodes; ++j)
        if (j != i) peers.push_back(NodeId{j});
      carriers_[i]->set_peers(NodeId{i}, ports, peers);
    }
  }

  // Packets of `sizes` bytes, each filled with its number.
  void send(std::size_t from, std::uint32_t to, const std::vector<std::size_t>& sizes) {
    std::byte* room = carriers_[from]->room().data();
    std::size_t size = 0;
    for (std::size_t i = 0; i < sizes.size(); size += sizes[i++])
      std::memset(room + size, static_cast<int>(i), sizes[i]);
    carriers_[from]->send_built({NodeId{to}, sizes.front(), size});
  }

  // Waits until `count` packets have come, or five seconds.
  std::vector<std::vector<std::byte>> take(std::size_t at, std::size_t count) {
    std::vector<std::vector<std::byte>> out;
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (out.size() < count && std::chrono::steady_clock::now() < limit)
      for (const ArrivedPacket& packet : carriers_[at]->poll()) {
        last_source_ = packet.source;
        out.emplace_back(packet.bytes.begin(), packet.bytes.end());
      }
    return out;
  }

  boost::asio::io_context context_;
  std::vector<std::unique_ptr<UdpCarrier>> carriers_;
  NodeId last_source_{};
};

TEST_F(Udp, ABurstComesApartIntoItsPackets) {
  open(2);
  const std::vector<std::size_t> sizes = {900, 900, 900, 900, 123};
  send(0, 1, sizes);
  const auto packets = take(1, sizes.size());
  ASSERT_EQ(packets.size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i)
    EXPECT_EQ(packets[i], std::vector<std::byte>(sizes[i], static_cast<std::byte>(i)));
}

TEST_F(Udp, AFullBurstOfSmallPacketsArrives) {
  open(2);
  const std::vector<std::size_t> sizes(64, 40);
  send(0, 1, sizes);
  EXPECT_EQ(take(1, 64).size(), 64U);
  EXPECT_EQ(carriers_[0]->counters().refused, 0U);
}

// A burst is refused whole when it would be a longer datagram than there is: 45 packets of 1,456
// bytes fill 64 KiB and are too many.
TEST_F(Udp, AsMuchAsTheRoomHoldsIsTakenAtEverySize) {
  open(2);
  for (const std::size_t segment : {64U, 500U, 1024U, 1440U, 1456U, 1500U, 4128U, 8240U, 9056U}) {
    const std::size_t most = carriers_[0]->room().size() / segment;
    const std::vector<std::size_t> sizes(std::min<std::size_t>(most, carriers_[0]->burst_max()),
                                         segment);
    send(0, 1, sizes);
    EXPECT_EQ(take(1, sizes.size()).size(), sizes.size()) << segment;
  }
  EXPECT_EQ(carriers_[0]->counters().refused, 0U);
}

TEST_F(Udp, SeveralPeersAreToldApart) {
  open(3);
  send(2, 0, {10});
  ASSERT_EQ(take(0, 1).size(), 1U);
  EXPECT_EQ(last_source_, NodeId{2});
  send(1, 0, {20, 20});
  ASSERT_EQ(take(0, 2).size(), 2U);
  EXPECT_EQ(last_source_, NodeId{1});
}

TEST_F(Udp, StrangersAreDroppedAndCounted) {
  open(3);
  const int stranger = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(carriers_[0]->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(sendto(stranger, "x", 1, 0, reinterpret_cast<sockaddr*>(&address), sizeof address), 1);
  close(stranger);
  send(1, 0, {7});
  ASSERT_EQ(take(0, 1).size(), 1U);
  EXPECT_EQ(last_source_, NodeId{1});
  EXPECT_EQ(carriers_[0]->counters().strangers, 1U);
}

TEST_F(Udp, ListensOnLoopbackOnly) {
  open(2);
  sockaddr_in address{};
  socklen_t length = sizeof address;
  // The port is bound to 127.0.0.1: another socket may bind the same port elsewhere on the loopback
  // network, which it could not if it were bound to all addresses.
  const int other = socket(AF_INET, SOCK_DGRAM, 0);
  address.sin_family = AF_INET;
  address.sin_port = htons(carriers_[0]->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  EXPECT_EQ(bind(other, reinterpret_cast<sockaddr*>(&address), length), 0);
  close(other);
}

TEST_F(Udp, WhatTheReceiveBufferCannotHoldIsCountedAsDroppedByTheHost) {
  open(2);
  const Bytes buffer = carriers_[1]->receive_buffer();
  EXPECT_GT(buffer.count, 0);
  // Twice what would fit if the kernel charged nothing but the bytes.
  constexpr std::size_t kPacket = 1'000;
  const auto packets = 2 * static_cast<std::size_t>(buffer.count) / kPacket;
  for (std::size_t i = 0; i < packets; ++i) send(0, 1, {kPacket});
  std::size_t got = 0;
  for (auto more = carriers_[1]->poll(); !more.empty(); more = carriers_[1]->poll())
    got += more.size();
  EXPECT_LT(got, packets);
  // The kernel says so with the next packet that it takes.
  send(0, 1, {1});
  ASSERT_EQ(take(1, 1).size(), 1U);
  EXPECT_EQ(carriers_[1]->counters().host_drops, packets - got);
}

TEST_F(Udp, TheChargeOfAPacketIsWithinWhatIsReckoned) {
  open(2);
  for (const std::int64_t size : {64, 1'440, 8'240}) {
    const auto fits = static_cast<std::size_t>(carriers_[1]->receive_buffer().count /
                                               udp_charge(Bytes{size}).count);
    for (std::size_t i = 0; i < fits; ++i) send(0, 1, {static_cast<std::size_t>(size)});
    EXPECT_EQ(take(1, fits).size(), fits) << size;
  }
  EXPECT_EQ(carriers_[1]->counters().host_drops, 0U);
}

TEST_F(Udp, WaitEndsWithAPacketATimeOrAWake) {
  open(2);
  send(0, 1, {5});
  carriers_[1]->wait(Duration{-1});
  EXPECT_EQ(take(1, 1).size(), 1U);
  carriers_[1]->wait(microseconds(100));
  carriers_[1]->wake();
  carriers_[1]->wait(Duration{-1});
  std::thread waker([&] { carriers_[1]->wake(); });
  carriers_[1]->wait(Duration{-1});
  waker.join();
}

TEST_F(Udp, APeerThatIsNotThereIsNoError) {
  open(2);
  carriers_[1].reset();
  for (int i = 0; i < 3; ++i) send(0, 1, {5});
  EXPECT_TRUE(carriers_[0]->poll().empty());
}

}  // namespace
}  // namespace soliton
