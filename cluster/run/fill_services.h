// Fills in what results tell of each service.
#pragma once

#include "cluster/run/run.h"

namespace soliton {

// What is known before the run: names, copies and their nodes.
void name_services(const PreparedRun& run, RunResults& results);
// From the rows of requests: counts, times, and whether what was promised was kept. REQUIRES: all else in
// `results` that is about requests and nodes is filled in.
void fill_services(const PreparedRun& run, RunResults& results);

}  // namespace soliton
