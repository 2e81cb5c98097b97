#include "cluster/engine/launcher.h"

#include <algorithm>

namespace soliton {

const Launcher* find_launcher(const Layout& layout) {
  for (const Launcher* launcher : launchers())
    if (launcher->layout == layout) return launcher;
  return nullptr;
}

std::vector<std::string> engine_names() {
  std::vector<std::string> names;
  for (const Launcher* launcher : launchers())
    if (std::ranges::find(names, launcher->layout.engine) == names.end())
      names.emplace_back(launcher->layout.engine);
  return names;
}

}  // namespace soliton
