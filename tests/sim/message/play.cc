#include "tests/sim/message/play.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cluster/engine/control_loop.h"
#include "tests/cluster_text.h"

namespace soliton {

FinishedRun play_to_its_end(std::string_view fidelity, const std::string& yaml) {
  const std::string text = fmt::format(
      "name: test\nprocesses: packed\nfidelity: {}\ntrace: {{requests: 0}}\n{}", fidelity, yaml);
  const Checked<ClusterSpec> spec = read_cluster_text(text, "test.yaml", {}, {SOLITON_SOURCE_DIR});
  if (!spec) return ADD_FAILURE() << spec.error().text() << yaml, FinishedRun{};
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
  if (!prepared) return ADD_FAILURE() << prepared.error().text() << yaml, FinishedRun{};
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = (*prepared)->spec.time_limit;
  return execute_run(**prepared, control);
}

RunResults play(std::string_view fidelity, const std::string& yaml) {
  FinishedRun finished = play_to_its_end(fidelity, yaml);
  EXPECT_FALSE(finished.error) << finished.error->message << yaml;
  EXPECT_EQ(finished.results.outputs.mismatched, 0);
  EXPECT_EQ(finished.results.fidelity, fidelity);
  return std::move(finished.results);
}

double completion_us(const RunResults& results) {
  return in_us(results.last_completed - results.first_sent);
}

double mean_us(const RunResults& results) { return latency_summary(results).mean; }

}  // namespace soliton
