// Which build of a program this is: for whoever keeps results and must know whether another build
// made them.
#pragma once

#include <string>

namespace soliton {

inline constexpr const char* kThisProgram = "/proc/self/exe";

// The linker's build id of an ELF program (a digest of what was linked) as hexadecimal digits;
// without one the SHA-256 of the file; "" when it cannot be read.
std::string build_id(const std::string& program = kThisProgram);

}  // namespace soliton
