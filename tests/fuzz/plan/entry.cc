#include "tests/fuzz/plan/plan_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::fuzz_plan({reinterpret_cast<const char*>(data), size});
  return 0;
}
