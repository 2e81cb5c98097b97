#include "cluster/report/distribution.h"

#include <algorithm>

#include "protocol/math/math.h"

namespace soliton {

std::size_t rank_at(std::size_t count, std::size_t permille) {
  return std::max<std::size_t>(1, (count * permille + 999) / 1000);
}

// Half of them evenly, a third by their distance to the end, the slowest one by one.
std::vector<std::size_t> drawn_ranks(std::size_t count, std::size_t most) {
  std::vector<std::size_t> out;
  if (count <= most) {
    for (std::size_t rank = 1; rank <= count; ++rank) out.push_back(rank);
    return out;
  }
  const std::size_t even = most / 2, tail = most * 7 / 20, slowest = most / 10;
  for (std::size_t i = 0; i < even; ++i) out.push_back(1 + i * count / even);
  const double steps = math::log2(static_cast<double>(count)) / static_cast<double>(tail);
  for (std::size_t i = 0; i < tail; ++i) {
    const double behind = math::pow(2, steps * static_cast<double>(i));
    out.push_back(count - std::min(count - 1, static_cast<std::size_t>(behind)));
  }
  for (std::size_t i = 0; i < slowest; ++i) out.push_back(count - i);
  for (const std::size_t permille : {500, 900, 990, 999}) out.push_back(rank_at(count, permille));
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

double share_at_rank(std::size_t rank, std::size_t count) {
  return (static_cast<double>(rank) - 0.5) / static_cast<double>(count);
}

}  // namespace soliton
