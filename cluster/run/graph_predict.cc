#include "cluster/run/graph_predict.h"

#include <algorithm>

#include "partition/ir/array_bytes.h"

namespace soliton {
namespace {

constexpr std::int64_t kHalfBytes = 2;

// What leaves together, in the order of CpuHost: whole arrays, then streams.
class Sends {
 public:
  explicit Sends(const PriceRequest& request) : steps_(request.steps), batch_(request.batch) {}

  void add(const ir::Array& array, const std::vector<PartPort>& ports) {
    for (const PartPort& port : ports) {
      PricedSend send{.node = port.node, .port = port.port, .next_request = port.next_request};
      if (port.stream) {
        send.messages = tokens_in(port.stream->tokens, steps_);
        send.tensor_bytes = kHalfBytes * port.stream->elements;
        send.bytes = batch_ * send.tensor_bytes;
        send.steps = steps_of(port);
        streams_.push_back(std::move(send));
      } else {
        send.bytes = batch_ * ir::array_bytes(array);
        send.tensor_bytes = array.bytes();
        arrays_.push_back(std::move(send));
      }
    }
  }
  std::vector<PricedSend> take() {
    std::ranges::move(streams_, std::back_inserter(arrays_));
    return std::move(arrays_);
  }

 private:
  // As the header of a message says them.
  std::uint32_t steps_of(const PartPort& port) const {
    if (port.stream->steps == 0 && port.next_request) return 0;
    return static_cast<std::uint32_t>(tokens_in(port.stream->steps, steps_));
  }

  std::int64_t steps_;  // of the request
  std::int64_t batch_;
  std::vector<PricedSend> arrays_, streams_;
};

class Pricing {
 public:
  explicit Pricing(const PriceRequest& request) : request_(request), placed_(*request.placed) {}

  std::vector<PricedHost> run() {
    for (const HostParts& host : placed_.hosts) add_host(host);
    add_clients();
    return std::move(out_);
  }

 private:
  PricedHost& host_named(const std::string& node) {
    const auto at = std::ranges::find(out_, node, &PricedHost::node);
    if (at != out_.end()) return *at;
    return out_.emplace_back(PricedHost{node, {}, {}});
  }

  void add_host(const HostParts& host) {
    PricedHost& priced = host_named(host.node);
    const std::vector<PartRun>& runs = request_.parts->hosts.at(host.node).parts;
    for (std::size_t i = 0; i < host.parts.size(); ++i)
      priced.parts.push_back(part_of(host.parts[i], runs[i]));
    for (const StreamIn& stream : host.streams) priced.parts.push_back(part_of(stream));
  }

  PricedPart part_of(const CpuPart& part, const PartRun& run) const {
    PricedPart out;
    out.work = times(run.work, request_.batch);
    for (std::size_t k = 0; k < part.graph.inputs.size(); ++k)
      out.inputs.push_back({.port = static_cast<std::uint16_t>(part.first_port + k),
                            .carried = k < part.initial.size() && part.initial[k].present()});
    Sends sends(request_);
    for (std::size_t k = 0; k < run.outputs.size(); ++k) sends.add(run.outputs[k], part.outputs[k]);
    out.sends = sends.take();
    return out;
  }

  PricedPart part_of(const StreamIn& stream) const {
    PricedPart out;
    out.on_cpu = false;
    for (std::size_t k = 0; k < stream.slices.size(); ++k)
      out.inputs.push_back({.port = static_cast<std::uint16_t>(stream.first_port + k),
                            .messages = tokens_in(stream.tokens, request_.steps)});
    Sends sends(request_);
    sends.add(array_in(stream, request_.steps), stream.to);
    out.sends = sends.take();
    return out;
  }

  void add_clients() {
    PricedClients clients;
    for (std::size_t k = 0; k < request_.outputs; ++k)
      clients.replies.push_back({.port = static_cast<std::uint16_t>(placed_.first_reply + k)});
    Sends sends(request_), initial(request_);
    for (std::size_t k = 0; k < request_.inputs.size(); ++k)
      sends.add(request_.inputs[k], placed_.sends[k]);
    for (const auto& [array, ports] : placed_.initial) initial.add(array, ports);
    clients.sends = sends.take();
    clients.initial = initial.take();
    host_named(request_.clients).clients = std::move(clients);
  }

  const PriceRequest& request_;
  const PlacedGraph& placed_;
  std::vector<PricedHost> out_;
};

}  // namespace

std::vector<PricedHost> price_graph(const PriceRequest& request) { return Pricing(request).run(); }

}  // namespace soliton
