#include "tests/sim/workloads/play.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cluster/engine/control_loop.h"
#include "tests/cluster_text.h"

namespace soliton {

RunResults play_workload(const std::string& yaml) {
  const Checked<ClusterSpec> spec =
      read_cluster_text("name: test\nprocesses: packed\ntrace: {requests: 0}\n" + yaml, "test.yaml",
                        {}, {SOLITON_SOURCE_DIR});
  EXPECT_TRUE(spec) << spec.error().text() << yaml;
  if (!spec) return {};
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
  EXPECT_TRUE(prepared) << prepared.error().text() << yaml;
  if (!prepared) return {};
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = (*prepared)->spec.time_limit;
  FinishedRun finished = execute_run(**prepared, control);
  EXPECT_FALSE(finished.error) << finished.error->message << yaml;
  EXPECT_EQ(finished.results.outputs.mismatched, 0) << yaml;
  EXPECT_EQ(finished.results.outputs.checked,
            static_cast<std::int64_t>(finished.results.requests.size()));
  EXPECT_EQ(finished.results.requests.size(), asked_of((*prepared)->spec)) << yaml;
  return std::move(finished.results);
}

std::vector<std::string> networks_of_eight() {
  return {"{kind: rack",
          "{kind: datacenter, hosts_per_rack: 3",
          "{kind: leaf-spine, leaves: 2, spines: 2, hosts_per_leaf: 4",
          "{kind: fat-tree, k: 4",
          "{kind: clos, levels: 3, arity: 2",
          "{kind: dragonfly, groups: 2, routers: 2, hosts_per_router: 2",
          "{kind: torus, dims: [4, 2]",
          "{kind: ring",
          "{kind: full-mesh",
          "{kind: explicit, switches: [{name: s}, {name: t}], links: [{between: [\"f[0-3]\", s], "
          "latency: 200 ns}, {between: [\"f[4-7]\", t], latency: 200 ns}, {between: [s, t], "
          "name: a, latency: 1 us}, {between: [s, t], name: b, latency: 1 us}]"};
}

std::vector<std::string> workloads_of_eight(std::uint64_t bytes, int count) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& keys) {
    out.push_back(fmt::format("{{kind: {}, bytes: {}, count: {}}}", keys, bytes, count));
  };
  add("ping, from: f0, to: f7");
  add("stream, from: f3, to: f4");
  add("incast, from: \"f[1-7]\", to: f0");
  for (const char* shift : {"random", "3"})
    add(fmt::format("permutation, nodes: \"f[0-7]\", shift: {}", shift));
  for (const auto& [kind, schedules] : {std::pair<std::string, std::vector<std::string>>{
                                            "all-gather", {"direct", "ring", "doubling"}},
                                        {"all-to-all", {"direct", "pairwise"}},
                                        {"all-reduce", {"ring", "halving-doubling", "tree"}},
                                        {"reduce-scatter", {"ring", "halving-doubling", "tree"}},
                                        {"broadcast, from: f5", {"ring", "tree"}}})
    for (const std::string& schedule : schedules)
      add(fmt::format("{}, nodes: \"f[0-7]\", schedule: {}", kind, schedule));
  add("pipeline, nodes: [f7, \"f[0-3]\", f5]");
  add("token, nodes: [f7, \"f[0-3]\", f5]");
  return out;
}

std::string cluster_of(const std::string& topology, const std::string& workload, int nodes) {
  return fmt::format("topology: {}\nnodes: [{{name: \"f[0-{}]\", device: bw-s10}}]\nworkload: {}\n",
                     topology, nodes - 1, workload);
}

}  // namespace soliton
