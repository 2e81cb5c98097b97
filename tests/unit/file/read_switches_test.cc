// Switches' buffers and classes, other traffic and ways, as topologies say them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/file/parts.h"
#include "cluster/file/yaml_file.h"
#include "tests/cluster_text.h"

namespace soliton {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Reading {
  TopologySpec spec;
  std::string errors;
};

Reading read(const std::string& text) {
  const Checked<YamlFile> yaml = yaml_of_text(text, "net.yaml");
  EXPECT_TRUE(yaml.has_value()) << text;
  ReadContext context("net.yaml", {});
  Reading out;
  if (yaml) read_topology_map(context, yaml->root, "", out.spec, topology_kinds());
  if (context.failed()) out.errors = context.take().text();
  return out;
}

std::string built(const std::string& text) {
  const Reading net = read(text);
  EXPECT_EQ(net.errors, "");
  const auto topology = build_topology(net.spec, {{"a", ""}, {"b", ""}});
  return topology ? "" : topology.error().text();
}

// What is written reads back as the same.
void expect_same_again(const TopologySpec& spec) {
  const std::string text = topology_text(spec, topology_kinds());
  const Reading again = read(text.substr(text.find('\n') + 1));
  EXPECT_EQ(again.errors, "") << text;
  EXPECT_EQ(again.spec.switches, spec.switches) << text;
  EXPECT_EQ(again.spec.routing, spec.routing);
  EXPECT_EQ(again.spec.reroute, spec.reroute);
  EXPECT_EQ(again.spec.hash_seed, spec.hash_seed);
  ASSERT_EQ(again.spec.explicit_switches.size(), spec.explicit_switches.size());
  for (std::size_t i = 0; i < spec.explicit_switches.size(); ++i)
    EXPECT_EQ(again.spec.explicit_switches[i].queues, spec.explicit_switches[i].queues) << text;
  ASSERT_EQ(again.spec.explicit_links.size(), spec.explicit_links.size());
  for (std::size_t i = 0; i < spec.explicit_links.size(); ++i)
    EXPECT_EQ(again.spec.explicit_links[i].link.other, spec.explicit_links[i].link.other) << text;
}

TEST(ReadSwitches, AllSwitchesOfAKindOrEachOfADrawnOne) {
  const std::string classes =
      "classes: [{name: fast, strict: true, channels: [2]}, {name: bulk, weight: 3}]";
  for (const char* kind : {"rack", "datacenter", "leaf-spine", "fat-tree", "clos", "dragonfly",
                           "torus", "ring", "full-mesh"}) {
    SCOPED_TRACE(kind);
    const std::string dims = std::string_view(kind) == "torus" ? ", dims: [2]" : "";
    const Reading net = read("{kind: " + std::string(kind) + dims +
                             ", switches: {buffer: 1 MiB, alpha: 0.5, " + classes + "}}");
    ASSERT_EQ(net.errors, "");
    EXPECT_EQ(net.spec.switches.buffer, Bytes{1 << 20});
    EXPECT_EQ(net.spec.switches.alpha, 0.5);
    ASSERT_EQ(net.spec.switches.classes.size(), 2u);
    EXPECT_TRUE(net.spec.switches.classes[0].strict);
    EXPECT_THAT(net.spec.switches.classes[0].channels, ElementsAre(2));
    EXPECT_EQ(net.spec.switches.classes[1].weight, 3);
    expect_same_again(net.spec);
    const auto topology = build_topology(net.spec, {{"a", ""}, {"b", ""}});
    ASSERT_TRUE(topology) << topology.error().text();
    for (const Vertex& vertex : topology->vertices)
      EXPECT_EQ(vertex.queues, vertex.is_switch ? net.spec.switches : SwitchQueues{});
  }
  const Reading drawn = read("{kind: explicit, switches: [{name: s, buffer: 1 MiB, " + classes +
                             "}, {name: t}], links: [{between: [s, t], latency: 1 us}]}");
  ASSERT_EQ(drawn.errors, "");
  EXPECT_EQ(drawn.spec.explicit_switches[0].queues.buffer, Bytes{1 << 20});
  EXPECT_EQ(drawn.spec.explicit_switches[0].queues.classes.size(), 2u);
  EXPECT_EQ(drawn.spec.explicit_switches[1].queues, SwitchQueues{});
  expect_same_again(drawn.spec);
}

TEST(ReadSwitches, Mistakes) {
  const auto error = [](const std::string& switches) {
    return read("{kind: rack, switches: {" + switches + "}}").errors;
  };
  EXPECT_THAT(error("alpha: 2"), HasSubstr("net.yaml:1:32: switches.alpha: belongs to buffer"));
  EXPECT_THAT(error("buffer: 1 MiB, alpha: 0"), HasSubstr("0 is not between 1/128 and 128"));
  EXPECT_THAT(error("buffer: 1 KiB"), HasSubstr("is not off or a value between 2 KiB"));
  EXPECT_THAT(error("classes: [{weight: 2}]"), HasSubstr("classes[0].name is missing"));
  EXPECT_THAT(error("classes: [{name: a, weight: 0}]"), HasSubstr("0 is not between 1 and 1000"));
  EXPECT_THAT(error("classes: [{name: a, weight: 2, strict: true}]"),
              HasSubstr("classes[0].weight: a strict class has none"));
  EXPECT_THAT(error("classes: [{name: a}, {name: a}]"), HasSubstr("\"a\" is used twice"));
  EXPECT_THAT(error("classes: [{name: a, channels: [3]}, {name: b, channels: [1, 3]}]"),
              HasSubstr("channel 3 is of a and of b"));
  EXPECT_THAT(error("classes: [{name: a, channels: [256]}]"), HasSubstr("256"));
  EXPECT_THAT(error("buffers: 1 MiB"), HasSubstr("did you mean \"buffer\"?"));
  EXPECT_THAT(read("{kind: local, switches: {buffer: 1 MiB}}").errors,
              HasSubstr("switches has no meaning for a topology of kind local"));
  EXPECT_THAT(built("{kind: rack, pfc: true, switches: {buffer: 1 MiB}}"),
              HasSubstr("with pfc every cable has room of its own at tor0"));
  EXPECT_THAT(
      built("{kind: explicit, pfc: true, switches: [{name: s, classes: [{name: x}]}, {name: "
            "t}], links: [{between: [s, t], latency: 1 us}]}"),
      HasSubstr("those of t are not those of s"));
}

OtherTraffic other_of(const std::string& text, std::string* errors = nullptr) {
  const Reading net = read(
      "{kind: explicit, switches: [{name: s}, {name: t}], links: [{between: [s, t], latency: 1 us, "
      "other_traffic: {busy: 10 %, " +
      text + "}}]}");
  if (errors != nullptr) return *errors = net.errors, OtherTraffic{};
  EXPECT_EQ(net.errors, "");
  expect_same_again(net.spec);
  return net.spec.explicit_links.empty() ? OtherTraffic{} : net.spec.explicit_links[0].link.other;
}

TEST(ReadOtherTraffic, LengthsOfBursts) {
  EXPECT_EQ(other_of("longest: 3 us").lengths, BurstLengths::kUniform);
  EXPECT_EQ(other_of("lengths: exponential, mean: 2 us").longest, microseconds(40));
  EXPECT_EQ(other_of("lengths: pareto, mean: 2 us, shape: 1.2").longest, microseconds(2'000));
  EXPECT_EQ(other_of("lengths: pareto, mean: 2 us, longest: 9 us").longest, microseconds(9));
  const OtherTraffic listed =
      other_of("lengths: listed, listed: [{length: 1 us, share: 9}, {length: 7 us}]");
  EXPECT_EQ(listed.longest, microseconds(7));
  EXPECT_EQ(listed.listed, (std::vector<ListedBurst>{{microseconds(1), 9}, {microseconds(7), 1}}));
  const auto error = [](const std::string& text) {
    std::string errors;
    other_of(text, &errors);
    return errors;
  };
  EXPECT_THAT(error("lengths: uniform"), HasSubstr("longest is missing"));
  EXPECT_THAT(error("lengths: exponential"), HasSubstr("mean is missing"));
  EXPECT_THAT(error("longest: 1 us, mean: 1 us"), HasSubstr("mean: belongs to lengths"));
  EXPECT_THAT(error("lengths: pareto, mean: 1 us, shape: 1"), HasSubstr("1 is not above 1"));
  EXPECT_THAT(error("lengths: exponential, mean: 1 us, shape: 2"),
              HasSubstr("belongs to lengths: pareto"));
  EXPECT_THAT(error("lengths: listed"), HasSubstr("listed is missing"));
  EXPECT_THAT(error("lengths: listed, longest: 1 us, listed: [{length: 7 us}]"),
              HasSubstr("the longest that is listed takes 7 us"));
  EXPECT_THAT(error("longest: 1 us, listed: [{length: 7 us}]"),
              HasSubstr("belongs to lengths: listed"));
}

TEST(ReadWays, RoutingRerouteAndHashSeed) {
  const Reading net = read("{kind: fat-tree, routing: spray, reroute: 10 us, hash_seed: 7}");
  ASSERT_EQ(net.errors, "");
  EXPECT_EQ(net.spec.routing, Routing::kSpray);
  EXPECT_EQ(net.spec.reroute, microseconds(10));
  EXPECT_EQ(net.spec.hash_seed, 7u);
  expect_same_again(net.spec);
  EXPECT_EQ(read("{kind: fat-tree}").spec.routing, Routing::kEcmp);
  EXPECT_EQ(read("{kind: datacenter}").spec.routing, Routing::kFixed);
  EXPECT_EQ(read("{kind: fat-tree}").spec.reroute, kReroute);
  const Reading never = read("{kind: fat-tree, reroute: never}");
  EXPECT_EQ(never.spec.reroute, std::nullopt);
  expect_same_again(never.spec);
  EXPECT_THAT(read("{kind: fat-tree, routing: sprey}").errors,
              HasSubstr("did you mean \"spray\"?"));
  EXPECT_THAT(read("{kind: fat-tree, reroute: 2 h}").errors,
              HasSubstr("is not never or a value between 0 s and 60 s"));
  EXPECT_THAT(read("{kind: rack, routing: ecmp}").errors,
              HasSubstr("routing has no meaning for a topology of kind rack"));
}

}  // namespace
}  // namespace soliton
