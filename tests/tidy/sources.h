// The project's own source files, for the tests that read them.
#pragma once

#include <string>
#include <vector>

namespace soliton {

struct SourceFile {
  std::string path;  // from the project's root
  std::vector<std::string> lines;
  bool is_test() const { return path.starts_with("tests/"); }
};

// All .h and .cc files in the project's folders, sorted by path.
std::vector<SourceFile> source_files();

}  // namespace soliton
