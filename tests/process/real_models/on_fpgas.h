// Runs cluster files whose goldens are what a framework answers.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/process/cluster/program.h"

namespace soliton {

// With products and recurrent cells on FPGAs, one and two of them: fp32 weights, and fp16 for everything
// between. The same bits, near the golden.
inline void expect_near_on_fpgas(const std::string& file, const std::string& out) {
  nlohmann::json digest;
  for (const int fpgas : {1, 2}) {
    const std::string folder = fmt::format("{}-{}", out, fpgas);
    const Ended ended = run_soliton(
        {"run", file, "--quiet", "--processes", "packed", "--out", folder, "--set", "placement={}",
         "--set", "model.precision=fp32", "--set",
         "nodes=[{name: 'fpga[0-1]', device: {base: bw-next, matrix_registers: 20000, formats: "
         "[{name: fp32, beats_per_tile: 100}]}}, {name: host0, device: cpu}]",
         "--set", fmt::format("partition.max_nodes={}", fpgas)});
    ASSERT_EQ(ended.status, 0) << ended.err;
    const nlohmann::json results = read_json(folder + "/results.json");
    EXPECT_EQ(results["nodes"][0]["role"], "npu");
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
    EXPECT_LT(results["outputs"]["max_rel_error"].get<double>(), 5e-3);
    if (fpgas == 1) digest = results["outputs"]["sha256"];
    EXPECT_EQ(results["outputs"]["sha256"], digest) << fpgas;
  }
}

}  // namespace soliton
