// Random meaningful cluster files at the limits of what is allowed: the smallest, the largest and
// the slowest of everything, in combination.
//
// Most of them run; what the tool refuses (a plan that does not fit, a combination it does not
// allow) is a legal answer as well. Sizes that cost the machine itself time are kept small, sizes
// that cost emulated time are not.
#pragma once

#include <cstdint>
#include <string>

namespace soliton {

struct LegalCase {
  std::string yaml;
  bool comparable_in_wall_time = false;  // computes all outputs and ends normally
  bool messages = false;                 // fidelity: message
};

// A function of the seed.
LegalCase legal_case(std::uint64_t seed);

}  // namespace soliton
