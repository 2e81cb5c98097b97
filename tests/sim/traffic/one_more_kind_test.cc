// A kind of communication workload is one value: here is one more, and a list that names it in
// place of the shipped one. Lists, cluster files, the bytes of a deployment, runs and results know
// it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "cluster/file/cluster_fields.h"
#include "cluster/file/listing.h"
#include "cluster/run/deploy.h"
#include "cluster/run/run.h"
#include "cluster/run/traffic.h"
#include "node/traffic/traffic_kind.h"
#include "tests/cluster_text.h"

namespace soliton {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Each node of a group sends to the one `distance` places on.
struct ShiftOptions {
  std::uint32_t distance = 1;
};
constexpr Field kOwnRows[] = {
    field<&ShiftOptions::distance>("distance", "Places to the receiver.").between(1, 1'000)};
constexpr FieldTable kOwnFields = fields_of<ShiftOptions>("workload", kOwnRows);
constexpr Field kRows[] = {kNodesRow, kBytesRow, kCountRow};

std::size_t place(const Traffic& traffic, NodeId node) {
  return static_cast<std::size_t>(std::find(traffic.senders.begin(), traffic.senders.end(), node) -
                                  traffic.senders.begin());
}
std::size_t distance(const Traffic& traffic) {
  return own_options<ShiftOptions>(traffic, kOwnFields).distance;
}

class ShiftRole : public TrafficRole {
 public:
  ShiftRole(const Traffic& traffic, const Options& options)
      : TrafficRole(traffic, options), me_(place(traffic, options.self)) {}

  std::optional<RoleMessage> poll_message(Instant now) override {
    const NodeId peer = at(distance(traffic()));
    if (!begun() || sent_ == traffic().count || blocked(peer)) return std::nullopt;
    add({static_cast<std::uint32_t>(me_), sent_, now, kNever, false});
    return RoleMessage{peer, block(self(), sent_++)};
  }
  void on_message(NodeId peer, Payload message, Instant now) override {
    const auto flow = static_cast<std::uint32_t>(place(traffic(), peer));
    const bool good = has_size(message, 1) && is_block(message, 0, peer, received_);
    add({flow, received_++, kNever, now, !good});
  }
  bool finished() const override {
    return sent_ == traffic().count && received_ == traffic().count;
  }

 private:
  void begin(Instant) override {}
  std::string missing() const override { return "something of a shift"; }
  NodeId at(std::size_t places) const {
    return traffic().senders[(me_ + places) % traffic().senders.size()];
  }

  std::size_t me_;
  std::uint32_t sent_ = 0;
  std::uint32_t received_ = 0;
};

void check_shift(void* object, FieldCheck& check) {
  const Traffic& traffic = *static_cast<const Traffic*>(object);
  if (distance(traffic) >= traffic.senders.size())
    check.error("distance", "leads back to the sender or beyond");
}

constexpr TrafficKind kShift = {
    .name = "shift",
    .words = "each node of a group sends to the one some places on",
    .records = "messages",
    .fields = fields_of<Traffic>("workload", kRows).ruled(&check_shift),
    .own = kOwnFields,
    .make = [](const Traffic& traffic, const TrafficRole::Options& options)
        -> std::unique_ptr<TrafficRole> { return std::make_unique<ShiftRole>(traffic, options); },
    .completed = completed_at_senders,  // one for each that it sends
    .ends =
        [](const Traffic& traffic, std::uint32_t flow) {
          const std::size_t to = (flow + distance(traffic)) % traffic.senders.size();
          return FlowEnds{traffic.senders[flow], traffic.senders[to]};
        },
};

}  // namespace

extern const TrafficKind kPingTraffic;

// In place of the shipped list.
std::span<const TrafficKind* const> traffic_kinds() {
  static constexpr const TrafficKind* kKinds[] = {&kPingTraffic, &kShift};
  return kKinds;
}

namespace {

Checked<ClusterSpec> read(const std::string& workload) {
  return read_cluster_text(
      "processes: packed\ntopology: rack\nnodes: [{name: \"fpga[0-4]\", device: bw-s10}]\n"
      "workload: " +
          workload + "\n",
      "test.yaml", {}, {SOLITON_SOURCE_DIR});
}
std::string error_of(const std::string& workload) {
  const Checked<ClusterSpec> spec = read(workload);
  return spec ? "" : spec.error().text();
}
ClusterSpec good(const std::string& workload) {
  Checked<ClusterSpec> spec = read(workload);
  EXPECT_TRUE(spec) << spec.error().text();
  return std::move(*spec);
}

constexpr const char* kShiftOfTwo =
    "{kind: shift, nodes: \"fpga[0-4]\", distance: 2, bytes: 3 kB, count: 7}";

TEST(OneMoreKind, IsListed) {
  EXPECT_THAT(list_workloads(), HasSubstr("shift  each node of a group sends"));
}

TEST(OneMoreKind, IsPartOfTheSchema) {
  EXPECT_NE(kWorkloadFields.find("distance"), nullptr);
  EXPECT_EQ(kWorkloadFields.find("schedule"), nullptr) << "of a kind that is not listed";
}

TEST(OneMoreKind, IsReadWithAllItsMistakes) {
  EXPECT_EQ(distance(*good(kShiftOfTwo).workload.traffic), 2u);
  EXPECT_EQ(distance(*good("{kind: shift, nodes: \"fpga[0-4]\"}").workload.traffic), 1u);
  EXPECT_THAT(error_of("{kind: shfit, nodes: fpga0}"), HasSubstr("did you mean \"shift\"?"));
  EXPECT_THAT(error_of("{kind: shift, nodes: \"fpga[0-1]\", distance: 0}"),
              HasSubstr("workload.distance: 0 is not between 1 and 1000"));
  EXPECT_THAT(error_of("{kind: shift, nodes: \"fpga[0-1]\", distance: 2}"),
              HasSubstr("workload.distance: leads back to the sender or beyond"));
  EXPECT_THAT(error_of("{kind: shift, nodes: \"fpga[0-1]\", to: fpga2}"),
              HasSubstr("workload.to has no meaning with kind: shift"));
  EXPECT_THAT(error_of("{kind: ping, from: fpga0, to: fpga1, distance: 2}"),
              HasSubstr("workload.distance has no meaning with kind: ping"));
}

TEST(OneMoreKind, IsWrittenSoThatItReadsBack) {
  const ClusterSpec spec = good(kShiftOfTwo);
  const std::string text = write_cluster(spec, "");
  EXPECT_THAT(text, HasSubstr("workload: {kind: shift, nodes: [\"fpga0\", \"fpga1\", \"fpga2\", "
                              "\"fpga3\", \"fpga4\"], distance: 2, bytes: 3000, count: 7}"));
  const Checked<ClusterSpec> again =
      read_cluster_text(text, "again.yaml", {}, {SOLITON_SOURCE_DIR});
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_EQ(*again->workload.traffic, *spec.workload.traffic);
}

struct Prepared {
  explicit Prepared(const std::string& workload) {
    Checked<std::unique_ptr<PreparedRun>> prepared = prepare(good(workload));
    EXPECT_TRUE(prepared) << prepared.error().text();
    run = std::move(*prepared);
  }
  std::unique_ptr<PreparedRun> run;
};

TEST(OneMoreKind, TravelsToANodeProcess) {
  const Prepared prepared(kShiftOfTwo);
  const PreparedRun& run = *prepared.run;
  const Traffic traffic = traffic_of(run.spec);
  const std::vector<NodeAssignment> nodes =
      make_assignments(run.spec, traffic, run.topology, *run.routes, run.faults);
  const Result<int> file = write_assignment(nodes[3]);
  ASSERT_TRUE(file);
  const Result<NodeAssignment> back = read_assignment(*file);
  close(*file);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->deployment.role.get<Traffic>(), traffic);
}

TEST(OneMoreKind, RunsToTheEndWithItsResults) {
  const Prepared prepared(kShiftOfTwo);
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = milliseconds(100);
  const FinishedRun finished = execute_run(*prepared.run, control);
  ASSERT_FALSE(finished.error) << finished.error->message;
  const RunResults& results = finished.results;
  EXPECT_EQ(results.requests.size(), 35u);
  EXPECT_EQ(results.outputs.checked, 35);
  EXPECT_EQ(results.outputs.mismatched, 0);
  ASSERT_TRUE(results.traffic);
  EXPECT_EQ(results.traffic->kind, "shift");
  EXPECT_EQ(results.traffic->flows[4].from, "fpga4");
  EXPECT_EQ(results.traffic->flows[4].messages, 7u);
  for (const NodeResult& node : results.nodes) EXPECT_EQ(node.role, "traffic");
}

TEST(OneMoreKind, ExplainsWhatIsMissing) {
  const Prepared prepared(kShiftOfTwo);
  ControlLoop loop;
  RunControl control;
  control.loop = &loop;
  control.time_limit = microseconds(2);
  const FinishedRun finished = execute_run(*prepared.run, control);
  ASSERT_TRUE(finished.error);
  EXPECT_THAT(finished.error->message, HasSubstr("of 35 messages completed"));
  EXPECT_THAT(finished.error->message, HasSubstr("fpga0: something of a shift"));
}

}  // namespace
}  // namespace soliton
