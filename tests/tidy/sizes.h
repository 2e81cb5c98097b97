// How long functions and classes of a source file are, by counting braces: good for a limit, not a
// parser. Braces in literals and comments are ignored.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/tidy/sources.h"

namespace soliton {

struct Extent {
  std::string name;        // of a class; "" of a function
  std::size_t line = 0;    // where it begins, from 1
  std::size_t length = 0;  // lines, both ends included
};

// A line at namespace level or in a class that ends in '{' behind a ')' is taken for the start of a
// function.
std::vector<Extent> functions_of(const SourceFile& file);

// Definitions of classes, structs and unions, those in others too, each with all that stands in it.
std::vector<Extent> classes_of(const SourceFile& file);

}  // namespace soliton
