#include "partition/join/join_fpgas.h"

#include <utility>

namespace soliton {

PlaceRequest place_request(const ir::Graph& graph, const SplitModel& split,
                           std::vector<std::string> hosts, std::vector<std::size_t> host_of,
                           std::string clients) {
  PlaceRequest request;
  request.graph = &graph;
  request.hosts = std::move(hosts);
  request.host_of = std::move(host_of);
  request.clients = std::move(clients);
  for (std::size_t i = 0; i < split.on_fpga.size(); ++i)
    if (split.on_fpga[i]) request.host_of[i] = kOnFpgas;
  request.sources = split.sources;
  request.results = split.results;
  return request;
}

GraphEnds ends_of(const PlacedGraph& placed) {
  GraphEnds ends;
  for (const FpgaPlaces::Source& source : placed.fpgas.sources)
    ends.source_hosts.push_back(source.origin.node);
  for (const FpgaPlaces::Reader& reader : placed.fpgas.readers)
    ends.readers.push_back({reader.result, reader.node});
  ends.first_port = placed.fpgas.first_port;
  return ends;
}

// Requests of one shape have their number of steps written out.
void join_fpgas(const HostPorts& host, const SplitModel& split, const ir::RequestShapes& shapes,
                PlacedGraph& placed) {
  const std::int64_t steps = shapes.differ() ? 0 : split.fpga.fixed_steps;
  const auto count = [&](std::int64_t tokens) { return tokens == 0 ? steps : tokens; };
  FpgaSlices slices;
  for (const HostPorts::Send& send : host.sends) {
    SourceSlice& slice = slices.sources.emplace_back();
    slice.source = send.source;
    slice.cut = {count(send.tokens), send.offset, send.elements, send.reversed, steps};
    for (const OutPort::Destination& to : send.destinations)
      slice.to.emplace_back(to.peer, to.port);
  }
  for (const HostPorts::Take& take : host.takes)
    slices.results.push_back({take.reader, {take.offset, take.elements, take.reversed}});
  for (std::size_t r = 0; r < split.results.size(); ++r) {
    slices.types.push_back(shapes.arrays[split.results[r]].type());
    slices.shapes.push_back(shapes.shape_of(split.results[r]));
    slices.tokens.push_back(count(tokens_of(split.fpga, split.fpga.results[r])));
  }
  attach_streams(slices, placed);
}

}  // namespace soliton
