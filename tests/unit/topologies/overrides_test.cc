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

// What a switch must take in after it has paused a cable grows with the cable's length.
TEST(Overrides, OfALongerCableNeedMoreHeadroom) {
  const Bytes frame{1'500};
  const Bytes before = headroom_needed(leaves({}), frame);
  const Bytes after = headroom_needed(leaves({{"leaf0-*", latency(microseconds(100))}}), frame);
  EXPECT_GT(after.count, before.count + 2 * 100 * 5'000 - 20'000);  // 40 Gb/s: 5,000 bytes a us
}

}  // namespace
}  // namespace soliton
