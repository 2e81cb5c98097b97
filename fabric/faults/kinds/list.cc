// Every kind of fault there is.
#include <algorithm>

#include "fabric/faults/fault_kind.h"

namespace soliton {

std::span<const FaultKind* const> fault_kinds() {
  static constexpr const FaultKind* kKinds[] = {
      &kLossFault,
      &kDelayFault,
      &kLinkDownFault,
      &kSwitchDownFault,
  };
  return kKinds;
}

}  // namespace soliton
