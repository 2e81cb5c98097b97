#include "cluster/serve/open_inference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "protocol/base/result.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr const char* kVersion = "0.1.0";
constexpr int kDepthMost = 32;  // of nested lists of numbers

struct Datatype {
  ir::ElementType type;
  const char* name;
};
constexpr Datatype kDatatypes[] = {
    {ir::ElementType::kBool, "BOOL"},     {ir::ElementType::kUint8, "UINT8"},
    {ir::ElementType::kUint16, "UINT16"}, {ir::ElementType::kUint32, "UINT32"},
    {ir::ElementType::kUint64, "UINT64"}, {ir::ElementType::kInt8, "INT8"},
    {ir::ElementType::kInt16, "INT16"},   {ir::ElementType::kInt32, "INT32"},
    {ir::ElementType::kInt64, "INT64"},   {ir::ElementType::kFloat16, "FP16"},
    {ir::ElementType::kFloat32, "FP32"},  {ir::ElementType::kFloat64, "FP64"}};

tl::unexpected<Refusal> refuse(std::string text) {
  return tl::unexpected<Refusal>(Refusal{400, std::move(text)});
}

std::vector<std::string> names_of(const std::vector<ServedTensor>& tensors) {
  std::vector<std::string> out;
  for (const ServedTensor& tensor : tensors) out.push_back(tensor.name);
  return out;
}

// The number of the tensor with this name.
Admitted<std::size_t> find_tensor(const std::vector<ServedTensor>& tensors, const Json& name,
                                  const char* what, const ServedModel& model) {
  if (!name.is_string()) return refuse(fmt::format("an {} has no name", what));
  const std::string said = name.get<std::string>();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == said) return i;
  const std::string near = nearest_name(said, names_of(tensors));
  return refuse(fmt::format("model '{}' has no {} '{}'{}; it has {}", model.name, what, said,
                            near.empty() ? "" : fmt::format("; did you mean '{}'?", near),
                            fmt::join(names_of(tensors), ", ")));
}

const Json* member(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto at = json.find(key);
  return at == json.end() ? nullptr : &*at;
}

// A number of JSON as an element; false: it is none of the type's values.
template <typename T>
bool element_of(const Json& json, T& out) {
  if constexpr (std::is_same_v<T, ir::Bool>) {
    if (json.is_boolean()) return out = ir::Bool(json.get<bool>()), true;
    if (!json.is_number_integer()) return false;
    const auto number = json.get<std::int64_t>();
    out = ir::Bool(number == 1);
    return number == 0 || number == 1;
  } else if constexpr (std::is_integral_v<T>) {
    if (json.is_number_unsigned()) {
      const auto number = json.get<std::uint64_t>();
      out = static_cast<T>(number);
      return number <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
    }
    if (!json.is_number_integer() || std::is_unsigned_v<T>) return false;
    const auto number = json.get<std::int64_t>();
    out = static_cast<T>(number);
    return number >= static_cast<std::int64_t>(std::numeric_limits<T>::min());
  } else {
    if (!json.is_number()) return false;
    const auto number = json.get<double>();
    if constexpr (std::is_same_v<T, double>)
      out = number;
    else
      out = T(static_cast<float>(number));
    return true;
  }
}

// Lists may be nested as the shape is, or flat.
template <typename T>
bool flatten(const Json& json, std::size_t most, int depth, std::vector<T>& out) {
  if (!json.is_array()) {
    if (out.size() == most) return false;
    return element_of(json, out.emplace_back());
  }
  if (depth == 0) return false;
  for (const Json& item : json)
    if (!flatten(item, most, depth - 1, out)) return false;
  return true;
}

Admitted<ir::Array> array_of_json(const ServedTensor& tensor, const Json& data) {
  return ir::with_type(tensor.type, [&](auto tag) -> Admitted<ir::Array> {
    using T = typename decltype(tag)::type;
    const auto count =
        static_cast<std::size_t>(ir::Array::unknown(tensor.type, tensor.shape).elements());
    std::vector<T> elements;
    elements.reserve(count);
    if (!data.is_array() || !flatten(data, count, kDepthMost, elements) || elements.size() != count)
      return refuse(fmt::format("input '{}': data must be {} numbers of type {}", tensor.name,
                                count, datatype_name(tensor.type)));
    return ir::Array::of(tensor.shape, std::move(elements));
  });
}

// The bytes behind the JSON, which the inputs take one after the other.
struct BinaryData {
  std::string_view rest;

  Admitted<ir::Array> take(const ServedTensor& tensor, const Json& size) {
    const std::int64_t due = ir::Array::unknown(tensor.type, tensor.shape).bytes();
    if (!size.is_number_integer() || size != due)
      return refuse(fmt::format("input '{}': binary_data_size must be {}, as shape and type say",
                                tensor.name, due));
    if (rest.size() < static_cast<std::size_t>(due))
      return refuse(fmt::format("input '{}': the body ends before its binary data", tensor.name));
    std::vector<std::byte> bytes(static_cast<std::size_t>(due));
    if (due > 0) std::memcpy(bytes.data(), rest.data(), bytes.size());
    rest.remove_prefix(bytes.size());
    if (tensor.type == ir::ElementType::kBool &&
        std::ranges::any_of(bytes, [](std::byte b) { return b > std::byte{1}; }))
      return refuse(fmt::format("input '{}': a byte of BOOL is neither 0 nor 1", tensor.name));
    return ir::Array::of_bytes(tensor.type, tensor.shape, std::move(bytes));
  }
};

// A symbol outside of its table means nothing.
Admitted<ir::Array> known_symbols(const ServedTensor& tensor, ir::Array array) {
  if (tensor.symbols == 0 || ir::is_real(tensor.type)) return array;
  const ir::Array wide = ir::converted(array, ir::ElementType::kInt64);
  const auto values = wide.as<std::int64_t>();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] < 0 || values[i] >= tensor.symbols)
      return refuse(fmt::format("input '{}': element {} is {}; allowed are 0 to {}", tensor.name, i,
                                values[i], tensor.symbols - 1));
  return array;
}

Status check_shape(const ServedTensor& tensor, const Json* shape) {
  const std::string due = fmt::format("[{}]", fmt::join(tensor.shape, ", "));
  if (shape == nullptr || !shape->is_array())
    return invalid(fmt::format("input '{}' has no shape; due is {}", tensor.name, due));
  bool same = shape->size() == tensor.shape.size();
  for (std::size_t i = 0; same && i < tensor.shape.size(); ++i)
    same = (*shape)[i].is_number_integer() && (*shape)[i] == tensor.shape[i];
  if (same) return {};
  return invalid(fmt::format("input '{}' has shape {}; due is {}", tensor.name,
                             json_text(*shape, JsonLayout::kLine).substr(0, 200), due));
}

Admitted<ir::Array> read_input(const ServedTensor& tensor, const Json& input, BinaryData& binary) {
  const Json* const type = member(input, "datatype");
  if (type == nullptr || *type != datatype_name(tensor.type))
    return refuse(
        fmt::format("input '{}' has datatype {}; due is {}", tensor.name,
                    type == nullptr ? "none" : json_text(*type, JsonLayout::kLine).substr(0, 100),
                    datatype_name(tensor.type)));
  if (const Status shape = check_shape(tensor, member(input, "shape")); !shape)
    return refuse(shape.error().message);
  const Json* const parameters = member(input, "parameters");
  const Json* const size =
      parameters == nullptr ? nullptr : member(*parameters, "binary_data_size");
  const Json* const data = member(input, "data");
  if ((size == nullptr) == (data == nullptr))
    return refuse(
        fmt::format("input '{}' needs data or binary_data_size, and not both", tensor.name));
  Admitted<ir::Array> array =
      size != nullptr ? binary.take(tensor, *size) : array_of_json(tensor, *data);
  return array ? known_symbols(tensor, std::move(*array)) : array;
}

Admitted<bool> flag_in(const Json* parameters, const char* key, bool otherwise) {
  const Json* const said = parameters == nullptr ? nullptr : member(*parameters, key);
  if (said == nullptr) return otherwise;
  if (!said->is_boolean()) return refuse(fmt::format("{} must be true or false", key));
  return said->get<bool>();
}

Admitted<void> read_outputs(const ServedModel& model, const Json& json, InferRequest& out) {
  const Admitted<bool> all = flag_in(member(json, "parameters"), "binary_data_output", false);
  if (!all) return tl::unexpected<Refusal>(all.error());
  const Json* const outputs = member(json, "outputs");
  if (outputs == nullptr || (outputs->is_array() && outputs->empty())) {
    for (std::size_t k = 0; k < model.outputs.size(); ++k) {
      out.outputs.push_back(k);
      out.binary.push_back(*all);
    }
    return {};
  }
  if (!outputs->is_array() || outputs->size() > model.outputs.size())
    return refuse(
        fmt::format("outputs must be a list of at most {} outputs", model.outputs.size()));
  for (const Json& output : *outputs) {
    const Json* const name = member(output, "name");
    const Admitted<std::size_t> at =
        find_tensor(model.outputs, name == nullptr ? Json() : *name, "output", model);
    if (!at) return tl::unexpected<Refusal>(at.error());
    const Admitted<bool> binary = flag_in(member(output, "parameters"), "binary_data", *all);
    if (!binary) return tl::unexpected<Refusal>(binary.error());
    out.outputs.push_back(*at);
    out.binary.push_back(*binary);
  }
  return {};
}

Admitted<void> read_inputs(const ServedModel& model, const Json& json, BinaryData& binary,
                           InferRequest& out) {
  const Json* const inputs = member(json, "inputs");
  if (inputs == nullptr || !inputs->is_array() || inputs->size() != model.inputs.size())
    return refuse(fmt::format("model '{}' has {} inputs: {}", model.name, model.inputs.size(),
                              fmt::join(names_of(model.inputs), ", ")));
  out.inputs.resize(model.inputs.size());
  for (const Json& input : *inputs) {
    const Json* const name = member(input, "name");
    const Admitted<std::size_t> at =
        find_tensor(model.inputs, name == nullptr ? Json() : *name, "input", model);
    if (!at) return tl::unexpected<Refusal>(at.error());
    if (out.inputs[*at].present())
      return refuse(fmt::format("input '{}' is there twice", model.inputs[*at].name));
    Admitted<ir::Array> array = read_input(model.inputs[*at], input, binary);
    if (!array) return tl::unexpected<Refusal>(array.error());
    out.inputs[*at] = std::move(*array);
  }
  return {};
}

// "[1,2]" of shapes, and "INT32".
Json tensor_json(const ServedTensor& tensor) {
  return {{"name", tensor.name}, {"datatype", datatype_name(tensor.type)}, {"shape", tensor.shape}};
}

template <typename T>
std::string shortest(T value) {
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return error == std::errc{} ? std::string(text, end) : "0";
}

// Elements in their shortest spelling. nullopt: one is no number, which JSON cannot say.
std::optional<Json> elements_json(const ir::Array& array) {
  return ir::with_type(array.type(), [&](auto tag) -> std::optional<Json> {
    using T = typename decltype(tag)::type;
    Json out = Json::array();
    for (const T& value : array.as<T>()) {
      if constexpr (std::is_same_v<T, ir::Bool>) {
        out.push_back(bool(value));
      } else if constexpr (std::is_integral_v<T>) {
        out.push_back(value);
      } else {
        const auto number = [&] {
          if constexpr (std::is_same_v<T, double>)
            return value;
          else
            return static_cast<float>(value);
        }();
        if (!std::isfinite(number)) return std::nullopt;
        out.push_back(json_spelled(shortest(number)));
      }
    }
    return out;
  });
}

}  // namespace

const char* datatype_name(ir::ElementType type) {
  for (const Datatype& known : kDatatypes)
    if (known.type == type) return known.name;
  return "";
}

Admitted<InferRequest> parse_infer(const ServedModel& model, std::string_view body,
                                   const std::string& json_length) {
  std::size_t length = body.size();
  if (!json_length.empty()) {
    const char* const end = json_length.data() + json_length.size();
    const auto [at, error] = std::from_chars(json_length.data(), end, length);
    if (error != std::errc{} || at != end || length > body.size())
      return refuse(fmt::format(
          "Inference-Header-Content-Length: \"{}\" is not a number up to the {} bytes of the body",
          json_length, body.size()));
  }
  // The parser takes a zero byte for the end of its input.
  if (body.substr(0, length).find('\0') != std::string_view::npos)
    return refuse("the JSON of the body has a zero byte");
  const Json json =
      Json::parse(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(length), nullptr, false);
  if (json.is_discarded() || !json.is_object()) return refuse("the body is not a JSON object");
  InferRequest out;
  if (const Json* const id = member(json, "id")) {
    if (!id->is_string()) return refuse("id must be a text");
    out.id = id->get<std::string>();
  }
  BinaryData binary{body.substr(length)};
  if (const auto read = read_inputs(model, json, binary, out); !read)
    return tl::unexpected<Refusal>(read.error());
  if (!binary.rest.empty())
    return refuse(fmt::format("{} bytes follow the last binary input", binary.rest.size()));
  if (const auto read = read_outputs(model, json, out); !read)
    return tl::unexpected<Refusal>(read.error());
  return out;
}

HttpReply infer_reply(const ServedModel& model, const InferRequest& request,
                      const InferAnswer& answer) {
  Json outputs = Json::array();
  std::string binary;
  for (std::size_t i = 0; i < request.outputs.size(); ++i) {
    const ir::Array& array = answer.outputs[request.outputs[i]];
    Json& output = outputs.emplace_back(
        tensor_json({model.outputs[request.outputs[i]].name, array.type(), array.shape()}));
    if (request.binary[i]) {
      output["parameters"] = {{"binary_data_size", array.bytes()}};
      const auto raw = array.raw();
      binary.append(reinterpret_cast<const char*>(raw.data()), raw.size());
      continue;
    }
    std::optional<Json> data = elements_json(array);
    if (!data)
      return http_error(400, fmt::format("output '{}' has elements that are not numbers, which "
                                         "JSON cannot say; ask for binary_data",
                                         model.outputs[request.outputs[i]].name));
    output["data"] = std::move(*data);
  }
  Json json{{"model_name", model.name}, {"model_version", "1"}};
  if (request.id) json["id"] = *request.id;
  json["parameters"] = {{"soliton_request", answer.number},
                        {"soliton_arrival_ps", (answer.sent - kRunStart).count()},
                        {"soliton_latency_ps", (answer.completed - answer.sent).count()},
                        {"soliton_compute_ps", answer.path.compute.count()},
                        {"soliton_network_ps", answer.path.network.count()},
                        {"soliton_queue_ps", answer.path.queue.count()},
                        {"soliton_host_ps", answer.path.host.count()}};
  json["outputs"] = std::move(outputs);
  HttpReply reply{.body = json_text(json, JsonLayout::kLine)};
  if (binary.empty()) return reply;
  reply.headers.emplace_back("Inference-Header-Content-Length", std::to_string(reply.body.size()));
  reply.type = "application/octet-stream";
  reply.body += binary;
  return reply;
}

std::string server_metadata() {
  return json_text(Json{{"name", "soliton"},
                        {"version", kVersion},
                        {"extensions", {"binary_tensor_data", "statistics", "model_repository"}}},
                   JsonLayout::kLine);
}

std::string model_metadata(const ServedModel& model) {
  Json out{{"name", model.name}, {"versions", Json::array({"1"})}, {"platform", "soliton"}};
  out["inputs"] = Json::array();
  out["outputs"] = Json::array();
  for (const ServedTensor& input : model.inputs) out["inputs"].push_back(tensor_json(input));
  for (const ServedTensor& output : model.outputs) out["outputs"].push_back(tensor_json(output));
  return json_text(out, JsonLayout::kLine);
}

std::string repository_index(const ServedModel& model, bool ready) {
  const Json one{{"name", model.name},
                 {"version", "1"},
                 {"state", ready ? "READY" : "UNAVAILABLE"},
                 {"reason", ready ? "" : "the server ends"}};
  return json_text(Json::array({one}), JsonLayout::kLine);
}

}  // namespace soliton
