// A kind of topology is a value: one that only this test knows is read and written like those that
// ship.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/file/parts.h"
#include "cluster/file/yaml_file.h"
#include "tests/unit/topologies/twin.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

struct Reading {
  TopologySpec spec;
  std::string errors;
};

Reading read(const std::string& text) {
  const std::vector<const TopologyKind*> kinds = kinds_and_twin();
  const Checked<YamlFile> yaml = yaml_of_text(text, "twin.yaml");
  EXPECT_TRUE(yaml.has_value());
  ReadContext context("twin.yaml", {});
  Reading out;
  read_topology_map(context, yaml->root, "", out.spec, kinds);
  if (context.failed()) out.errors = context.take().text();
  return out;
}

TEST(KindOfATopology, ThatIsNewIsRead) {
  const Reading twin = read("{kind: twin, trunks: 3, bandwidth: 10 Gb/s, ecn: false}");
  EXPECT_EQ(twin.errors, "");
  const auto options = options_of<TwinOptions>(twin.spec, kTwinFields);
  EXPECT_EQ(options.trunks, 3);
  EXPECT_EQ(options.length, nanoseconds(100));
  EXPECT_EQ(twin.spec.rate, BitRate{10'000'000'000});
  EXPECT_FALSE(twin.spec.ecn.has_value());
}

TEST(KindOfATopology, ThatIsNewIsRefusedWhereItIsWrong) {
  EXPECT_THAT(read("{kind: twin, trunks: 9}").errors,
              HasSubstr("twin.yaml:1:22: trunks: 9 is not between 1 and 8"));
  EXPECT_THAT(read("{kind: twin, trunk: 3}").errors,
              HasSubstr("unknown key \"trunk\"; did you mean \"trunks\"?"));
  EXPECT_THAT(read("{kind: twin, pods: 3}").errors,
              HasSubstr("pods has no meaning for a topology of kind twin"));
  EXPECT_THAT(read("{kind: rack, trunks: 3}").errors,
              HasSubstr("trunks has no meaning for a topology of kind rack"));
  EXPECT_THAT(read("{kind: twim}").errors, HasSubstr("did you mean \"twin\"?"));
}

TEST(KindOfATopology, ThatIsNewIsWritten) {
  const std::vector<const TopologyKind*> kinds = kinds_and_twin();
  const TopologySpec spec = read("{kind: twin, name: pair, trunks: 3, ecn: false}").spec;
  const std::string text = topology_text(spec, kinds);
  EXPECT_EQ(text,
            "topology:\n"
            "  name: pair\n"
            "  kind: twin\n"
            "  bandwidth: 40 Gb/s\n"
            "  trunks: 3\n"
            "  length: 100 ns\n"
            "  ecn: false\n");
  const TopologySpec again = read(text.substr(text.find('\n') + 1)).spec;
  EXPECT_EQ(again.name, "pair");
  EXPECT_TRUE(again.options == spec.options);
}

}  // namespace
}  // namespace soliton
