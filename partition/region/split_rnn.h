// The layers of model.rnn alone, as FPGAs run them: for benches and tests, which need no cluster.
#pragma once

#include "partition/ir/build_rnn.h"
#include "partition/region/split_model.h"

namespace soliton {

// REQUIRES: as build_rnn().
SplitModel split_rnn(const RnnOptions& options);

}  // namespace soliton
