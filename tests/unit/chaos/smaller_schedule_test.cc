// A schedule is made as small as what it breaks allows. A gauge that no run can meet is the mistake.
#include "cluster/chaos/smaller_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cluster/chaos/campaign.h"
#include "cluster/chaos/repro.h"

namespace soliton {
namespace {

using testing::HasSubstr;

const DataRoot kData{SOLITON_SOURCE_DIR};

class SmallerScheduleTest : public testing::Test {
 protected:
  SmallerScheduleTest() {
    folder_ = testing::TempDir() + "/smaller" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    std::ofstream(file()) << "topology: rack\nseed: 3\n"
                             "nodes: [{name: \"n[0-2]\", device: bw-pocket}]\n"
                             "workload: {kind: all-gather, nodes: \"n[0-2]\", bytes: 8 KiB, count: "
                             "8}\n";
    stage_ = std::move(*ChaosStage::open(file(), {}, kData));
    EXPECT_TRUE(measure_gauge(*stage_));
  }
  ~SmallerScheduleTest() override { std::filesystem::remove_all(folder_); }

  std::string file() const { return folder_ + "/c.yaml"; }
  ChaosRule rule(const std::string& id, const std::string& what) const {
    return {id, what, microseconds(1), microseconds(20), {}, {}};
  }
  // As if runs with faults had less than no time.
  void leave_no_time() {
    ChaosGauge gauge = stage_->gauge();
    gauge.span = -patience_of(stage_->run().spec) / 2;
    stage_->set_gauge(gauge);
  }

  std::string folder_;
  std::unique_ptr<ChaosStage> stage_;
};

TEST_F(SmallerScheduleTest, AScheduleThatBreaksNothingIsSaid) {
  const Result<SmallerSchedule> found = smaller_schedule(
      *stage_, {rule("a", "kind: delay, delay: 1 us, where: {links: {name: n0-tor0}}")}, "history",
      {});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kCheckFailed);
}

TEST_F(SmallerScheduleTest, IsOneDecisionWhereOneIsEnoughAndARunOfItsFileFails) {
  leave_no_time();
  const std::string loss = "kind: loss, model: {p: 50 %}, where: {links: {name: n0-tor0}}";
  const Result<SmallerSchedule> found = smaller_schedule(
      *stage_, {rule("a", loss), rule("b", loss), rule("c", loss)}, "liveness", {});
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_TRUE(found->schedule.rules.empty());
  EXPECT_EQ(found->schedule.events.size(), 1u);
  EXPECT_EQ(found->violation.invariant, "liveness");

  const std::string out = folder_ + "/out";
  ASSERT_TRUE(write_repro(*stage_, *found, 17, out));
  EXPECT_TRUE(fails_alone(out + "/repro.yaml", kData, std::chrono::seconds(60)));
  std::ifstream in(out + "/repro.yaml");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(text, HasSubstr("# Schedule 17 of soliton chaos"));
  EXPECT_THAT(text, HasSubstr("events: \"events.csv\""));
}

// Two rules of one name are no cluster file, so each has its own.
TEST_F(SmallerScheduleTest, IsWhatItWasWhenNoTrialIsLeft) {
  leave_no_time();
  const ChaosRule all = rule("a", "kind: delay, delay: 1 us, where: {links: {name: \"*-tor0\"}}");
  ChaosRule again = all;
  again.id = "b";
  const Result<SmallerSchedule> found =
      smaller_schedule(*stage_, {all, again}, "liveness", {.tries = 1});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tries, 1u);
  EXPECT_EQ(found->schedule.rules, (std::vector{all, again}));
}

}  // namespace
}  // namespace soliton
