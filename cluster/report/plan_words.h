// A plan and the cluster it runs on, in a few words: which part is placed where, how full memories
// are, how fast it could be.
#pragma once

#include <string>
#include <vector>

#include "cluster/results/results.h"
#include "partition/plan/plan.h"

namespace soliton {

// "4 × bw-pocket + 1 host", idle NPUs as "(2 more idle)".
std::string cluster_words(const std::vector<NodeResult>& nodes);
// "rows of gru over fpga0-3, classifier on fpga3, /Gather, /LogSoftmax on host0"
std::string placement_words(const Plan& plan);
// "optimal (contiguous)"
std::string verdict_words(const Certificate& certificate);

// The fullest memory of a node, which would overflow first.
struct Fullness {
  std::string node;
  std::string memory;  // "MatrixRf"
  std::int64_t used = 0;
  std::int64_t capacity = 0;
  double share() const {
    return capacity > 0 ? static_cast<double>(used) / static_cast<double>(capacity) : 0;
  }
};
std::vector<Fullness> fullness(const Plan& plan);
// "81 %"; 100 % only if no space is left.
std::string full_percent(const Fullness& f);

// "2.64 us on fpga0 (659 cycles), limited by dependence; UDM 33, SDM 523 cycles": for the node
// whose step takes longest; "" if the plan has no steps.
std::string step_words(const Plan& plan);

// What answers are compared with: the whole model on one device of the plan's kind.
const char* reference_words(const Plan* plan);
// "4 × 0.61" for equal devices, else the sum: TFLOPS of the devices in use.
std::string peak_words(const Plan& plan);

// Names of the nodes whose role is `role`.
std::vector<std::string> nodes_of_role(const std::vector<NodeResult>& nodes,
                                       const std::string& role);

}  // namespace soliton
