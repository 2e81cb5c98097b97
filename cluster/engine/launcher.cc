#include "cluster/engine/launcher.h"

namespace soliton {

const Launcher* find_launcher(const Layout& layout) {
  for (const Launcher* launcher : kLaunchers)
    if (launcher->layout == layout) return launcher;
  return nullptr;
}

}  // namespace soliton
