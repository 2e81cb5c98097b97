#include "partition/place/fpga_places.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {
namespace place {
namespace {

using ir::ValueId;

// Where a result goes on each host that needs it: to the parts that read it; on the clients' host
// also to the answers, to the next request as its state, and to FPGAs again in other rows.
std::map<std::string, std::vector<PartPort>> readers_of(const PlaceRequest& request,
                                                        const std::vector<Part>& parts,
                                                        const PlacedGraph& placed, ValueId id) {
  const ir::Graph& graph = *request.graph;
  std::map<std::string, std::vector<PartPort>> out;
  for (PartPort& port : consumers(request, parts, id, false))
    out[port.node].push_back(std::move(port));
  for (std::size_t k = 0; k < graph.outputs.size(); ++k)
    if (graph.outputs[k] == id)
      out[request.clients].push_back(
          {request.clients, static_cast<std::uint16_t>(placed.first_reply + k), false});
  for (const ir::State& state : graph.states)
    if (state.output == id) {
      std::vector<PartPort>& to = out[request.clients];
      for (PartPort& port : consumers(request, parts, state.input, true))
        to.push_back(std::move(port));
    }
  if (std::ranges::find(request.sources, id) != request.sources.end())
    out.try_emplace(request.clients);
  return out;
}

ArrayOrigin origin_of(const PlaceRequest& request, const std::vector<Part>& parts,
                      const PlacedGraph& placed, ValueId id) {
  for (std::size_t r = 0; r < placed.fpgas.readers.size(); ++r) {
    const FpgaPlaces::Reader& reader = placed.fpgas.readers[r];
    if (request.results[reader.result] == id && reader.node == request.clients)
      return {ArrayOrigin::Kind::kResult, reader.node, 0, r};
  }
  for (const Part& part : parts)
    for (std::size_t k = 0; k < part.outputs.size(); ++k)
      if (part.outputs[k] == id)
        return {ArrayOrigin::Kind::kPart, request.hosts[part.host], part.number, k};
  const auto& inputs = request.graph->inputs;
  const auto input = std::ranges::find(inputs, id, &ir::Input::value);
  SOLITON_CHECK_MSG(input != inputs.end(), "nobody makes \"{}\"", request.graph->name_of(id));
  return {ArrayOrigin::Kind::kClients, request.clients, 0,
          static_cast<std::size_t>(input - inputs.begin())};
}

}  // namespace

std::vector<PartPort> consumers(const PlaceRequest& request, const std::vector<Part>& parts,
                                ValueId id, bool next_request) {
  std::vector<PartPort> out;
  for (const Part& part : parts)
    for (std::size_t k = 0; k < part.inputs.size(); ++k)
      if (part.inputs[k] == id)
        out.push_back({request.hosts[part.host],
                       static_cast<std::uint16_t>(part.part.first_port + k), next_request});
  return out;
}

void find_fpga_places(const PlaceRequest& request, const std::vector<Part>& parts,
                      PlacedGraph& placed) {
  for (std::size_t r = 0; r < request.results.size(); ++r) {
    auto by_host = readers_of(request, parts, placed, request.results[r]);
    for (const std::string& host : request.hosts)
      if (const auto at = by_host.find(host); at != by_host.end())
        placed.fpgas.readers.push_back({r, host, std::move(at->second)});
  }
  for (const ValueId id : request.sources) {
    FpgaPlaces::Source& source = placed.fpgas.sources.emplace_back();
    ValueId from = id;
    for (const ir::State& state : request.graph->states)
      if (state.input == id) {
        from = state.output;
        source.next_request = true;
        source.initial = state.initial;
      }
    source.origin = origin_of(request, parts, placed, from);
  }
}

}  // namespace place

namespace {

// The ports to which an array goes, to be added to.
std::vector<PartPort>& ports_of(const ArrayOrigin& origin, PlacedGraph& placed) {
  switch (origin.kind) {
    case ArrayOrigin::Kind::kClients:
      return placed.sends[origin.number];
    case ArrayOrigin::Kind::kResult:
      return placed.fpgas.readers[origin.number].to;
    case ArrayOrigin::Kind::kPart:
      break;
  }
  const auto host = std::ranges::find(placed.hosts, origin.node, &HostParts::node);
  return host->parts[origin.part].outputs[origin.number];
}

}  // namespace

void attach_streams(const FpgaSlices& slices, PlacedGraph& placed) {
  for (const SourceSlice& slice : slices.sources) {
    const FpgaPlaces::Source& source = placed.fpgas.sources[slice.source];
    std::vector<PartPort> first;
    for (const auto& [node, port] : slice.to) {
      ports_of(source.origin, placed).push_back({node, port, source.next_request, slice.cut});
      first.push_back({node, port, false, slice.cut});
    }
    if (source.next_request) placed.initial.emplace_back(source.initial, std::move(first));
  }
  std::map<std::string, std::uint16_t> next = placed.fpgas.first_port;
  for (std::size_t r = 0; r < placed.fpgas.readers.size(); ++r) {
    const FpgaPlaces::Reader& reader = placed.fpgas.readers[r];
    StreamIn stream;
    stream.first_port = next[reader.node];
    for (const ResultSlice& slice : slices.results)
      if (slice.reader == r) stream.slices.push_back(slice.slice);
    stream.type = slices.types[reader.result];
    stream.shape = slices.shapes[reader.result];
    stream.tokens = slices.tokens[reader.result];
    stream.to = reader.to;
    next[reader.node] = static_cast<std::uint16_t>(stream.first_port + stream.slices.size());
    std::ranges::find(placed.hosts, reader.node, &HostParts::node)
        ->streams.push_back(std::move(stream));
  }
}

}  // namespace soliton
