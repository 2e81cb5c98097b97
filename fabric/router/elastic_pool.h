// Credits of one input port: every channel has a reserved minimum, and all share the rest. So one
// channel may take nearly the whole buffer while the others are quiet, and none can be starved by
// it.
#pragma once

#include <cstdint>
#include <vector>

namespace soliton {

class ElasticPool {
 public:
  // REQUIRES: channels * reserved <= flits.
  ElasticPool(std::uint32_t flits, std::uint32_t reserved, std::uint32_t channels);

  bool has_room(std::uint32_t channel) const {
    return used_[channel] < reserved_ || borrowed_ < shared_;
  }
  // REQUIRES: has_room(channel).
  void take(std::uint32_t channel) { borrowed_ += used_[channel]++ >= reserved_ ? 1 : 0; }
  // REQUIRES: used(channel) > 0.
  void give(std::uint32_t channel) { borrowed_ -= --used_[channel] >= reserved_ ? 1 : 0; }

  std::uint32_t used(std::uint32_t channel) const { return used_[channel]; }
  std::uint32_t used() const;
  // Flits a channel could take now if no other took any.
  std::uint32_t room(std::uint32_t channel) const;
  // The sums agree and no limit is broken.
  bool conserved() const;

 private:
  std::uint32_t reserved_;
  std::uint32_t shared_;
  std::uint32_t borrowed_ = 0;  // of the shared ones
  std::vector<std::uint32_t> used_;
};

}  // namespace soliton
