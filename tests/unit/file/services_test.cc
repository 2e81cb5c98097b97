// `services:`, and what one service says of its copies, hosts, arrivals and promises.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cluster_text.h"
#include "tests/unit/file/cluster_files.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string pool(const std::string& more) {
  return "name: pool\n"
         "nodes:\n"
         "  - {name: \"fpga[0-3]\", device: bw-s10, at: rack0}\n"
         "  - {name: \"host[0-1]\", device: cpu}\n" +
         more;
}

constexpr const char* kTwo =
    "services:\n"
    "  - name: a\n"
    "    model: {rnn: {cell: gru, hidden: 64, steps: 3}}\n"
    "    replicas: 2\n"
    "    balance: two-choices\n"
    "    queue_limit: 5\n"
    "    sla: {p99: 1 ms, throughput: 10 k/s, refused: 1 %}\n"
    "    workload: {clients: 4, hosts: all, warm_up: 10 %}\n"
    "  - name: b\n"
    "    nodes: [fpga3]\n"
    "    model: {rnn: {cell: lstm, hidden: 32, steps: 2}}\n"
    "    partition: {objective: throughput}\n"
    "    workload: {arrival: bursty, rate: 5 k/s, burst: 4}\n";

TEST(ReadServices, EachHasAModelAWorkloadAndPromisesOfItsOwn) {
  const ClusterSpec spec = read_good(pool(kTwo));
  ASSERT_EQ(spec.services.size(), 2u);
  const NamedService& a = spec.services[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.service.replicas, 2);
  EXPECT_EQ(a.service.balance, Balance::kTwoChoices);
  EXPECT_EQ(a.service.queue_limit, 5);
  EXPECT_EQ(a.service.sla_p99, milliseconds(1));
  EXPECT_EQ(a.service.sla_throughput.per_second, 10'000);
  EXPECT_EQ(a.service.sla_refused->parts_per_billion, 10'000'000);
  EXPECT_THAT(a.workload.hosts, ElementsAre("host0", "host1"));
  EXPECT_EQ(a.workload.warm_up.parts_per_billion, 100'000'000);
  const NamedService& b = spec.services[1];
  EXPECT_THAT(b.nodes, ElementsAre("fpga3"));
  EXPECT_EQ(b.partition.objective, "throughput");
  EXPECT_EQ(b.workload.arrival, "bursty");
  EXPECT_EQ(b.workload.burst, 4);
  // The first one's stand for the file's own.
  EXPECT_EQ(spec.model.rnn->hidden, 64);
  EXPECT_EQ(spec.service.replicas, 2);
}

TEST(ReadServices, EachAloneHasChanceOfItsOwn) {
  const ClusterSpec spec = read_good(pool(kTwo), {"seed=11"});
  EXPECT_EQ(with_service(spec, 0).seed, 11u);
  const ClusterSpec second = with_service(spec, 1);
  EXPECT_NE(second.seed, 11u);
  EXPECT_EQ(second.model.rnn->seed, second.seed);
  EXPECT_EQ(second.service_name, "b");
  EXPECT_EQ(second.workload.rate.per_second, 5'000);
}

TEST(ReadServices, WhatIsWrittenReadsBack) {
  const ClusterSpec spec = read_good(pool(kTwo));
  const std::string written = write_cluster(spec, ".");
  const ClusterSpec again = read_good(written);
  EXPECT_EQ(write_cluster(again, "."), written);
  ASSERT_EQ(again.services.size(), 2u);
  EXPECT_EQ(again.services[0].service.queue_limit, 5);
  EXPECT_THAT(again.services[0].workload.hosts, ElementsAre("host0", "host1"));
  EXPECT_EQ(again.services[1].model.rnn->cell, Cell::kLstm);
  EXPECT_THAT(again.services[1].nodes, ElementsAre("fpga3"));
}

TEST(ReadServices, MistakesAreNamedWithTheirPlaces) {
  const std::string model = "model: {rnn: {cell: gru, hidden: 64, steps: 3}}";
  EXPECT_THAT(error_of(pool("services: [{" + model + "}]\n")),
              HasSubstr("test.yaml:5:12: services[0].name is missing"));
  EXPECT_THAT(
      errors_of(pool("services:\n  - {name: a, " + model + "}\n  - {name: a, " + model + "}\n")),
      ElementsAre(HasSubstr("test.yaml:7:12: services[1].name: \"a\" is used twice")));
  EXPECT_THAT(error_of(pool("services: [{name: a, balance: lest, " + model + "}]\n")),
              HasSubstr("services[0].balance: \"lest\" is not known; did you mean \"least\"?"));
  EXPECT_THAT(error_of(pool("services: [{name: a, sla: {p98: 1 ms}, " + model + "}]\n")),
              HasSubstr("did you mean \"p99\"?"));
  EXPECT_THAT(error_of(pool("services: [{name: a}]\n")), HasSubstr("services[0].model is missing"));
  EXPECT_THAT(error_of(pool("services: {name: a}\n")), HasSubstr("must be a list of services"));
  EXPECT_THAT(error_of(pool("services: [{name: a, " + model + "}]\n" + model + "\n")),
              HasSubstr("test.yaml:6:8: model: belongs into an entry of services"));
  EXPECT_THAT(error_of(pool("services: [{name: a, nodes: [fgpa1], " + model + "}]\n")),
              HasSubstr("no node called \"fgpa1\"; did you mean \"fpga1\"?"));
}

TEST(ReadHosts, TheyHaveACpuAndNotMoreThanThereAreClients) {
  const std::string model = "model: {rnn: {cell: gru, hidden: 64, steps: 3}}\n";
  EXPECT_THAT(read_good(pool(model + "workload: {clients: 2, hosts: \"host*\"}\n")).workload.hosts,
              ElementsAre("host0", "host1"));
  EXPECT_THAT(read_good(pool(model + "workload: {hosts: [host1]}\n")).workload.hosts,
              ElementsAre("host1"));
  EXPECT_THAT(error_of(pool(model + "workload: {hosts: fpga0}\n")),
              HasSubstr("workload.hosts: fpga0 has no CPU"));
  EXPECT_THAT(error_of(pool(model + "workload: {clients: 1, hosts: all}\n")),
              HasSubstr("1 clients cannot be spread over 2 hosts"));
}

TEST(ReadTrace, RowsAreInstantsAndMistakesHaveLines) {
  const TestFolder folder;
  const std::string model = "model: {rnn: {cell: gru, hidden: 64, steps: 3}}\n";
  const auto with = [&](const std::string& rows, const std::string& more = "") {
    folder.write("at.csv", rows);
    return read_cluster_text(
        pool(model + "workload: {hosts: host0, arrival: trace, instants: at.csv" + more + "}\n"),
        folder.path("c.yaml"), {}, shipped());
  };
  const Checked<ClusterSpec> good = with("at\n1 us\n1 us\n2.5 us\n");
  ASSERT_TRUE(good) << good.error().text();
  EXPECT_EQ(good->workload.requests, 3);
  EXPECT_THAT(good->workload.arrivals,
              ElementsAre(microseconds(1), microseconds(1), nanoseconds(2'500)));
  const auto error = [&](const std::string& rows, const std::string& more = "") {
    const Checked<ClusterSpec> bad = with(rows, more);
    return bad ? std::string("good") : bad.error().text();
  };
  EXPECT_THAT(error("at\n1 us\n2 parsecs\n"), HasSubstr("at.csv:3: at: "));
  EXPECT_THAT(error("at\n2 us\n\n1 us\n"),
              HasSubstr("at.csv:4: at: 1 us is before 2 us of the line above"));
  EXPECT_THAT(error("when\n1 us\n"), HasSubstr("at.csv:1: names the columns when; due is at"));
  EXPECT_THAT(error("at\n"), HasSubstr("has no instants"));
  EXPECT_THAT(error("at\n1 us\n", ", requests: 2"), HasSubstr("2 is more than the 1 instants of"));
}

TEST(ReadWorkload, KeysOfOneWayToArriveAreRefusedInTheOthers) {
  const std::string model = "model: {rnn: {cell: gru, hidden: 64, steps: 3}}\n";
  const auto error = [&](const std::string& keys) {
    return error_of(pool(model + "workload: {" + keys + "}\n"));
  };
  EXPECT_THAT(error("burst: 3"), HasSubstr("burst: belongs to arrival: bursty"));
  EXPECT_THAT(error("arrival: bursty"), HasSubstr("bursty needs workload.rate"));
  EXPECT_THAT(error("arrival: bursty, rate: 1 k/s, think: 1 us"),
              HasSubstr("think: belongs to arrival: closed"));
  EXPECT_THAT(error("arrival: trace"), HasSubstr("trace needs workload.instants"));
  EXPECT_THAT(error("warm_up: 95 %"), HasSubstr("workload.warm_up"));
}

TEST(ReadService, ARunThatRecoversHasOneCopy) {
  const std::string model = "model: {rnn: {cell: gru, hidden: 64, steps: 3}}\n";
  EXPECT_THAT(error_of(pool(model + "service: {replicas: 2, spares: 1}\n")),
              HasSubstr("a run that recovers has one service with one replica"));
}

}  // namespace
}  // namespace soliton
