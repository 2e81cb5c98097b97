// What is found is judged by functions of values; what a control group allows is read from planted files.
#include "cluster/cli/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace soliton {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

class Groups : public testing::Test {
 protected:
  Groups() {
    std::string name = (fs::temp_directory_path() / "soliton-groups-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) root_ = name;
  }
  ~Groups() override {
    std::error_code ignored;
    if (!root_.empty()) fs::remove_all(root_, ignored);
  }
  void SetUp() override { ASSERT_FALSE(root_.empty()); }
  void plant(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text << "\n";
  }
  GroupLimits limits(const std::string& membership) const {
    return group_limits(membership, root_.string());
  }

 private:
  fs::path root_;
};

TEST_F(Groups, OfVersion2AreTheLeastOfAllAbove) {
  plant("memory.max", "max");
  plant("user/memory.max", "1073741824");
  plant("user/me/memory.max", "2147483648");
  plant("user/me/pids.max", "50");
  plant("user/me/cpu.max", "150000 100000");
  plant("other/memory.max", "1");
  const GroupLimits found = limits("0::/user/me\n");
  EXPECT_EQ(found.memory_bytes, 1024 * kMiB);
  EXPECT_EQ(found.processes, 50U);
  EXPECT_DOUBLE_EQ(found.cores.value(), 1.5);
}

TEST_F(Groups, OfVersion1HaveAFolderForEachController) {
  plant("memory/a/b/memory.limit_in_bytes", "536870912");
  plant("memory/memory.limit_in_bytes", "9223372036854771712");  // none
  plant("cpu/a/cpu.cfs_quota_us", "-1");                         // none
  plant("cpu/a/cpu.cfs_period_us", "100000");
  plant("pids/a/pids.max", "max");
  const GroupLimits found =
      limits("4:memory:/a/b\n3:cpu,cpuacct:/a\n2:pids:/a\n1:name=systemd:/\n");
  EXPECT_EQ(found.memory_bytes, 512 * kMiB);
  EXPECT_EQ(found.processes, std::nullopt);
  EXPECT_EQ(found.cores, std::nullopt);
}

TEST_F(Groups, OfNoneAndOfNonsenseAreNoLimits) {
  plant("memory.max", "12 apples");
  for (const char* text : {"", "\n", "::", "0::", "no colon", "0::/../../..\n"}) {
    const GroupLimits found = limits(text);
    EXPECT_EQ(found.processes, std::nullopt) << text;
    EXPECT_EQ(found.cores, std::nullopt) << text;
  }
}

TEST(Doctor, SaysWhatIsShortAndWhatIsOnlyWorthKnowing) {
  EXPECT_EQ(judge_descriptors(136, 24).state, CheckState::kGood);  // 3 a node and 64
  EXPECT_EQ(judge_descriptors(135, 24).state, CheckState::kShort);
  EXPECT_EQ(judge_processes(std::nullopt, 1000).state, CheckState::kGood);
  EXPECT_EQ(judge_processes(39, 24).state, CheckState::kShort);
  EXPECT_EQ(judge_cores(2, std::nullopt).state, CheckState::kGood);
  EXPECT_EQ(judge_cores(1, std::nullopt).state, CheckState::kNote);
  EXPECT_EQ(judge_cores(8, 1.5).state, CheckState::kNote);
  EXPECT_EQ(judge_memory(2048 * kMiB, std::nullopt).state, CheckState::kGood);
  EXPECT_EQ(judge_memory(512 * kMiB, std::nullopt).state, CheckState::kNote);
  EXPECT_EQ(judge_memory(2048 * kMiB, 64 * kMiB).state, CheckState::kShort);
  EXPECT_EQ(judge_receive_buffer(4 * kMiB).state, CheckState::kGood);
  EXPECT_EQ(judge_receive_buffer(212'992).state, CheckState::kNote);
}

TEST(Doctor, AdviceStandsBesideWhatIsNotGoodAndNowhereElse) {
  const MachineCheck good = judge_cores(4, std::nullopt), bad = judge_descriptors(10, 24);
  EXPECT_EQ(good.advice, "");
  EXPECT_THAT(bad.advice, HasSubstr("--processes packed"));
  EXPECT_EQ(doctor_text({good, bad}),
            "cores            good   4 usable\n"
            "descriptors      short  10 open files, 24 nodes need 136: " +
                bad.advice + "\n");
  EXPECT_FALSE(lacks_something({good, judge_cores(1, std::nullopt)}));
  EXPECT_TRUE(lacks_something({good, bad}));
  EXPECT_THAT(doctor_json({good, bad}), HasSubstr("\"good\": false"));
}

}  // namespace
}  // namespace soliton
