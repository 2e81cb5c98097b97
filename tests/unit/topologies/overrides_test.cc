// Cables changed by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "topologies/pause.h"
#include "topologies/topology_fields.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

constexpr BitRate kTen{10'000'000'000};

// Two leaves with two hosts each under two spines.
TopologySpec leaves(std::vector<LinkOverride> overrides) {
  TopologySpec spec{.name = "leaf-spine", .kind = "leaf-spine"};
  spec.options = {{"leaves", {std::int64_t{2}}},
                  {"spines", {std::int64_t{2}}},
                  {"hosts_per_leaf", {std::int64_t{2}}}};
  spec.overrides = std::move(overrides);
  return spec;
}

std::vector<PlacedNode> hosts(BitRate port = {}) {
  std::vector<PlacedNode> nodes;
  for (int i = 0; i < 4; ++i)
    nodes.push_back({.name = "fpga" + std::to_string(i), .at = "", .port = port});
  return nodes;
}

Settings rate(BitRate value) { return {{"bandwidth", {value.bits_per_second}}}; }
Settings latency(Duration value) { return {{"latency", {value.count()}}}; }

std::map<std::string, TopologyLink> built(const TopologySpec& spec, BitRate port = {}) {
  std::map<std::string, TopologyLink> out;
  const auto topology = build_topology(spec, hosts(port));
  EXPECT_TRUE(topology) << topology.error().text();
  if (topology)
    for (const TopologyLink& link : topology->links) out[link.name] = link;
  return out;
}

TEST(Overrides, ChangeWhatTheyNameAndNothingElse) {
  const auto before = built(leaves({}));
  const auto after = built(leaves({{"leaf0-*", rate(kTen)}}));
  ASSERT_EQ(after.size(), before.size());
  for (const auto& [name, link] : after) {
    const bool named = name.starts_with("leaf0-");
    EXPECT_EQ(link.rate, named ? kTen : before.at(name).rate) << name;
    EXPECT_EQ(link.latency, before.at(name).latency) << name;
    EXPECT_EQ(link.queue, before.at(name).queue) << name;
  }
}

TEST(Overrides, NameCablesByRangesAndFromEitherEnd) {
  const auto links = built(leaves({{"leaf[0-1]-spine0", latency(microseconds(3))},
                                   {"spine1-leaf1", latency(microseconds(5))}}));
  EXPECT_EQ(links.at("leaf0-spine0").latency, microseconds(3));
  EXPECT_EQ(links.at("leaf1-spine0").latency, microseconds(3));
  EXPECT_EQ(links.at("leaf1-spine1").latency, microseconds(5));
  EXPECT_LT(links.at("leaf0-spine1").latency, microseconds(3));
}

TEST(Overrides, TheLastOneHolds) {
  const auto links =
      built(leaves({{"leaf0-*", rate(BitRate{1'000'000'000})}, {"leaf0-spine0", rate(kTen)}}));
  EXPECT_EQ(links.at("leaf0-spine0").rate, kTen);
  EXPECT_EQ(links.at("leaf0-spine1").rate, BitRate{1'000'000'000});
}

TEST(Overrides, APortStillLimitsItsCable) {
  const auto links = built(leaves({{"fpga*", rate(BitRate{400'000'000'000})}}), kTen);
  EXPECT_EQ(links.at("fpga0-leaf0").rate, kTen);
}

TEST(Overrides, OfNoCableAreErrorsAtTheirPlace) {
  const auto topology = build_topology(
      leaves({{"laef0-spine0", rate(kTen), "c.yaml:4:9"}, {"core*", rate(kTen), "c.yaml:5:9"}}),
      hosts());
  ASSERT_FALSE(topology);
  EXPECT_THAT(topology.error().text(),
              HasSubstr("c.yaml:4:9: no link called \"laef0-spine0\"; did you mean "
                        "\"leaf0-spine0\"?"));
  EXPECT_THAT(topology.error().text(), HasSubstr("c.yaml:5:9: no link matches \"core*\""));
}

// What a switch must take in after it has paused a cable grows with the cable's length and rate, also
// where one entry changes its length and another its rate. At 40 Gb/s 5,000 bytes are on the way a us.
TEST(Overrides, OfALongerAndFasterCableNeedMoreHeadroom) {
  const auto text = [](Bytes headroom, std::vector<LinkOverride> overrides) {
    TopologySpec spec = leaves(std::move(overrides));
    spec.pause.emplace().frame = Bytes{1'500};
    spec.pause->headroom = headroom;
    const auto topology = build_topology(spec, hosts());
    return topology ? std::string() : topology.error().text();
  };
  const LinkOverride far{"leaf0-spine0", latency(microseconds(100))},
      fast{"leaf0-*", rate(BitRate{400'000'000'000})};
  const Bytes one{2 * 100 * 5'000 + 20'000}, both{10 * one.count};
  EXPECT_EQ(text(one, {far}), "");
  EXPECT_THAT(text(Bytes{2 * 100 * 5'000}, {far}), HasSubstr("leaf0-spine0, as links: changes it"));
  EXPECT_EQ(text(one, {fast}), "");
  EXPECT_THAT(text(one, {far, fast}), HasSubstr("topology.pfc.headroom: "));
  EXPECT_EQ(text(both, {far, fast}), "");
}

// Before any is taken.
TEST(Overrides, ThatTakeTooManyLooksAreRefused) {
  TopologySpec spec = leaves(std::vector<LinkOverride>(501, {"fpga0-*", rate(kTen)}));
  spec.options[0].value = spec.options[1].value = {std::int64_t{200}};
  const auto topology = build_topology(spec, hosts());
  ASSERT_FALSE(topology);
  EXPECT_THAT(topology.error().text(), HasSubstr("take more than 20000000 looks at a link"));
}

TEST(Cables, MoreThanThereMayBeAreRefusedBeforeTheyAreMade) {
  TopologySpec spec = leaves({});
  spec.options[0].value = spec.options[1].value = {std::int64_t{1'024}};
  spec.position = "c.yaml:3:5";
  EXPECT_THAT(build_topology(spec, hosts()).error().text(),
              HasSubstr("c.yaml:3:5: topology leaf-spine: its 1048580 cables are more than 65536"));
  spec.kind = spec.name = "dragonfly";
  spec.options = {{"groups", {std::int64_t{256}}}, {"routers", {std::int64_t{64}}}};
  EXPECT_THAT(build_topology(spec, hosts()).error().text(),
              HasSubstr("topology dragonfly: its 548740 cables are more than 65536"));
}

}  // namespace
}  // namespace soliton
