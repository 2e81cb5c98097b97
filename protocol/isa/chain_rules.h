// The rules for the form of a chain, without regard to memories or ports (docs/isa.md; scalar
// chains are an addition of this project).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "protocol/isa/program.h"

namespace soliton {

struct ChainFault {
  // The one that breaks the rule; the number of instructions when one is missing at the end.
  std::size_t instruction = 0;
  std::string rule;
};

// Every broken rule, in order. `multifunction_units` is the device's.
std::vector<ChainFault> check_chain(const Chain& chain, int multifunction_units);

}  // namespace soliton
