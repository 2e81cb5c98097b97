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

// A rule does the same kind of thing to all packets it hits, and one thing to each.
class Events final : public LinkEffect {
 public:
  explicit Events(const FaultRule& rule) : events_(rule.events), most_(rule.events_late) {
    std::ranges::sort(events_, {}, key_of);
  }
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
};

}  // namespace soliton
