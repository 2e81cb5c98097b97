#include <string>

#include "protocol/base/check.h"
#include "tests/fuzz/ltl/targets.h"

namespace {

// A broken invariant ends the program before the fuzzer can save what broke it.
std::string repeat_with(const std::uint8_t* data, std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "bytes ";
  for (std::size_t i = 0; i < size; ++i) {
    out += kDigits[data[i] >> 4];
    out += kDigits[data[i] & 15];
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  soliton::set_check_context(repeat_with(data, size));
  soliton::SOLITON_FUZZ_TARGET({data, size});
  return 0;
}
