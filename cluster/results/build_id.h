// Identifies the build of a program, so that stored results can be matched with the build that made
// them.
#pragma once

#include <string>

namespace soliton {

inline constexpr const char* kThisProgram = "/proc/self/exe";

// The linker's build id of an ELF program (a digest of what was linked) as hexadecimal digits; if
// it has none, the SHA-256 of the file; "" if it cannot be read.
std::string build_id(const std::string& program = kThisProgram);

}  // namespace soliton
