// Programs in the text form, shipped or written in a test, and the contents that docs/isa.md and
// docs/bits.md define for their constants.
#pragma once

#include <string>
#include <vector>

#include "protocol/isa/shard.h"
#include "tests/unit/npu/reference.h"

namespace soliton::testing {

// On shipped devices. Errors fail the test.
Shard assembled(const std::string& text, const std::string& name = "test");

std::string shipped_text(const std::string& name);  // of configs/programs/NAME.npu
Shard shipped_program(const std::string& name);

// `random SEED` of `.matrix` and `random COUNT SEED` of `.vector`.
std::vector<float> random_matrix(std::uint64_t seed, std::size_t rows, std::size_t columns);
Halves random_vector(std::uint64_t seed, std::size_t count);

}  // namespace soliton::testing
