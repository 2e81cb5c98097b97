// RemoteNode against serve_channel() in forked children: full rings, deaths, ends.
#include "fabric/shm/channel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>

#include "fabric/shm/frame_record.h"
#include "fabric/shm/remote_node.h"
#include "fabric/shm/serve.h"
#include "fabric/sim/engine.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

Instant at_us(std::int64_t us) { return kRunStart + microseconds(us); }

// Sends every datagram back to where it came from, `copies` times, at once.
class Echo : public Machine {
 public:
  explicit Echo(std::uint32_t copies = 1) : copies_(copies) {}
  void on_input(Datagram datagram, Instant) override {
    std::swap(datagram.source, datagram.destination);
    for (std::uint32_t i = 0; i < copies_; ++i) out_.push_back(datagram);
  }
  std::optional<Datagram> poll_output(Instant) override {
    if (out_.empty()) return std::nullopt;
    Datagram datagram = std::move(out_.front());
    out_.erase(out_.begin());
    return datagram;
  }
  Instant next_deadline() const override { return kNever; }
  void on_deadline(Instant) override {}

 private:
  std::uint32_t copies_;
  std::vector<Datagram> out_;
};

// A forked process; killed and reaped at the end of the test whatever happens.
class Child {
 public:
  explicit Child(const std::function<int()>& body) : pid_(fork()) {
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    _exit(body());
  }
  ~Child() {
    if (pid_ > 0) end();
  }
  int end() {
    kill(pid_, SIGKILL);
    return join();
  }
  int join() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }
  bool exited() {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid == pid_;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

Channel channel_of(std::size_t ring_bytes) {
  auto channel = Channel::create("test", ring_bytes);
  EXPECT_TRUE(channel) << channel.error().message;
  return std::move(*channel);
}

// A node process as a launcher makes it: it only has the descriptor.
std::function<int()> echo_process(int descriptor, std::uint32_t copies) {
  return [=] {
    auto channel = Channel::attach(dup(descriptor));
    if (!channel) return 10;
    Echo machine(copies);
    return serve_channel(*channel, machine, NodeId{1}, {.slice = {}}) ? 0 : 11;
  };
}

WaitOptions watching(Child& child) {
  return {.spin = 0, .slice = milliseconds(2), .alive = [&child]() -> Status {
            if (child.exited()) return failure(ErrorCode::kBroken, "its process ended");
            return {};
          }};
}

Frame ping(std::uint64_t ordinal, Instant at, std::size_t bytes) {
  Frame frame{{.source = NodeId{0}, .destination = NodeId{1}}, at, ordinal};
  frame.datagram.payload.bytes.resize(bytes, static_cast<std::byte>(ordinal));
  return frame;
}

std::vector<Frame> grant(RemoteNode& node, Instant until) {
  std::vector<Frame> sent;
  node.grant(until);
  const Status status = node.collect(sent);
  EXPECT_TRUE(status) << status.error().message;
  return sent;
}

TEST(Channel, AttachRefusesWhatIsNoChannel) {
  const int null = open("/dev/null", O_RDWR);
  EXPECT_FALSE(Channel::attach(null));
  const int other = memfd_create("other", MFD_CLOEXEC);
  ASSERT_EQ(ftruncate(other, 1 << 20), 0);
  const auto channel = Channel::attach(other);
  ASSERT_FALSE(channel);
  EXPECT_EQ(channel.error().code, ErrorCode::kEnvironment);
  EXPECT_FALSE(Channel::attach(-1));
}

TEST(RemoteNode, CarriesFramesBothWaysAndReportsTime) {
  Channel channel = channel_of(4096);
  Child child(echo_process(channel.descriptor(), 1));
  RemoteNode node(channel, "fpga1", watching(child));
  EXPECT_EQ(node.next_event(), kRunStart);
  EXPECT_TRUE(grant(node, at_us(1)).empty());
  EXPECT_EQ(node.next_event(), kNever);
  node.deliver(ping(7, at_us(3), 100));
  EXPECT_EQ(node.next_event(), at_us(3));
  EXPECT_TRUE(grant(node, at_us(3)).empty());  // below the grant, not at it
  EXPECT_EQ(node.next_event(), at_us(3));
  const auto sent = grant(node, at_us(4));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].at, at_us(3));
  EXPECT_EQ(sent[0].datagram.destination, NodeId{0});
  EXPECT_EQ(sent[0].datagram.payload, ping(7, {}, 100).datagram.payload);
  EXPECT_EQ(node.last_event(), at_us(3));
  EXPECT_EQ(node.events(), 2u);
  channel.close();
  EXPECT_EQ(child.join(), 0);
}

TEST(RemoteNode, KeepsFramesForWhichTheRingHasNoRoomAndHoldsTheGrantBack) {
  Channel channel = channel_of(4096);
  Child child(echo_process(channel.descriptor(), 1));
  RemoteNode node(channel, "fpga1", watching(child));
  for (std::uint64_t i = 0; i < 20; ++i)
    node.deliver(ping(i, at_us(static_cast<std::int64_t>(i) + 1), 1000));
  std::vector<std::uint64_t> order;
  std::size_t grants = 0;
  for (; node.next_event() < at_us(30) && grants < 100; ++grants) {
    for (const Frame& frame : grant(node, at_us(30))) {
      order.push_back(static_cast<std::uint64_t>(frame.datagram.payload.bytes.at(0)));
      EXPECT_EQ(frame.at, at_us(static_cast<std::int64_t>(order.back()) + 1));
    }
  }
  ASSERT_EQ(order.size(), 20u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_GT(grants, 4u);  // three frames fit at a time
}

// A kept frame may be due before those that got in.
TEST(RemoteNode, AnEarlyFrameThatCameLateIsNotOvertaken) {
  Channel channel = channel_of(4096);
  Child child(echo_process(channel.descriptor(), 1));
  RemoteNode node(channel, "fpga1", watching(child));
  grant(node, at_us(1));
  for (std::uint64_t i = 0; i < 3; ++i) node.deliver(ping(i, at_us(10), 1000));
  node.deliver(ping(3, at_us(2), 1000));
  EXPECT_EQ(node.next_event(), at_us(2));
  EXPECT_TRUE(grant(node, at_us(30)).empty());
  const auto sent = grant(node, at_us(30));
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].at, at_us(2));
}

TEST(RemoteNode, ANodeWithAFullRingStopsEarlyAndGoesOn) {
  Channel channel = channel_of(4096);
  Child child(echo_process(channel.descriptor(), 50));  // 50 KB at one instant through 4 KB
  RemoteNode node(channel, "fpga1", watching(child));
  node.deliver(ping(1, at_us(5), 1000));
  node.deliver(ping(2, at_us(6), 1000));
  std::vector<Frame> all;
  std::size_t grants = 0;
  for (; node.next_event() < at_us(30) && grants < 200; ++grants) {
    for (Frame& frame : grant(node, at_us(30))) all.push_back(std::move(frame));
  }
  ASSERT_EQ(all.size(), 100u);
  EXPECT_GT(grants, 25u);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(all[i].ordinal, i);
    EXPECT_EQ(all[i].at, at_us(i < 50 ? 5 : 6));
  }
}

TEST(RemoteNode, ADeadProcessEndsTheWaitWithWhatItsWatchSays) {
  Channel channel = channel_of(4096);
  Child child(echo_process(channel.descriptor(), 1));
  RemoteNode node(channel, "fpga1", watching(child));
  grant(node, at_us(1));
  kill(child.pid(), SIGKILL);
  node.deliver(ping(1, at_us(5), 100));
  node.grant(at_us(9));
  std::vector<Frame> sent;
  const Status status = node.collect(sent);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kBroken);
  EXPECT_THAT(status.error().message, testing::StartsWith("its process ended"));
}

// Killed at an arbitrary moment of heavy traffic: frames up to then are whole, then the error,
// never a hang.
TEST(RemoteNode, SurvivesAKillAtAnyMoment) {
  for (std::uint64_t round = 0; round < 20; ++round) {
    Channel channel = channel_of(4096);
    Child child(echo_process(channel.descriptor(), 20));
    RemoteNode node(channel, "fpga1", watching(child));
    Child killer([&] {
      for (std::uint64_t spin = 0; spin < 1 + round * 20'000; ++spin) asm volatile("");
      kill(child.pid(), SIGKILL);
      return 0;
    });
    Status status;
    for (std::int64_t us = 1; status && us < 100'000'000; ++us) {
      if (node.next_event() > at_us(us)) node.deliver(ping(3, at_us(us), 300));
      std::vector<Frame> sent;
      node.grant(at_us(us + 1));
      status = node.collect(sent);
      for (const Frame& frame : sent)
        ASSERT_EQ(frame.datagram.payload.bytes, std::vector<std::byte>(300, std::byte{3}));
    }
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().message, HasSubstr("its process ended"));
  }
}

TEST(RemoteNode, NonsenseFromTheNodeIsAnErrorNotACrash) {
  Channel channel = channel_of(4096);
  RemoteNode node(channel, "fpga1", {});
  node.grant(at_us(1));
  ASSERT_TRUE(channel.to_hub().write(std::vector<std::byte>(8)));
  channel.block().reported.ring();
  std::vector<Frame> sent;
  const Status status = node.collect(sent);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("fpga1"));
}

TEST(RemoteNode, AReportWithoutAGrantIsAnError) {
  Channel channel = channel_of(4096);
  RemoteNode node(channel, "fpga1", {});
  node.grant(at_us(1));
  channel.block().reported.ring();
  channel.block().reported.ring();
  std::vector<Frame> sent;
  EXPECT_FALSE(node.collect(sent));
}

TEST(ServeChannel, ReturnsWhenClosedBeforeOrAfterAGrant) {
  for (const bool granted : {false, true}) {
    Channel channel = channel_of(4096);
    if (!granted) channel.close();
    Child child(echo_process(channel.descriptor(), 1));
    RemoteNode node(channel, "fpga1", watching(child));
    if (granted) {
      grant(node, at_us(1));
      channel.close();
    }
    EXPECT_EQ(child.join(), 0);
  }
}

TEST(ServeChannel, EndsWithTheErrorOfItsWatch) {
  Channel channel = channel_of(4096);
  Echo machine;
  int asked = 0;
  const Result<Instant> status = serve_channel(
      channel, machine, NodeId{1}, {.slice = nanoseconds(1000), .alive = [&]() -> Status {
                                      if (++asked < 3) return {};
                                      return failure(ErrorCode::kBroken, "the hub is gone");
                                    }});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message, "the hub is gone");
  EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace soliton
