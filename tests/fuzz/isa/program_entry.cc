#include "tests/fuzz/isa/program_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::fuzz_program(data, size);
  return 0;
}
