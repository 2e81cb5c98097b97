// An installed copy finds what it needs beside itself and nowhere else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/process/documents/terminal.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;

using testing::Contains;
using testing::HasSubstr;

class Installed : public testing::Test {
 protected:
  Installed() {
    std::string name = (fs::temp_directory_path() / "soliton-installed-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) return;
    folder_ = fs::canonical(name);
    fs::create_directory(folder_ / "empty");
    installed_ =
        run_at_terminal("'" SOLITON_CMAKE "' --install '" SOLITON_BINARY_DIR "' --prefix '" +
                            folder_.string() + "'",
                        "/", "/usr/bin");
  }
  ~Installed() override {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }
  void SetUp() override {
    ASSERT_EQ(installed_.status, 0) << testing::PrintToString(installed_.seen);
  }
  CommandEnd run(const std::string& command) const {
    return run_at_terminal(command, (folder_ / "empty").string(), (folder_ / "bin").string());
  }
  fs::path share() const { return folder_ / "share" / "soliton"; }

 private:
  fs::path folder_;
  CommandEnd installed_;
};

TEST_F(Installed, TheQuickstartRunsFromAnEmptyFolder) {
  const CommandEnd end = run("soliton run ../share/soliton/configs/quickstart.yaml");
  EXPECT_EQ(end.status, 0) << testing::PrintToString(end.seen);
  EXPECT_THAT(end.seen, Contains(HasSubstr("1,200 checked, all bit-identical")));
}

TEST_F(Installed, WhatIsMissingIsMissedAndNotTakenFromTheSources) {
  fs::remove_all(share());
  const CommandEnd end = run("soliton list devices");
  EXPECT_EQ(end.status, 7);
  EXPECT_THAT(end.seen, Contains(HasSubstr((share() / "configs" / "devices").string())));
}

}  // namespace
}  // namespace soliton
