#include "partition/search/chain.h"

#include <algorithm>
#include <map>

namespace soliton {
namespace {

// Longest ways through the parts of one host, by ports.
class Ways {
 public:
  explicit Ways(const PricedHost& host) : host_(host) {}

  // From the begin of a request until the first message for another node leaves.
  Duration before() {
    std::map<std::uint16_t, Duration> ready;  // by port
    Duration out = kLongestTime;
    const auto leave = [&](const std::vector<PricedSend>& sends, Duration at) {
      for (const PricedSend& send : sends)
        if (send.node == host_.node)
          ready.try_emplace(send.port, at);
        else
          out = std::min(out, at);
    };
    leave(host_.clients->sends, {});
    std::vector<bool> done(host_.parts.size());
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t i = 0; i < host_.parts.size(); ++i) {
        const PricedPart& part = host_.parts[i];
        if (done[i] || !all_ready(part, ready)) continue;
        Duration latest{};
        for (const PricedInput& input : part.inputs)
          if (!input.carried) latest = std::max(latest, ready.at(input.port));
        leave(part.sends, sum(latest, work(part)));
        done[i] = moved = true;
      }
    }
    return out >= kLongestTime ? Duration{} : out;
  }

  // From the last message of another node to the answer: the least over the parts that it may be for.
  Duration after() const {
    Duration out = kLongestTime;
    for (const PricedPart& part : host_.parts)
      if (from_outside(part)) out = std::min(out, to_answer(part, host_.parts.size()));
    return out >= kLongestTime ? Duration{} : out;
  }

 private:
  static Duration work(const PricedPart& part) { return part.on_cpu ? part.work : Duration{}; }

  static bool all_ready(const PricedPart& part, const std::map<std::uint16_t, Duration>& ready) {
    return std::ranges::all_of(part.inputs, [&](const PricedInput& input) {
      return input.carried || ready.contains(input.port);
    });
  }

  bool fed_here(std::uint16_t port) const {
    const auto here = [&](const PricedSend& send) {
      return send.node == host_.node && send.port == port;
    };
    return std::ranges::any_of(host_.clients->sends, here) ||
           std::ranges::any_of(host_.parts, [&](const PricedPart& part) {
             return std::ranges::any_of(part.sends, here);
           });
  }
  bool from_outside(const PricedPart& part) const {
    return std::ranges::any_of(part.inputs,
                               [&](const PricedInput& input) { return !fed_here(input.port); });
  }

  // Zero if it leads to no answer of the same request. `depth` ends circles.
  Duration to_answer(const PricedPart& part, std::size_t depth) const {
    if (depth == 0) return {};
    Duration longest{};
    for (const PricedSend& send : part.sends) {
      if (send.node != host_.node || send.next_request) continue;
      for (const PricedPart& next : host_.parts)
        if (std::ranges::find(next.inputs, send.port, &PricedInput::port) != next.inputs.end())
          longest = std::max(longest, to_answer(next, depth - 1));
    }
    return sum(work(part), longest);
  }

  const PricedHost& host_;
};

}  // namespace

bool is_chain(const LayerGraph& model) {
  if (model.layers.empty() || model.results.empty()) return false;
  for (std::size_t index = 0; index < model.layers.size(); ++index)
    for (const LayerInput& input : all_inputs(model.layers[index])) {
      const bool host = input.from == LayerInput::From::kHost;
      if (host != (index == 0) || (!host && input.index + 1 != index)) return false;
      if (host && (!model.sources[input.index].per_step || model.sources[input.index].after > 0))
        return false;
    }
  if (all_inputs(model.layers[0]) != layer_inputs(model.layers[0])) return false;
  return std::ranges::all_of(model.results, [&](const LayerInput& result) {
    return result.from == LayerInput::From::kLayer && result.index + 1 == model.layers.size();
  });
}

HostWork host_work(const std::vector<PricedHost>& hosts, const std::string& clients) {
  const auto at = std::ranges::find(hosts, clients, &PricedHost::node);
  if (at == hosts.end() || !at->clients) return {};
  Ways ways(*at);
  return {ways.before(), ways.after()};
}

}  // namespace soliton
