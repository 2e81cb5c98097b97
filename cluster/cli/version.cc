#include "cluster/cli/version.h"

#include <fmt/format.h>

#include "cluster/results/build_id.h"

namespace soliton {

std::string version_text() {
  const std::string build = build_id();
  std::string which = *kRevision == '\0' ? "" : fmt::format("revision {}", kRevision);
  if (!build.empty()) which += fmt::format("{}build {}", which.empty() ? "" : ", ", build);
  return fmt::format("soliton {}{}", kVersion, which.empty() ? "" : fmt::format(" ({})", which));
}

}  // namespace soliton
