#include "node/traffic/bounds.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

Duration bound_of_steps(const Traffic& traffic, const LeastTimes& least, std::int64_t steps,
                        std::uint64_t bytes) {
  return times(least.message(bytes), traffic.count * steps);
}

Duration bound_of_receivers(const Traffic& traffic, const LeastTimes& least, std::uint64_t messages,
                            std::uint64_t bytes) {
  Duration bound{};
  for (const NodeId node : traffic.senders)
    bound = std::max(bound, least.through(node, traffic.count * messages, bytes));
  return bound;
}

PartSizes part_sizes(std::uint64_t bytes, std::uint32_t ranks) {
  PartSizes out{UINT64_MAX, UINT64_MAX, 0};
  for (std::uint32_t part = 0; part < ranks; ++part) {
    const std::uint64_t size = bytes_of_parts(bytes, ranks, {part, 1});
    out.least = std::min(out.least, size);
    if (size > 0) out.least_with_bytes = std::min(out.least_with_bytes, size);
    out.most = std::max(out.most, size);
  }
  return out;
}

Duration bound_of_halving(const Traffic& traffic, const LeastTimes& least, std::int64_t passes) {
  const auto ranks = static_cast<std::uint32_t>(traffic.senders.size());
  Duration pass{};
  for (std::uint32_t size = 1; size < ranks; size *= 2) {
    std::uint64_t fewest = UINT64_MAX;
    for (std::uint32_t first = 0; first < ranks; first += size)
      fewest = std::min(fewest, bytes_of_parts(traffic.bytes, ranks, {first, size}));
    pass = sum(pass, least.message(fewest));
  }
  // Where there are fewer words than ranks, some exchanges have no bytes, but not all of them.
  const std::uint64_t part = part_sizes(traffic.bytes, ranks).least_with_bytes;
  return std::max(times(pass, traffic.count * passes), least.message(part));
}

// Of the last round the chain of the largest part counts; which part is the last of the rounds before
// is not said.
Duration bound_of_ring(const Traffic& traffic, const LeastTimes& least, std::int64_t steps) {
  const PartSizes sizes =
      part_sizes(traffic.bytes, static_cast<std::uint32_t>(traffic.senders.size()));
  return sum(times(least.message(sizes.most), steps),
             times(least.message(sizes.least), (traffic.count - 1) * steps));
}

// The root has the sum when the longest chain of messages has come up, and when all its children's
// vectors have come in over its cables. Its next one waits for a rank at the end of the longest chain,
// which first has to hear of this one.
Duration bound_of_tree(const Traffic& traffic, const LeastTimes& least, const TreeLoad& load) {
  const std::uint32_t height = tree_height(load.ranks), children = tree_depth(load.ranks);
  const Duration up = times(least.message(load.up), height);
  const Duration down = times(least.message(load.down), height);
  const Duration first = std::max(up, least.through(load.root, children, load.up));
  const Duration last =
      std::max(down, least.through(load.root, load.root_messages, load.root_bytes));
  const Duration between = load.down > 0 ? sum(up, down) : Duration{};
  const Duration chained = sum(sum(times(between, traffic.count - 1), first), last);
  return std::max(chained,
                  least.through(load.root, std::uint64_t{traffic.count} * children, load.up));
}

}  // namespace soliton
