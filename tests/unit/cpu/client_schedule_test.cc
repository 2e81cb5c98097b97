// When clients send, and which copy gets it: one host or several, every way to arrive.
#include "node/cpu/client_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "node/cpu/balancer.h"

namespace soliton {
namespace {

using testing::ElementsAre;

struct Sent {
  Instant at{};
  std::uint32_t request = 0, client = 0;
};

// All that an open workload sends.
std::vector<Sent> sent_by(const ClientWorkload& workload, std::uint64_t seed,
                          const std::vector<Duration>& instants = {}) {
  ClientSchedule schedule(workload, seed, instants);
  schedule.start(Instant{});
  std::vector<Sent> out;
  while (schedule.next_deadline() != kNever) {
    const Instant now = schedule.next_deadline();
    while (const auto due = schedule.take_due(now)) out.push_back({now, due->request, due->client});
  }
  return out;
}

// Requests that are there from the start of a moment on, and the moments at which they were taken.
class Planned : public RequestSource {
 public:
  int there = 0;
  bool ends = false;
  std::vector<std::pair<Instant, bool>> asked;  // and whether there was time to wait

  bool take(Instant now, bool wait) override {
    asked.emplace_back(now, wait);
    return there > 0 && there-- > 0;
  }
  bool is_over() const override { return ends; }
  const std::vector<ir::Array>& inputs(std::uint32_t) const override { return inputs_; }
  void answer(const HostRecord&) override {}

 private:
  std::vector<ir::Array> inputs_;
};

ClientWorkload poisson(std::uint32_t requests) {
  ClientWorkload out;
  out.arrivals = Arrivals::kPoisson;
  out.requests = requests;
  out.clients = 3;
  out.mean_gap = microseconds(10);
  return out;
}

TEST(ClientSchedule, HostsShareClientsAndRequestsInTurn) {
  ClientWorkload workload = poisson(10);
  workload.hosts = 4;
  std::set<std::uint32_t> all;
  std::uint32_t own = 0;
  for (workload.host = 0; workload.host < 4; ++workload.host) {
    own += workload.own_requests();
    for (const Sent& sent : sent_by(workload, 1)) {
      EXPECT_EQ(sent.request % 4, workload.host);
      EXPECT_EQ(sent.client, sent.request % 3);
      EXPECT_TRUE(all.insert(sent.request).second);
    }
  }
  EXPECT_EQ(own, 10u);
  EXPECT_EQ(all.size(), 10u);
}

// The mean of n exponential gaps is within 5 sigma, 5 / sqrt(n) of itself.
TEST(ClientSchedule, TheRateOfAllHostsTogetherIsTheOneAskedFor) {
  ClientWorkload workload = poisson(40'000);
  workload.hosts = 4;
  for (workload.host = 0; workload.host < 4; ++workload.host) {
    const std::vector<Sent> sent = sent_by(workload, 7);
    ASSERT_EQ(sent.size(), 10'000u);
    const double gap = in_us(sent.back().at - Instant{}) / 10'000;
    EXPECT_NEAR(gap, 40, 40 * 0.05);
  }
}

TEST(ClientSchedule, BurstsBeginAtOnceAndAsOftenAsTheRateSays) {
  ClientWorkload workload = poisson(8'000);
  workload.arrivals = Arrivals::kBursty;
  workload.burst = 8;
  const std::vector<Sent> sent = sent_by(workload, 3);
  ASSERT_EQ(sent.size(), 8'000u);
  for (std::size_t i = 0; i < sent.size(); ++i)
    if (i % 8 != 0) {
      EXPECT_EQ(sent[i].at, sent[i - 1].at);
    }
  EXPECT_NEAR(in_us(sent.back().at - Instant{}) / 8'000, 10, 10 * 5 / std::sqrt(1'000.0));
}

TEST(ClientSchedule, ATraceIsFollowedToThePicosecond) {
  ClientWorkload workload;
  workload.arrivals = Arrivals::kTrace;
  workload.requests = 3;
  const std::vector<Sent> sent = sent_by(workload, 1, {Duration{5}, Duration{5}, microseconds(2)});
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].at, Instant{Duration{5}});
  EXPECT_EQ(sent[1].at, Instant{Duration{5}});
  EXPECT_EQ(sent[2].at, Instant{microseconds(2)});
}

TEST(ClientSchedule, ClosedClientsAreSpreadOverHosts) {
  ClientWorkload workload;
  workload.clients = 5;
  workload.requests = 50;
  workload.hosts = 2;
  workload.host = 1;
  ClientSchedule schedule(workload, 1, {});
  schedule.start(Instant{});
  std::vector<std::uint32_t> clients;
  while (const auto due = schedule.take_due(Instant{})) clients.push_back(due->client);
  EXPECT_THAT(clients, ElementsAre(1, 3));
  EXPECT_EQ(schedule.asked(), 25u);
}

std::vector<std::size_t> choices(Balance how, std::size_t first,
                                 const std::vector<std::vector<std::uint32_t>>& open) {
  Balancer balancer(how, open.front().size(), first, 5);
  std::vector<std::size_t> out;
  for (const std::vector<std::uint32_t>& now : open) out.push_back(balancer.choose(now));
  return out;
}

TEST(Balancer, RoundRobinBeginsWhereItIsTold) {
  const std::vector<std::vector<std::uint32_t>> idle(4, {0, 0, 0});
  EXPECT_THAT(choices(Balance::kRoundRobin, 0, idle), ElementsAre(0, 1, 2, 0));
  EXPECT_THAT(choices(Balance::kRoundRobin, 2, idle), ElementsAre(2, 0, 1, 2));
}

TEST(Balancer, LeastTakesTheOneWithLessToDoAndOfEqualOnesTheOneThatWaitedLongest) {
  EXPECT_THAT(choices(Balance::kLeast, 0, {{2, 1, 3}, {0, 0, 0}, {0, 0, 0}, {0, 0, 0}, {1, 1, 0}}),
              ElementsAre(1, 0, 2, 1, 2));
}

// All that wait at an instant are taken at it; then nothing is due before an answer.
TEST(ClientSchedule, OfASourceTakesWhatIsThereWhenOneIsAnswered) {
  const ClientWorkload workload;
  const std::vector<Duration> none;
  ClientSchedule schedule(workload, 1, none);
  Planned source;
  schedule.serve(source);
  schedule.start(kRunStart);
  source.there = 2;
  EXPECT_EQ(schedule.next_deadline(), kRunStart);
  EXPECT_EQ(schedule.take_due(kRunStart, true)->request, 0u);
  EXPECT_EQ(schedule.take_due(kRunStart, false)->request, 1u);
  EXPECT_FALSE(schedule.take_due(kRunStart, false));
  EXPECT_EQ(schedule.next_deadline(), kNever);
  const Instant later_on = kRunStart + microseconds(3);
  source.there = 1;
  schedule.answered(0, later_on);
  EXPECT_EQ(schedule.next_deadline(), later_on);
  EXPECT_EQ(schedule.take_due(later_on, false)->request, 2u);
  EXPECT_THAT(source.asked, ElementsAre(std::pair(kRunStart, true), std::pair(kRunStart, false),
                                        std::pair(kRunStart, false), std::pair(later_on, false)));
}

TEST(ClientSchedule, OfASourceThatIsOverHasAskedForWhatItSent) {
  const ClientWorkload workload;
  const std::vector<Duration> none;
  ClientSchedule schedule(workload, 1, none);
  Planned source;
  schedule.serve(source);
  schedule.start(kRunStart);
  source.there = 1;
  EXPECT_TRUE(schedule.take_due(kRunStart, true));
  EXPECT_GT(schedule.asked(), 1u);
  source.ends = true;
  EXPECT_FALSE(schedule.take_due(kRunStart, false));
  EXPECT_EQ(schedule.asked(), 1u);
  EXPECT_EQ(schedule.next_deadline(), kNever);
}

TEST(Balancer, TwoChoicesNeverTakeTheFullestOfThree) {
  Balancer balancer(Balance::kTwoChoices, 3, 0, 9);
  std::vector<std::uint32_t> taken(3);
  for (int i = 0; i < 3'000; ++i) ++taken[balancer.choose(std::vector<std::uint32_t>{1, 0, 2})];
  // Of the three pairs that are drawn as often, two have the emptiest; binomial, 5 sigma.
  EXPECT_EQ(taken[2], 0u);
  EXPECT_NEAR(taken[1], 2'000, 5 * 26);
}

TEST(Balancer, TheSameSeedDrawsTheSame) {
  const std::vector<std::vector<std::uint32_t>> idle(50, {0, 0, 0, 0});
  EXPECT_EQ(choices(Balance::kTwoChoices, 0, idle), choices(Balance::kTwoChoices, 0, idle));
}

}  // namespace
}  // namespace soliton
