#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string with_fault(const std::string& fault) {
  return small_cluster("faults:\n  - {" + fault + "}\n");
}
FaultSpec fault_of(const std::string& fault) {
  const ClusterSpec spec = read_good(with_fault(fault));
  return spec.faults.empty() ? FaultSpec{} : spec.faults[0];
}
std::string fault_error(const std::string& fault) { return error_of(with_fault(fault)); }

TEST(Faults, ShortForm) {
  const FaultSpec loss = fault_of("link: 'fpga[0-1]-tor0', loss: 2.5 %, max_burst: 3");
  EXPECT_EQ(loss.rule.options, loss_settings({.p = {25'000'000}, .max_burst = 3}));
  EXPECT_EQ(loss.rule.when.from, kRunStart);
  EXPECT_EQ(loss.rule.when.until, kNever);
  EXPECT_EQ(loss.rule.target, "fpga[0-1]-tor0");
  const FaultSpec delay = fault_of("at: 2 us, link: a-b, delay: 5 us, jitter: 1 us");
  EXPECT_EQ(delay.rule.kind, &kDelayFault);
  EXPECT_EQ(delay.rule.options, delay_settings({microseconds(5), microseconds(1)}));
  EXPECT_EQ(delay.rule.when.from, kRunStart + microseconds(2));
  EXPECT_EQ(fault_of("at: 1 ms, for: 1 ms, link: a-b, link_down: true").rule.kind, &kLinkDownFault);
  EXPECT_EQ(fault_of("link: a-b, jitter: 1 us").rule.kind, &kDelayFault);
}

TEST(Faults, LongForm) {
  const FaultSpec loss = fault_of(
      "id: bursts, kind: loss, model: {type: bernoulli, p: 0.5 %}, max_burst: 6, "
      "where: {links: {from: fpga0, to: '*'}, direction: tx}, when: {from: 2 ms, to: 8 ms}");
  EXPECT_EQ(loss.rule.id, "bursts");
  EXPECT_EQ(loss.rule.options, loss_settings({.p = {5'000'000}, .max_burst = 6}));
  EXPECT_TRUE(loss.rule.forward);
  EXPECT_FALSE(loss.rule.backward);
  EXPECT_EQ(loss.from, "fpga0");
  EXPECT_EQ(loss.to, "*");
  EXPECT_EQ(loss.rule.target, "fpga0-*");
  EXPECT_EQ(loss.rule.when.until, kRunStart + milliseconds(8));
  const FaultSpec delay = fault_of(
      "kind: delay, delay: 5 us, where: {links: {node: fpga1}, direction: rx}, when: {at: 1 ms, "
      "for: 1 ms}");
  EXPECT_EQ(delay.from, "fpga1");
  EXPECT_EQ(delay.to, "*");
  EXPECT_FALSE(delay.rule.forward);
  EXPECT_TRUE(delay.rule.backward);
  EXPECT_EQ(delay.rule.when.until, kRunStart + milliseconds(2));
  EXPECT_EQ(fault_of("kind: link_down, where: {links: {name: fpga0-tor0}}").link, "fpga0-tor0");
}

TEST(Faults, Mistakes) {
  EXPECT_THAT(fault_error("kind: node_crash, link: a-b"),
              HasSubstr("faults[0].where.links has no meaning for a fault of kind node_crash"));
  EXPECT_THAT(fault_error("kind: syscall, link: a-b"),
              StartsWith("test.yaml:7:12: faults[0].kind: \"syscall\" is not supported in this "
                         "version; supported: loss, duplicate, "));
  EXPECT_THAT(fault_error("kind: lose, link: a-b"),
              HasSubstr("no fault called \"lose\"; did you mean \"loss\"?"));
  EXPECT_THAT(fault_error("kind: loss, model: {type: gilbert_eliott, p: 1 %, r: 20 %}, link: a-b"),
              HasSubstr("model.type: \"gilbert_eliott\" is not known; did you mean"));
  EXPECT_THAT(fault_error("link: a-b"),
              HasSubstr("faults[0]: needs one of loss, duplicate, replay, delay, "));
  EXPECT_THAT(fault_error("link: a-b, loss: 1 %, link_down: true"), HasSubstr("needs only one of"));
  EXPECT_THAT(fault_error("loss: 1 %"), HasSubstr("names no link; add link or where"));
  EXPECT_THAT(fault_error("link: a-b, loss: 1"), HasSubstr("faults[0].model.p: \"1\" has no unit"));
  EXPECT_THAT(fault_error("link: a-b, loss: 101 %"), HasSubstr("above 100 %"));
  EXPECT_THAT(fault_error("link: a-b, link_down: false"), HasSubstr("false has no effect"));
  EXPECT_THAT(fault_error("link: a-b, loss: 1 %, jitter: 1 us"),
              HasSubstr("jitter has no meaning for a fault of kind loss"));
  EXPECT_THAT(fault_error("link: a-b, loss: 1 %, where: {links: {name: a-b}}"),
              HasSubstr("link says already where"));
  EXPECT_THAT(fault_error("link: a-b, loss: 1 %, at: 1 ms, when: {from: 1 ms}"),
              HasSubstr("at and for say already when"));
  EXPECT_THAT(fault_error("link: a-b, loss: 1 %, when: {from: 2 ms, to: 1 ms}"),
              HasSubstr("1 ms is not after from, 2 ms"));
  EXPECT_THAT(fault_error("link: a-b, loss: 1 %, at: 60 s"),
              HasSubstr("60 s is not within the run, which ends at 60 s"));
  EXPECT_THAT(fault_error("link: a-b, loss: 1 %, for: 0 us"),
              HasSubstr("faults[0].when.for: 0 us is not between"));
  EXPECT_THAT(
      fault_error(
          "kind: loss, model: {type: bernoulli, p: 1 %}, where: {links: {name: a-b, from: a}}"),
      HasSubstr("needs one of name, from and to, between, node"));
  EXPECT_THAT(fault_error("kind: loss, model: {type: bernoulli, p: 1 %}, where: {nodes: '*'}"),
              HasSubstr("where.nodes has no meaning for a fault of kind loss"));
  EXPECT_THAT(fault_error("link: 'a b', loss: 1 %"),
              HasSubstr("\"a b\" is not a name, range (fpga[0-3]) or glob (fpga*)"));
  EXPECT_THAT(fault_error("profile: strom"),
              HasSubstr("no profile called \"strom\"; did you mean \"storm\"?"));
  EXPECT_THAT(fault_error("id: x, link: a-b, loss: 1 %}\n  - {id: x, link: a-b, delay: 1 us"),
              HasSubstr("faults[1].id: \"x\" is used twice: here and at test.yaml:7:5"));
}

TEST(Faults, OfSwitches) {
  const FaultSpec down = fault_of("at: 1 ms, for: 1 ms, switch: 'tor[0-1]', switch_down: true");
  EXPECT_EQ(down.rule.kind, &kSwitchDownFault);
  EXPECT_EQ(down.switches, "tor[0-1]");
  EXPECT_EQ(down.rule.target, "tor[0-1]");
  EXPECT_TRUE(down.rule.forward && down.rule.backward);
  EXPECT_EQ(fault_of("kind: switch_down, where: {switches: tor0}").switches, "tor0");
  EXPECT_THAT(fault_error("switch_down: true"), HasSubstr("names no switch; add switch or where"));
  EXPECT_THAT(fault_error("link: a-b, switch_down: true"),
              HasSubstr("faults[0].where.switches is missing"));
  EXPECT_THAT(fault_error("switch: tor0, link_down: true"),
              HasSubstr("faults[0].where.links is missing"));
  EXPECT_THAT(fault_error("switch: tor0, link: a-b, switch_down: true"),
              HasSubstr("switch says where, and that is said already"));
  EXPECT_THAT(fault_error("switch: tor0, switch_down: true, where: {switches: tor1}"),
              HasSubstr("that is said already"));
  EXPECT_THAT(fault_error("switch: 'tor 0', switch_down: true"), HasSubstr("is not a name, range"));
}

// fpga0, fpga1, host0 under tor0; tor0 and the second switch are joined by a cable with a name of
// its own.
Topology small_topology() {
  Topology topology;
  topology.nodes = 3;
  for (const char* name : {"fpga0", "fpga1", "host0", "tor0", "tor1"})
    topology.vertices.push_back({.name = name, .is_switch = std::string(name).starts_with("tor")});
  const auto link = [&](const char* name, std::uint32_t a, std::uint32_t b) {
    TopologyLink out;
    out.name = name;
    out.ends[0] = a;
    out.ends[1] = b;
    topology.links.push_back(out);
  };
  link("fpga0-tor0", 0, 3);
  link("fpga1-tor0", 1, 3);
  link("host0-tor0", 2, 3);
  link("trunk", 3, 4);
  return topology;
}

FaultPlan resolved(const std::string& fault) {
  const Checked<FaultPlan> plan = resolve_faults(read_good(with_fault(fault)), small_topology());
  EXPECT_TRUE(plan.has_value()) << plan.error().text();
  return plan ? *plan : FaultPlan{};
}

std::vector<std::uint32_t> links_of(const std::string& link) {
  const FaultPlan plan = resolved("link: '" + link + "', loss: 1 %");
  return plan.rules.size() == 1 ? plan.rules[0].links : std::vector<std::uint32_t>{};
}

std::string unresolved(const std::string& fault) {
  const Checked<FaultPlan> plan = resolve_faults(read_good(with_fault(fault)), small_topology());
  EXPECT_FALSE(plan.has_value());
  return plan ? "" : plan.error().text();
}

// All cables of a switch, each once, both ways; of several switches in one rule.
TEST(ResolveFaults, SwitchesAreAllTheirCables) {
  const auto links = [](const std::string& name) {
    return resolved("switch: '" + name + "', switch_down: true").rules.at(0).links;
  };
  EXPECT_THAT(links("tor0"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(links("tor1"), ElementsAre(3));
  EXPECT_THAT(links("tor[0-1]"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(links("t*"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(unresolved("switch: tor2, switch_down: true"),
              HasSubstr("no switch called \"tor2\"; did you mean \"tor0\"? (fault fault0)"));
  EXPECT_THAT(unresolved("switch: fpga0, switch_down: true"),
              HasSubstr("no switch called \"fpga0\""));
  EXPECT_THAT(unresolved("switch: 'x*', switch_down: true"),
              HasSubstr("no switch with a cable matches \"x*\""));
}

TEST(ResolveFaults, NamesRangesAndGlobs) {
  EXPECT_THAT(links_of("fpga0-tor0"), ElementsAre(0));
  EXPECT_THAT(links_of("tor0-fpga0"), ElementsAre(0));
  EXPECT_THAT(links_of("fpga[0-1]-tor0"), ElementsAre(0, 1));
  EXPECT_THAT(links_of("*-tor0"), ElementsAre(0, 1, 2));
  // Only when no link is called so from its lower end are the names turned round.
  EXPECT_THAT(links_of("tor0-*"), ElementsAre(3));
  EXPECT_THAT(links_of("tor0-fpga*"), ElementsAre(0, 1));
  EXPECT_THAT(links_of("trunk"), ElementsAre(3));
  EXPECT_THAT(links_of("tor1-tor0"), ElementsAre(3));
  EXPECT_THAT(links_of("*"), ElementsAre(0, 1, 2, 3));
}

TEST(ResolveFaults, DirectionsFollowTheEndNamedFirst) {
  const auto rule = [](const std::string& links, const std::string& direction) {
    const FaultPlan plan =
        resolved("kind: link_down, where: {links: {" + links + "}, direction: " + direction + "}");
    EXPECT_EQ(plan.rules.size(), 1U);
    return std::pair(plan.rules[0].forward, plan.rules[0].backward);
  };
  EXPECT_EQ(rule("name: fpga0-tor0", "tx"), std::pair(true, false));
  EXPECT_EQ(rule("name: fpga0-tor0", "rx"), std::pair(false, true));
  EXPECT_EQ(rule("name: tor0-fpga0", "tx"), std::pair(false, true));
  EXPECT_EQ(rule("from: tor0, to: fpga0", "tx"), std::pair(false, true));
  EXPECT_EQ(rule("from: fpga0, to: tor0", "tx"), std::pair(true, false));
  EXPECT_EQ(rule("from: tor0, to: fpga0", "both"), std::pair(true, true));
}

TEST(ResolveFaults, LinksNamedFromBothSidesBecomeTwoRules) {
  const FaultPlan plan =
      resolved("id: out, kind: link_down, where: {links: {node: tor0}, direction: tx}");
  ASSERT_EQ(plan.rules.size(), 2U);
  EXPECT_EQ(plan.rules[0].id, "out");
  EXPECT_THAT(plan.rules[0].links, ElementsAre(3));
  EXPECT_TRUE(plan.rules[0].forward);
  EXPECT_EQ(plan.rules[1].id, "out.reversed");
  EXPECT_THAT(plan.rules[1].links, ElementsAre(0, 1, 2));
  EXPECT_FALSE(plan.rules[1].forward);
  EXPECT_TRUE(plan.rules[1].backward);
}

TEST(ResolveFaults, UnknownLinksNameTheNearest) {
  EXPECT_EQ(unresolved("link: fpga0-tor1, loss: 1 %"),
            "test.yaml:7:12: no link called \"fpga0-tor1\"; did you mean \"fpga0-tor0\"? (fault "
            "fault0)\n");
  EXPECT_THAT(unresolved("link: 'fpga[1-2]-tor0', loss: 1 %"),
              HasSubstr("no link called \"fpga2-tor0\""));
  EXPECT_THAT(unresolved("link: 'gpu*', loss: 1 %"), HasSubstr("no link matches \"gpu*\""));
  EXPECT_THAT(unresolved("link: something-else-altogether, loss: 1 %"),
              HasSubstr("; there are fpga0-tor0, "));
  EXPECT_THAT(unresolved("kind: link_down, where: {links: {from: fpg0, to: tor0}}"),
              HasSubstr("no node or switch called \"fpg0\"; did you mean \"fpga0\"?"));
  EXPECT_THAT(unresolved("kind: link_down, where: {links: {from: fpga0, to: fpga1}}"),
              HasSubstr("no link between \"fpga0\" and \"fpga1\""));
}

TEST(ResolveFaults, ThePlanHasTheSeedAndTheWholeRule) {
  const FaultPlan plan =
      resolved("at: 1 ms, link: fpga0-tor0, delay: 3 us}\n  - {link: trunk, loss: 5 %");
  EXPECT_EQ(plan.seed, 1U);
  ASSERT_EQ(plan.rules.size(), 2U);
  EXPECT_EQ(plan.rules[0].options, delay_settings({microseconds(3), {}}));
  EXPECT_EQ(plan.rules[0].when.from, kRunStart + milliseconds(1));
  EXPECT_EQ(plan.rules[1].id, "fault1");
  EXPECT_EQ(plan.rules[1].target, "trunk");
}

}  // namespace
}  // namespace soliton
