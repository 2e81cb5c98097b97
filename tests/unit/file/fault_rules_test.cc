// Fault rules in full: selectors, packets, schedules, sets, and what a run is expected to fulfil.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/file/expectation.h"
#include "cluster/file/node_selector.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string with_fault(const std::string& fault) {
  return small_cluster("faults:\n  - {" + fault + "}\n");
}
FaultSpec fault_of(const std::string& fault) {
  const ClusterSpec spec = read_good(with_fault(fault));
  return spec.faults.empty() ? FaultSpec{} : spec.faults[0];
}
std::string fault_error(const std::string& fault) { return error_of(with_fault(fault)); }

Duration at(Instant instant) { return instant - kRunStart; }

TEST(FaultSchedules, AreReadInTheirForms) {
  const FaultSchedule flap =
      fault_of("at: 1 ms, for: 20 us, every: 500 us, link: a-b, link_down: true").rule.when;
  EXPECT_EQ(at(flap.from), milliseconds(1));
  EXPECT_EQ(flap.until, kNever);
  EXPECT_EQ(flap.every, microseconds(500));
  EXPECT_EQ(flap.length, microseconds(20));
  const FaultSchedule jittered =
      fault_of(
          "kind: clog, where: {links: {name: a-b}}, when: {from: 1 ms, to: 10 ms, every: 500 "
          "us, for: 20 us, jitter: 5 us, limit: 3}")
          .rule.when;
  EXPECT_EQ(at(jittered.until), milliseconds(10));
  EXPECT_EQ(jittered.jitter, microseconds(5));
  EXPECT_EQ(jittered.limit, 3u);
  const FaultSchedule rare =
      fault_of(
          "kind: clog, where: {links: {name: a-b}}, when: {poisson: {every: 1025 d, "
          "accelerate: 1000000}, for: 1 us}")
          .rule.when;
  EXPECT_EQ(rare.poisson, microseconds(1'025LL * 86'400));
  const FaultSchedule on =
      fault_of("kind: clog, where: {links: {name: a-b}}, when: {on: packet, count: 7, for: 1 us}")
          .rule.when;
  EXPECT_EQ(on.trigger, FaultTrigger::kPacket);
  EXPECT_EQ(on.count, 7u);
  EXPECT_EQ(on.length, microseconds(1));
}

TEST(FaultSchedules, Mistakes) {
  const auto error = [](const std::string& when) {
    return fault_error("kind: clog, where: {links: {name: a-b}}, when: {" + when + "}");
  };
  EXPECT_THAT(error("every: 1 ms"), HasSubstr("needs for, how long it lasts each time"));
  EXPECT_THAT(error("every: 1 us, for: 2 us"), HasSubstr("1 us is shorter than for and jitter"));
  EXPECT_THAT(error("every: 1 ms, on: packet, count: 1, for: 1 us"),
              HasSubstr("only one of every, poisson and on"));
  EXPECT_THAT(error("on: packet"), HasSubstr("needs count"));
  EXPECT_THAT(error("count: 3"), HasSubstr("belongs to on"));
  EXPECT_THAT(error("jitter: 1 us"), HasSubstr("belongs to every"));
  EXPECT_THAT(error("limit: 1"), HasSubstr("belongs to every and poisson"));
  EXPECT_THAT(error("on: pakcet, count: 1"), HasSubstr("did you mean \"packet\"?"));
  EXPECT_THAT(fault_error("every: 1 us, for: 1 ns, link: a-b, link_down: true"),
              HasSubstr("begins 60000000 times until 60 s, more than 200000"));
  EXPECT_EQ(error("every: 1 us, for: 1 ns"), "");
  EXPECT_THAT(error("poisson: {every: 3 fortnights}, for: 1 us"),
              HasSubstr("is not a time such as"));
  EXPECT_THAT(error("poisson: {every: 1 ps, accelerate: 2}, for: 1 us"),
              HasSubstr("more than once a picosecond"));
  EXPECT_THAT(fault_error("every: 1 ms, link: a-b, clog: true, when: {for: 1 ms}"),
              HasSubstr("every says already when"));
}

TEST(FaultPackets, AreMatched) {
  const FaultSpec grey = fault_of(
      "kind: loss, model: {p: 1 %}, where: {links: {between: [fpga0, tor0]}, match: {class: data, "
      "least: 100 B, from: 'fpga*'}, pick: {mode: count, count: 2}}");
  EXPECT_EQ(grey.from, "fpga0");
  EXPECT_EQ(grey.to, "tor0");
  EXPECT_EQ(grey.rule.match.its_class, PacketClass::kData);
  EXPECT_EQ(grey.rule.match.least, Bytes{100});
  EXPECT_THAT(grey.match_from, ElementsAre("fpga*"));
  EXPECT_EQ(grey.pick, (LinkPick{.mode = LinkPick::Mode::kCount, .count = 2}));
  EXPECT_THAT(fault_error("kind: clog, where: {links: {name: a-b}, match: {class: dtaa}}"),
              HasSubstr("did you mean \"data\"?"));
  EXPECT_THAT(
      fault_error("kind: clog, where: {links: {name: a-b}, match: {least: 2 kB, most: 1 kB}}"),
      HasSubstr("is below least"));
  EXPECT_THAT(fault_error("kind: clog, where: {links: {name: a-b}, pick: {mode: percent}}"),
              HasSubstr("share belongs to mode: percent and random"));
  EXPECT_THAT(fault_error("kind: clog, where: {links: {between: fpga0}}"),
              HasSubstr("must be a list of two ends"));
}

TEST(FaultSets, AreSelectorsOrLists) {
  const FaultSpec cut = fault_of("partition: ['fpga[0-1]', [fpga2, host0]]");
  ASSERT_EQ(cut.sets.size(), 2u);
  EXPECT_THAT(cut.sets[1], ElementsAre("fpga2", "host0"));
  EXPECT_EQ(cut.rule.target, "fpga[0-1] / fpga2+host0");
  EXPECT_THAT(fault_error("kind: partition"), HasSubstr("faults[0].sets: is missing"));
  EXPECT_THAT(fault_error("partition: fpga0"), HasSubstr("must be a list of sets of nodes"));
  EXPECT_THAT(fault_error("link: a-b, loss: 1 %, sets: [a]"),
              HasSubstr("has no meaning for a fault of kind loss"));
}

TEST(FaultCycles, AreSwitchesInTheirOrder) {
  const FaultSpec circle = fault_of(
      "kind: pfc_deadlock, cycle: [leaf0, spine0, leaf1, spine1], watchdog: {detect: 1 ms}");
  EXPECT_THAT(circle.cycle, ElementsAre("leaf0", "spine0", "leaf1", "spine1"));
  EXPECT_EQ(circle.rule.target, "leaf0 > spine0 > leaf1 > spine1");
  EXPECT_THAT(fault_error("kind: pfc_deadlock"), HasSubstr("faults[0].cycle: is missing"));
  EXPECT_THAT(fault_error("kind: pfc_deadlock, cycle: [a, b]"),
              HasSubstr("must be a list of at least three switches"));
  EXPECT_THAT(fault_error("link: a-b, loss: 1 %, cycle: [a, b, c]"),
              HasSubstr("has no meaning for a fault of kind loss"));
}

TEST(FaultKinds, RefuseWhatContradictsThem) {
  EXPECT_THAT(fault_error("kind: queue, where: {links: {name: a-b}}"),
              HasSubstr("one of them is the limit"));
  EXPECT_THAT(fault_error("kind: clock, where: {nodes: fpga0}, freeze: true, drift: 3"),
              HasSubstr("means nothing to a clock that stands"));
  EXPECT_THAT(fault_error("node: fpga1, at: 1 ms, node_crsh: true"),
              HasSubstr("no kind of fault is called \"node_crsh\"; did you mean \"node_crash\"?"));
  EXPECT_THAT(fault_error("link: a-b, slow_receiver: 0 %"), HasSubstr("0 % is not between"));
  EXPECT_THAT(fault_error("kind: loss, model: {type: list, p: 1 %}, link: a-b"),
              HasSubstr("list has no p"));
  EXPECT_THAT(fault_error("kind: loss, model: {type: gilbert_elliott, p: 1 %}, link: a-b"),
              HasSubstr("gilbert_elliott needs r"));
  EXPECT_THAT(
      fault_error("kind: loss, model: {type: markov4, p13: 60 %, p31: 1 %, p14: 60 %}, link: a-b"),
      HasSubstr("above 100 % together"));
  EXPECT_THAT(fault_error("kind: loss, model: {type: mask, mask: 3, equals: 4}, link: a-b"),
              HasSubstr("has bits that mask has not"));
  EXPECT_THAT(fault_error("kind: loss, model: {type: list, drop: [7-2]}, link: a-b"),
              HasSubstr("7-2 is a range that descends"));
  EXPECT_THAT(fault_error("kind: loss, model: {type: list, drop: [0-200000]}, link: a-b"),
              HasSubstr("makes it more than 100000 numbers"));
  EXPECT_THAT(fault_error("link: a-b, rate: 2 Gb/s, peak: 1 Gb/s"), HasSubstr("is below rate"));
  EXPECT_THAT(fault_error("link: a-b, corrupt: 1 %, ber: 0.1"), HasSubstr("only one of p and ber"));
  EXPECT_THAT(fault_error("link: a-b, delay: 1 us, distribution: normal"),
              HasSubstr("belongs to jitter"));
  EXPECT_THAT(fault_error("link: a-b, duplicate: 101 %"), HasSubstr("above 100 %"));
  EXPECT_THAT(fault_error("events: nowhere.csv"), HasSubstr("no file \""));
}

TEST(FaultRules, AreWrittenSoThatTheyReadBack) {
  for (const char* fault :
       {"link: a-b, every: 1 ms, for: 20 us, duplicate: 5 %, copies: 2, lag: 3 us",
        "kind: loss, model: {type: list, drop: [1, 5-9]}, where: {links: {name: a-b}}",
        "kind: loss, model: {type: markov4, p13: 1 %, p31: 20 %}, where: {links: {name: a-b}}",
        "link: a-b, corrupt: 2 %, region: payload", "link: a-b, ber: 0.000001",
        "link: a-b, rate: 1 Gb/s, peak: 2 Gb/s", "link: a-b, slot: 20 us, least: 10 us",
        "link: a-b, delay: 1 us, jitter: 1 us, distribution: table, table: [0, 50, 100]",
        "partition: [fpga0, [fpga1, host0]], at: 1 ms, for: 1 ms",
        "kind: partition, shape: bridge, sets: [fpga0, fpga1]",
        "kind: pfc_deadlock, cycle: [a, b, c], watchdog: {detect: 1 ms}, at: 1 ms, for: 2 ms",
        "link: a-b, queue: 16 KiB", "kind: queue, packets: 3, where: {links: {name: a-b}}",
        "link: a-b, incast: 16, burst: 64 KiB", "link: a-b, slow_receiver: 10 %",
        "node: fpga0, clock: true, drift: 200",
        "kind: clog, where: {links: {from: 'device=bw-pocket & !fpga1', to: '*'}, match: {class: "
        "ack, to: fpga0}, pick: {mode: random, share: 50 %}}, when: {poisson: {every: 1 ms}, for: "
        "1 "
        "us}",
        "kind: clog, where: {links: {name: a-b}}, when: {on: packet, count: 3, for: 1 us}"}) {
    const ClusterSpec spec = read_good(with_fault(fault));
    ASSERT_EQ(spec.faults.size(), 1u) << fault;
    const ClusterSpec again = read_good(write_cluster(spec, "."));
    expect_equal(spec, again);
  }
}

// A profile's rules are ordinary ones: what is written of them has no profile.
TEST(FaultProfiles, BecomeOrdinaryRules) {
  for (const auto& [profile, rules] :
       {std::pair{"lossy_lan", 4u}, {"storm", 3u}, {"rack_loss", 4u}}) {
    const ClusterSpec spec =
        read_good(with_fault(std::string("profile: ") + profile + ", at: 1 ms"));
    EXPECT_EQ(spec.faults.size(), rules) << profile;
    const std::string written = write_cluster(spec, ".");
    EXPECT_EQ(written.find("profile"), std::string::npos);
    expect_equal(spec, read_good(written));
  }
  EXPECT_THAT(fault_error("profile: storm, for: 1 ns"),
              HasSubstr("faults[0].for: 1 ns is not between"));
  EXPECT_THAT(fault_error("profile: storm, loss: 1 %"), HasSubstr("unknown key \"loss\""));
}

// Half the nodes are clogged, one after the other, and all of them are released in the second half.
TEST(FaultProfiles, SwizzleClogsAndReleasesInAnotherOrder) {
  const ClusterSpec spec = read_good(with_fault("profile: swizzle, at: 10 ms, for: 8 ms"));
  ASSERT_EQ(spec.faults.size(), (spec.nodes.size() + 1) / 2);
  for (const FaultSpec& fault : spec.faults) {
    EXPECT_EQ(fault.rule.kind->name, "clog");
    EXPECT_GE(at(fault.rule.when.from), milliseconds(10));
    EXPECT_LT(at(fault.rule.when.from), milliseconds(14));
    EXPECT_GT(at(fault.rule.when.until), milliseconds(14));
    EXPECT_LE(at(fault.rule.when.until), milliseconds(18));
  }
}

std::vector<NodeSpec> nodes() {
  std::vector<NodeSpec> out;
  for (const char* name : {"fpga0", "fpga1", "fpga2", "host0"}) {
    NodeSpec& node = out.emplace_back();
    node.name = name;
    node.at = node.name == "fpga2" ? "rack1" : "rack0";
    node.device.kind = node.name == "host0" ? Device::Kind::kCpu : Device::Kind::kNpu;
    node.device.npu.name = "bw-pocket";
    node.device.cpu.name = "cpu";
  }
  return out;
}

TEST(NodeSelectors, SelectByNameAndByProperty) {
  const std::vector<NodeSpec> all = nodes();
  const auto of = [&](const char* text) {
    const Result<std::vector<std::uint32_t>> selected = select_nodes(text, all);
    return selected ? *selected : std::vector<std::uint32_t>{99};
  };
  EXPECT_THAT(of("fpga[0-1]"), ElementsAre(0, 1));
  EXPECT_THAT(of("*"), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(of("device=bw-pocket & !fpga1"), ElementsAre(0, 2));
  EXPECT_THAT(of("kind=cpu | at=rack1"), ElementsAre(2, 3));
  EXPECT_THAT(of("!(fpga0|host0)&at=rack0"), ElementsAre(1));
  EXPECT_THAT(of("fpga0 | fpga1 & host0"), ElementsAre(0));
}

TEST(NodeSelectors, SayWhatIsWrong) {
  const std::vector<NodeSpec> all = nodes();
  const auto error = [&](const std::string& text) {
    const Result<std::vector<std::uint32_t>> selected = select_nodes(text, all);
    return selected ? "good" : selected.error().message;
  };
  EXPECT_THAT(error("fpga9"), HasSubstr("no node called \"fpga9\"; did you mean \"fpga0\"?"));
  EXPECT_THAT(error("devise=x"), HasSubstr("nodes have no \"devise\"; did you mean \"device\"?"));
  EXPECT_THAT(error("device=x"), HasSubstr("no node has device = x"));
  EXPECT_THAT(error("fpga0 & fpga1"), HasSubstr("means no node"));
  EXPECT_THAT(error("(fpga0"), HasSubstr("a parenthesis is not closed"));
  EXPECT_THAT(error("fpga0)"), HasSubstr("is too much"));
  EXPECT_THAT(error("fpga0 &"), HasSubstr("a name is missing at the end"));
  EXPECT_THAT(error(std::string(100, '(')), HasSubstr("nested too deeply"));
}

TEST(Expectations, AreReadAndWritten) {
  const ClusterSpec spec = read_good(small_cluster(
      "faults: [{link: a-b, loss: 1 %}]\nexpect: {p99: \"< 1 ms\", resends: \"<= 1.6\", "
      "completes_within: 5 s, delivery: exactly_once_in_order, fired: true, end: {status: 5}}\n"));
  ASSERT_EQ(spec.expectations.size(), 6u);
  EXPECT_EQ(*spec.expectations[0].threshold,
            (Threshold{Comparison::kLess, static_cast<double>(milliseconds(1).count())}));
  EXPECT_EQ(*spec.expectations[1].threshold, (Threshold{Comparison::kAtMost, 1'600}));
  EXPECT_EQ(spec.expectations[5].status, 5);
  EXPECT_EQ(read_good(write_cluster(spec, ".")).expectations, spec.expectations);
}

TEST(Expectations, OfThingsNobodyCanJudgeAreRefused) {
  const auto error = [](const std::string& expect) {
    return error_of(small_cluster("expect: {" + expect + "}\n"));
  };
  EXPECT_THAT(error("p99: 1 ms"), HasSubstr("\"1 ms\" does not begin with <, <=, > or >="));
  EXPECT_THAT(error("p99: \"< 1\""), HasSubstr("expect.p99: \"1\" has no unit"));
  EXPECT_THAT(error("p98: \"< 1 ms\""), HasSubstr("did you mean"));
  EXPECT_THAT(error("outputs: same"), HasSubstr("allowed: bit_identical"));
  EXPECT_THAT(error("fired: true"), HasSubstr("there are no faults"));
  EXPECT_THAT(error("end: {}"), HasSubstr("expect.end.status is missing"));
  EXPECT_THAT(error("end: {status: 3}"), HasSubstr("3 is not between 4 and 5"));
}

TEST(Thresholds, AreMet) {
  const auto met = [](const char* text, double value) {
    return parse_threshold(FieldType::kReal, text)->met_by(1'000 * value);
  };
  EXPECT_TRUE(met("< 2", 1.9));
  EXPECT_FALSE(met("< 2", 2));
  EXPECT_TRUE(met("<=2", 2));
  EXPECT_TRUE(met("> 2", 2.1));
  EXPECT_FALSE(met("> 2", 2));
  EXPECT_TRUE(met(">= 2", 2));
}

}  // namespace
}  // namespace soliton
