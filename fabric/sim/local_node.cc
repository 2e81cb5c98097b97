#include "fabric/sim/local_node.h"

namespace soliton {

Status LocalNode::collect(std::vector<Frame>& sent) {
  loop_.run(until_, [&](Frame& frame) {
    sent.push_back(std::move(frame));
    return true;
  });
  return {};
}

}  // namespace soliton
