// Every kind of fault there is, in the order of the catalogue (docs/faults.md).
#include <algorithm>

#include "fabric/faults/fault_kind.h"

namespace soliton {

extern const FaultKind kDuplicateFault, kReplayFault, kReorderFault, kCorruptFault, kTruncateFault,
    kRateFault, kSlotFault, kMtuFault, kEcnFault, kPartitionFault, kClogFault, kEventsFault,
    kNodeCrashFault, kNodePauseFault, kSlowFault, kRoleHangFault, kZombieFault, kJoinDelayFault,
    kSeuConfigFault, kSeuMemoryFault, kDatapathFlipFault, kDeviceHangFault, kDramCalFailFault,
    kReconfigureFault, kReconfigGarbageFault, kImageMismatchFault, kThrottleFault, kDeviceDeadFault,
    kManagerDownFault, kLeaseFault, kNoSpareFault;

std::span<const FaultKind* const> fault_kinds() {
  static constexpr const FaultKind* kKinds[] = {
      &kLossFault,
      &kDuplicateFault,
      &kReplayFault,
      &kDelayFault,
      &kReorderFault,
      &kCorruptFault,
      &kTruncateFault,
      &kRateFault,
      &kSlotFault,
      &kMtuFault,
      &kEcnFault,
      &kLinkDownFault,
      &kSwitchDownFault,
      &kPartitionFault,
      &kClogFault,
      &kMisrouteFault,
      &kNodeCrashFault,
      &kNodePauseFault,
      &kSlowFault,
      &kRoleHangFault,
      &kZombieFault,
      &kJoinDelayFault,
      &kSeuConfigFault,
      &kSeuMemoryFault,
      &kDatapathFlipFault,
      &kDeviceHangFault,
      &kDramCalFailFault,
      &kReconfigureFault,
      &kReconfigGarbageFault,
      &kImageMismatchFault,
      &kThrottleFault,
      &kDeviceDeadFault,
      &kManagerDownFault,
      &kLeaseFault,
      &kNoSpareFault,
      &kEventsFault,
  };
  return kKinds;
}

}  // namespace soliton
