#include "tests/fuzz/ltl/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::SOLITON_FUZZ_TARGET({data, size});
  return 0;
}
