#include "node/cpu/batcher.h"

#include <algorithm>

namespace soliton {

std::optional<Batch> Batcher::add(std::int64_t steps, const BatchMember& member) {
  std::vector<BatchMember>& members = forming_[steps];
  members.push_back(member);
  if (members.size() < size_) return std::nullopt;
  Batch full{steps, std::move(members)};
  forming_.erase(steps);
  return full;
}

// Requests are numbered in order of arrival, so the first request of all has the first deadline.
Batcher::Forming::const_iterator Batcher::first_due() const {
  return std::ranges::min_element(
      forming_, {}, [](const auto& forming) { return forming.second.front().request; });
}

Instant Batcher::next_deadline() const {
  const auto first = first_due();
  return first == forming_.end() ? kNever : later(first->second.front().sent, wait_);
}

std::optional<Batch> Batcher::take_due(Instant now) {
  if (next_deadline() > now) return std::nullopt;
  const auto first = first_due();
  Batch due{first->first, first->second};
  forming_.erase(first);
  return due;
}

}  // namespace soliton
