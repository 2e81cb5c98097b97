#include "tests/fuzz/onnx/onnx_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::fuzz_onnx({data, size});
  return 0;
}
