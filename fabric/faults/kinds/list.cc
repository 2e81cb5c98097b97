// Every kind of fault there is, in the order of the catalogue (docs/faults.md).
#include <algorithm>

#include "fabric/faults/fault_kind.h"

namespace soliton {

extern const FaultKind kDuplicateFault, kReplayFault, kReorderFault, kCorruptFault, kTruncateFault,
    kRateFault, kSlotFault, kMtuFault, kEcnFault, kPartitionFault, kClogFault, kEventsFault,
    kNodeCrashFault, kNodePauseFault, kSlowFault, kRoleHangFault, kZombieFault, kJoinDelayFault,
    kSeuConfigFault, kSeuMemoryFault, kDatapathFlipFault, kDeviceHangFault, kDramCalFailFault,
    kReconfigureFault, kReconfigGarbageFault, kImageMismatchFault, kThrottleFault, kDeviceDeadFault,
    kManagerDownFault, kLeaseFault, kNoSpareFault, kQueueFault, kSlowReceiverFault, kIncastFault,
    kPfcPauseFault, kPfcStormFault, kPfcDeadlockFault, kRebindFault, kClockFault;

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
      &kQueueFault,
      &kSlotFault,
      &kMtuFault,
      &kEcnFault,
      &kLinkDownFault,
      &kSwitchDownFault,
      &kPartitionFault,
      &kClogFault,
      &kPfcPauseFault,
      &kPfcStormFault,
      &kPfcDeadlockFault,
      &kSlowReceiverFault,
      &kIncastFault,
      &kRebindFault,
      &kMisrouteFault,
      &kNodeCrashFault,
      &kNodePauseFault,
      &kSlowFault,
      &kRoleHangFault,
      &kZombieFault,
      &kJoinDelayFault,
      &kClockFault,
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
