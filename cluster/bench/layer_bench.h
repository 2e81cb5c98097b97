// Whole NPU programs on this machine: recurrent layers against ONNX Runtime, and how fast programs
// are simulated when only times are wanted.
#pragma once

#include <string>

#include "cluster/bench/bench_table.h"
#include "cluster/bench/contest.h"

namespace soliton {

// LSTM and GRU with input = hidden = 1024, 25 steps, batch 1: microseconds a step.
void bench_layers(const std::string& peers_folder, const ContestOptions& contest,
                  BenchReport& report);

// Chains a second of an LSTM under `compute: timing`.
void bench_chains(const ContestOptions& contest, BenchReport& report);

}  // namespace soliton
