// Published rows of dense layers and of streaming inference, each from its shipped cluster file, played
// as a whole: what a client sees from the host and back.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "cluster/engine/control_loop.h"
#include "cluster/file/spec.h"
#include "cluster/results/statistics.h"
#include "cluster/run/run.h"

namespace soliton {
namespace {

struct Row {
  const char* file;
  double published_us;
  double percent;  // of error that is allowed
  const char* trust;
};

double cycles(double count) { return count / 300; }

class PublishedRow : public ::testing::TestWithParam<Row> {};

TEST_P(PublishedRow, IsWithinItsBound) {
  const Row& row = GetParam();
  const std::string file = fmt::format("{}/configs/{}.yaml", SOLITON_SOURCE_DIR, row.file);
  Checked<ClusterSpec> spec = read_cluster(file, {}, {SOLITON_SOURCE_DIR});
  ASSERT_TRUE(spec) << spec.error().text();
  spec->processes = ProcessMode::kPacked;
  Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
  ASSERT_TRUE(prepared) << prepared.error().text();
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = (*prepared)->spec.time_limit;
  const FinishedRun finished = execute_run(**prepared, control);
  ASSERT_FALSE(finished.error) << finished.error->message;
  const RunResults& results = finished.results;
  const double us = latency_summary(results).mean;
  std::printf("%-42s %.3f us, published %.3f (%+.1f %%)\n", row.file, us, row.published_us,
              100 * (us / row.published_us - 1));
  EXPECT_NEAR(us, row.published_us, row.percent / 100 * row.published_us);
  ASSERT_TRUE(results.calibration);
  EXPECT_EQ(results.calibration->extent, row.trust);
  EXPECT_EQ(results.calibration->error_percent, row.percent);
  EXPECT_FALSE(results.calibration->scope.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Rows, PublishedRow,
    ::testing::Values(Row{"intel-npu/dense-1024-512-256-256-b6", cycles(662), 8, "calibrated"},
                      Row{"intel-npu/dense-1024-512-256-256-b18", cycles(1463), 8, "calibrated"},
                      Row{"stream/lstm-2x128-6x32", 1.4, 10, "partly"},
                      Row{"stream/lstm-3x480-6x32", 3.2, 10, "partly"},
                      Row{"stream/lstm-3x960-6x32", 7.3, 10, "partly"},
                      Row{"stream/mlp-b1-6x32", 1.5, 10, "partly"},
                      Row{"stream/mlp-b8-6x32", 2.7, 10, "partly"},
                      Row{"stream/lstm-2x128-3x64", 1.7, 10, "partly"},
                      Row{"stream/lstm-3x480-3x64", 2.7, 10, "partly"},
                      Row{"stream/mlp-b1-3x64", 1.8, 10, "partly"},
                      Row{"stream/lstm-2x128-6x32-small", 1.7, 10, "partly"},
                      Row{"stream/mlp-b1-6x32-small", 1.8, 10, "partly"},
                      Row{"stream/mlp-b8-6x32-small", 4.1, 10, "partly"}),
    [](const ::testing::TestParamInfo<Row>& row) {
      std::string name = row.param.file;
      std::ranges::replace_if(
          name, [](char c) { return c == '/' || c == '-'; }, '_');
      return name;
    });

}  // namespace
}  // namespace soliton
