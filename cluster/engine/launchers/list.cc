// Every way to run a cluster there is.
#include "cluster/engine/launcher.h"

namespace soliton {

std::span<const Launcher* const> launchers() {
  static constexpr const Launcher* kLaunchers[] = {
      &kPackedLauncher,
      &kMessageLauncher,
      &kPerNodeLauncher,
      &kWallLauncher,
  };
  return kLaunchers;
}

}  // namespace soliton
