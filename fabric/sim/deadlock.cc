#include "fabric/sim/deadlock.h"

#include <algorithm>
#include <map>
#include <set>

namespace soliton {
namespace {

// Ports that cannot go on: leaves out, again and again, who has too little left at those that
// cannot.
std::set<std::size_t> stuck_ports(const std::vector<std::size_t>& stopped,
                                  const std::vector<Waiting>& waiting, Bytes xon) {
  std::set<std::size_t> stuck(stopped.begin(), stopped.end());
  for (bool changed = true; changed;) {
    std::map<std::size_t, Bytes> left;
    for (const Waiting& w : waiting)
      if (stuck.contains(w.at)) left[w.from] += w.size;
    changed = std::erase_if(stuck, [&](std::size_t port) { return left[port] <= xon; }) > 0;
  }
  return stuck;
}

}  // namespace

std::vector<std::vector<std::size_t>> find_deadlocks(const std::vector<std::size_t>& stopped,
                                                     const std::vector<Waiting>& waiting,
                                                     Bytes xon) {
  const std::set<std::size_t> stuck = stuck_ports(stopped, waiting, xon);
  std::map<std::size_t, std::size_t> next;  // the lowest port that a stuck port waits for
  for (const Waiting& w : waiting) {
    if (!stuck.contains(w.at) || !stuck.contains(w.from)) continue;
    const auto [entry, fresh] = next.emplace(w.from, w.at);
    if (!fresh) entry->second = std::min(entry->second, w.at);
  }
  std::vector<std::vector<std::size_t>> circles;
  std::set<std::size_t> seen;
  for (std::size_t port : stuck) {
    std::vector<std::size_t> path;
    for (; seen.insert(port).second; port = next.at(port)) path.push_back(port);
    const auto start = std::find(path.begin(), path.end(), port);
    if (start == path.end()) continue;  // runs into one that is known
    std::vector<std::size_t> circle(start, path.end());
    std::rotate(circle.begin(), std::min_element(circle.begin(), circle.end()), circle.end());
    circles.push_back(std::move(circle));
  }
  return circles;
}

}  // namespace soliton
