#include "cluster/bench/contest.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "protocol/base/check.h"

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void take_turn(Contestant& contestant, const ContestOptions& options) {
  contestant.run();
  const Clock::time_point turn = Clock::now();
  for (int i = 0; i < options.repetitions_least || seconds_since(turn) < options.seconds_a_turn;
       ++i) {
    const Clock::time_point start = Clock::now();
    contestant.run();
    contestant.least_us = std::min(contestant.least_us, seconds_since(start) * 1e6);
  }
}

}  // namespace

void hold_contest(std::vector<Contestant>& contestants, const ContestOptions& options) {
  for (Contestant& contestant : contestants)
    contestant.least_us = std::numeric_limits<double>::infinity();
  for (int round = 0; round < options.rounds; ++round)
    for (Contestant& contestant : contestants) take_turn(contestant, options);
}

double least_us(const std::vector<Contestant>& contestants, const std::string& name) {
  const auto found = std::ranges::find(contestants, name, &Contestant::name);
  SOLITON_CHECK_MSG(found != contestants.end(), "no contestant {}", name);
  return found->least_us;
}

bool pin_to_this_core() {
  const int core = sched_getcpu();
  if (core < 0) return false;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  return sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace soliton
