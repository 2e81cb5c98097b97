// The key of a run: another in each run, whatever key lasts.
#include <gtest/gtest.h>

#include <algorithm>

#include "cluster/manager/deploy.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

Key key_of_a_run(TimeMode time, const std::optional<Key>& lasting) {
  ClusterSpec spec;
  spec.time = time;
  spec.key = lasting;
  spec.nodes.resize(2);
  spec.nodes[0].name = std::string("a");
  spec.nodes[1].name = std::string("b");
  Traffic traffic = traffic_of_kind(*find_traffic_kind("ping"));
  traffic.senders = {NodeId{0}};
  traffic.receiver = NodeId{1};
  const Topology topology = build_topology({}, {{"a", ""}, {"b", ""}}).value();
  const Routes routes(topology);
  const std::vector<NodeAssignment> nodes = make_assignments(spec, traffic, topology, routes, {});
  EXPECT_EQ(nodes[0].deployment.identity.key, nodes[1].deployment.identity.key);
  return nodes[0].deployment.identity.key;
}

TEST(KeyOfARun, IsNewInEveryRunAndNeverTheOneThatLasts) {
  Key lasting{};
  lasting.fill(std::byte{0x5a});
  std::vector<Key> keys = {lasting, Key{}};
  for (int run = 0; run < 8; ++run) {
    keys.push_back(key_of_a_run(TimeMode::kWall, lasting));
    keys.push_back(key_of_a_run(TimeMode::kWall, std::nullopt));
  }
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
}

TEST(KeyOfARun, IsAFunctionOfTheFileInVirtualTime) {
  EXPECT_EQ(key_of_a_run(TimeMode::kVirtual, std::nullopt),
            key_of_a_run(TimeMode::kVirtual, std::nullopt));
}

}  // namespace
}  // namespace soliton
