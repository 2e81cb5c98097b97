#include "cluster/cli/serve_session.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "cluster/results/file_io.h"
#include "cluster/run/deploy.h"
#include "cluster/workload/graph_workload.h"
#include "cluster/workload/symbols.h"
#include "partition/ir/array_bytes.h"

namespace soliton {
namespace {

constexpr std::size_t kTokenLeast = 16, kTokenMost = 4096;

// Of files, whose rows are requests: the axis that stands for requests is not the client's.
ir::Shape client_shape(const ir::Shape& shape, const std::optional<Lanes>& lanes) {
  ir::Shape out = shape;
  if (lanes && lanes->axis < out.size() && out.size() == lanes->rank)
    out.erase(out.begin() + static_cast<std::ptrdiff_t>(lanes->axis));
  return out;
}

ir::Array zeros_like(const ir::Array& kind) {
  return ir::with_type(kind.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return ir::Array::of(kind.shape(), std::vector<T>(static_cast<std::size_t>(kind.elements())));
  });
}

std::string plain_name(std::string name) {
  for (char& c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
          c == '_' || c == '.'))
      c = '-';
  return name.empty() ? "model" : name;
}

// What a session cannot be recorded of, or has no clients.
std::string why_not_served(const PreparedRun& run) {
  const ClusterSpec& spec = run.spec;
  if (!has_model(spec) || !run.graph) return "there is no model to serve";
  if (!spec.services.empty()) return "services: one model is served, not several";
  if (!spec.workloads.empty()) return "workloads: a model is served alone";
  if (spec.workload.hosts.size() > 1) return "workload.hosts: requests come in at one host";
  if (spec.time != TimeMode::kVirtual) return "time: models are served in virtual time";
  if (spec.compute != ComputeKind::kFunctional)
    return "compute: only what is computed (functional) can be answered";
  if (spec.fidelity != Fidelity::kPacket) return "fidelity: models are served by packets";
  if (is_managed(spec)) return "a model under a resource manager (spares, faults) is not served";
  const GraphWorkload& workload = run.graph->workload;
  if (workload.inputs.step_axis || run.graph->shapes.differ())
    return "workload.lengths: requests of different lengths are not served; leave it out";
  if (workload.lanes && workload.lanes->count != 1)
    return fmt::format("the model has a fixed batch of {}, of which a client would fill one",
                       workload.lanes->count);
  if (!run.graph->graph.states.empty())
    return "the model carries state from request to request, which clients would share";
  return "";
}

// A file for each input; of several, by name.
void name_inputs(const ServedModel& model, const std::string& folder, WorkloadSpec& workload) {
  workload.inputs.clear();
  workload.input = folder + "/inputs.npy";
  if (model.inputs.size() == 1) return;
  workload.input = "";
  for (std::size_t k = 0; k < model.inputs.size(); ++k)
    workload.inputs.push_back(
        {.name = model.inputs[k].name, .path = fmt::format("{}/inputs-{}.npy", folder, k)});
}

}  // namespace

Result<ServedModel> served_model(const PreparedRun& run) {
  if (const std::string why = why_not_served(run); !why.empty())
    return invalid(fmt::format("{}: {}", run.spec.file, why));
  const GraphRun& graph = *run.graph;
  ServedModel out;
  out.name = plain_name(graph.name);
  const std::vector<ir::Array> first = graph.workload.inputs.request(0);
  for (std::size_t k = 0; k < first.size(); ++k) {
    const ir::ValueId value = graph.graph.inputs[k].value;
    const std::string name = graph.graph.name_of(value);
    if (!npy_of_rows({first[k]}))
      return invalid(
          fmt::format("{}: input \"{}\" has a type that .npy files do not have, so that "
                      "a session could not be recorded",
                      run.spec.file, name));
    ServedTensor tensor{name, first[k].type(), client_shape(first[k].shape(), graph.workload.lanes),
                        0};
    tensor.symbols = table_rows(graph.graph, value).value_or(0);
    out.inputs.push_back(std::move(tensor));
  }
  for (std::size_t k = 0; k < graph.graph.outputs.size(); ++k) {
    const ir::ValueId value = graph.graph.outputs[k];
    const ir::Array& shape = graph.shapes.arrays[value];
    if (!shape.present())
      return invalid(fmt::format("{}: output \"{}\" has no shape before it is computed",
                                 run.spec.file, graph.graph.name_of(value)));
    out.outputs.push_back({graph.graph.name_of(value), shape.type(),
                           lane_of(zeros_like(shape), k, graph.workload.lanes).shape(), 0});
  }
  return out;
}

InferenceService::Inputs inputs_of(const PreparedRun& run) {
  std::vector<ir::Shape> shapes;
  for (const ir::Array& array : run.graph->workload.inputs.request(0))
    shapes.push_back(array.shape());
  return [shapes](std::vector<ir::Array> arrays) {
    for (std::size_t k = 0; k < arrays.size(); ++k) arrays[k] = arrays[k].reshaped(shapes[k]);
    return arrays;
  };
}

InferenceService::Outputs outputs_of(const PreparedRun& run) {
  return [lanes = run.graph->workload.lanes](const HostRecord& record) {
    Payload payload;
    payload.bytes = record.arrays;
    std::vector<ir::Array> out = ir::arrays_of(payload).value_or(std::vector<ir::Array>());
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = lane_of(out[k], k, lanes);
    return out;
  };
}

std::vector<SessionFile> record_session(const ServedModel& model, const ServedSession& session,
                                        const std::string& folder, PreparedRun& run) {
  std::vector<SessionFile> files;
  for (std::size_t k = 0; k < model.inputs.size(); ++k) {
    std::vector<ir::Array> rows;
    for (const std::vector<ir::Array>& request : session.all_inputs())
      rows.push_back(request[k].reshaped(model.inputs[k].shape));
    files.push_back({model.inputs.size() == 1 ? "inputs.npy" : fmt::format("inputs-{}.npy", k),
                     format_npy(*npy_of_rows(rows))});
  }
  WorkloadSpec& workload = run.spec.workload;
  WorkloadSpec recorded;
  recorded.hosts = workload.hosts;
  recorded.position = workload.position;
  recorded.arrival = "trace";
  recorded.instants = folder + "/arrivals.csv";
  std::string instants = "at\n";
  for (const Instant at : session.arrivals()) {
    recorded.arrivals.push_back(at - kRunStart);
    instants += fmt::format("{} ps\n", (at - kRunStart).count());
  }
  recorded.requests = static_cast<std::int64_t>(session.arrivals().size());
  name_inputs(model, folder, recorded);
  workload = std::move(recorded);
  files.push_back({"arrivals.csv", std::move(instants)});
  // What the file's own workload was held to is not this one's.
  run.spec.expectations.clear();
  return files;
}

Result<ListenAddress> parse_listen(const std::string& text) {
  const auto wrong = [&] {
    return invalid(fmt::format(
        "serve.listen: \"{}\" is not an IPv4 address and a port, as 127.0.0.1:8000", text));
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return wrong();
  ListenAddress out{.address = text.substr(0, colon)};
  in_addr address{};
  if (inet_pton(AF_INET, out.address.c_str(), &address) != 1) return wrong();
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + colon + 1, end, out.port);
  if (error != std::errc{} || at != end) return wrong();
  out.is_loopback = ntohl(address.s_addr) >> 24 == 127;
  return out;
}

Result<std::string> read_token(const std::string& path) {
  const auto wrong = [&path](const std::string& what) {
    return invalid(fmt::format("serve.token_file: {}: {}", path, what));
  };
  const FileHandle file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (!file || fstat(file.get(), &status) != 0)
    return wrong(fmt::format("cannot be read: {}", std::strerror(errno)));
  if (!S_ISREG(status.st_mode)) return wrong("not a regular file");
  if ((status.st_mode & 077) != 0)
    return wrong(
        fmt::format("users other than its owner have access to the file (mode {:04o}); "
                    "allowed: 0600 or 0400",
                    status.st_mode & 07777));
  const Result<std::string> text = read_all(file.get(), path, kTokenMost);
  if (!text) return wrong("cannot be read, or is too large");
  const std::string token = text->substr(0, text->find('\n'));
  const bool plain = std::ranges::all_of(token, [](char c) { return c > ' ' && c < 127; });
  if (token.size() < kTokenLeast || !plain)
    return wrong(fmt::format("its first line must have at least {} characters, without blanks",
                             kTokenLeast));
  return token;
}

}  // namespace soliton
