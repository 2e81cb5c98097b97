#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/experiment/experiment.h"
#include "cluster/file/yaml_file.h"
#include "cluster/results/results.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ReadExperiment : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(write_file(folder_ / "base.yaml", "name: base\n")); }

  Checked<Experiment> read(const std::string& text) {
    const Checked<YamlFile> yaml = yaml_of_text(text, folder_ / "e.yaml");
    return yaml ? read_experiment(*yaml) : tl::unexpected<Diagnostics>(yaml.error());
  }

  // What is reported, with the file's name cut off.
  std::vector<std::string> problems(const std::string& text) {
    const Checked<Experiment> experiment = read(text);
    std::vector<std::string> out;
    if (experiment) return out;
    for (const Error& error : experiment.error().errors) {
      const std::string prefix = folder_ / "e.yaml:";
      EXPECT_TRUE(error.message.starts_with(prefix)) << error.message;
      EXPECT_EQ(error.code, ErrorCode::kInvalid);
      out.push_back(error.message.substr(prefix.size()));
    }
    return out;
  }

  ScratchFolder folder_;
};

TEST_F(ReadExperiment, ReadsSeriesPointsAndOverridesInOrder) {
  const Checked<Experiment> e = read(
      "name: scale\n"
      "description: more nodes\n"
      "cluster: base.yaml\n"
      "series:\n"
      "  - name: rows\n"
      "    title: Rows over nodes\n"
      "    scaling: weak\n"
      "    set: {model.rnn.hidden: 1024, \"nodes[0].device\": bw-a10}\n"
      "    points:\n"
      "      - {x: 1}\n"
      "      - {x: 2, set: {partition.max_nodes: 2, workload.think: 5 us}}\n");
  ASSERT_TRUE(e) << e.error().text();
  EXPECT_EQ(e->cluster, folder_ / "base.yaml");
  ASSERT_EQ(e->series.size(), 1u);
  const ExperimentSeries& rows = e->series[0];
  EXPECT_EQ(rows.title, "Rows over nodes");
  EXPECT_EQ(rows.axis, "nodes");
  EXPECT_EQ(rows.scaling, Scaling::kWeak);
  ASSERT_EQ(rows.points.size(), 2u);
  EXPECT_THAT(rows.points[0].overrides,
              ElementsAre("model.rnn.hidden=1024", "nodes[0].device=bw-a10"));
  EXPECT_EQ(rows.points[1].x, 2);
  EXPECT_THAT(rows.points[1].overrides,
              ElementsAre("model.rnn.hidden=1024", "nodes[0].device=bw-a10",
                          "partition.max_nodes=2", "workload.think=5 us"));
}

TEST_F(ReadExperiment, QuotesValuesThatYamlWouldReadOtherwise) {
  const Checked<Experiment> e = read(
      "name: a\ncluster: base.yaml\nseries:\n  - {name: s, points: [{x: 1, set: {model.onnx: "
      "\"it's: [a]\"}}]}\n");
  ASSERT_TRUE(e) << e.error().text();
  EXPECT_THAT(e->series[0].points[0].overrides, ElementsAre("model.onnx='it''s: [a]'"));
}

TEST_F(ReadExperiment, ReportsEveryProblemAtItsPlace) {
  const std::vector<std::string> all = problems(
      "name: scale\n"
      "clusters: base.yaml\n"
      "series:\n"
      "  - name: rows\n"
      "    scaling: strng\n"
      "    points:\n"
      "      - {x: 0}\n"
      "      - {x: two, sets: {}}\n"
      "  - name: rows\n"
      "    points: []\n");
  ASSERT_EQ(all.size(), 8u) << testing::PrintToString(all);
  EXPECT_THAT(all[0], HasSubstr("1:1: cluster is missing"));
  EXPECT_THAT(all[1], HasSubstr("2:1: unknown key \"clusters\"; did you mean \"cluster\"?"));
  EXPECT_THAT(
      all[2],
      HasSubstr("5:14: series[0].scaling: \"strng\" is not known; did you mean \"strong\"?"));
  EXPECT_THAT(all[3], HasSubstr("7:13: series[0].points[0].x: 0 is not between 1 and 1000000000"));
  EXPECT_THAT(all[4], HasSubstr("8:13: series[0].points[1].x: \"two\" is not a whole number"));
  EXPECT_THAT(
      all[5],
      HasSubstr("8:18: unknown key \"sets\" in series[0].points[1]; did you mean \"set\"?"));
  EXPECT_THAT(all[6], HasSubstr("9:11: series[1].name: \"rows\" is used twice"));
  EXPECT_THAT(all[7], HasSubstr("10:13: series[1].points: must be a list of at least one point"));
}

TEST_F(ReadExperiment, NamesAMissingClusterFileAndTheNearest) {
  const std::vector<std::string> all =
      problems("name: a\ncluster: bas.yaml\nseries: [{name: s, points: [{x: 1}]}]\n");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_THAT(all[0], HasSubstr("2:10: "));
  EXPECT_THAT(all[0], HasSubstr("base.yaml"));
}

TEST_F(ReadExperiment, NamesThatBecomeFoldersCannotLeaveIt) {
  for (const char* name : {"../x", "a/b", ".hidden", "A", "''"})
    EXPECT_FALSE(problems(std::string("name: a\ncluster: base.yaml\nseries: [{name: ") + name +
                          ", points: [{x: 1}]}]\n")
                     .empty())
        << name;
}

TEST_F(ReadExperiment, XMustRise) {
  const std::vector<std::string> all =
      problems("name: a\ncluster: base.yaml\nseries: [{name: s, points: [{x: 2}, {x: 2}]}]\n");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_THAT(all[0],
              HasSubstr("3:41: series[0].points[1].x: 2 is not above that of the point before, 2"));
}

TEST_F(ReadExperiment, ValuesOfSetMustBeSingle) {
  const std::vector<std::string> all = problems(
      "name: a\ncluster: base.yaml\nseries: [{name: s, set: {nodes: [1], b=c: 2}, points: [{x: 1, "
      "set: 5}]}]\n");
  ASSERT_EQ(all.size(), 3u) << testing::PrintToString(all);
  EXPECT_THAT(all[0], HasSubstr("nodes: must be one value; name the path to each"));
  EXPECT_THAT(all[1], HasSubstr("\"b=c\" is not a path"));
  EXPECT_THAT(all[2], HasSubstr("set: must be a map of paths to values"));
}

TEST_F(ReadExperiment, OtherShapesAreRefusedNotRead) {
  for (const char* text : {"", "5", "[]", "name: a", "series: {}",
                           "{name: [], cluster: {}, series: 4}", "a: &x 1\nb: *x"})
    EXPECT_FALSE(read(text)) << text;
  EXPECT_FALSE(read_experiment(folder_ / "missing.yaml"));
}

TEST(ShippedExperiments, AreRead) {
  const Checked<Experiment> e =
      read_experiment(std::string(SOLITON_SOURCE_DIR) + "/configs/experiments/strong-scaling.yaml");
  ASSERT_TRUE(e) << e.error().text();
  ASSERT_EQ(e->series.size(), 4u);
  for (const ExperimentSeries& series : e->series) {
    ASSERT_EQ(series.points.size(), 4u);
    for (const ExperimentPoint& point : series.points)
      EXPECT_THAT(point.overrides,
                  testing::IsSupersetOf({"partition.min_nodes=" + std::to_string(point.x),
                                         "partition.max_nodes=" + std::to_string(point.x)}));
  }
}

TEST(ShippedExperiments, EveryPointIsAClusterOfItsOwn) {
  const DataRoot data{SOLITON_SOURCE_DIR};
  const Checked<Experiment> e =
      read_experiment(data.path + "/configs/experiments/strong-scaling.yaml");
  ASSERT_TRUE(e) << e.error().text();
  for (const ExperimentSeries& series : e->series)
    for (const ExperimentPoint& point : series.points) {
      const Checked<ClusterSpec> spec = read_cluster(e->cluster, point.overrides, data);
      ASSERT_TRUE(spec) << spec.error().text();
      EXPECT_EQ(spec->partition.min_nodes, point.x);
      EXPECT_EQ(spec->compute, ComputeKind::kTiming);
    }
}

}  // namespace
}  // namespace soliton
