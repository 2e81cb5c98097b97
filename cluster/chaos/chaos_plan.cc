#include "cluster/chaos/chaos_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/base/check.h"
#include "protocol/base/quantity.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

// Draws one number after the other.
class Dice {
 public:
  Dice(std::uint64_t seed, std::string_view purpose) : chance_(seed, purpose) {}

  std::uint64_t below(std::uint64_t bound) { return chance_.below(rolls_++, bound); }
  bool half() { return below(2) == 0; }
  const std::string& one(const std::vector<std::string>& of) { return of[below(of.size())]; }
  std::string share(std::uint64_t most_percent) {
    return fmt::format("{} %", 1 + below(most_percent));
  }
  // In (0, most], of sizes that differ by up to so many octaves.
  Duration time(Duration most, std::uint64_t octaves = 12) {
    const std::int64_t all = std::max<std::int64_t>(most.count() >> below(octaves), 1);
    return Duration{static_cast<std::int64_t>(1 + below(static_cast<std::uint64_t>(all)))};
  }
  // In [0, below).
  Duration instant(Duration bound) {
    return Duration{static_cast<std::int64_t>(below(static_cast<std::uint64_t>(bound.count())))};
  }

 private:
  Random chance_;
  std::uint64_t rolls_ = 0;
};

struct Draw {
  Dice& dice;
  const ChaosGround& ground;
  Duration heal;  // all is over by then

  // Once, or again and again between two instants.
  void when(ChaosRule& rule) {
    // The very beginning is a time of its own: connections open, and nothing has been measured.
    rule.from = dice.below(8) == 0 ? Duration{} : dice.instant(heal);
    rule.to = rule.from + dice.time(heal - rule.from, 6);
    const Duration every = (rule.to - rule.from) / 4;
    if (every < nanoseconds(100) || dice.below(3) != 0) return;
    rule.every = every;
    rule.length = every / 3;
  }
  std::string on_link(const std::string& kind) {
    const char* const direction = dice.half() ? "both" : dice.half() ? "tx" : "rx";
    return fmt::format("kind: {}, where: {{links: {{name: {}}}, direction: {}}}", kind,
                       dice.one(ground.links), direction);
  }
};

std::string loss(Draw& d) {
  return d.on_link(
      fmt::format("loss, model: {{p: {}}}, max_burst: {}", d.dice.share(40), 1 + d.dice.below(4)));
}
std::string bursts(Draw& d) {
  return d.on_link(fmt::format("loss, model: {{type: gilbert_elliott, p: {}, r: {}}}, max_burst: 6",
                               d.dice.share(10), d.dice.share(60)));
}
std::string grey(Draw& d) {
  static const std::vector<std::string> kClasses{"data", "ack", "probe", "control"};
  return fmt::format(
      "kind: loss, model: {{p: {}}}, max_burst: 3, where: {{links: {{name: {}}}, match: {{class: "
      "{}}}}}",
      d.dice.share(60), d.dice.one(d.ground.links), d.dice.one(kClasses));
}
std::string duplicate(Draw& d) {
  return d.on_link(fmt::format("duplicate, p: {}, copies: {}, lag: {}", d.dice.share(50),
                               1 + d.dice.below(3), spell(d.dice.time(d.heal / 4))));
}
std::string replay(Draw& d) {
  return d.on_link(
      fmt::format("replay, p: {}, age: {}", d.dice.share(20), spell(d.dice.time(d.heal))));
}
std::string delay(Draw& d) {
  return d.on_link(fmt::format("delay, delay: {}, jitter: {}", spell(d.dice.time(d.heal / 8)),
                               spell(d.dice.time(d.heal / 8))));
}
std::string reorder(Draw& d) {
  return d.on_link(fmt::format("reorder, p: {}, gap: {}", d.dice.share(60), 1 + d.dice.below(20)));
}
std::string corrupt(Draw& d) {
  static const std::vector<std::string> kRegions{"any", "header", "payload"};
  return d.on_link(fmt::format("corrupt, p: {}, bits: {}, region: {}", d.dice.share(30),
                               1 + d.dice.below(5), d.dice.one(kRegions)));
}
std::string truncate(Draw& d) {
  return d.on_link(fmt::format("truncate, p: {}, bytes: {} B, pad: {}", d.dice.share(20),
                               1 + d.dice.below(2'000), d.dice.half() ? "true" : "false"));
}
std::string rate(Draw& d) {
  return d.on_link(fmt::format("rate, rate: {} Mb/s, burst: {} B, queue: {} B",
                               500 << d.dice.below(6), 100 + d.dice.below(4'000),
                               2'000 << d.dice.below(6)));
}
std::string slot(Draw& d) {
  return d.on_link(fmt::format("slot, slot: {}, packets: {}", spell(d.dice.time(d.heal / 16)),
                               1 + d.dice.below(32)));
}
std::string ecn(Draw& d) {
  return d.on_link(
      fmt::format("ecn, p: {}, change: {}", d.dice.share(100), d.dice.half() ? "mark" : "strip"));
}
// At least two of the largest packets, so that what is sent gets through at all.
std::string queue(Draw& d) {
  return d.on_link(d.dice.half() ? fmt::format("queue, packets: {}", 2 + d.dice.below(30))
                                 : fmt::format("queue, bytes: {} B", 3'000 << d.dice.below(6)));
}
std::string slow_receiver(Draw& d) {
  return d.on_link(fmt::format("slow_receiver, share: {}", d.dice.share(90)));
}
std::string incast(Draw& d) {
  return d.on_link(fmt::format("incast, fan_in: {}, burst: {} B", 1 + d.dice.below(64),
                               500 + d.dice.below(20'000)));
}
std::string pfc_pause(Draw& d) { return d.on_link("pfc_pause"); }
std::string pfc_storm(Draw& d) {
  return d.on_link(fmt::format("pfc_storm, watchdog: {{detect: {}, restore: {}}}",
                               spell(d.dice.time(d.heal / 8)), spell(d.dice.time(d.heal / 16))));
}
std::string rebind(Draw& d) {
  return d.on_link(fmt::format("rebind, learn: {}", spell(d.dice.time(d.heal / 16))));
}
std::string link_down(Draw& d) { return d.on_link("link_down"); }
std::string clog(Draw& d) { return d.on_link("clog"); }
std::string misroute(Draw& d) {
  return d.on_link(fmt::format("misroute, p: {}", d.dice.share(20)));
}

std::string partition(Draw& d) {
  struct Shape {
    const char* name;
    std::size_t sets;
  };
  static constexpr Shape kShapes[] = {{"sets", 2}, {"one-way", 2}, {"bridge", 3}, {"ring", 1}};
  const Shape& shape = kShapes[d.dice.below(std::size(kShapes))];
  std::vector<std::vector<std::string>> sets(shape.sets);
  for (const std::string& node : d.ground.nodes) sets[d.dice.below(shape.sets)].push_back(node);
  std::vector<std::string> texts;
  for (const std::vector<std::string>& set : sets) {
    if (set.empty()) return clog(d);
    texts.push_back(fmt::format("[{}]", fmt::join(set, ", ")));
  }
  return fmt::format("kind: partition, shape: {}, sets: [{}]", shape.name, fmt::join(texts, ", "));
}
std::string switch_down(Draw& d) {
  if (d.ground.switches.empty()) return link_down(d);
  return fmt::format("kind: switch_down, where: {{switches: {}}}", d.dice.one(d.ground.switches));
}

std::string on_node(const std::string& kind, const std::string& node) {
  return fmt::format("kind: {}, where: {{nodes: {}}}", kind, node);
}
std::string node_pause(Draw& d) { return on_node("node_pause", d.dice.one(d.ground.nodes)); }
std::string zombie(Draw& d) { return on_node("zombie", d.dice.one(d.ground.nodes)); }
std::string role_hang(Draw& d) { return on_node("role_hang", d.dice.one(d.ground.nodes)); }
std::string clock(Draw& d) {
  return on_node(d.dice.half() ? "clock, freeze: true"
                               : fmt::format("clock, drift: {}", 1 + d.dice.below(500'000)),
                 d.dice.one(d.ground.nodes));
}
std::string slow(Draw& d) {
  return on_node(fmt::format("slow, factor: {}", 2 + d.dice.below(20)), d.dice.one(d.ground.nodes));
}
// Of those that need somebody who recovers from them. A host with clients that has forgotten them cannot
// go on, so they are about devices.
std::string recovered(Draw& d, const std::string& kind) {
  return on_node(kind, d.dice.one(d.ground.devices));
}
std::string node_crash(Draw& d) {
  return recovered(d, fmt::format("node_crash, restart: {{after: {}, state: {}}}",
                                  spell(d.dice.time(d.heal)), d.dice.half() ? "lost" : "kept"));
}
std::string reconfigure(Draw& d) {
  return recovered(d, fmt::format("reconfigure, lasts: {}, cable: {}", spell(d.dice.time(d.heal)),
                                  d.dice.half() ? "drops" : "stays"));
}
std::string reconfig_garbage(Draw& d) {
  return recovered(d, fmt::format("reconfig_garbage, packets: {}, lasts: {}", 1 + d.dice.below(50),
                                  spell(d.dice.time(d.heal))));
}
std::string lease_fault(Draw& d) {
  return recovered(d, fmt::format("lease_fault, mode: {}", d.dice.half() ? "lost" : "twice"));
}
std::string no_spare(Draw& d) { return recovered(d, "no_spare"); }
std::string dram_cal_fail(Draw& d) {
  return recovered(d, fmt::format("dram_cal_fail, p: {}", d.dice.share(40)));
}
std::string manager_down(Draw&) { return "kind: manager_down"; }

// A new kind of fault is a function above and a line here.
struct ChaosKind {
  std::string_view name, label;  // of the kind, and of this way to draw it
  std::string (*draw)(Draw& draw);
  bool recovered = false;  // needs a resource manager, and devices
};
constexpr ChaosKind kKinds[] = {
    {"loss", "loss", loss},
    {"loss", "bursts", bursts},
    {"loss", "grey", grey},
    {"duplicate", "duplicate", duplicate},
    {"replay", "replay", replay},
    {"delay", "delay", delay},
    {"reorder", "reorder", reorder},
    {"corrupt", "corrupt", corrupt},
    {"truncate", "truncate", truncate},
    {"rate", "rate", rate},
    {"slot", "slot", slot},
    {"ecn", "ecn", ecn},
    {"link_down", "link_down", link_down},
    {"switch_down", "switch_down", switch_down},
    {"partition", "partition", partition},
    {"clog", "clog", clog},
    {"misroute", "misroute", misroute},
    {"node_pause", "node_pause", node_pause},
    {"slow", "slow", slow},
    {"role_hang", "role_hang", role_hang},
    {"zombie", "zombie", zombie},
    {"queue", "queue", queue},
    {"slow_receiver", "slow_receiver", slow_receiver},
    {"incast", "incast", incast},
    {"pfc_pause", "pfc_pause", pfc_pause},
    {"pfc_storm", "pfc_storm", pfc_storm},
    {"rebind", "rebind", rebind},
    {"clock", "clock", clock},
    {"node_crash", "node_crash", node_crash, true},
    {"reconfigure", "reconfigure", reconfigure, true},
    {"reconfig_garbage", "reconfig_garbage", reconfig_garbage, true},
    {"dram_cal_fail", "dram_cal_fail", dram_cal_fail, true},
    {"lease_fault", "lease_fault", lease_fault, true},
    {"no_spare", "no_spare", no_spare, true},
    {"manager_down", "manager_down", manager_down, true},
};
constexpr LeftOutKind kLeftOut[] = {
    {"mtu", "packets that are too large never pass, so that the run may end with an error"},
    {"join_delay", "it begins with the run"},
    {"seu_config", "wrong answers are what it is for"},
    {"seu_memory", "wrong answers are what it is for"},
    {"datapath_flip", "wrong answers are what it is for"},
    {"device_hang", "it is a pause that does not end"},
    {"device_dead", "it is a crash that does not end"},
    {"throttle", "it is slow under another name"},
    {"image_mismatch", "it is a crash, with other words"},
    {"pfc_deadlock", "it is about a circle of switches, and few networks have one"},
    {"events", "it repeats what others did"},
};

bool has(const ChaosGround& ground, const ChaosKind& kind) {
  return !kind.recovered || (ground.recovers && !ground.devices.empty());
}

}  // namespace

std::string ChaosRule::text() const {
  std::string when = fmt::format("from: {}, to: {}", spell(from), spell(to));
  if (every > Duration{}) when += fmt::format(", every: {}, for: {}", spell(every), spell(length));
  return fmt::format("{{id: {}, {}, when: {{{}}}}}", id, what, when);
}

std::vector<ChaosRule> chaos_rules(std::uint64_t seed, const ChaosGround& ground) {
  SOLITON_CHECK(ground.span > Duration{} && !ground.links.empty() && !ground.nodes.empty());
  std::vector<ChaosRule> rules;
  for (const ChaosKind& kind : kKinds) {
    if (!has(ground, kind)) continue;
    // Dice of its own, so that a new kind shifts no other's.
    Dice dice(seed, fmt::format("chaos/{}", kind.label));
    if (dice.half()) continue;
    Draw draw{dice, ground, std::max<Duration>(ground.span / 2, nanoseconds(10))};
    const std::uint64_t count = 1 + dice.below(2);
    for (std::uint64_t i = 0; i < count; ++i) {
      ChaosRule& rule = rules.emplace_back();
      // With the seed in it, as chance is a function of the name: two schedules share no decisions.
      rule.id = fmt::format("s{}-{}{}", seed, kind.label, i);
      rule.what = kind.draw(draw);
      draw.when(rule);
    }
  }
  return rules;
}

std::vector<std::string_view> chaos_kinds(const ChaosGround* ground) {
  std::vector<std::string_view> out;
  for (const ChaosKind& kind : kKinds)
    if ((ground == nullptr || has(*ground, kind)) && std::ranges::find(out, kind.name) == out.end())
      out.push_back(kind.name);
  return out;
}

std::vector<LeftOutKind> kinds_left_out() { return {std::begin(kLeftOut), std::end(kLeftOut)}; }

}  // namespace soliton
