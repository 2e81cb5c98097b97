#include "cluster/bench/peer_program.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <sstream>

namespace soliton {
namespace {

// What the program prints, or "" when it fails. Its arguments are ours, never a user's.
std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) return "";
  std::string out;
  char piece[256];
  while (std::fgets(piece, sizeof piece, pipe.get()) != nullptr) out += piece;
  return out;
}

}  // namespace

PeerProgram::PeerProgram(std::string program, std::vector<std::string> wanted)
    : program_(std::move(program)), wanted_(std::move(wanted)) {
  if (access(program_.c_str(), X_OK) != 0) return;
  std::istringstream lines(output_of(fmt::format("'{}' list", program_)));
  for (std::string name; lines >> name;) names_.push_back(name);
}

bool PeerProgram::has(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

std::vector<std::string> PeerProgram::missing() const {
  std::vector<std::string> out;
  for (const std::string& name : wanted_)
    if (!has(name)) out.push_back(name);
  return out;
}

std::optional<PairFigures> PeerProgram::run(const std::string& name, const std::string& mode,
                                            const PairOptions& options) const {
  std::istringstream words(
      output_of(fmt::format("'{}' {} {} {} {} {}", program_, name, mode, options.bytes,
                            options.seconds, options.pinned ? 1 : 0)));
  PairFigures figures;
  if (words >> figures.p50_ns >> figures.p99_ns >> figures.messages_per_second >> figures.samples >>
      figures.wrong)
    return figures;
  return std::nullopt;
}

}  // namespace soliton
