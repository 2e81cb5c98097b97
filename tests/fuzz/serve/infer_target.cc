// Any bytes as the body of a request for an answer: it is admitted with arrays as the model has them, or refused
// in words. The first two bytes say where the JSON ends.
#include <algorithm>
#include <string>

#include "cluster/serve/open_inference.h"
#include "protocol/base/check.h"
#include "tests/fuzz/bytes.h"

namespace soliton {
namespace {

const ServedModel& model() {
  static const ServedModel model{
      .name = "m",
      .inputs = {{"t", ir::ElementType::kInt32, {2}, 10}, {"b", ir::ElementType::kBool, {2}, 0}},
      .outputs = {{"s", ir::ElementType::kFloat32, {1}, 0}}};
  return model;
}

void check_admitted(const InferRequest& request) {
  SOLITON_CHECK(request.inputs.size() == model().inputs.size());
  for (std::size_t k = 0; k < request.inputs.size(); ++k) {
    SOLITON_CHECK(request.inputs[k].known());
    SOLITON_CHECK(request.inputs[k].type() == model().inputs[k].type);
    SOLITON_CHECK(request.inputs[k].shape() == model().inputs[k].shape);
  }
  for (const std::int32_t symbol : request.inputs[0].as<std::int32_t>())
    SOLITON_CHECK(symbol >= 0 && symbol < 10);
  SOLITON_CHECK(request.outputs.size() == request.binary.size());
  InferAnswer answer;
  answer.outputs = {ir::Array::of<float>({1}, {0.5F})};
  SOLITON_CHECK(infer_reply(model(), request, answer).status == 200);
}

}  // namespace
}  // namespace soliton

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace soliton;
  FuzzBytes bytes(data, size);
  const std::uint64_t length = bytes.number(2);
  const std::string body(reinterpret_cast<const char*>(data) + std::min<std::size_t>(size, 2),
                         size - std::min<std::size_t>(size, 2));
  const Admitted<InferRequest> admitted =
      parse_infer(model(), body, length == 0 ? "" : std::to_string(length));
  if (admitted)
    check_admitted(*admitted);
  else
    SOLITON_CHECK(admitted.error().status == 400 && !admitted.error().text.empty());
  return 0;
}
