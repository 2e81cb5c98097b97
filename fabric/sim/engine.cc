#include "fabric/sim/engine.h"

#include <algorithm>
#include <utility>

#include "protocol/base/check.h"

namespace soliton {
namespace {

// Least distance of two instants.
constexpr Duration kInstant = picoseconds(1);

std::unique_ptr<LocalHub> whole_hub(Network& network, const std::vector<EngineNode*>& nodes) {
  std::vector<LocalHub::Member> members;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) members.push_back({i, nodes[i]});
  return std::make_unique<LocalHub>(network, members);
}

}  // namespace

Engine::Engine(const Cut& cut, std::vector<Hub*> hubs, Duration least_path, EngineOptions options)
    : cut_(cut),
      places_(hubs.size()),
      least_path_(least_path),
      options_(std::move(options)),
      limit_(options_.time_limit) {
  SOLITON_CHECK_MSG(hubs.size() == cut.parts, "{} hubs for {} parts", hubs.size(), cut.parts);
  for (std::size_t i = 0; i < hubs.size(); ++i) {
    places_[i].hub = hubs[i];
    places_[i].inbox.resize(hubs.size());
  }
  if (options_.stop && !options_.pause) options_.pause = [] { return true; };
  if (options_.team == nullptr) options_.team = &one_by_one_;
  options_.time_limit = std::min(options_.time_limit, kRunEnd);
}

Engine::Engine(Network& network, const std::vector<EngineNode*>& nodes, EngineOptions options)
    : Engine(Cut{}, {nullptr}, network.least_path(), std::move(options)) {
  own_ = whole_hub(network, nodes);
  places_.front().hub = own_.get();
}

Result<EngineReport> Engine::run() {
  Status played = play();
  // Also after an error: what was measured until then is kept, so network and nodes must know where
  // the run ended.
  const EngineReport result = report();
  for (const Place& place : places_) place.hub->finish(result.now);
  if (!played) return tl::unexpected(std::move(played.error()));
  return result;
}

Status Engine::play() {
  for (;;) {
    set_next();
    set_reach();
    if (ended()) return {};
    if (met()) continue;
    set_horizons();
    if (Status status = play_round(); !status) return status;
    exchange();
  }
}

EngineReport Engine::report() const {
  EngineReport out;
  out.end = end_;
  out.rounds = rounds_;
  for (const Place& place : places_) {
    const HubReport of = place.hub->report();
    out.now = std::max(out.now, of.now);
    out.node_events += of.node_events;
    out.network_events += of.network_events;
    out.windows += of.windows;
    out.grants += of.grants;
  }
  if (end_ == EndReason::kTimeLimit) out.now = limit_;
  if (end_ == EndReason::kNodeEnded) out.now = ended_;
  return out;
}

void Engine::set_next() {
  first_ = kNever;
  for (Place& place : places_) {
    place.next = place.hub->next_event();
    for (const Handovers& packets : place.inbox) place.next = std::min(place.next, packets.first);
    first_ = std::min(first_, place.next);
  }
}

// No window reaches further than two paths beyond the first event. So hubs are asked for the
// earliest end only when a window could come close to their last answer, which remains true until
// then.
void Engine::set_reach() {
  if (reach_ < limit_ && later(later(first_, least_path_), least_path_) >= reach_) {
    Instant foreseen = kNever;
    for (const Place& place : places_)
      foreseen = std::min(foreseen, place.hub->foreseen_end(first_));
    reach_ = std::max(reach_, later(foreseen, kInstant));
  }
  reach_ = std::min(reach_, limit_);
}

bool Engine::ended() {
  // The end that a node brought has lowered limit_, so it is looked for before the time limit.
  if (ended_ != kNever && first_ >= limit_) {
    end_ = EndReason::kNodeEnded;
  } else if (first_ == kNever) {
    end_ = EndReason::kQuiet;
  } else if (first_ >= limit_) {
    end_ = EndReason::kTimeLimit;
  } else if (options_.stop && options_.stop()) {
    end_ = EndReason::kStopped;
  } else {
    return false;
  }
  return true;
}

// Whether a meeting was held, which changes what comes next.
bool Engine::met() {
  if (options_.meeting == nullptr || places_.size() == 1) return false;
  const Instant at = options_.meeting->at();
  if (at == kNever || at > first_ || at >= reach_) return false;
  options_.meeting->hold(at);
  exchange();
  return true;
}

void Engine::set_horizons() {
  for (std::uint32_t to = 0; to < places_.size(); ++to) {
    Place& place = places_[to];
    place.horizon = reach_;
    for (std::uint32_t from = 0; from < places_.size(); ++from)
      if (from != to)
        place.horizon = std::min(place.horizon, later(places_[from].next, cut_.between(from, to)));
  }
}

Status Engine::play_round() {
  ++rounds_;
  options_.team->run(places_.size(), [this](std::size_t i) {
    Place& place = places_[i];
    for (Handovers& packets : place.inbox) place.hub->come_in(std::exchange(packets, {}));
    place.played = place.hub->play(place.horizon, options_.pause);
  });
  for (Place& place : places_)
    if (!place.played) return std::move(place.played);
  return {};
}

void Engine::exchange() {
  for (std::uint32_t from = 0; from < places_.size(); ++from) {
    for (std::uint32_t to = 0; to < places_.size(); ++to)
      if (from != to) places_[to].inbox[from].add(places_[from].hub->take_leaving(to));
    ended_ = std::min(ended_, places_[from].hub->ended());
  }
  // Events at the instant of the end still happen, at every node.
  limit_ = std::min(limit_, later(ended_, kInstant));
}

}  // namespace soliton
