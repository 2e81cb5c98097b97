// A model that is served, as its clients see it, and its session played again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/process/serve/http_client.h"

namespace soliton {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Row `number` of the quickstart's words: 12 letters.
std::vector<std::int32_t> word(std::size_t number) {
  std::ifstream file(SOLITON_SOURCE_DIR "/configs/models/language-gru/tokens.npy",
                     std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::uint16_t header = 0;
  std::memcpy(&header, bytes.data() + 8, sizeof header);
  const std::string about = bytes.substr(10, header);
  const std::size_t at = about.find("'shape': (1200, ") + 16;
  const std::size_t steps = std::stoul(about.substr(at));
  const bool wide = about.find("<i8") != std::string::npos;
  std::vector<std::int32_t> out;
  for (std::size_t i = 0; i < steps; ++i) {
    std::int64_t value = 0;
    const std::size_t size = wide ? 8 : 4;
    std::memcpy(&value, bytes.data() + 10 + header + (number * steps + i) * size, size);
    out.push_back(static_cast<std::int32_t>(value));
  }
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

// A column of requests.csv, by row.
std::vector<std::string> column(const std::string& csv, const std::string& name) {
  std::vector<std::string> out;
  std::size_t at = 0;
  for (const std::string& line : lines_of(csv)) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    if (out.empty()) {
      at = static_cast<std::size_t>(std::ranges::find(cells, name) - cells.begin());
      out.push_back("");
    } else {
      out.push_back(at < cells.size() ? cells[at] : "");
    }
  }
  out.erase(out.begin());
  return out;
}

class Serve : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("c.yaml",
                  "name: small\n"
                  "nodes: [{name: \"fpga[0-1]\", device: bw-pocket}, {name: host0, device: cpu}]\n"
                  "model: {rnn: {cell: gru, hidden: 16, steps: 2}}\n"
                  "workload: {requests: 3}\n");
  }
  std::vector<std::string> small(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> out{folder_.file("c.yaml"), "--out", folder_.file("out")};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  // The metadata of the one model there is.
  static json model_of(HttpClient& client) {
    const json index = client.post("/v2/repository/index", "").json();
    return client.get("/v2/models/" + index[0]["name"].get<std::string>()).json();
  }
  static std::string infer_of(const json& model) {
    return "/v2/models/" + model["name"].get<std::string>() + "/infer";
  }
  // A request with the same number everywhere.
  static std::string body_of(const json& model, const json& value) {
    json inputs = json::array();
    for (json input : model["inputs"]) {
      std::size_t count = 1;
      for (const json& extent : input["shape"]) count *= extent.get<std::size_t>();
      input["data"] = json(std::vector<json>(count, value));
      inputs.push_back(input);
    }
    return json{{"inputs", inputs}}.dump();
  }

  TemporaryFolder folder_;
};

// The quickstart's words, one after the other on one connection: the answers and the picoseconds of a run
// with one client.
TEST_F(Serve, OneConnectionIsARunWithOneClient) {
  constexpr std::size_t kWords = 20;
  Served served({"configs/quickstart.yaml", "--out", folder_.file("session")});
  ASSERT_NE(served.port(), 0);
  HttpClient client(served.port());
  const json model = model_of(client);
  std::vector<json> answers;
  for (std::size_t i = 0; i < kWords; ++i) {
    const json body = {{"id", std::to_string(i)},
                       {"inputs",
                        {{{"name", model["inputs"][0]["name"]},
                          {"datatype", model["inputs"][0]["datatype"]},
                          {"shape", model["inputs"][0]["shape"]},
                          {"data", word(i)}}}}};
    const HttpAnswer answer = client.post(infer_of(model), body.dump());
    ASSERT_EQ(answer.status, 200) << answer.body;
    answers.push_back(answer.json());
    EXPECT_EQ(answers.back()["id"], std::to_string(i));
  }
  const Ended ended = served.end();
  EXPECT_EQ(ended.status, 0) << ended.err;

  ASSERT_EQ(run_soliton({"run", "configs/quickstart.yaml", "--processes", "packed", "--quiet",
                         "--set", "workload.requests=20", "--out", folder_.file("run")})
                .status,
            0);
  const std::string session = read_text(folder_.file("session/requests.csv"));
  const std::string run = read_text(folder_.file("run/requests.csv"));
  for (const char* name : {"sent_us", "completed_us", "latency_us", "compute_us", "network_us",
                           "queue_us", "host_us", "output_hash"})
    EXPECT_EQ(column(session, name), column(run, name)) << name;
  ASSERT_EQ(column(run, "latency_us").size(), kWords);
  for (std::size_t i = 0; i < kWords; ++i) {
    const double us = answers[i]["parameters"]["soliton_latency_ps"].get<double>() / 1e6;
    EXPECT_NEAR(us, std::stod(column(run, "latency_us")[i]), 1e-9);
  }
}

// Clients at once, whose order is chance: what was recorded is played again with the same bytes.
TEST_F(Serve, ASessionIsPlayedAgainByteForByte) {
  Served served(small());
  ASSERT_NE(served.port(), 0);
  HttpClient first(served.port());
  const json model = model_of(first);
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c)
    clients.emplace_back([&, c] {
      HttpClient client(served.port());
      for (int i = 0; i < 10; ++i) {
        const HttpAnswer answer =
            client.post(infer_of(model), body_of(model, 0.125 * (c + 1) + 0.5 * i));
        EXPECT_EQ(answer.status, 200) << answer.body;
      }
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(served.end().status, 0);
  const std::string session = read_text(folder_.file("out/requests.csv"));
  EXPECT_EQ(lines_of(session).size(), 81u);
  for (const char* how : {"packed", "per-node"}) {
    const Ended again = run_soliton({"run", folder_.file("out/cluster.yaml"), "--processes", how,
                                     "--quiet", "--out", folder_.file(how)});
    ASSERT_EQ(again.status, 0) << again.err;
    const std::string replay = read_text(folder_.file(std::string(how) + "/requests.csv"));
    for (const char* name : {"request", "client", "state", "sent_us", "completed_us", "latency_us",
                             "compute_us", "network_us", "queue_us", "host_us", "output_hash"})
      EXPECT_EQ(column(replay, name), column(session, name)) << how << " " << name;
    // And each is what the model gives on one device.
    EXPECT_EQ(column(replay, "bit_identical"), std::vector<std::string>(80, "yes"));
  }
}

TEST_F(Serve, TermAnswersWhatItHasAndWritesTheRun) {
  Served served(small({"--json"}));
  HttpClient client(served.port());
  const json model = model_of(client);
  EXPECT_EQ(client.get("/v2/health/ready").status, 200);
  ASSERT_EQ(client.post(infer_of(model), body_of(model, 0.5)).status, 200);
  const Ended ended = served.end();
  EXPECT_EQ(ended.status, 0) << ended.err;
  const json results = read_json(folder_.file("out/results.json"));
  EXPECT_EQ(results["requests"]["completed"], 1);
  EXPECT_TRUE(results["complete"]);
  EXPECT_TRUE(fs::exists(folder_.file("out/inputs.npy")));
  EXPECT_THAT(read_text(folder_.file("out/arrivals.csv")), StartsWith("at\n0 ps\n"));
}

TEST_F(Serve, ASessionInWhichNobodyAsksIsARunWithoutRequests) {
  Served served(small());
  const Ended ended = served.end();
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(read_json(folder_.file("out/results.json"))["requests"]["completed"], 0);
  EXPECT_EQ(run_soliton({"check", folder_.file("out/cluster.yaml")}).status, 0);
}

TEST_F(Serve, BadRequestsAreSaidAndTheModelGoesOn) {
  Served served(small({"--set", "serve.body=2 kB"}));
  HttpClient client(served.port());
  const json model = model_of(client);
  const HttpAnswer bad = client.post(infer_of(model), "{\"inputs\": []}");
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.json()["error"].get<std::string>(), HasSubstr("inputs"));
  EXPECT_EQ(client.post("/v2/models/none/infer", "{}").status, 404);
  EXPECT_EQ(client.get(infer_of(model)).status, 405);
  EXPECT_EQ(client.post(infer_of(model), "x", "Content-Encoding: gzip\r\n").status, 415);
  EXPECT_EQ(HttpClient(served.port()).post(infer_of(model), std::string(5000, ' ')).status, 413);
  EXPECT_EQ(client.post(infer_of(model), body_of(model, 0.5)).status, 200);
  EXPECT_THAT(client.get("/metrics").body, HasSubstr("outcome=\"ok\"} 1\n"));
  EXPECT_EQ(served.end().status, 0);
}

TEST_F(Serve, OthersNeedATokenAndAFileOfOnesOwn) {
  const auto refused = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all{"serve", folder_.file("c.yaml"), "--out", folder_.file("no")};
    all.insert(all.end(), more.begin(), more.end());
    const Ended ended = run_soliton(all);
    EXPECT_EQ(ended.status, 2);
    EXPECT_FALSE(fs::exists(folder_.file("no")));
    return ended.err;
  };
  EXPECT_THAT(refused({"--set", "serve.listen=0.0.0.0:8000"}), HasSubstr("serve.token_file"));
  EXPECT_THAT(refused({"--set", "serve.listen=localhost"}), HasSubstr("127.0.0.1:8000"));
  const std::string token = folder_.write("token", "0123456789abcdef\n");
  ::chmod(token.c_str(), 0644);
  EXPECT_THAT(refused({"--set", "serve.token_file=" + token}), HasSubstr("mode 0644"));
  ::chmod(token.c_str(), 0600);
  Served served(small({"--set", "serve.token_file=" + token}));
  HttpClient client(served.port());
  EXPECT_EQ(client.get("/v2").status, 401);
  EXPECT_EQ(client.get("/v2", "Authorization: Bearer 0123456789abcdef\r\n").status, 200);
  EXPECT_EQ(served.end().status, 0);
}

TEST_F(Serve, WhatCannotBeServedIsSaidBeforeTheStart) {
  folder_.write("t.yaml",
                "name: t\nnodes: [{name: \"n[0-1]\", device: cpu}]\n"
                "workload: {kind: ping, from: n0, to: n1, count: 3, bytes: 64}\n");
  EXPECT_THAT(run_soliton({"serve", folder_.file("t.yaml"), "--out", folder_.file("no")}).err,
              HasSubstr("there is no model to serve"));
  for (const auto& [set, said] : {std::pair{"compute=timing", "compute: only what is computed"},
                                  {"processes=per-node", "packed into one process"},
                                  {"serve.quue=3", "did you mean \"queue\"?"}}) {
    const Ended ended =
        run_soliton({"serve", folder_.file("c.yaml"), "--set", set, "--out", folder_.file("no")});
    EXPECT_EQ(ended.status, 2) << set;
    EXPECT_THAT(ended.err, HasSubstr(said));
  }
}

TEST_F(Serve, CurlGetsAnAnswer) {
  if (std::system("command -v curl >/dev/null 2>&1") != 0) GTEST_SKIP() << "curl is not installed";
  Served served(small());
  HttpClient client(served.port());
  const json model = model_of(client);
  folder_.write("body.json", body_of(model, 0.5));
  const std::string command =
      "curl -sf -o '" + folder_.file("answer.json") +
      "' -H 'Content-Type: application/json' --data-binary @'" + folder_.file("body.json") +
      "' http://127.0.0.1:" + std::to_string(served.port()) + infer_of(model);
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read_json(folder_.file("answer.json"))["model_name"], model["name"]);
  EXPECT_EQ(served.end().status, 0);
}

}  // namespace
}  // namespace soliton
