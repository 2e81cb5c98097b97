// The answer to "why is this number what it is": where the time of a run went, and what it would gain from
// one change at a time, best first.
//
//   Answer answer = answer_of(results, paths);
//   for (…) answer.gains.push_back(gain_of(what_ifs()[i].name, outcome, answer));
//   rank(answer.gains);
#pragma once

#include <string>
#include <vector>

#include "cluster/experiment/point_outcome.h"
#include "cluster/results/critical_path.h"

namespace soliton {

// What became of the run with one thing changed.
struct Gain {
  std::string change;
  std::string refused;  // why it does not apply or could not be played; "" if it was
  double mean_us = 0, p99_us = 0, throughput = 0;
  double gain = 0;  // of the mean latency, as a share of the run's; below 0: it is slower
};

struct Answer {
  std::string file, name;
  LatencySummary latency;
  double throughput = 0;
  Breakdown mean;
  // What no plan, or no schedule of messages, can be below, and what was reached beside it.
  std::optional<Duration> bound, reached;
  std::vector<CriticalPath> paths;
  std::vector<NodeResult> nodes;  // busiest first
  std::vector<LinkResult> links;  // busiest first
  std::vector<Gain> gains;        // best first, and then those that do not apply

  std::optional<double> efficiency() const;  // bound over reached
};

Answer answer_of(const RunResults& results, std::vector<CriticalPath> paths);
Gain gain_of(const std::string& change, const Checked<PointOutcome>& outcome, double mean_us);
// Equal ones stay in their order.
void rank(std::vector<Gain>& gains);

std::string answer_text(const Answer& answer);
std::string answer_json(const Answer& answer);

}  // namespace soliton
