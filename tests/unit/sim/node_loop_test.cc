#include "fabric/sim/node_loop.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace soliton {
namespace {

Instant at_ns(std::int64_t ns) { return kRunStart + nanoseconds(ns); }

// Writes down each call; answers every input with `replies` datagrams.
class Scribe : public Machine {
 public:
  void on_input(Datagram datagram, Instant now) override {
    log += fmt::format("in {}.{}@{} ", index(datagram.source), datagram.payload.size(), ns(now));
    owed += replies;
  }
  std::optional<Datagram> poll_output(Instant now) override {
    if (owed == 0) {
      log += fmt::format("dry@{} ", ns(now));
      return std::nullopt;
    }
    --owed;
    return Datagram{
        .source = NodeId{7}, .destination = NodeId{1}, .payload = {.bytes = {}, .ghost = 1}};
  }
  Instant next_deadline() const override { return deadline; }
  void on_deadline(Instant now) override {
    log += fmt::format("due@{} ", ns(now));
    deadline = kNever;
  }
  static std::int64_t ns(Instant t) { return t.time_since_epoch().count() / 1000; }

  std::string log;
  Instant deadline = kNever;
  int replies = 0;
  int owed = 0;
};

Frame arrival(std::uint32_t source, std::uint64_t ordinal, Instant at, std::uint64_t bytes) {
  return {{.source = NodeId{source},
           .destination = NodeId{7},
           .payload = {.bytes = {}, .ghost = bytes}},
          at,
          ordinal};
}

struct Story {
  Scribe machine;
  NodeLoop loop{machine, NodeId{7}};
  std::vector<Frame> sent;
  std::size_t room = 1000;
  void run(Instant until) {
    loop.run(until, [&](const Frame& frame) {
      if (room == 0) return false;
      --room;
      sent.push_back(frame);
      return true;
    });
  }
};

TEST(NodeLoop, AtOneInstantFramesBySourceAndOrdinalThenDeadlineThenOutput) {
  Story story;
  story.machine.deadline = at_ns(5);
  story.loop.deliver(arrival(2, 9, at_ns(5), 1));
  story.loop.deliver(arrival(1, 4, at_ns(5), 2));
  story.loop.deliver(arrival(2, 8, at_ns(5), 3));
  story.loop.deliver(arrival(9, 0, at_ns(4), 4));
  EXPECT_EQ(story.loop.next_event(), at_ns(4));
  story.run(at_ns(6));
  EXPECT_EQ(story.machine.log, "in 9.4@4 dry@4 in 1.2@5 in 2.3@5 in 2.1@5 due@5 dry@5 ");
  EXPECT_EQ(story.loop.next_event(), kNever);
  EXPECT_EQ(story.loop.last_event(), at_ns(5));
  EXPECT_EQ(story.loop.events(), 5u);
}

TEST(NodeLoop, RunsBelowTheGrantOnly) {
  Story story;
  story.machine.deadline = at_ns(5);
  story.run(at_ns(5));
  EXPECT_EQ(story.machine.log, "");
  story.run(at_ns(5) + picoseconds(1));
  EXPECT_EQ(story.machine.log, "due@5 dry@5 ");
}

TEST(NodeLoop, AnOverdueDeadlineHappensNow) {
  Story story;
  story.loop.deliver(arrival(1, 0, at_ns(9), 1));
  story.run(at_ns(10));
  story.machine.deadline = at_ns(3);
  EXPECT_EQ(story.loop.next_event(), at_ns(9));
  story.run(at_ns(10));
  EXPECT_EQ(story.machine.log, "in 1.1@9 dry@9 due@9 dry@9 ");
}

TEST(NodeLoop, StopsWithoutRoomAndGoesOnWithTheSameFrame) {
  Story whole;
  Story cut;
  for (Story* story : {&whole, &cut}) {
    story->machine.replies = 3;
    story->loop.deliver(arrival(1, 0, at_ns(2), 1));
    story->loop.deliver(arrival(1, 1, at_ns(4), 1));
  }
  whole.run(at_ns(10));
  for (cut.room = 1; cut.sent.size() < 6; cut.room = 1) {
    EXPECT_EQ(cut.loop.next_event(), cut.sent.size() < 3 ? at_ns(2) : at_ns(4));
    cut.run(at_ns(10));
  }
  cut.run(at_ns(10));
  EXPECT_EQ(whole.machine.log, cut.machine.log);
  EXPECT_EQ(whole.loop.events(), cut.loop.events());
  ASSERT_EQ(whole.sent.size(), cut.sent.size());
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(whole.sent[i].at, cut.sent[i].at);
    EXPECT_EQ(whole.sent[i].ordinal, i);
    EXPECT_EQ(cut.sent[i].ordinal, i);
  }
}

TEST(NodeLoopDeath, AFrameBelowWhatWasRunIsABug) {
  Story story;
  story.loop.deliver(arrival(1, 0, at_ns(9), 1));
  story.run(at_ns(10));
  EXPECT_DEATH(story.loop.deliver(arrival(1, 1, at_ns(8), 1)), "a frame arrives at");
}

}  // namespace
}  // namespace soliton
