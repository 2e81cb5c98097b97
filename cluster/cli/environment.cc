#include "cluster/cli/environment.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace soliton {
namespace {

namespace fs = std::filesystem;

fs::path program_folder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::path(".") : self.parent_path();
}

}  // namespace

DataRoot data_root() {
  if (const char* given = std::getenv("SOLITON_DATA")) return {given};
  std::error_code error;
  return {fs::weakly_canonical(program_folder() / ".." / "share" / "soliton", error).string()};
}

std::string node_program() { return (program_folder() / "soliton-node").string(); }

std::string peers_folder() { return (program_folder() / ".." / "peers").string(); }

bool colours_wanted(std::FILE* stream) {
  return isatty(fileno(stream)) != 0 && std::getenv("NO_COLOR") == nullptr;
}

}  // namespace soliton
