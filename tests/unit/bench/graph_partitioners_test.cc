// METIS and Scotch as the bench calls them; scripts on a PATH of their own stand for the programs.
#include "cluster/bench/graph_partitioners.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace soliton {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const GraphPartitioner& called(const std::string& name) {
  const auto all = graph_partitioners();
  return *std::ranges::find_if(all, [&](const auto& it) { return it.name == name; });
}

// a - b - c with weights 5, 1, 3, bytes 10, 20, 0 and edges of 2 and 4.
WeightedGraph path_of_three() {
  WeightedGraph graph;
  graph.vertices = {{5, 10, {{1, 2}}}, {1, 20, {{0, 2}, {2, 4}}}, {3, 0, {{1, 4}}}};
  return graph;
}

class Partitioners : public testing::Test {
 protected:
  Partitioners() : before_(std::getenv("PATH")) {
    std::string folder = (std::filesystem::temp_directory_path() / "soliton-test-XXXXXX").string();
    folder_ = mkdtemp(folder.data());
    setenv("PATH", folder_.c_str(), 1);
  }
  ~Partitioners() override {
    setenv("PATH", before_.c_str(), 1);
    std::filesystem::remove_all(folder_);
  }

  void script(const std::string& name, const std::string& body) const {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << "#!/bin/sh\nPATH=/usr/bin:/bin\n" << body;
    chmod(path.c_str(), 0700);
  }

  std::string before_;
  std::filesystem::path folder_;
};

TEST(PartitionerText, IsWhatTheManualsDescribe) {
  EXPECT_EQ(called("METIS").text(path_of_three()),
            "3 2 011 2\n"
            "5 10 2 2\n"
            "1 20 1 2 3 4\n"
            "3 0 2 4\n");
  EXPECT_EQ(called("Scotch").text(path_of_three()),
            "0\n3 4\n0 011\n"
            "5 1 2 1\n"
            "1 2 2 0 4 2\n"
            "3 1 4 1\n");
}

TEST(PartitionerText, SumsOfWeightsFitThirtyTwoBitsAndNoEdgeIsFree) {
  WeightedGraph graph;
  const std::int64_t most = std::int64_t{1} << 62;
  graph.vertices = {{most, 0, {{1, 0}}}, {most, most, {{0, 0}}}};
  EXPECT_EQ(called("METIS").text(graph),
            "2 1 011 2\n"
            "50000000 0 2 1\n"
            "50000000 100000000 1 1\n");
}

TEST_F(Partitioners, WithoutAProgramTheMessageNamesItsPackage) {
  const auto parts = parts_of(path_of_three(), 2, called("METIS"));
  ASSERT_FALSE(parts);
  EXPECT_EQ(parts.error().code, ErrorCode::kEnvironment);
  EXPECT_EQ(parts.error().message, "METIS is not installed (Debian package metis)");
}

TEST_F(Partitioners, AnswersOfBothProgramsAreRead) {
  script("gpmetis", "printf '1\\n0\\n1\\n' >\"$2.part.$3\"\n");
  script("scotch_gpart", "printf '3\\n2 0\\n0 1\\n1 0\\n' >\"$3\"\n");
  const auto metis = parts_of(path_of_three(), 2, called("METIS"));
  ASSERT_TRUE(metis) << metis.error().message;
  EXPECT_THAT(*metis, ElementsAre(1, 0, 1));
  const auto scotch = parts_of(path_of_three(), 2, called("Scotch"));
  ASSERT_TRUE(scotch) << scotch.error().message;
  EXPECT_THAT(*scotch, ElementsAre(1, 0, 0));
}

TEST_F(Partitioners, OnePartNeedsNoAnswer) {
  script("gpmetis", "exit 1\n");
  EXPECT_THAT(parts_of(path_of_three(), 1, called("METIS")).value(), ElementsAre(0, 0, 0));
}

TEST_F(Partitioners, AFailureOrAnAnswerThatIsNoneIsAnError) {
  script("gpmetis", "exit 3\n");
  EXPECT_THAT(parts_of(path_of_three(), 2, called("METIS")).error().message, HasSubstr("failed"));
  for (const char* answer : {"", "0\\n1\\n", "0\\n1\\n2\\n", "0\\nx\\n1\\n"}) {
    script("gpmetis", "printf '" + std::string(answer) + "' >\"$2.part.$3\"\n");
    const auto parts = parts_of(path_of_three(), 2, called("METIS"));
    ASSERT_FALSE(parts) << answer;
    EXPECT_THAT(parts.error().message, HasSubstr("not a part of each vertex")) << answer;
  }
}

}  // namespace
}  // namespace soliton
