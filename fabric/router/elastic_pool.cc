#include "fabric/router/elastic_pool.h"

#include <algorithm>
#include <numeric>

#include "protocol/base/check.h"

namespace soliton {

ElasticPool::ElasticPool(std::uint32_t flits, std::uint32_t reserved, std::uint32_t channels)
    : reserved_(reserved), shared_(flits - reserved * channels), used_(channels, 0) {
  SOLITON_CHECK_MSG(std::uint64_t{reserved} * channels <= flits,
                    "{} channels of {} reserved flits in a buffer of {}", channels, reserved,
                    flits);
}

std::uint32_t ElasticPool::used() const {
  return std::accumulate(used_.begin(), used_.end(), std::uint32_t{0});
}

std::uint32_t ElasticPool::room(std::uint32_t channel) const {
  const std::uint32_t own = reserved_ - std::min(reserved_, used_[channel]);
  return own + (shared_ - borrowed_);
}

bool ElasticPool::conserved() const {
  std::uint32_t borrowed = 0;
  for (const std::uint32_t used : used_) borrowed += used - std::min(used, reserved_);
  return borrowed == borrowed_ && borrowed_ <= shared_;
}

}  // namespace soliton
