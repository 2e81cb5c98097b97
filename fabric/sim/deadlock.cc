#include "fabric/sim/deadlock.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

namespace soliton {
namespace {

// Ports that cannot go on: leaves out, again and again, who has too little left at those that
// cannot.
std::set<std::size_t> stuck_ports(const std::vector<std::size_t>& stopped,
                                  const std::vector<QueuedBytes>& waiting, Bytes xon) {
  std::set<std::size_t> stuck(stopped.begin(), stopped.end());
  for (bool changed = true; changed;) {
    std::map<std::size_t, Bytes> left;
    for (const QueuedBytes& w : waiting)
      if (stuck.contains(w.at)) left[w.from] += w.size;
    changed = std::erase_if(stuck, [&](std::size_t port) { return left[port] <= xon; }) > 0;
  }
  return stuck;
}

}  // namespace

std::vector<std::vector<std::size_t>> find_deadlocks(const std::vector<std::size_t>& stopped,
                                                     const std::vector<QueuedBytes>& waiting,
                                                     Bytes xon) {
  const std::set<std::size_t> stuck = stuck_ports(stopped, waiting, xon);
  std::map<std::size_t, std::size_t> next;  // the lowest port that a stuck port waits for
  for (const QueuedBytes& w : waiting) {
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

void CircleLog::look(Instant now, const Stopped& stopped,
                     const std::function<bool(std::size_t)>& held_back) {
  std::vector<std::size_t> stuck;
  std::ranges::copy_if(stopped.queues, std::back_inserter(stuck), held_back);
  for (const std::vector<std::size_t>& queues : find_deadlocks(stuck, stopped.waiting, xon_)) {
    std::vector<Hop> circle;
    for (const std::size_t queue : queues) circle.push_back(hop_of(queue / classes_));
    const bool known =
        std::ranges::any_of(found_, [&](const Deadlock& d) { return d.circle == circle; });
    if (!known) found_.push_back({now, std::move(circle)});
  }
}

}  // namespace soliton
