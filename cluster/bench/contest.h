// Contestants that alternate on one core in one run, so that ratios of their times are meaningful.
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
  int repetitions_least = 8;  // per turn, after one that is not counted
};

// Every contestant has a turn in each round; the least time of one call is kept.
void hold_contest(std::vector<Contestant>& contestants, const ContestOptions& options = {});
// The least time of the contestant `name`. REQUIRES: there is one.
double least_us(const std::vector<Contestant>& contestants, const std::string& name);

// Pins the calling thread to its current core. False if the system does not allow it.
bool pin_to_this_core();

}  // namespace soliton
