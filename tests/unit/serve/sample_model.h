// A model with two inputs and two outputs, and requests for it.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "cluster/serve/open_inference.h"
#include "partition/ir/array_bytes.h"

namespace soliton::sample {

inline ServedModel served() {
  return {.name = "tagger",
          .inputs = {{"tokens", ir::ElementType::kInt32, {2, 2}, 10},
                     {"scale", ir::ElementType::kFloat32, {1}, 0}},
          .outputs = {{"scores", ir::ElementType::kFloat32, {3}, 0},
                      {"best", ir::ElementType::kInt64, {1}, 0}}};
}

inline const char* const kRequest =
    R"({"id":"a7","inputs":[{"name":"tokens","datatype":"INT32","shape":[2,2],"data":[[1,2],[3,4]]},)"
    R"({"name":"scale","datatype":"FP32","shape":[1],"data":[0.5]}]})";

// The bytes of numbers as they are in memory, which is the protocol's order.
template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  std::string out(values.size() * sizeof(T), '\0');
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

inline std::vector<ir::Array> outputs() {
  return {ir::Array::of<float>({3}, {0.1F, -2.0F, 1e-20F}), ir::Array::of<std::int64_t>({1}, {2})};
}

inline HostRecord record(std::uint32_t number) {
  HostRecord out;
  out.request = RequestId{number};
  out.sent = kRunStart + picoseconds(1'000);
  out.completed = out.sent + picoseconds(57'686'400);
  out.path.compute = picoseconds(35'190'000);
  out.path.network = picoseconds(21'934'800);
  out.path.host = picoseconds(561'600);
  Payload packed;
  for (const ir::Array& array : outputs()) ir::append_array(array, packed);
  out.arrays = std::move(packed.bytes);
  return out;
}

inline InferAnswer answer(std::uint32_t number) {
  const HostRecord from = record(number);
  return {number, from.sent, from.completed, from.path, outputs()};
}

}  // namespace soliton::sample
