// Contestants that alternate on one core in one run: what a ratio of two times can be taken from.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace soliton {

struct Contestant {
  std::string name;
  std::function<void()> run;
  double least_us = 0;  // of all repetitions so far
};

struct ContestOptions {
  int rounds = 7;
  double seconds_a_turn = 0.03;
  int repetitions_least = 8;  // a turn, after one that is not counted
};

// Every contestant has a turn in each round; the least time of one call is kept.
void hold_contest(std::vector<Contestant>& contestants, const ContestOptions& options = {});
// The one of that name. REQUIRES: it is there.
double least_us(const std::vector<Contestant>& contestants, const std::string& name);

// Keeps the calling thread on the core it runs on. False where the system does not allow it.
bool pin_to_this_core();

}  // namespace soliton
