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

void join_fpgas(const HostShard& host, const SplitModel& split,
                const std::vector<ir::Array>& arrays, PlacedGraph& placed) {
  FpgaSlices slices;
  for (const HostShard::StepPort& port : host.inputs) {
    SourceSlice& slice = slices.sources.emplace_back();
    slice.source = port.source;
    slice.cut = {port.tokens, port.offset, port.elements, port.reversed, split.model.fixed_steps};
    for (const OutPort::Destination& to : port.destinations)
      slice.to.emplace_back(to.peer, to.port);
  }
  for (const HostShard::ReplyPort& port : host.replies)
    slices.results.push_back({port.reader, {port.offset, port.elements, port.reversed}});
  for (std::size_t r = 0; r < split.results.size(); ++r) {
    const LayerInput& result = split.model.results[r];
    slices.shapes.push_back(arrays[split.results[r]].shape());
    slices.tokens.push_back(result.what == LayerInput::What::kEvery
                                ? layer_tokens(split.model.layers[result.index])
                                : 1);
  }
  attach_streams(slices, placed);
}

}  // namespace soliton
