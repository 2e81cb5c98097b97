#define SOLITON_CHAOS_BUILD
#include "tests/chaos/planted_sites.h"

#include <array>
#include <optional>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

constexpr Probability kActive{250'000'000}, kFiring{250'000'000};

struct Site {
  std::optional<Random> chance;  // of an active one
  std::uint64_t asked = 0, fired = 0;
};
PlantedBug planted = PlantedBug::kNone;
std::array<Site, kChaosSites> sites;

}  // namespace

bool chaos_fires(ChaosSite which) {
  Site& site = sites[static_cast<std::size_t>(which)];
  if (!site.chance || !site.chance->happens(site.asked++, kFiring)) return false;
  ++site.fired;
  return true;
}

bool is_planted(PlantedBug bug) { return planted == bug; }

void plant(PlantedBug bug) { planted = bug; }

void activate_sites(std::uint64_t seed) {
  const Random chance(seed, "chaos/sites");
  for (std::size_t i = 0; i < sites.size(); ++i) {
    sites[i] = {};
    if (chance.happens(i, kActive)) sites[i].chance = chance.child(i);
  }
}

std::vector<std::uint64_t> site_firings() {
  std::vector<std::uint64_t> out;
  for (const Site& site : sites) out.push_back(site.fired);
  return out;
}

const std::vector<NamedBug>& planted_bugs() {
  using enum PlantedBug;
  static const std::vector<NamedBug> all = {
      {kNoDedup, "no dedup"},
      {kAckBeforeStore, "ACK before store"},
      {kMessageRestart, "message restart"},
      {kTimerNotRearmed, "timer not re-armed"},
      {kCrcSkipped, "CRC skipped"},
      {kUncheckedExpress, "delivered before verified"},
      {kWrapUnsigned, "wrap compared unsigned"},
      {kStrangerAccepted, "stranger accepted"},
      {kCreditLeak, "credit leak"},
      {kReorderOffByOne, "reorder buffer off by one"},
      {kHeldBytesLost, "bytes of held packets lost"},
      {kAckBeyondGap, "ACK beyond a gap"},
      {kSecondLossForgotten, "second loss forgotten"},
      {kBacklogOvertaken, "backlog overtaken"},
      {kNackUnbounded, "NACK unbounded"},
      {kHealNotApplied, "heal not applied"},
  };
  return all;
}

}  // namespace soliton
