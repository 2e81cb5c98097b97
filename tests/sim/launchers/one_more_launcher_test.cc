// A launcher is one value: here is one more, of an engine of its own, and a list that names it in
// place of one that ships. The command line, runs and their results know it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/cli/command.h"
#include "cluster/engine/launcher.h"
#include "cluster/run/run.h"
#include "tests/cluster_text.h"

namespace soliton {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> started;  // names of the nodes that the test's launcher was given

// All nodes in this process, although the file asks for a process each.
ClusterOutcome run_noted(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                         const RunControl& control) {
  started.clear();
  for (const NodeAssignment& node : nodes) started.push_back(node.deployment.node);
  ClusterOutcome outcome = kPackedLauncher.run(nodes, fabric, control);
  outcome.processes = 17;
  return outcome;
}

constexpr Launcher kNotedLauncher = {"noted", {TimeBase::kEmulated, false, "notebook"}, run_noted};

}  // namespace

// In place of the shipped list.
std::span<const Launcher* const> launchers() {
  static constexpr const Launcher* kLaunchers[] = {&kPackedLauncher, &kNotedLauncher};
  return kLaunchers;
}

namespace {

FinishedRun run(const std::string& engine, const std::string& processes) {
  const Checked<ClusterSpec> spec =
      read_cluster_text("processes: " + processes +
                            "\nnodes: [{name: \"fpga[0-1]\", device: bw-s10}]\n"
                            "workload: {kind: ping, from: fpga0, to: fpga1, count: 3}\n",
                        "test.yaml", {}, {SOLITON_SOURCE_DIR});
  EXPECT_TRUE(spec) << spec.error().text();
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
  EXPECT_TRUE(prepared) << prepared.error().text();
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = milliseconds(100);
  control.engine = engine;
  return execute_run(**prepared, control);
}

TEST(OneMoreLauncher, IsFoundByItsLayout) {
  EXPECT_EQ(find_launcher(kNotedLauncher.layout), &kNotedLauncher);
  EXPECT_EQ(find_launcher({TimeBase::kEmulated, false}), nullptr) << "of a launcher not listed";
}

TEST(OneMoreLauncher, IsAnEngineOfTheCommandLine) {
  EXPECT_THAT(engine_names(), ElementsAre("local", "notebook"));
  const CliCommand wait = {.name = "wait",
                           .what = "Waits",
                           .example = "",
                           .takes_cluster = true,
                           .define = [](OptionSet& options, CommandLine&) -> RunCommand {
                             options.inputs("file", "what to wait for");
                             return [](const CommandLine&) { return 0; };
                           }};
  const CliCommand* const commands[] = {&wait};
  ParsedCommand parsed;
  const char* const words[] = {"soliton", "wait", "a.yaml", "--engine", "notebook"};
  EXPECT_EQ(parse_command_line(commands, engine_names(), 5, words, parsed), std::nullopt);
  EXPECT_EQ(parsed.line.engine, "notebook");
}

TEST(OneMoreLauncher, RunsTheNodesOfARun) {
  const FinishedRun finished = run("notebook", "per-node");
  ASSERT_FALSE(finished.error) << finished.error->message;
  EXPECT_THAT(started, ElementsAre("fpga0", "fpga1"));
  EXPECT_EQ(finished.results.requests.size(), 3u);
  EXPECT_EQ(finished.results.wall.processes, 17);
}

TEST(OneMoreLauncher, TheOthersAreAskedAsBefore) {
  started.clear();
  EXPECT_FALSE(run("local", "packed").error);
  EXPECT_THAT(started, ElementsAre());
}

TEST(OneMoreLauncher, ALayoutThatNoneServesIsAnErrorOfTheRun) {
  const FinishedRun packed = run("notebook", "packed");
  ASSERT_TRUE(packed.error);
  EXPECT_EQ(packed.error->code, ErrorCode::kInvalid);
  EXPECT_EQ(packed.error->message,
            "the engine notebook does not run clusters in virtual time with all nodes packed into "
            "one process");
  EXPECT_THAT(run("local", "per-node").error->message,
              HasSubstr("the engine local does not run clusters in virtual time"));
}

}  // namespace
}  // namespace soliton
