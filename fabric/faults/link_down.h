// Nothing crosses a link, and what is on the wire when it is cut is lost; what is queued for it is lost
// when its turn comes. The effect of every kind of fault that takes links down.
#pragma once

#include <string>

#include "fabric/faults/fault_plan.h"

namespace soliton {

class LinkDown final : public LinkEffect {
 public:
  LinkStage stage() const override { return LinkStage::kCut; }
  FaultAction act(const Encounter&) const override { return {.what = FaultAction::What::kDrop}; }
  std::string words() const override { return "was down"; }
};

}  // namespace soliton
