#include "fabric/shm/shm_carrier.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <thread>

namespace soliton {
namespace {

constexpr InboxShape kShape{3, {8, 120}};

Inbox created(const InboxShape& shape = kShape) {
  Result<Inbox> inbox = Inbox::create("soliton-test", shape);
  EXPECT_TRUE(inbox.has_value());
  return std::move(*inbox);
}

Inbox again(const Inbox& inbox) {
  Result<Inbox> attached = Inbox::attach(dup(inbox.descriptor()));
  EXPECT_TRUE(attached.has_value());
  return std::move(*attached);
}

// Nodes 0, 1, 2, all joined.
std::vector<std::unique_ptr<ShmCarrier>> triangle() {
  std::vector<Inbox> inboxes;
  for (int i = 0; i < 3; ++i) inboxes.push_back(created());
  std::vector<std::unique_ptr<ShmCarrier>> carriers;
  for (std::uint32_t i = 0; i < 3; ++i) {
    std::vector<std::pair<NodeId, Inbox>> peers;
    for (std::uint32_t j = 0; j < 3; ++j)
      if (j != i) peers.emplace_back(NodeId{j}, again(inboxes[j]));
    carriers.push_back(
        std::make_unique<ShmCarrier>(NodeId{i}, again(inboxes[i]), std::move(peers)));
  }
  return carriers;
}

void send(ShmCarrier& carrier, std::uint32_t to, const std::string& text) {
  std::memcpy(carrier.room().data(), text.data(), text.size());
  carrier.send_built({NodeId{to}, text.size(), text.size()});
}

std::string text_of(const ArrivedPacket& packet) {
  return {reinterpret_cast<const char*>(packet.bytes.data()), packet.bytes.size()};
}

TEST(PacketRing, WrapsAndTellsOldPacketsFromNewOnes) {
  std::vector<std::byte> memory(kShape.ring.bytes() + 64);
  auto* const aligned = reinterpret_cast<std::byte*>(
      (reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64);
  const PacketRing ring(aligned, kShape.ring);
  PacketProducer producer(ring);
  PacketConsumer consumer(ring);
  for (std::uint32_t i = 0; i < 100; ++i) {
    EXPECT_FALSE(consumer.ready());
    ASSERT_GE(producer.room().size(), kShape.ring.packet_bytes);
    std::memcpy(producer.room().data(), &i, sizeof i);
    producer.publish(sizeof i);
    ASSERT_TRUE(consumer.ready());
    std::uint32_t got = 0;
    std::memcpy(&got, consumer.take().data(), sizeof got);
    EXPECT_EQ(got, i);
    consumer.release(false);
  }
}

TEST(PacketRing, AFullRingHasNoRoomUntilPacketsAreReleased) {
  std::vector<std::byte> memory(kShape.ring.bytes() + 64);
  auto* const aligned = reinterpret_cast<std::byte*>(
      (reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64);
  const PacketRing ring(aligned, kShape.ring);
  PacketProducer producer(ring);
  PacketConsumer consumer(ring);
  for (int i = 0; i < 8; ++i) producer.publish(1);
  EXPECT_TRUE(producer.room().empty());
  consumer.take();
  EXPECT_TRUE(producer.room().empty());
  consumer.take();
  consumer.release(false);  // a quarter of the ring
  EXPECT_FALSE(producer.room().empty());
}

TEST(PacketRing, ALengthThatCannotBeIsCutToTheSlot) {
  std::vector<std::byte> memory(kShape.ring.bytes() + 64);
  auto* const aligned = reinterpret_cast<std::byte*>(
      (reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64);
  const PacketRing ring(aligned, kShape.ring);
  PacketProducer producer(ring);
  producer.publish(1u << 30);
  EXPECT_EQ(PacketConsumer(ring).take().size(), ring.room());
}

TEST(ShmCarrier, PacketsComeFromWhoSentThem) {
  const auto nodes = triangle();
  send(*nodes[0], 2, "from zero");
  send(*nodes[1], 2, "from one");
  send(*nodes[1], 2, "again");
  const auto packets = nodes[2]->poll();
  ASSERT_EQ(packets.size(), 3U);
  EXPECT_EQ(packets[0].source, NodeId{0});
  EXPECT_EQ(text_of(packets[0]), "from zero");
  EXPECT_EQ(packets[2].source, NodeId{1});
  EXPECT_EQ(text_of(packets[2]), "again");
  EXPECT_TRUE(nodes[2]->poll().empty());
  EXPECT_TRUE(nodes[0]->poll().empty());
}

TEST(ShmCarrier, WhatARingHasNoRoomForIsRefusedAndCounted) {
  const auto nodes = triangle();
  for (int i = 0; i < 11; ++i) send(*nodes[0], 1, "x");
  EXPECT_EQ(nodes[1]->poll().size(), 8U);
  EXPECT_EQ(nodes[0]->counters().refused, 3U);
}

TEST(ShmCarrier, AnInboxOfAnotherKindIsNotAttached) {
  EXPECT_FALSE(Inbox::attach(open("/dev/null", O_RDONLY)).has_value());
  const int file = memfd_create("soliton-test", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(file, 1 << 20), 0);
  EXPECT_FALSE(Inbox::attach(file).has_value());
}

TEST(ShmCarrier, WakeEndsTheNextWaitEvenWhenItCameFirst) {
  const auto nodes = triangle();
  nodes[0]->wake();
  nodes[0]->wait(Duration{-1});
  std::thread waker([&] { nodes[0]->wake(); });
  nodes[0]->wait(Duration{-1});
  waker.join();
}

// Two processes, each asleep until the other has sent: a wake-up that is lost hangs the test.
TEST(ShmCarrier, NoWakeUpIsLostBetweenProcesses) {
  Inbox a = created({2, {8, 120}});
  Inbox b = created({2, {8, 120}});
  constexpr int kTurns = 20'000;
  const pid_t child = fork();
  const std::uint32_t self = child == 0 ? 1 : 0;
  std::vector<std::pair<NodeId, Inbox>> peers;
  peers.emplace_back(NodeId{1 - self}, again(self == 0 ? b : a));
  ShmCarrier carrier(NodeId{self}, again(self == 0 ? a : b), std::move(peers));
  for (int i = 0; i < kTurns; ++i) {
    if (self == 0) send(carrier, 1, std::to_string(i));
    for (auto packets = carrier.poll(); packets.empty(); packets = carrier.poll())
      carrier.wait(Duration{-1});
    if (self == 1) send(carrier, 0, std::to_string(i));
  }
  if (child == 0) _exit(0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace soliton
