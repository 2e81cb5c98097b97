#include "tests/tidy/sources.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace soliton {

std::vector<SourceFile> source_files() {
  namespace fs = std::filesystem;
  const fs::path root = SOLITON_SOURCE_DIR;
  std::vector<SourceFile> files;
  for (const char* folder :
       {"protocol", "topologies", "fabric", "node", "partition", "cluster", "tests"})
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      SourceFile file{fs::relative(entry.path(), root).string(), {}};
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) file.lines.push_back(line);
      files.push_back(std::move(file));
    }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace soliton
