#include "tests/process/documents/pages.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace soliton {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDev =
    "#!/bin/sh\n"
    "case $1 in\n"
    "  run) exec soliton \"$@\" ;;\n"
    "  soliton) shift; exec soliton \"$@\" ;;\n"
    "esac\n"
    "exit 2\n";

bool is_page(const fs::path& path) { return path.extension() == ".md"; }

}  // namespace

std::string content_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

fs::path root_of_sources() { return SOLITON_SOURCE_DIR; }

std::vector<std::string> documents() {
  const fs::path root = root_of_sources();
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(root))
    if (is_page(entry.path())) found.push_back(entry.path().filename().string());
  for (const char* folder : {"docs", "configs"})
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder))
      if (is_page(entry.path())) found.push_back(fs::relative(entry.path(), root).string());
  std::sort(found.begin(), found.end());
  return found;
}

Workplace::Workplace() {
  std::string name = (fs::temp_directory_path() / "soliton-documents-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return;
  path_ = name;
  for (const char* folder : {"configs", "topologies", "docs"})
    fs::create_directory_symlink(root_of_sources() / folder, path_ / folder);
  fs::create_directory(path_ / "bin");
  fs::create_symlink(SOLITON_PROGRAM, path_ / "bin" / "soliton");
  write("dev", kDev);
  chmod((path_ / "dev").c_str(), 0755);
}

Workplace::~Workplace() {
  std::error_code ignored;
  if (good()) fs::remove_all(path_, ignored);
}

void Workplace::write(const std::string& name, const std::string& content) const {
  std::ofstream(path_ / name) << content;
}

CommandEnd Workplace::run(const std::string& command) const {
  return run_at_terminal(command, path_.string(), (path_ / "bin").string());
}

}  // namespace soliton
