// What both the fuzzer of priced graphs and plans and its replay do with some text.
#pragma once

#include <string>

namespace soliton {

// Reads the text as a priced graph and as a plan of one, and checks a plan that reads. Whatever the
// text is, this ends without a crash: it is refused with a place, or checked.
void fuzz_plan(const std::string& text);

}  // namespace soliton
