#include "node/deployment/deployment.h"

#include <algorithm>

namespace soliton {

std::vector<NodeId> peers_of(const Deployment& deployment) {
  std::vector<NodeId> peers;
  for (const LtlConnection& connection : deployment.connections)
    if (std::find(peers.begin(), peers.end(), connection.peer) == peers.end())
      peers.push_back(connection.peer);
  return peers;
}

}  // namespace soliton
