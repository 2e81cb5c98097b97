#include "cluster/chaos/history_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace soliton {
namespace {

struct Message {
  std::uint64_t size = 0, hash = 0;
  Instant at{};
  bool same_bytes(const Message& other) const { return size == other.size && hash == other.hash; }
};

// From one node to another.
struct Way {
  std::vector<Message> sent, delivered;
};

// What message `n` of those delivered is, when it is not the one that was sent as number `n`.
std::string mistake(const Way& way, std::size_t n) {
  const Message& got = way.delivered[n];
  const auto same = [&](const Message& sent) { return sent.same_bytes(got); };
  const auto expected =
      way.sent.begin() + static_cast<std::ptrdiff_t>(std::min(n, way.sent.size()));
  const auto later = std::find_if(expected, way.sent.end(), same);
  if (later != way.sent.end())
    return fmt::format("number {} came in place of number {}", later - way.sent.begin(), n);
  const auto earlier = std::find_if(way.sent.begin(), expected, same);
  if (earlier != expected)
    return fmt::format("number {} came a second time, in place of number {}",
                       earlier - way.sent.begin(), n);
  if (n >= way.sent.size()) return fmt::format("number {} of {} bytes was never sent", n, got.size);
  return fmt::format("number {} was sent with {} bytes and came with {} others", n,
                     way.sent[n].size, got.size);
}

std::optional<std::string> first_mistake(const Way& way, bool complete) {
  for (std::size_t n = 0; n < way.delivered.size(); ++n) {
    if (n >= way.sent.size() || !way.delivered[n].same_bytes(way.sent[n])) return mistake(way, n);
    if (way.delivered[n].at < way.sent[n].at)
      return fmt::format("number {} came before it was sent", n);
  }
  if (complete && way.delivered.size() < way.sent.size())
    return fmt::format("{} of {} never came", way.sent.size() - way.delivered.size(),
                       way.sent.size());
  return std::nullopt;
}

std::string name_of(NodeId node, std::span<const std::string> names) {
  return index(node) < names.size() ? names[index(node)] : fmt::format("node {}", index(node));
}

}  // namespace

std::vector<std::string> check_history(std::span<const MessageEvent> events, bool complete,
                                       std::span<const std::string> names) {
  std::map<std::pair<NodeId, NodeId>, Way> ways;
  for (const MessageEvent& event : events) {
    Way& way = ways[{event.from, event.to}];
    (event.delivered ? way.delivered : way.sent).push_back({event.size, event.hash, event.at});
  }
  std::vector<std::string> out;
  for (const auto& [ends, way] : ways)
    if (const auto what = first_mistake(way, complete))
      out.push_back(fmt::format("of the messages from {} to {}, {}", name_of(ends.first, names),
                                name_of(ends.second, names), *what));
  return out;
}

}  // namespace soliton
