// The documents of the project, and a folder in which to run the commands they show.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/process/documents/terminal.h"

namespace soliton {

std::string content_of(const std::filesystem::path& path);

std::filesystem::path root_of_sources();
// Paths from the root: the pages at the top, and all below docs/ and configs/.
std::vector<std::string> documents();

// A temporary folder that looks like the root of the sources to a reader of a document: configs/,
// topologies/ and docs/ are there, `soliton` is on the PATH, `./dev run` and `./dev soliton` run
// the program as it was built, and what a command writes below runs/ stays here.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  bool good() const { return !path_.empty(); }
  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& content) const;
  CommandEnd run(const std::string& command) const;

 private:
  std::filesystem::path path_;
};

}  // namespace soliton
