// When a run says that its plan was wrong about it.
#include "cluster/run/check_prediction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Case {
  PreparedRun run;
  RunResults results;

  // Predicted for twelve steps, and what requests of so many took.
  explicit Case(const std::vector<std::int64_t>& took_us, std::int64_t predicted_us = 100) {
    run.spec.workload.clients = 1;
    run.spec.workload.arrival = "closed";
    run.spec.service.batch = 1;
    run.plan.steps = 12;
    run.plan.predicted_latency = microseconds(predicted_us);
    for (const std::int64_t us : took_us) {
      RequestRecord request;
      request.steps = 12;
      request.completed = later(request.sent, microseconds(us));
      results.requests.push_back(request);
    }
  }
  std::string text() {
    check_prediction(run, results);
    if (results.warnings.empty()) return "";
    EXPECT_EQ(results.warnings[0].id, "prediction_off");
    return results.warnings[0].text;
  }
};

TEST(CheckPrediction, SaysBothValuesAboveTwoPercent) {
  EXPECT_EQ(Case({100, 102, 102}).text(), "");
  EXPECT_EQ(Case({98, 98}).text(), "");
  EXPECT_THAT(Case({103, 103}).text(),
              HasSubstr("a request took 103 us on average where 100 us was predicted (+3.0 %)"));
  EXPECT_THAT(Case({90, 90}).text(), HasSubstr("(-10.0 %)"));
}

TEST(CheckPrediction, NamesTheCauseItKnows) {
  Case resent({120, 120});
  resent.results.ltl.retransmitted = 7;
  EXPECT_THAT(resent.text(), HasSubstr("7 packets were sent again although none was lost"));
  EXPECT_THAT(Case({50, 100, 100}).text(), HasSubstr("from the first request alone"));
  Case shared({120, 120});
  shared.run.topology.links.emplace_back().other.busy = Probability{1'000};
  EXPECT_THAT(shared.text(), HasSubstr("predictions leave out the traffic of others"));
}

TEST(CheckPrediction, NamesTheNodeThatIsOffMost) {
  Case it({100, 100});
  const auto node = [&](const char* name, std::int64_t worked, std::int64_t predicted) {
    NodeResult& made = it.results.nodes.emplace_back();
    made.name = name;
    made.busy_per_request = microseconds(worked);
    if (predicted > 0) made.predicted_busy = microseconds(predicted);
  };
  node("a", 12, 10);  // 2 % of a request
  node("b", 50, 0);   // of other requests than the plan's
  check_prediction(it.run, it.results);
  EXPECT_THAT(it.results.warnings, IsEmpty());
  node("c", 70, 75);
  node("d", 13, 10);
  check_prediction(it.run, it.results);
  ASSERT_EQ(it.results.warnings.size(), 1u);
  EXPECT_EQ(it.results.warnings[0].id, "node_prediction_off");
  EXPECT_EQ(it.results.warnings[0].text,
            "c worked 70 us a request where 75 us were predicted, which is -5.0 % of a request's "
            "time; 2 nodes are off");
}

TEST(CheckPrediction, IsSilentAboutRunsThatAreNoMeasureOfIt) {
  Case wall({200});
  wall.run.spec.time = TimeMode::kWall;
  EXPECT_EQ(wall.text(), "");
  Case crowd({200});
  crowd.run.spec.workload.clients = 2;
  EXPECT_EQ(crowd.text(), "");
  Case batch({200});
  batch.run.spec.service.batch = 4;
  EXPECT_EQ(batch.text(), "");
  Case lossy({200});
  lossy.results.fabric.dropped = 1;
  EXPECT_EQ(lossy.text(), "");
  Case delayed({200});
  delayed.results.faults = {{kRunStart, "", "delay", "fpga0-tor0", {.hits = 3, .delayed = 3}}};
  EXPECT_EQ(delayed.text(), "");
  Case other_length({200});
  other_length.results.requests[0].steps = 5;
  EXPECT_EQ(other_length.text(), "");
  Case none({});
  EXPECT_EQ(none.text(), "");
}

}  // namespace
}  // namespace soliton
