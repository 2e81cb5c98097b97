// Every end in emulated time cuts every node at the same instant, whatever runs the nodes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sim/engine/toys.h"

namespace soliton {
namespace {

// Talks, and ends the run when it has heard nothing for its patience.
class Impatient : public Chatter {
 public:
  Impatient(NodeId self, std::uint32_t nodes, std::uint64_t seed, Duration patience)
      : Chatter(self, nodes, 40, seed), patience_(patience), quit_at_(kRunStart + patience) {}
  void on_input(Datagram datagram, Instant now) override {
    Chatter::on_input(std::move(datagram), now);
    if (ended_ == kNever) quit_at_ = now + patience_;
  }
  Instant next_deadline() const override { return std::min(deadline_, quit_at_); }
  void on_deadline(Instant now) override {
    if (quit_at_ <= now) {
      note("quits", now);
      ended_ = now;
      quit_at_ = kNever;
      // What it still does at this instant happens; what comes later does not.
      send((index(self_) + 1) % 2, 40, 0, 7);
      deadline_ = std::min(deadline_, now + picoseconds(1));
    } else {
      Chatter::on_deadline(now);
    }
  }
  RunEnd run_end() const override { return {ended_, quit_at_, patience_}; }

 private:
  Duration patience_;
  Instant quit_at_;
  Instant ended_ = kNever;
};

// A small cluster with losses, a dead link, and perhaps pauses, a limit, or nodes that end the run.
Scenario random_scenario(std::uint64_t seed) {
  const Random random(seed, "ends");
  const auto draw = [&](std::uint64_t ordinal, std::uint64_t below) {
    return random.below(ordinal, below);
  };
  const auto nodes = static_cast<std::uint32_t>(2 + draw(0, 6));
  const auto us = [&](std::uint64_t ordinal, std::uint64_t below) {
    return microseconds(static_cast<std::int64_t>(draw(ordinal, below)));
  };
  const Duration patience = us(1, 60) + nanoseconds(1'500);
  const bool quits = draw(2, 4) != 0;
  Scenario scenario{.nodes = nodes,
                    .rack = static_cast<std::int64_t>(2 + draw(3, 4)),
                    .make = [=](NodeId id) -> std::unique_ptr<Toy> {
                      if (quits && index(id) % 2 == 0)
                        return std::make_unique<Impatient>(id, nodes, seed, patience);
                      return std::make_unique<Chatter>(id, nodes, 40, seed);
                    }};
  scenario.faults = {
      .seed = seed,
      .rules = {{.id = "loss",
                 .links = {0, 1},
                 .options = loss_settings({.p = {static_cast<std::int64_t>(draw(4, 900'000'000))},
                                           .max_burst = static_cast<std::uint32_t>(draw(5, 3))})},
                {.id = "late",
                 .kind = &kDelayFault,
                 .links = {1},
                 .options = delay_settings({{}, microseconds(4)})},
                {.id = "cut",
                 .kind = &kLinkDownFault,
                 .links = {static_cast<std::uint32_t>(draw(6, nodes))},
                 .when = {.from = kRunStart + us(7, 50)}}}};
  if (draw(8, 2) == 0) scenario.queue = Bytes{4000};
  if (draw(9, 3) == 0)
    scenario.pause = PriorityPause{.xoff = Bytes{3'100}, .frame = Bytes{1'432 + 66}};
  if (draw(10, 3) == 0) scenario.options.time_limit = kRunStart + us(11, 120) + picoseconds(77);
  return scenario;
}

void expect_same(const Outcome& a, const Outcome& b) {
  EXPECT_EQ(a.logs, b.logs);
  EXPECT_EQ(a.fabric, b.fabric);
  EXPECT_EQ(a.end, b.end);
}

TEST(Ends, WindowsDoNotMatterToAnyEnd) {
  std::array<int, 4> reasons{};
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    const Scenario scenario = random_scenario(seed);
    const Outcome whole = run_packed(scenario);
    ++reasons[static_cast<std::size_t>(whole.report.end)];
    for (const Duration most : {picoseconds(1), nanoseconds(70), nanoseconds(900)})
      expect_same(whole, run_hasty(scenario, most));
    if (HasFailure()) return;
  }
  // The scenarios are worth something: every end in emulated time is among them.
  EXPECT_GT(reasons[static_cast<std::size_t>(EndReason::kQuiet)], 10);
  EXPECT_GT(reasons[static_cast<std::size_t>(EndReason::kTimeLimit)], 10);
  EXPECT_GT(reasons[static_cast<std::size_t>(EndReason::kNodeEnded)], 50);
}

TEST(Ends, ProcessesDoNotMatterToAnyEnd) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const Scenario scenario = random_scenario(seed);
    expect_same(run_packed(scenario), run_processes(scenario, seed % 2 == 0 ? 4096 : 1 << 20));
    if (HasFailure()) return;
  }
}

// Two nodes lose patience at one instant: both say so, and nothing happens after it anywhere.
TEST(Ends, EverythingAtTheInstantHappensAndNothingAfterIt) {
  const auto quiet = [](NodeId id) {
    return std::make_unique<Impatient>(id, 3, 5, microseconds(index(id) == 2 ? 900 : 700));
  };
  Scenario scenario{.nodes = 3, .make = quiet};
  scenario.faults.rules = {{.id = "cut", .kind = &kLinkDownFault, .links = {0, 1, 2}}};
  const Outcome outcome = run_packed(scenario);
  EXPECT_EQ(outcome.report.end, EndReason::kNodeEnded);
  EXPECT_EQ(outcome.report.now, kRunStart + microseconds(700));
  EXPECT_THAT(outcome.logs[0], testing::EndsWith("quits@700000000\n"));
  EXPECT_THAT(outcome.logs[1], testing::EndsWith("quits@700000000\n"));
  EXPECT_THAT(outcome.logs[2], testing::Not(testing::HasSubstr("quits")));
  expect_same(outcome, run_hasty(scenario, nanoseconds(333)));
  expect_same(outcome, run_processes(scenario, 4096));
}

// An end earlier than any that was foreseen would come too late for those that have gone on.
TEST(EndsDeath, AnEndThatNobodyForesawIsABug) {
  class Sudden : public TokenRing {
   public:
    explicit Sudden(NodeId self) : TokenRing(self, 2, 50) {}
    RunEnd run_end() const override { return {.came = deadline_ == kNever ? kRunStart : kNever}; }
  };
  const Scenario scenario{.nodes = 2,
                          .make = [](NodeId id) { return std::make_unique<Sudden>(id); }};
  EXPECT_DEATH(run_packed(scenario), "had foreseen no end");
}

}  // namespace
}  // namespace soliton
