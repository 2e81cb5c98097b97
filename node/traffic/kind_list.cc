// The list of kinds. A program that links another definition of traffic_kinds() has another list.
#include "node/traffic/traffic_kind.h"

namespace soliton {

extern const TrafficKind kPingTraffic, kStreamTraffic, kIncastTraffic, kPermutationTraffic,
    kAllGatherTraffic, kAllToAllTraffic, kAllReduceTraffic, kReduceScatterTraffic,
    kBroadcastTraffic, kPipelineTraffic, kTokenTraffic;

std::span<const TrafficKind* const> traffic_kinds() {
  static constexpr const TrafficKind* kKinds[] = {
      &kPingTraffic,      &kStreamTraffic,   &kIncastTraffic,    &kPermutationTraffic,
      &kAllGatherTraffic, &kAllToAllTraffic, &kAllReduceTraffic, &kReduceScatterTraffic,
      &kBroadcastTraffic, &kPipelineTraffic, &kTokenTraffic,
  };
  return kKinds;
}

}  // namespace soliton
