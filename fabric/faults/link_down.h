// Nothing crosses a link, and what is on the wire when it is cut is lost; what is queued for it is lost
// when its turn comes. The effect of every kind of fault that takes links down.
#pragma once

#include <string>

#include "fabric/faults/fault_kind.h"

namespace soliton {

class LinkDown final : public LinkEffect {
 public:
  bool drops(const FaultWindow& window, const Crossing& crossing, std::uint64_t,
             const Random&) const override {
    const bool cut_on_the_way =
        crossing.start < window.from && window.from < crossing.end && window.from < window.until;
    return window.holds(crossing.start) || cut_on_the_way;
  }
  bool cuts() const override { return true; }
  std::string words() const override { return "was down"; }
};

}  // namespace soliton
