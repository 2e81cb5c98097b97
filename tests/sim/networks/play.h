// Plays a cluster file, packed, on a simulated network.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "cluster/engine/control_loop.h"
#include "cluster/file/spec.h"
#include "cluster/run/run.h"
#include "tests/cluster_text.h"

namespace soliton {

inline RunResults play(const std::string& yaml) {
  const Checked<ClusterSpec> spec =
      read_cluster_text("name: test\nseed: 1\nprocesses: packed\ntrace: {requests: 0}\n" + yaml,
                        "test.yaml", {}, {SOLITON_SOURCE_DIR});
  EXPECT_TRUE(spec) << spec.error().text() << yaml;
  const Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
  EXPECT_TRUE(prepared) << prepared.error().text() << yaml;
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = (*prepared)->spec.time_limit;
  FinishedRun finished = execute_run(**prepared, control);
  EXPECT_FALSE(finished.error) << finished.error->message;
  EXPECT_EQ(finished.results.outputs.mismatched, 0);
  return std::move(finished.results);
}

}  // namespace soliton
