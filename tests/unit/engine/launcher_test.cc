// Each way to run has exactly one launcher.
#include "cluster/engine/launcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace soliton {
namespace {

TEST(Launchers, EachLayoutHasItsOwn) {
  std::set<std::string> names;
  for (const Launcher* launcher : launchers()) {
    EXPECT_TRUE(names.insert(launcher->name).second) << launcher->name << " is listed twice";
    EXPECT_EQ(find_launcher(launcher->layout), launcher) << launcher->name;
  }
}

TEST(Launchers, ServeWhatAClusterFileCanAskFor) {
  EXPECT_EQ(find_launcher({TimeBase::kEmulated, true}), &kPackedLauncher);
  EXPECT_EQ(find_launcher({TimeBase::kEmulated, false}), &kPerNodeLauncher);
  EXPECT_EQ(find_launcher({TimeBase::kWall, false}), &kWallLauncher);
}

TEST(Launchers, NothingServesWhatDoesNotExist) {
  EXPECT_EQ(find_launcher({TimeBase::kWall, true}), nullptr);
  EXPECT_EQ(find_launcher({TimeBase::kWall, false, "elsewhere"}), nullptr);
}

TEST(Launchers, EnginesAreNamedOnce) { EXPECT_THAT(engine_names(), testing::ElementsAre("local")); }

}  // namespace
}  // namespace soliton
