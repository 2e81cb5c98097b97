// A step of a run's recovery in words.
#pragma once

#include <string>

#include "cluster/results/results.h"

namespace soliton {

// "fpga1 is found dead", "fpga4 is granted the work of fpga1, generation 2".
std::string recovery_words(const RecoveryResult::Step& step);

}  // namespace soliton
