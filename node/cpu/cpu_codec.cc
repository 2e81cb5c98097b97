#include "node/cpu/cpu_codec.h"

#include "node/cpu/graph_codec.h"
#include "protocol/control/settings.h"

namespace soliton {
namespace {

unsigned count_of(const auto& list) { return static_cast<unsigned>(list.size()); }

void write_cut(const StreamCut& cut, wire::CpuRole::Cut::Builder out) {
  out.setTokens(cut.tokens);
  out.setOffset(cut.offset);
  out.setElements(cut.elements);
  out.setReversed(cut.reversed);
  out.setSteps(cut.steps);
}

StreamCut read_cut(wire::CpuRole::Cut::Reader in) {
  return {in.getTokens(), in.getOffset(), in.getElements(), in.getReversed(), in.getSteps()};
}

void write_ports(const std::vector<PartPort>& from, wire::CpuRole::Ports::Builder out) {
  auto ports = out.initPorts(count_of(from));
  for (unsigned k = 0; k < ports.size(); ++k) {
    ports[k].setNode(from[k].node);
    ports[k].setPort(from[k].port);
    ports[k].setNextRequest(from[k].next_request);
    if (from[k].stream) write_cut(*from[k].stream, ports[k].initStream());
  }
}

std::vector<PartPort> read_ports(wire::CpuRole::Ports::Reader in) {
  std::vector<PartPort> out;
  for (const auto port : in.getPorts()) {
    out.push_back({port.getNode().cStr(), port.getPort(), port.getNextRequest()});
    if (port.hasStream()) out.back().stream = read_cut(port.getStream());
  }
  return out;
}

void write_ports(const std::vector<std::vector<PartPort>>& from,
                 capnp::List<wire::CpuRole::Ports>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) write_ports(from[i], out[i]);
}

std::vector<std::vector<PartPort>> read_ports(capnp::List<wire::CpuRole::Ports>::Reader in) {
  std::vector<std::vector<PartPort>> out;
  for (const auto ports : in) out.push_back(read_ports(ports));
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

void write_stream(const StreamIn& stream, wire::CpuRole::Stream::Builder out) {
  out.setFirstPort(stream.first_port);
  auto slices = out.initSlices(count_of(stream.slices));
  for (unsigned k = 0; k < slices.size(); ++k) {
    slices[k].setOffset(stream.slices[k].offset);
    slices[k].setElements(stream.slices[k].elements);
    slices[k].setReversed(stream.slices[k].reversed);
  }
  out.setType(static_cast<std::uint8_t>(stream.type));
  out.setShape(kj::arrayPtr(stream.shape.data(), stream.shape.size()));
  out.setTokens(stream.tokens);
  write_ports(stream.to, out.initTo());
}

Result<StreamIn> read_stream(wire::CpuRole::Stream::Reader in) {
  StreamIn stream;
  stream.first_port = in.getFirstPort();
  for (const auto slice : in.getSlices())
    stream.slices.push_back({slice.getOffset(), slice.getElements(), slice.getReversed()});
  stream.type = static_cast<ir::ElementType>(in.getType());
  for (const std::int64_t extent : in.getShape()) stream.shape.push_back(extent);
  stream.tokens = in.getTokens();
  stream.to = read_ports(in.getTo());
  if (std::string broken = broken_rule(stream); !broken.empty()) return invalid(std::move(broken));
  return stream;
}

void write_initial(const std::vector<InitialArray>& from,
                   capnp::List<wire::CpuRole::Initial>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    const std::vector<std::byte> bytes = bytes_of_array(from[i].first);
    out[i].setArray({reinterpret_cast<const capnp::byte*>(bytes.data()), bytes.size()});
    write_ports(from[i].second, out[i].initTo());
  }
}

Result<std::vector<InitialArray>> read_initial(capnp::List<wire::CpuRole::Initial>::Reader in) {
  std::vector<InitialArray> out;
  for (const auto initial : in) {
    Result<ir::Array> array = array_of_bytes(initial.getArray());
    if (!array) return tl::unexpected(array.error());
    out.emplace_back(std::move(*array), read_ports(initial.getTo()));
  }
  return out;
}

void write_copy(const ModelCopy& copy, wire::CpuRole::Copy::Builder out) {
  write_ports(copy.sends, out.initSends(count_of(copy.sends)));
  out.setFirstPort(copy.first_port);
  write_initial(copy.initial, out.initInitial(count_of(copy.initial)));
  auto guests = out.initGuests(count_of(copy.guests));
  for (unsigned k = 0; k < guests.size(); ++k) {
    guests[k].setNode(copy.guests[k].node);
    guests[k].setFirstPort(copy.guests[k].first_port);
    guests[k].setReplyPort(copy.guests[k].reply_port);
  }
}

Result<ModelCopy> read_copy(wire::CpuRole::Copy::Reader in) {
  ModelCopy copy;
  copy.sends = read_ports(in.getSends());
  copy.first_port = in.getFirstPort();
  Result<std::vector<InitialArray>> initial = read_initial(in.getInitial());
  if (!initial) return tl::unexpected(initial.error());
  copy.initial = std::move(*initial);
  for (const auto guest : in.getGuests())
    copy.guests.push_back({guest.getNode().cStr(), guest.getFirstPort(), guest.getReplyPort()});
  return copy;
}

void write_clients(const GraphClients& clients, wire::CpuRole::Clients::Builder out) {
  write_fields(kClientFields, &clients.workload, out.initWorkload());
  auto copies = out.initCopies(count_of(clients.copies));
  for (unsigned i = 0; i < copies.size(); ++i) write_copy(clients.copies[i], copies[i]);
  auto instants = out.initInstantsPs(count_of(clients.instants));
  for (unsigned i = 0; i < instants.size(); ++i) instants.set(i, clients.instants[i].count());
  out.setService(clients.service);
  out.setReplies(clients.replies);
  out.setCarriesState(clients.carries_state);
  out.setSeed(clients.inputs.seed);
  out.setSteps(clients.inputs.steps_of_all);
  if (const auto& axis = clients.inputs.step_axis) {
    out.getStepAxis().setGiven(true);
    out.getStepAxis().setInput(static_cast<std::uint32_t>(axis->input));
    out.getStepAxis().setAxis(static_cast<std::uint32_t>(axis->axis));
  }
  auto kinds = out.initInputs(count_of(clients.inputs.kinds));
  for (unsigned k = 0; k < kinds.size(); ++k) {
    const ir::Shape& shape = clients.inputs.kinds[k].shape();
    kinds[k].setType(static_cast<std::uint8_t>(clients.inputs.kinds[k].type()));
    kinds[k].setShape(kj::arrayPtr(shape.data(), shape.size()));
  }
  const std::vector<std::int64_t>& symbols = clients.inputs.symbols;
  out.setSymbols(kj::arrayPtr(symbols.data(), symbols.size()));
  auto given = out.initGiven(count_of(clients.inputs.given));
  for (unsigned r = 0; r < given.size(); ++r)
    write_arrays(clients.inputs.given[r], given.init(r, count_of(clients.inputs.given[r])));
}

Status check_steps(const GraphInputs& inputs) {
  if (!inputs.step_axis) return {};
  for (const std::vector<ir::Array>& request : inputs.given)
    if (inputs.step_axis->input >= request.size() ||
        inputs.step_axis->axis >= request[inputs.step_axis->input].rank())
      return invalid("an input of a request does not have the axis of its steps");
  return {};
}

// What clients divide by and count up to.
Status check_clients(const ClientWorkload& workload, wire::CpuRole::Clients::Reader in) {
  if (workload.hosts == 0 || workload.host >= workload.hosts || workload.burst == 0 ||
      workload.clients == 0)
    return invalid("the clients of a service are not dealt to its hosts");
  if (in.getCopies().size() == 0) return invalid("a service has no copy of its model");
  if (workload.arrivals == Arrivals::kTrace && in.getInstantsPs().size() < workload.own_requests())
    return invalid("a trace has fewer instants than requests");
  return {};
}

Result<GraphClients> read_clients(wire::CpuRole::Clients::Reader in) {
  GraphClients clients;
  read_fields(kClientFields, in.getWorkload(), &clients.workload);
  clients.copies.clear();
  for (const auto copy : in.getCopies()) {
    Result<ModelCopy> read = read_copy(copy);
    if (!read) return tl::unexpected(read.error());
    clients.copies.push_back(std::move(*read));
  }
  if (const Status whole = check_clients(clients.workload, in); !whole)
    return tl::unexpected(whole.error());
  for (const std::int64_t instant : in.getInstantsPs())
    clients.instants.push_back(Duration{instant});
  clients.service = in.getService();
  clients.replies = in.getReplies();
  clients.carries_state = in.getCarriesState();
  clients.inputs.seed = in.getSeed();
  clients.inputs.steps_of_all = in.getSteps();
  if (in.getStepAxis().getGiven())
    clients.inputs.step_axis = {in.getStepAxis().getInput(), in.getStepAxis().getAxis()};
  for (const auto kind : in.getInputs()) {
    ir::Shape shape;
    for (const std::int64_t extent : kind.getShape()) shape.push_back(extent);
    clients.inputs.kinds.push_back(
        ir::Array::unknown(static_cast<ir::ElementType>(kind.getType()), std::move(shape)));
  }
  for (const std::int64_t symbols : in.getSymbols()) {
    if (symbols < 1) return invalid("an input has no symbols");
    clients.inputs.symbols.push_back(symbols);
  }
  for (const auto request : in.getGiven()) {
    Result<std::vector<ir::Array>> arrays = read_arrays(request);
    if (!arrays) return tl::unexpected(arrays.error());
    clients.inputs.given.push_back(std::move(*arrays));
  }
  if (const Status steps = check_steps(clients.inputs); !steps)
    return tl::unexpected(steps.error());
  return clients;
}

}  // namespace

void write_cpu_spec(const CpuSpec& spec, wire::CpuRole::Builder out) {
  write_fields(kCpuFields, &spec.device, out.initDevice());
  out.setBatch(spec.batch);
  auto parts = out.initParts(count_of(spec.parts));
  for (unsigned i = 0; i < parts.size(); ++i) write_part(spec.parts[i], parts[i]);
  auto streams = out.initStreams(count_of(spec.streams));
  for (unsigned i = 0; i < streams.size(); ++i) write_stream(spec.streams[i], streams[i]);
  auto clients = out.initClients(count_of(spec.clients));
  for (unsigned i = 0; i < clients.size(); ++i) write_clients(spec.clients[i], clients[i]);
}

Result<CpuSpec> read_cpu_spec(wire::CpuRole::Reader in) {
  CpuSpec spec;
  read_fields(kCpuFields, in.getDevice(), &spec.device);
  spec.batch = in.getBatch();
  for (const auto part : in.getParts()) {
    Result<CpuPart> read = read_part(part);
    if (!read) return tl::unexpected(read.error());
    spec.parts.push_back(std::move(*read));
  }
  for (const auto stream : in.getStreams()) {
    Result<StreamIn> read = read_stream(stream);
    if (!read) return tl::unexpected(read.error());
    spec.streams.push_back(std::move(*read));
  }
  for (const auto clients : in.getClients()) {
    Result<GraphClients> read = read_clients(clients);
    if (!read) return tl::unexpected(read.error());
    spec.clients.push_back(std::move(*read));
  }
  return spec;
}

}  // namespace soliton
