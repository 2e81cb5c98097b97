// Matrix times vector: packed kernels against libraries and against the memory's read rate.
#pragma once

#include <string>

#include "cluster/bench/bench_table.h"
#include "cluster/bench/contest.h"

namespace soliton {

void bench_gemv(const std::string& peers_folder, const ContestOptions& contest,
                BenchReport& report);

}  // namespace soliton
