#include "tests/fuzz/isa/assembly_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::fuzz_assembly(data, size);
  return 0;
}
