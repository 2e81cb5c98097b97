#include "cluster/serve/inference_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/serve/sample_model.h"

namespace soliton {
namespace {

using ::testing::HasSubstr;

constexpr const char* kInfer = "/v2/models/tagger/infer";

class InferenceServiceTest : public ::testing::Test {
 protected:
  // The reply, if it has come.
  std::optional<HttpReply> ask(HttpRequest request) {
    const auto reply = std::make_shared<std::optional<HttpReply>>();
    replies_.push_back(reply);
    service().handle(std::move(request), [reply](HttpReply it) { *reply = std::move(it); });
    return *reply;
  }
  HttpReply get(const std::string& target) {
    return ask({.method = "GET", .target = target}).value();
  }
  std::optional<HttpReply> infer() {
    return ask({.method = "POST", .target = kInfer, .body = sample::kRequest});
  }
  InferenceService& service() {
    if (!service_)
      service_.emplace(
          sample::served(), session_, [](std::vector<ir::Array> arrays) { return arrays; },
          [](const HostRecord&) { return sample::outputs(); }, token_);
    return *service_;
  }

  ServedSession session_{2};
  std::string token_;
  std::optional<InferenceService> service_;
  std::vector<std::shared_ptr<std::optional<HttpReply>>> replies_;
};

TEST_F(InferenceServiceTest, HasTheEndpointsOfTheProtocol) {
  for (const char* target :
       {"/v2/health/live", "/v2/health/ready", "/v2", "/v2/", "/v2/models/tagger",
        "/v2/models/tagger/versions/1", "/v2/models/tagger/ready",
        "/v2/models/tagger/versions/1/ready", "/v2/models/tagger/stats", "/metrics", "/v2?x=1"})
    EXPECT_EQ(get(target).status, 200) << target;
  for (const char* target : {"/", "/v1", "/v2/models", "/v2/models/taggers",
                             "/v2/models/other/infer", "/v2/models/tagger/versions/2",
                             "/v2/models/tagger/versions/12", "/v2/models/tagger/infers"})
    EXPECT_EQ(get(target).status, 404) << target;
  const auto index = ask({.method = "POST", .target = "/v2/repository/index"});
  EXPECT_EQ(nlohmann::json::parse(index->body)[0]["state"], "READY");
  EXPECT_EQ(nlohmann::json::parse(get("/v2").body)["extensions"][0], "binary_tensor_data");
}

TEST_F(InferenceServiceTest, OtherMethodsAre405AndSayWhichAreAllowed) {
  const HttpReply reply = get(kInfer);
  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.headers.at(0), (std::pair<std::string, std::string>{"Allow", "POST"}));
  EXPECT_EQ(ask({.method = "DELETE", .target = "/v2"})->status, 405);
  EXPECT_EQ(ask({.method = "HEAD", .target = "/v2"})->status, 200);
}

TEST_F(InferenceServiceTest, AnswersWhenTheClusterDoes) {
  EXPECT_FALSE(infer());
  ASSERT_TRUE(session_.take(kRunStart, false));
  session_.answer(sample::record(0));
  ASSERT_TRUE(*replies_.back());
  EXPECT_EQ((*replies_.back())->status, 200);
  EXPECT_THAT((*replies_.back())->body, HasSubstr("\"soliton_latency_ps\": 57686400"));
  EXPECT_THAT(get("/metrics").body,
              HasSubstr("soliton_requests_total{model=\"tagger\",outcome=\"ok\"} 1\n"));
  const auto stats = nlohmann::json::parse(get("/v2/models/tagger/stats").body)["model_stats"][0];
  EXPECT_EQ(stats["inference_count"], 1);
  EXPECT_EQ(stats["inference_stats"]["success"]["ns"], 57'686);
}

TEST_F(InferenceServiceTest, WhatIsTooMuchIs503AndWhenToTryAgain) {
  EXPECT_FALSE(infer());
  EXPECT_FALSE(infer());
  const auto full = infer();
  ASSERT_TRUE(full);
  EXPECT_EQ(full->status, 503);
  EXPECT_EQ(full->headers.at(0), (std::pair<std::string, std::string>{"Retry-After", "1"}));
  EXPECT_THAT(full->body, HasSubstr("2 requests are open"));
}

TEST_F(InferenceServiceTest, ARequestThatTheModelRefusesIs503) {
  EXPECT_FALSE(infer());
  ASSERT_TRUE(session_.take(kRunStart, false));
  HostRecord refused = sample::record(0);
  refused.refused = true;
  session_.answer(refused);
  EXPECT_EQ((*replies_.back())->status, 503);
}

TEST_F(InferenceServiceTest, ABrokenClusterIs500AndTheEnd503) {
  EXPECT_FALSE(infer());
  session_.give_up();
  EXPECT_EQ((*replies_.back())->status, 500);
  EXPECT_EQ(infer()->status, 503);
  EXPECT_EQ(get("/v2/health/ready").status, 503);
  EXPECT_EQ(get("/v2/models/tagger/ready").status, 503);
  EXPECT_EQ(get("/v2/health/live").status, 200);
}

TEST_F(InferenceServiceTest, BadRequestsAre400AndEncodedBodies415) {
  EXPECT_EQ(ask({.method = "POST", .target = kInfer, .body = "{"})->status, 400);
  EXPECT_EQ(ask({.method = "POST",
                 .target = kInfer,
                 .content_encoding = "gzip",
                 .body = sample::kRequest})
                ->status,
            415);
  EXPECT_THAT(get("/metrics").body, HasSubstr("outcome=\"bad_request\"} 2\n"));
}

TEST_F(InferenceServiceTest, ATokenIsAskedForAllButHealth) {
  token_ = "0123456789abcdef";
  EXPECT_EQ(get("/v2/health/live").status, 200);
  EXPECT_EQ(get("/v2/models/tagger").status, 401);
  for (const char* said : {"Bearer 0123456789abcdeg", "0123456789abcdef", "Bearer ", ""})
    EXPECT_EQ(ask({.method = "GET", .target = "/v2", .authorization = said})->status, 401) << said;
  EXPECT_EQ(
      ask({.method = "GET", .target = "/v2", .authorization = "Bearer 0123456789abcdef"})->status,
      200);
}

}  // namespace
}  // namespace soliton
