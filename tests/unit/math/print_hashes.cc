// Prints "own NAME HASH" for each function of soliton::math and "library NAME HASH" for some of the C
// library: what the test of instruction sets runs twice.
#include <fmt/format.h>

#include "tests/unit/math/hashes.h"

int main() {
  for (const soliton::Hash& hash : soliton::math_hashes())
    fmt::print("own {} {:016x}\n", hash.name, hash.value);
  for (const soliton::Hash& hash : soliton::library_hashes())
    fmt::print("library {} {:016x}\n", hash.name, hash.value);
  return 0;
}
