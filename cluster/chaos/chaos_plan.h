// Random fault schedules, a function of their seed: what `soliton chaos` lets loose on a cluster.
//
// Swarm: each seed leaves out whole kinds of faults, half of them on average, because kinds that are always
// there hide each other's effects (Groce et al., "Swarm testing", ISSTA 2012). Safety, heal, liveness: all
// rules end within the first half of the time that a run without faults takes, so that what comes after
// shows whether the cluster recovers. Losses have bounded bursts, so that a run must end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/time.h"

namespace soliton {

// What faults may be on.
struct ChaosGround {
  std::vector<std::string> nodes, links, switches;  // by name
  std::vector<std::string> devices;                 // of the nodes, those with an NPU
  bool recovers = false;                            // there is a resource manager
  Duration span{};                                  // of a run without faults
};

// A rule as a cluster file says it. Its times stand apart, because a smaller schedule may have shorter
// ones.
struct ChaosRule {
  std::string id;
  std::string what;  // "kind: loss, model: {p: 3 %}, where: {links: {name: fpga0-tor0}}"
  Duration from{}, to{};
  Duration every{}, length{};  // of a rule that begins again and again; 0: it does not

  std::string text() const;  // the whole rule, a map in flow form
  bool operator==(const ChaosRule&) const = default;
};

// The rules of `seed`. REQUIRES: span > 0, and there are nodes and links.
std::vector<ChaosRule> chaos_rules(std::uint64_t seed, const ChaosGround& ground);

// The kinds that schedules have, or those on this ground, each once; and those that they leave out, with the
// reason.
std::vector<std::string_view> chaos_kinds(const ChaosGround* ground = nullptr);
struct LeftOutKind {
  std::string_view name, why;
};
std::vector<LeftOutKind> kinds_left_out();

}  // namespace soliton
