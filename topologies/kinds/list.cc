// All kinds of topologies.
#include "topologies/kind.h"

namespace soliton {

extern const TopologyKind kRackKind, kDatacenterKind, kLeafSpineKind, kFatTreeKind, kClosKind,
    kDragonflyKind, kTorusKind, kRingKind, kFullMeshKind, kLocalKind, kExplicitKind;

TopologyKinds topology_kinds() {
  static constexpr const TopologyKind* kKinds[] = {
      &kRackKind,     &kDatacenterKind, &kLeafSpineKind, &kFatTreeKind,
      &kClosKind,     &kDragonflyKind,  &kTorusKind,     &kRingKind,
      &kFullMeshKind, &kLocalKind,      &kExplicitKind,
  };
  return kKinds;
}

}  // namespace soliton
