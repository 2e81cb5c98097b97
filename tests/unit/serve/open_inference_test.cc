#include "cluster/serve/open_inference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "tests/unit/serve/sample_model.h"

namespace soliton {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string refusal(const std::string& body, const std::string& json_length = "") {
  const Admitted<InferRequest> read = parse_infer(sample::served(), body, json_length);
  return read ? "admitted" : read.error().text;
}

// The request with one part replaced.
std::string with(const std::string& part, const std::string& other) {
  std::string out = sample::kRequest;
  const std::size_t at = out.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return out.replace(at, part.size(), other);
}

TEST(OpenInference, ReadsJson) {
  const auto read = parse_infer(sample::served(), sample::kRequest, "");
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->id, "a7");
  EXPECT_THAT(read->inputs[0].as<std::int32_t>(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(read->inputs[1].as<float>(), ElementsAre(0.5F));
  EXPECT_THAT(read->outputs, ElementsAre(0, 1));
  EXPECT_THAT(read->binary, ElementsAre(false, false));
}

TEST(OpenInference, DataMayBeFlatAndInputsInAnyOrder) {
  const auto read =
      parse_infer(sample::served(),
                  R"({"inputs":[{"name":"scale","datatype":"FP32","shape":[1],"data":[2]},)"
                  R"({"name":"tokens","datatype":"INT32","shape":[2,2],"data":[4,3,2,1]}],)"
                  R"("outputs":[{"name":"best"}]})",
                  "");
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_FALSE(read->id);
  EXPECT_THAT(read->inputs[0].as<std::int32_t>(), ElementsAre(4, 3, 2, 1));
  EXPECT_THAT(read->inputs[1].as<float>(), ElementsAre(2.0F));
  EXPECT_THAT(read->outputs, ElementsAre(1));
}

TEST(OpenInference, ReadsBinaryTensorsBehindTheJson) {
  const std::string json =
      R"({"inputs":[{"name":"tokens","datatype":"INT32","shape":[2,2],"parameters":{"binary_data_size":16}},)"
      R"({"name":"scale","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}],)"
      R"("parameters":{"binary_data_output":true},)"
      R"("outputs":[{"name":"scores"},{"name":"best","parameters":{"binary_data":false}}]})";
  const std::string numbers =
      sample::bytes_of<std::int32_t>({9, 8, 7, 6}) + sample::bytes_of<float>({1.25F});
  const auto read = parse_infer(sample::served(), json + numbers, std::to_string(json.size()));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_THAT(read->inputs[0].as<std::int32_t>(), ElementsAre(9, 8, 7, 6));
  EXPECT_THAT(read->inputs[1].as<float>(), ElementsAre(1.25F));
  EXPECT_THAT(read->binary, ElementsAre(true, false));
  EXPECT_THAT(refusal(json + numbers.substr(0, numbers.size() - 1), std::to_string(json.size())),
              HasSubstr("the body ends before its binary data"));
  EXPECT_THAT(refusal(json + numbers + "x", std::to_string(json.size())),
              HasSubstr("1 bytes follow"));
  EXPECT_THAT(refusal(json + numbers), HasSubstr("zero byte"));
  for (const char* length : {"-1", "99999", "1e2", " 5", "18446744073709551616"})
    EXPECT_THAT(refusal(json + numbers, length), HasSubstr("Inference-Header-Content-Length"))
        << length;
}

TEST(OpenInference, SaysWhatIsWrongAndWhatIsDue) {
  EXPECT_THAT(refusal(""), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(refusal("{}"), HasSubstr("has 2 inputs: tokens, scale"));
  EXPECT_THAT(refusal(with("\"tokens\"", "\"token\"")), HasSubstr("did you mean 'tokens'?"));
  EXPECT_THAT(refusal(with("\"scale\"", "\"tokens\"")), HasSubstr("'tokens' is there twice"));
  EXPECT_THAT(refusal(with("INT32", "INT64")), HasSubstr("datatype \"INT64\"; due is INT32"));
  EXPECT_THAT(refusal(with("[2,2]", "[4]")), HasSubstr("shape [4]; due is [2, 2]"));
  EXPECT_THAT(refusal(with("[2,2]", "[2,2.5]")), HasSubstr("due is [2, 2]"));
  EXPECT_THAT(refusal(with("[[1,2],[3,4]]", "[1,2,3]")), HasSubstr("data must be 4 numbers"));
  EXPECT_THAT(refusal(with("[[1,2],[3,4]]", "[1,2,3,4,5]")), HasSubstr("data must be 4 numbers"));
  EXPECT_THAT(refusal(with("[[1,2],[3,4]]", "[1,2,3,2.5]")), HasSubstr("data must be 4 numbers"));
  EXPECT_THAT(refusal(with("[[1,2],[3,4]]", "[1,2,3,3000000000]")), HasSubstr("data must be"));
  EXPECT_THAT(refusal(with("[[1,2],[3,4]]", "[1,2,3,null]")), HasSubstr("data must be"));
  EXPECT_THAT(refusal(with("\"a7\"", "7")), HasSubstr("id must be a text"));
  EXPECT_THAT(refusal(with("\"data\":[0.5]", "\"datum\":[0.5]")),
              HasSubstr("needs data or binary_data_size"));
}

// A symbol of which the model knows nothing would be read as another one.
TEST(OpenInference, RefusesSymbolsOutsideOfTheirTable) {
  EXPECT_THAT(refusal(with("[3,4]", "[3,10]")), HasSubstr("element 3 is 10; allowed are 0 to 9"));
  EXPECT_THAT(refusal(with("[3,4]", "[3,-1]")), HasSubstr("element 3 is -1"));
  EXPECT_EQ(refusal(with("[3,4]", "[3,9]")), "admitted");
}

TEST(OpenInference, AnswersAreTheseBytes) {
  const auto read = parse_infer(sample::served(), sample::kRequest, "");
  const HttpReply reply = infer_reply(sample::served(), *read, sample::answer(17));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(
      reply.body,
      R"({"model_name": "tagger", "model_version": "1", "id": "a7", "parameters": {"soliton_request": 17, )"
      R"("soliton_arrival_ps": 1000, "soliton_latency_ps": 57686400, "soliton_compute_ps": 35190000, )"
      R"("soliton_network_ps": 21934800, "soliton_queue_ps": 0, "soliton_host_ps": 561600}, "outputs": [)"
      R"({"name": "scores", "datatype": "FP32", "shape": [3], "data": [0.1, -2, 1e-20]}, )"
      R"({"name": "best", "datatype": "INT64", "shape": [1], "data": [2]}]})");
}

TEST(OpenInference, BinaryAnswersFollowTheJson) {
  InferRequest request{.outputs = {1, 0}, .binary = {false, true}};
  const HttpReply reply = infer_reply(sample::served(), request, sample::answer(0));
  EXPECT_EQ(reply.type, "application/octet-stream");
  ASSERT_EQ(reply.headers.size(), 1u);
  EXPECT_EQ(reply.headers[0].first, "Inference-Header-Content-Length");
  const std::size_t length = std::stoul(reply.headers[0].second);
  EXPECT_EQ(reply.body.substr(length), sample::bytes_of<float>({0.1F, -2.0F, 1e-20F}));
  const auto json = nlohmann::json::parse(reply.body.substr(0, length));
  EXPECT_EQ(json["outputs"][0]["data"][0], 2);
  EXPECT_EQ(json["outputs"][1]["parameters"]["binary_data_size"], 12);
}

// JSON has no NaN; binary tensors do.
TEST(OpenInference, WhatIsNoNumberIsAnsweredInBinaryAlone) {
  InferAnswer answer = sample::answer(0);
  answer.outputs[0] = ir::Array::of<float>({1}, {std::numeric_limits<float>::quiet_NaN()});
  EXPECT_EQ(infer_reply(sample::served(), {.outputs = {0}, .binary = {false}}, answer).status, 400);
  EXPECT_EQ(infer_reply(sample::served(), {.outputs = {0}, .binary = {true}}, answer).status, 200);
}

TEST(OpenInference, MetadataNamesTensors) {
  const auto json = nlohmann::json::parse(model_metadata(sample::served()));
  EXPECT_EQ(json["name"], "tagger");
  EXPECT_EQ(json["versions"][0], "1");
  EXPECT_EQ(json["inputs"][0],
            nlohmann::json::parse(R"({"name":"tokens","datatype":"INT32","shape":[2,2]})"));
  EXPECT_EQ(json["outputs"][1]["datatype"], "INT64");
}

}  // namespace
}  // namespace soliton
