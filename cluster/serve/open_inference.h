// The Open Inference Protocol, version 2, as functions of values: what is served, requests with JSON and
// binary tensors, and their answers (docs/serving.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/serve/http_types.h"
#include "node/deployment/records.h"
#include "partition/ir/array.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace soliton {

struct ServedTensor {
  std::string name;
  ir::ElementType type = ir::ElementType::kNone;
  ir::Shape shape;
  std::int64_t symbols = 0;  // integers are below this and not negative; 0: any
};

struct ServedModel {
  std::string name;
  std::vector<ServedTensor> inputs, outputs;  // outputs: those of a request with this shape
};

// "FP32"; "": the protocol has no such type.
const char* datatype_name(ir::ElementType type);

// Why a request is refused: a status of HTTP, and words.
struct Refusal {
  int status = 400;
  std::string text;
};
template <typename T>
using Admitted = tl::expected<T, Refusal>;

struct InferRequest {
  std::optional<std::string> id;
  std::vector<ir::Array> inputs;     // by input of the model
  std::vector<std::size_t> outputs;  // that are wanted, by number
  std::vector<bool> binary;          // beside `outputs`
};
// `json_length` is the header Inference-Header-Content-Length; "": the body is JSON alone.
Admitted<InferRequest> parse_infer(const ServedModel& model, std::string_view body,
                                   const std::string& json_length);

// What became of a request.
struct InferAnswer {
  std::uint32_t number = 0;
  Instant sent{}, completed{};
  Breakdown path;
  std::vector<ir::Array> outputs;  // by output of the model
};
HttpReply infer_reply(const ServedModel& model, const InferRequest& request,
                      const InferAnswer& answer);

std::string server_metadata();
std::string model_metadata(const ServedModel& model);
std::string repository_index(const ServedModel& model, bool ready);

}  // namespace soliton
