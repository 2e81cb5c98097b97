// Replicas, several hosts with clients, and several services, through the program: the answers of one
// device, and waits that agree with the theory of queues.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <sstream>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;
using Arguments = std::vector<std::string>;

// Six nodes with room for the whole model each.
constexpr const char* kPool = R"(name: pool
processes: packed
nodes:
  - name: "fpga[0-5]"
    device: {name: tiny, clock: 250 MHz, tile_engines: 2, lanes: 4, native_dimension: 16,
             matrix_registers: 128, formats: [{name: ms-fp9, beats_per_tile: 4}]}
  - {name: "host[0-2]", device: cpu}
)";
constexpr const char* kOne = R"(model:
  rnn: {cell: gru, hidden: 40, steps: 3}
partition: {min_nodes: 1, max_nodes: 1}
workload: {clients: 8, hosts: [host0], requests: 48}
)";
constexpr const char* kTwo = R"(services:
  - name: small
    model: {rnn: {cell: gru, hidden: 40, steps: 3}}
    partition: {max_nodes: 1}
    replicas: 2
    sla: {p99: 1 s}
    workload: {clients: 4, requests: 20, hosts: all}
  - name: large
    model: {rnn: {cell: lstm, hidden: 48, steps: 4}}
    partition: {min_nodes: 2, max_nodes: 2}
    workload: {arrival: poisson, rate: 10 k/s, requests: 30}
)";

class Services : public ::testing::Test {
 protected:
  Ended end(const std::string& name, const std::string& text, const Arguments& keys = {}) {
    const std::string file = folder_.write(name + ".yaml", text);
    Arguments arguments{"run", file, "--quiet", "--out", folder_.file(name)};
    for (const std::string& key : keys) arguments.insert(arguments.end(), {"--set", key});
    return run_soliton(arguments);
  }
  nlohmann::json run(const std::string& name, const std::string& text, const Arguments& keys = {}) {
    const Ended ended = end(name, text, keys);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return read_json(folder_.file(name) + "/results.json");
  }
  // A column of requests.csv.
  std::vector<std::string> column(const std::string& name, const std::string& of) {
    std::istringstream rows(read_text(folder_.file(name) + "/requests.csv"));
    std::vector<std::string> out;
    std::size_t at = 0;
    for (std::string line; std::getline(rows, line);) {
      std::vector<std::string> cells;
      std::istringstream parts(line);
      for (std::string cell; std::getline(parts, cell, ',');) cells.push_back(cell);
      if (out.empty() && at == 0) {
        at = static_cast<std::size_t>(std::ranges::find(cells, of) - cells.begin()) + 1;
        EXPECT_LE(at, cells.size()) << of;
        continue;
      }
      out.push_back(at <= cells.size() ? cells[at - 1] : "");
    }
    return out;
  }

  TemporaryFolder folder_;
  const std::string one_ = std::string(kPool) + kOne;
};

TEST_F(Services, ReplicasAnswerAsOneDeviceDoesHoweverTheyAreBalanced) {
  const std::string alone = run("alone", one_)["outputs"]["sha256"];
  for (const std::string balance : {"round-robin", "least", "two-choices"}) {
    const auto results = run(balance, one_, {"service.replicas=3", "service.balance=" + balance});
    EXPECT_EQ(results["outputs"]["sha256"], alone) << balance;
    EXPECT_EQ(results["outputs"]["checked"], 48);
    EXPECT_EQ(results["outputs"]["mismatched"], 0);
    ASSERT_EQ(results["services"].size(), 1u);
    std::set<std::string> nodes;
    std::int64_t completed = 0;
    for (const auto& replica : results["services"][0]["replicas"]) {
      EXPECT_GT(replica["completed"], 0) << balance;
      completed += replica["completed"].get<std::int64_t>();
      for (const auto& node : replica["nodes"]) EXPECT_TRUE(nodes.insert(node).second);
    }
    EXPECT_EQ(completed, 48);
    EXPECT_EQ(nodes.size(), 3u);
  }
}

TEST_F(Services, OneServiceWithoutCopiesTellsNothingOfServices) {
  const auto results = run("plain", one_);
  EXPECT_FALSE(results.contains("services"));
  EXPECT_THAT(read_text(folder_.file("plain") + "/requests.csv"),
              testing::Not(HasSubstr("service")));
}

TEST_F(Services, ReplicasOfSeveralDevicesShareNone) {
  const auto results =
      run("wide", one_, {"service.replicas=3", "partition.min_nodes=2", "partition.max_nodes=2"});
  EXPECT_EQ(results["outputs"]["mismatched"], 0);
  std::set<std::string> nodes;
  for (const auto& replica : results["services"][0]["replicas"])
    for (const auto& node : replica["nodes"]) nodes.insert(node);
  EXPECT_EQ(nodes.size(), 6u);
}

TEST_F(Services, APlanThatNeedsMoreThanItsSliceSaysHowLargeThatIs) {
  const Ended ended =
      end("many", one_, {"service.replicas=4", "partition.min_nodes=2", "partition.max_nodes=2"});
  EXPECT_NE(ended.status, 0);
  EXPECT_THAT(ended.err, HasSubstr("with 4 replicas each may use 1 of 6 devices"));
}

TEST_F(Services, SevenReplicasOnSixDevicesSayHowManyFit) {
  const Ended ended = end("seven", one_, {"service.replicas=7"});
  EXPECT_EQ(ended.status, 3);
  EXPECT_THAT(ended.err, HasSubstr("6 can be used: 6 fit"));
  EXPECT_THAT(ended.err, HasSubstr("of on-chip memory are short"));
}

TEST_F(Services, ClientsOnSeveralHostsGetTheSameAnswers) {
  const std::string alone = run("alone", one_)["outputs"]["sha256"];
  for (const std::string replicas : {"1", "2", "5"}) {
    const auto results =
        run("spread" + replicas, one_, {"workload.hosts=all", "service.replicas=" + replicas});
    EXPECT_EQ(results["outputs"]["sha256"], alone);
    EXPECT_EQ(results["requests"]["completed"], 48);
    EXPECT_EQ(results["requests"]["duplicated"], 0);
  }
  const std::vector<std::string> copies = column("spread5", "replica");
  EXPECT_EQ(std::set<std::string>(copies.begin(), copies.end()).size(), 5u);
}

TEST_F(Services, EveryLayoutGivesTheSameBytes) {
  const Arguments keys{"workload.hosts=all", "service.replicas=2", "service.balance=two-choices"};
  run("packed", one_, keys);
  Arguments apart = keys;
  apart.emplace_back("processes=per-node");
  run("apart", one_, apart);
  EXPECT_EQ(results_without_wall(folder_.file("packed")),
            results_without_wall(folder_.file("apart")));
  EXPECT_EQ(read_text(folder_.file("packed") + "/requests.csv"),
            read_text(folder_.file("apart") + "/requests.csv"));
}

TEST_F(Services, RefusedRequestsAreCountedAndNoneIsLost) {
  const auto results = run("limit", one_, {"service.queue_limit=3"});
  const auto& requests = results["services"][0]["requests"];
  EXPECT_EQ(requests["sent"], 48);
  EXPECT_GT(requests["refused"], 0);
  EXPECT_EQ(requests["refused"].get<int>() + requests["completed"].get<int>(), 48);
  EXPECT_EQ(requests["failed"], 0);
  const std::vector<std::string> states = column("limit", "state");
  EXPECT_EQ(std::ranges::count(states, "refused"), requests["refused"].get<int>());
}

TEST_F(Services, AWarmUpIsLeftOutOfStatistics) {
  const auto all = run("all", one_, {"service.replicas=2"});
  const auto cut = run("cut", one_, {"service.replicas=2", "workload.warm_up=25 %"});
  EXPECT_EQ(cut["services"][0]["requests"]["warm_up"], 12);
  EXPECT_EQ(cut["requests"]["completed"], 48);
  std::vector<double> late;
  const std::vector<std::string> numbers = column("cut", "request");
  const std::vector<std::string> latencies = column("cut", "latency_us");
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (std::stoi(numbers[i]) >= 12) late.push_back(std::stod(latencies[i]));
  double sum = 0;
  for (const double latency : late) sum += latency;
  EXPECT_NEAR(cut["latency_us"]["mean"].get<double>(), sum / 36, 1e-5);
  EXPECT_EQ(all["outputs"]["sha256"], cut["outputs"]["sha256"]);
}

TEST_F(Services, ATraceIsFollowed) {
  folder_.write("at.csv", "at\n0 us\n30 us\n30 us\n500 us\n");
  const auto results = run("trace", std::string(kPool) + R"(model:
  rnn: {cell: gru, hidden: 40, steps: 3}
partition: {max_nodes: 1}
workload: {arrival: trace, instants: at.csv, hosts: [host0]}
)");
  EXPECT_EQ(results["requests"]["completed"], 4);
  EXPECT_THAT(column("trace", "sent_us"), testing::ElementsAre("0", "30", "30", "500"));
}

TEST_F(Services, SeveralRunOnOnePoolEachWithItsOwnAnswers) {
  const std::string two = std::string(kPool) + kTwo;
  const auto results = run("two", two);
  ASSERT_EQ(results["services"].size(), 2u);
  const auto& small = results["services"][0];
  const auto& large = results["services"][1];
  EXPECT_EQ(small["name"], "small");
  EXPECT_EQ(small["requests"]["completed"], 20);
  EXPECT_EQ(small["outputs"]["mismatched"], 0);
  EXPECT_EQ(small["outputs"]["checked"], 20);
  EXPECT_EQ(small["sla"][0]["met"], true);
  EXPECT_EQ(large["requests"]["completed"], 30);
  EXPECT_EQ(large["outputs"]["checked"], 30);
  EXPECT_EQ(large["outputs"]["mismatched"], 0);
  EXPECT_EQ(results["requests"]["completed"], 50);
  std::set<std::string> nodes;
  std::size_t used = 0;
  for (const auto& service : results["services"])
    for (const auto& replica : service["replicas"])
      for (const auto& node : replica["nodes"]) nodes.insert(node), ++used;
  EXPECT_EQ(used, 4u);
  EXPECT_EQ(nodes.size(), 4u);
  const std::vector<std::string> whose = column("two", "service");
  EXPECT_EQ(std::ranges::count(whose, "0"), 20);
  EXPECT_EQ(std::ranges::count(whose, "1"), 30);
  // What the folder says can be run again.
  const std::string again = folder_.file("again");
  EXPECT_EQ(
      run_soliton({"run", folder_.file("two") + "/cluster.yaml", "--quiet", "--out", again}).status,
      0);
  EXPECT_EQ(read_text(again + "/requests.csv"), read_text(folder_.file("two") + "/requests.csv"));
}

// Both have all devices to choose from, and each takes one as large as it needs.
constexpr const char* kShared = R"(services:
  - name: first
    nodes: fpga0
    model: {rnn: {cell: gru, hidden: 40, steps: 3}}
    workload: {clients: 4, requests: 20}
  - name: second
    nodes: fpga0
    share: true
    model: {rnn: {cell: lstm, hidden: 40, steps: 4}}
    workload: {clients: 4, requests: 20}
)";

TEST_F(Services, ADeviceIsSharedAndEveryAnswerIsThatOfOneAlone) {
  const std::string shared = std::string(kPool) + kShared;
  const auto results = run("shared", shared);
  ASSERT_EQ(results["services"].size(), 2u);
  double used = 0;
  for (const auto& service : results["services"]) {
    EXPECT_EQ(service["replicas"][0]["nodes"], nlohmann::json({"fpga0"}));
    EXPECT_EQ(service["requests"]["completed"], 20);
    EXPECT_EQ(service["outputs"]["checked"], 20);
    EXPECT_EQ(service["outputs"]["mismatched"], 0);
  }
  std::string apart = shared;
  apart.replace(apart.rfind("nodes: fpga0"), 12, "nodes: fpga1");
  const auto alone = run("apart", apart);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(results["services"][i]["outputs"]["sha256"],
              alone["services"][i]["outputs"]["sha256"]);
    EXPECT_GT(results["services"][i]["latency_us"]["mean"].get<double>(),
              alone["services"][i]["latency_us"]["mean"].get<double>());
    used += alone["nodes"][i]["memory"]["used_bytes"].get<double>();
  }
  EXPECT_EQ(results["nodes"][0]["memory"]["used_bytes"].get<double>(), used);
  EXPECT_EQ(results["nodes"][0]["memory"]["budget_bytes"],
            alone["nodes"][0]["memory"]["budget_bytes"]);
}

TEST_F(Services, ASharedDeviceIsTheSameInEveryLayout) {
  const std::string shared = std::string(kPool) + kShared;
  run("packed", shared);
  run("apart", shared, {"processes=per-node"});
  EXPECT_EQ(results_without_wall(folder_.file("packed")),
            results_without_wall(folder_.file("apart")));
  EXPECT_EQ(read_text(folder_.file("packed") + "/requests.csv"),
            read_text(folder_.file("apart") + "/requests.csv"));
}

TEST_F(Services, ADeviceWithoutRoomForTheSecondModelSaysWhatIsShort) {
  const Ended ended =
      end("full", std::string(kPool) + kShared, {"services[1].model.rnn.hidden=64"});
  EXPECT_EQ(ended.status, 3) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("beside other services: "));
  EXPECT_THAT(ended.err, HasSubstr("short"));
}

TEST_F(Services, AModelOnSeveralDevicesSharesNone) {
  const Ended asked =
      end("wide", std::string(kPool) + kShared, {"services[1].partition.min_nodes=2"});
  EXPECT_EQ(asked.status, 2);
  EXPECT_THAT(asked.err, HasSubstr("needs a model with one device a copy"));
  const Ended beside = end("beside", std::string(kPool) + kShared,
                           {"services[0].nodes=fpga[0-1]", "services[0].partition.min_nodes=2",
                            "services[0].partition.max_nodes=2"});
  EXPECT_EQ(beside.status, 2) << beside.err;
  EXPECT_THAT(beside.err, HasSubstr("beside other services: no usable node"));
}

TEST_F(Services, AMissedPromiseEndsWithStatus1AndNamesTheService) {
  const Ended ended = end("missed", std::string(kPool) + kTwo, {"services[0].sla.p99=1 ns"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("SLA of small missed: p99 is "));
  EXPECT_THAT(read_text(folder_.file("missed") + "/summary.txt"), HasSubstr("missed"));
}

// The mean wait of a queue with Poisson arrivals, constant service and several servers, in units of the
// service time, by the chain of how many are in the system after each service time: after Crommelin,
// "Delay probability formulae when the holding times are constant", 1932. `load`: of each server.
double mdc_wait(int servers, double load) {
  constexpr std::size_t kStates = 400;
  const double arrivals = load * servers;
  std::vector<double> poisson(kStates);
  poisson[0] = std::exp(-arrivals);
  for (std::size_t k = 1; k < kStates; ++k)
    poisson[k] = poisson[k - 1] * arrivals / static_cast<double>(k);
  std::vector<double> state(kStates), next(kStates);
  state[0] = 1;
  for (int turn = 0; turn < 3'000; ++turn) {
    std::ranges::fill(next, 0.0);
    for (std::size_t n = 0; n < kStates; ++n) {
      const std::size_t left = n - std::min<std::size_t>(n, static_cast<std::size_t>(servers));
      for (std::size_t k = 0; left + k < kStates; ++k) next[left + k] += state[n] * poisson[k];
    }
    state.swap(next);
  }
  double waiting = 0;
  for (std::size_t n = static_cast<std::size_t>(servers); n < kStates; ++n)
    waiting += static_cast<double>(n - static_cast<std::size_t>(servers)) * state[n];
  return waiting / arrivals;
}

// One server: rho / (2 (1 - rho)), by Pollaczek and Khinchine.
TEST(Queues, TheFormulaHoldsForOneServer) {
  EXPECT_NEAR(mdc_wait(1, 0.8), 0.8 / (2 * (1 - 0.8)), 1e-6);
}

TEST_F(Services, WaitsOfReplicasBehindOneQueueAreThoseOfTheFormula) {
  const std::string text = std::string(kPool) + R"(fidelity: message
model:
  rnn: {cell: gru, hidden: 40, steps: 4}
partition: {max_nodes: 1}
compute: timing
trace: {requests: 0}
service: {balance: least}
workload: {hosts: [host0], arrival: poisson, rate: 1 k/s, requests: 1}
)";
  // The time for which a request has its device: what the next one waits for it if both come at once.
  folder_.write("both.csv", "at\n0 us\n0 us\n");
  std::string both = text;
  both.replace(both.find("{hosts: [host0], arrival: poisson, rate: 1 k/s, requests: 1}"), 60,
               "{hosts: [host0], arrival: trace, instants: both.csv}");
  run("both", both);
  const std::vector<std::string> alone = column("both", "completed_us");
  const double service = std::stod(alone[1]) - std::stod(alone[0]);
  for (const int servers : {1, 3}) {
    constexpr double kLoad = 0.7;
    const auto rate = static_cast<std::int64_t>(kLoad * servers * 1e6 / service);
    const auto results = run("load" + std::to_string(servers), text,
                             {"service.replicas=" + std::to_string(servers),
                              "workload.rate=" + std::to_string(rate) + " /s",
                              "workload.requests=300000", "workload.warm_up=2 %"});
    const double load = static_cast<double>(rate) * service / 1e6 / servers;
    const double wait =
        results["latency_us"]["mean"].get<double>() - results["latency_us"]["min"].get<double>();
    EXPECT_NEAR(wait / service / mdc_wait(servers, load), 1, 0.03) << servers;
  }
}

// Two services with random arrivals and constant times of service on one device: a queue of kind M/G/1, in
// which both wait the sum of rate * time^2 over 2 (1 - load), by Pollaczek and Khinchine.
TEST_F(Services, WaitsForASharedDeviceAreThoseOfTheFormula) {
  const std::string text = std::string(kPool) + R"(fidelity: message
compute: timing
trace: {requests: 0}
services:
  - name: short
    nodes: fpga0
    model: {rnn: {cell: gru, hidden: 40, steps: 2}}
    workload: {hosts: [host0], arrival: poisson, rate: 1 k/s, requests: 1}
  - name: long
    nodes: fpga0
    share: true
    model: {rnn: {cell: lstm, hidden: 40, steps: 9}}
    workload: {hosts: [host1], arrival: poisson, rate: 1 k/s, requests: 1}
)";
  // Of two requests at once the second waits for the time that one has the device.
  folder_.write("both.csv", "at\n0 us\n0 us\n");
  std::vector<double> times;
  for (const std::string service : {"0", "1"}) {
    std::string both = text;
    const std::string from =
        "hosts: [host" + service + "], arrival: poisson, rate: 1 k/s, requests: 1";
    both.replace(both.find(from), from.size(),
                 "hosts: [host" + service + "], arrival: trace, instants: both.csv");
    const std::string other = service == "0" ? "1" : "0";
    run("both" + service, both, {"services[" + other + "].workload.requests=1"});
    std::vector<double> done;
    const std::vector<std::string> whose = column("both" + service, "service");
    const std::vector<std::string> at = column("both" + service, "completed_us");
    for (std::size_t i = 0; i < whose.size(); ++i)
      if (whose[i] == service) done.push_back(std::stod(at[i]));
    ASSERT_EQ(done.size(), 2u);
    times.push_back(done[1] - done[0]);
  }
  EXPECT_GT(times[1], 2 * times[0]);
  const double each = 0.35;  // of the device, by either
  double wait = 0, load = 0;
  Arguments keys;
  for (int i = 0; i < 2; ++i) {
    const auto rate = static_cast<std::int64_t>(each * 1e6 / times[i]);
    const double share = static_cast<double>(rate) * times[i] / 1e6;
    load += share;
    wait += share * times[i];
    const std::string key = "services[" + std::to_string(i) + "].workload.";
    keys.push_back(key + "rate=" + std::to_string(rate) + " /s");
    keys.push_back(key + "requests=" + std::to_string(rate * 2));
    keys.push_back(key + "warm_up=2 %");
  }
  wait /= 2 * (1 - load);
  const auto results = run("load", text, keys);
  for (int i = 0; i < 2; ++i) {
    const auto& latency = results["services"][i]["latency_us"];
    EXPECT_NEAR((latency["mean"].get<double>() - latency["min"].get<double>()) / wait, 1, 0.03)
        << i;
  }
}

}  // namespace
}  // namespace soliton
