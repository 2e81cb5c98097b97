// Every kind of fault there is, in the order of the catalogue (docs/faults.md).
#include <algorithm>

#include "fabric/faults/fault_kind.h"

namespace soliton {

extern const FaultKind kDuplicateFault, kReplayFault, kReorderFault, kCorruptFault, kTruncateFault,
    kRateFault, kSlotFault, kMtuFault, kEcnFault, kPartitionFault, kClogFault, kEventsFault;

std::span<const FaultKind* const> fault_kinds() {
  static constexpr const FaultKind* kKinds[] = {
      &kLossFault,     &kDuplicateFault, &kReplayFault,     &kDelayFault,     &kReorderFault,
      &kCorruptFault,  &kTruncateFault,  &kRateFault,       &kSlotFault,      &kMtuFault,
      &kEcnFault,      &kLinkDownFault,  &kSwitchDownFault, &kPartitionFault, &kClogFault,
      &kMisrouteFault, &kEventsFault,
  };
  return kKinds;
}

}  // namespace soliton
