// Which program this is.
#pragma once

#include <string>

namespace soliton {

// "0.1.0", which is also that of results. The constants are made by the build
// (cmake/SolitonRevision.cmake).
extern const char* const kVersion;
// The revision of the sources, "c6ac697d3f21", with "+" behind it where files differ from it; "" when
// nobody knows it.
extern const char* const kRevision;

// "soliton 0.1.0 (revision c6ac697d3f21, build 1f2e…)": the revision of the sources, and the linker's
// build id, which tells two builds of one revision apart.
std::string version_text();

}  // namespace soliton
