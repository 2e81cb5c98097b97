// The directives that declare something: device, format, node, matrices, vectors, ranges, ports.
// Inside protocol/isa only.
#pragma once

#include "protocol/isa/assembly_line.h"

namespace soliton {

// Reads the rest of the line behind `directive`; false when it declares nothing.
bool read_declaration(const Token& directive, AssemblyLine& line, ParsedAssembly& out);

// The name of one of these memories.
std::optional<Memory> read_memory(AssemblyLine& line, const std::vector<Memory>& allowed);

}  // namespace soliton
