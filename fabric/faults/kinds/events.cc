// What rules of an earlier run did, packet by packet, is done again: events.csv of its run folder.
#include <fmt/format.h>

#include <algorithm>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct EventsOptions {
  std::string file;
};
constexpr Field kRows[] = {
    field<&EventsOptions::file>("events", "`events.csv` of a run.").as(FieldType::kPath).needed(),
};
constexpr FieldTable kFields = fields_of<EventsOptions>("fault_events", kRows);

LinkStage stage_of(FaultAction::What what) {
  switch (what) {
    case FaultAction::What::kDrop:
      return LinkStage::kLoss;
    case FaultAction::What::kDuplicate:
      return LinkStage::kCopy;
    case FaultAction::What::kDelay:
      return LinkStage::kDelay;
    default:
      return LinkStage::kDamage;
  }
}

std::vector<FaultFiring> sorted(std::vector<FaultFiring> events) {
  std::ranges::stable_sort(events, {}, [](const FaultFiring& firing) {
    return std::pair(port_of(firing.hop), firing.ordinal);
  });
  return events;
}

// What a rule at ports did. Packets have one number when they come and another when they start.
class PortEvents final : public PortEffect {
 public:
  explicit PortEvents(const FaultRule& rule) : events_(sorted(rule.events)) {}

  FaultAction come(const PortEncounter& m) const override {
    return find(m, {FaultAction::What::kRefuse, FaultAction::What::kBehind});
  }
  Instant held_until(const PortEncounter& m) const override {
    const FaultAction hold = find(m, {FaultAction::What::kHold});
    return hold.what == FaultAction::What::kHold ? hold.until() : Instant{};
  }
  FaultAction start(const PortEncounter& m) const override {
    return find(m, {FaultAction::What::kFlush, FaultAction::What::kStretch});
  }
  std::string words() const override { return "had events of an earlier run"; }

 private:
  FaultAction find(const PortEncounter& m, std::initializer_list<FaultAction::What> of) const {
    const std::pair wanted(port_of(m.hop), m.crossing.ordinal);
    const auto [from, to] = std::ranges::equal_range(
        events_, wanted, {},
        [](const FaultFiring& firing) { return std::pair(port_of(firing.hop), firing.ordinal); });
    for (auto at = from; at != to; ++at)
      if (std::ranges::find(of, at->action.what) != of.end()) return at->action;
    return {};
  }

  std::vector<FaultFiring> events_;
};

// A rule does the same kind of thing to all packets it hits, and one thing to each.
class Events final : public LinkEffect {
 public:
  explicit Events(const FaultRule& rule) : events_(sorted(rule.events)), most_(rule.events_late) {}
  LinkStage stage() const override {
    return events_.empty() ? LinkStage::kLoss : stage_of(events_.front().action.what);
  }
  FaultAction act(const Encounter& m) const override {
    const std::pair wanted(port_of(m.hop), m.crossing.ordinal);
    const auto at = std::ranges::lower_bound(events_, wanted, {}, key_of);
    return at != events_.end() && key_of(*at) == wanted ? at->action : FaultAction{};
  }
  Duration most_delay() const override { return most_; }
  std::string words() const override { return "had events of an earlier run"; }

 private:
  static std::pair<std::size_t, std::uint64_t> key_of(const FaultFiring& firing) {
    return {port_of(firing.hop), firing.ordinal};
  }

  std::vector<FaultFiring> events_;
  Duration most_{};
};

}  // namespace

extern const FaultKind kEventsFault = {
    .name = "events",
    .words = "what rules of an earlier run did is done again",
    .example = "{events: runs/first/events.csv}",
    .short_path = "events",
    .short_alias = "",
    .target = FaultKind::Target::kRecorded,
    .must_hold = "D R",
    .fields = kFields,
    .make = [](const FaultRule& rule) -> std::unique_ptr<LinkEffect> {
      return std::make_unique<Events>(rule);
    },
    .port = [](const FaultRule& rule) -> std::unique_ptr<PortEffect> {
      const bool at_ports = !rule.events.empty() && rule.events.front().action.at_port();
      return at_ports ? std::make_unique<PortEvents>(rule) : nullptr;
    },
};

}  // namespace soliton
