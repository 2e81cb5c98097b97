// All kinds of topologies.
#include "topologies/kind.h"

namespace soliton {

extern const TopologyKind kRackKind, kDatacenterKind, kLocalKind, kExplicitKind;

TopologyKinds topology_kinds() {
  static constexpr const TopologyKind* kKinds[] = {
      &kRackKind,
      &kDatacenterKind,
      &kLocalKind,
      &kExplicitKind,
  };
  return kKinds;
}

}  // namespace soliton
