// The list of kinds. A program that links another definition of traffic_kinds() has another list.
#include "node/traffic/traffic_kind.h"

namespace soliton {

extern const TrafficKind kPingTraffic, kStreamTraffic, kIncastTraffic, kPermutationTraffic,
    kAllGatherTraffic, kAllToAllTraffic, kAllReduceTraffic, kReduceScatterTraffic,
    kBroadcastTraffic, kPipelineTraffic, kTokenTraffic, kTraceTraffic, kBackgroundTraffic;

std::span<const TrafficKind* const> traffic_kinds() {
  static constexpr const TrafficKind* kKinds[] = {
      &kPingTraffic,       &kStreamTraffic,   &kIncastTraffic,    &kPermutationTraffic,
      &kAllGatherTraffic,  &kAllToAllTraffic, &kAllReduceTraffic, &kReduceScatterTraffic,
      &kBroadcastTraffic,  &kPipelineTraffic, &kTokenTraffic,     &kTraceTraffic,
      &kBackgroundTraffic,
  };
  return kKinds;
}

}  // namespace soliton
