#include "cluster/why/what_if.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace soliton {
namespace {

const WhatIf& named(const std::string& name) {
  for (const WhatIf& change : what_ifs())
    if (change.name == name) return change;
  ADD_FAILURE() << "no change called " << name;
  return what_ifs().front();
}

ClusterSpec one_device_and_a_host() {
  ClusterSpec spec;
  NodeSpec device, host;
  device.name = "fpga0";
  device.device.kind = Device::Kind::kNpu;
  device.device.npu.clock.hertz = 250'000'000;
  host.name = "host0";
  host.device.kind = Device::Kind::kCpu;
  host.device.cpu.memory_rate.bits_per_second = 1000;
  spec.nodes = {device, host};
  return spec;
}

TEST(WhatIf, NamesAreWordsOfTheirOwn) {
  std::set<std::string> names;
  for (const WhatIf& change : what_ifs()) {
    EXPECT_TRUE(names.insert(change.name).second) << change.name;
    EXPECT_NE(change.before == nullptr, change.after == nullptr) << change.name;
  }
  EXPECT_GE(names.size(), 8u);
}

TEST(WhatIf, TwiceTheClockIsThatOfDevices) {
  ClusterSpec spec = one_device_and_a_host();
  EXPECT_FALSE(named("twice the clock of the devices").before(spec));
  EXPECT_EQ(spec.nodes[0].device.npu.clock.hertz, 500'000'000);
}

TEST(WhatIf, OneMoreDeviceStandsBehindItsLike) {
  ClusterSpec spec = one_device_and_a_host();
  spec.partition.max_nodes = 1;
  EXPECT_FALSE(named("one more device").before(spec));
  ASSERT_EQ(spec.nodes.size(), 3u);
  EXPECT_EQ(spec.nodes[1].name, "one-more");
  EXPECT_EQ(spec.nodes[2].name, "host0");
  EXPECT_EQ(spec.partition.max_nodes, 2);
}

TEST(WhatIf, WhatDoesNotApplySaysWhy) {
  ClusterSpec spec = one_device_and_a_host();
  EXPECT_EQ(named("no faults").before(spec), "there are none");
  EXPECT_EQ(named("half the clients, or half the rate").before(spec), "there is one client");
  spec.nodes.pop_back();
  EXPECT_EQ(named("hosts twice as fast").before(spec), "there is no host");
  spec.fidelity = Fidelity::kMessage;
  EXPECT_EQ(named("twice the window").before(spec), "messages have no window");
}

TEST(WhatIf, CablesChangeAfterThePlanIsMade) {
  PreparedRun run;
  run.topology.links.resize(1);
  run.topology.links[0].rate.bits_per_second = 1000;
  run.topology.links[0].latency = nanoseconds(10);
  EXPECT_FALSE(named("twice the bandwidth of all cables").after(run));
  EXPECT_FALSE(named("half the latency of all cables").after(run));
  EXPECT_EQ(run.topology.links[0].rate.bits_per_second, 2000);
  EXPECT_EQ(run.topology.links[0].latency, nanoseconds(5));
}

}  // namespace
}  // namespace soliton
