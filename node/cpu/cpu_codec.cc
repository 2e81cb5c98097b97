#include "node/cpu/cpu_codec.h"

#include "node/cpu/graph_codec.h"
#include "protocol/control/settings.h"

namespace soliton {
namespace {

void write_ports(const std::vector<std::vector<PartPort>>& from,
                 capnp::List<wire::CpuRole::Ports>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    auto ports = out[i].initPorts(static_cast<unsigned>(from[i].size()));
    for (unsigned k = 0; k < ports.size(); ++k) {
      ports[k].setNode(from[i][k].node);
      ports[k].setPort(from[i][k].port);
      ports[k].setNextRequest(from[i][k].next_request);
    }
  }
}

std::vector<std::vector<PartPort>> read_ports(capnp::List<wire::CpuRole::Ports>::Reader in) {
  std::vector<std::vector<PartPort>> out;
  for (const auto ports : in) {
    out.emplace_back();
    for (const auto port : ports.getPorts())
      out.back().push_back({port.getNode().cStr(), port.getPort(), port.getNextRequest()});
  }
  return out;
}

void write_arrays(const std::vector<ir::Array>& arrays, capnp::List<capnp::Data>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    const std::vector<std::byte> bytes = bytes_of_array(arrays[i]);
    out.set(i, {reinterpret_cast<const capnp::byte*>(bytes.data()), bytes.size()});
  }
}

Result<std::vector<ir::Array>> read_arrays(capnp::List<capnp::Data>::Reader in) {
  std::vector<ir::Array> out;
  for (const auto bytes : in) {
    Result<ir::Array> array = array_of_bytes(bytes);
    if (!array) return tl::unexpected(array.error());
    out.push_back(std::move(*array));
  }
  return out;
}

unsigned count_of(const auto& list) { return static_cast<unsigned>(list.size()); }

void write_part(const CpuPart& part, wire::CpuRole::Part::Builder out) {
  out.setName(part.name);
  write_graph(part.graph, out.initGraph());
  out.setFirstPort(part.first_port);
  write_ports(part.outputs, out.initOutputs(count_of(part.outputs)));
  write_arrays(part.initial, out.initInitial(count_of(part.initial)));
}

Result<CpuPart> read_part(wire::CpuRole::Part::Reader in) {
  CpuPart part;
  part.name = in.getName().cStr();
  Result<ir::Graph> graph = read_graph(in.getGraph());
  if (!graph) return tl::unexpected(graph.error());
  part.graph = std::move(*graph);
  part.first_port = in.getFirstPort();
  part.outputs = read_ports(in.getOutputs());
  Result<std::vector<ir::Array>> initial = read_arrays(in.getInitial());
  if (!initial) return tl::unexpected(initial.error());
  part.initial = std::move(*initial);
  return part;
}

void write_clients(const GraphClients& clients, wire::CpuRole::Clients::Builder out) {
  write_fields(kHostFields, &clients.workload, out.initWorkload());
  write_ports(clients.sends, out.initSends(count_of(clients.sends)));
  out.setFirstPort(clients.first_port);
  out.setReplies(clients.replies);
  out.setSeed(clients.inputs.seed);
  auto kinds = out.initInputs(count_of(clients.inputs.kinds));
  for (unsigned k = 0; k < kinds.size(); ++k) {
    const ir::Shape& shape = clients.inputs.kinds[k].shape();
    kinds[k].setType(static_cast<std::uint8_t>(clients.inputs.kinds[k].type()));
    kinds[k].setShape(kj::arrayPtr(shape.data(), shape.size()));
  }
  auto given = out.initGiven(count_of(clients.inputs.given));
  for (unsigned r = 0; r < given.size(); ++r)
    write_arrays(clients.inputs.given[r], given.init(r, count_of(clients.inputs.given[r])));
}

Result<GraphClients> read_clients(wire::CpuRole::Clients::Reader in) {
  GraphClients clients;
  read_fields(kHostFields, in.getWorkload(), &clients.workload);
  clients.sends = read_ports(in.getSends());
  clients.first_port = in.getFirstPort();
  clients.replies = in.getReplies();
  clients.inputs.seed = in.getSeed();
  for (const auto kind : in.getInputs()) {
    ir::Shape shape;
    for (const std::int64_t extent : kind.getShape()) shape.push_back(extent);
    clients.inputs.kinds.push_back(
        ir::Array::unknown(static_cast<ir::ElementType>(kind.getType()), std::move(shape)));
  }
  for (const auto request : in.getGiven()) {
    Result<std::vector<ir::Array>> arrays = read_arrays(request);
    if (!arrays) return tl::unexpected(arrays.error());
    clients.inputs.given.push_back(std::move(*arrays));
  }
  return clients;
}

}  // namespace

void write_cpu_spec(const CpuSpec& spec, wire::CpuRole::Builder out) {
  write_fields(kCpuFields, &spec.device, out.initDevice());
  auto parts = out.initParts(count_of(spec.parts));
  for (unsigned i = 0; i < parts.size(); ++i) write_part(spec.parts[i], parts[i]);
  if (spec.clients) write_clients(*spec.clients, out.initClients());
}

Result<CpuSpec> read_cpu_spec(wire::CpuRole::Reader in) {
  CpuSpec spec;
  read_fields(kCpuFields, in.getDevice(), &spec.device);
  for (const auto part : in.getParts()) {
    Result<CpuPart> read = read_part(part);
    if (!read) return tl::unexpected(read.error());
    spec.parts.push_back(std::move(*read));
  }
  if (!in.hasClients()) return spec;
  Result<GraphClients> clients = read_clients(in.getClients());
  if (!clients) return tl::unexpected(clients.error());
  spec.clients = std::move(*clients);
  return spec;
}

}  // namespace soliton
