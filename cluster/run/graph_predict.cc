#include "cluster/run/graph_predict.h"

#include <algorithm>
#include <deque>

#include "partition/ir/array_bytes.h"
#include "partition/ir/evaluate.h"

namespace soliton {
namespace {

constexpr std::int64_t kHalfBytes = 2;

// What leaves together, in the order of CpuHost: whole arrays, then streams.
class Sends {
 public:
  explicit Sends(std::int64_t steps) : steps_(steps) {}

  void add(const ir::Array& array, const std::vector<PartPort>& ports) {
    for (const PartPort& port : ports) {
      PricedSend send{.node = port.node, .port = port.port, .next_request = port.next_request};
      if (port.stream) {
        send.messages = tokens_in(port.stream->tokens, steps_);
        send.bytes = send.tensor_bytes = kHalfBytes * port.stream->elements;
        send.steps = steps_of(port);
        streams_.push_back(std::move(send));
      } else {
        send.bytes = ir::array_bytes(array);
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
  std::vector<PricedSend> arrays_, streams_;
};

// Runs the parts once, in the order in which their inputs become known, to find out what they work
// and what they send.
class Pricing {
 public:
  explicit Pricing(const PriceRequest& request) : request_(request), placed_(*request.placed) {}

  Result<PricedGraph> run() {
    for (const HostParts& host : placed_.hosts) add_host(host);
    add_clients();
    for (const HostParts& host : placed_.hosts)
      for (const StreamIn& stream : host.streams) add_stream(host.node, stream);
    while (!ready_.empty()) {
      const std::size_t part = ready_.front();
      ready_.pop_front();
      if (const Status fired = fire(parts_[part]); !fired) return tl::unexpected(fired.error());
    }
    for (const Part& part : parts_)
      if (part.missing > 0) return invalid("a part of the model never gets its inputs");
    return std::move(out_);
  }

 private:
  struct Part {
    std::size_t host = 0;    // of the result
    std::size_t number = 0;  // of the host
    const CpuPart* part = nullptr;
    std::vector<ir::Array> inputs;
    std::size_t missing = 0;
  };

  PricedHost& host_named(const std::string& node) {
    const auto at = std::ranges::find(out_.hosts, node, &PricedHost::node);
    if (at != out_.hosts.end()) return *at;
    return out_.hosts.emplace_back(PricedHost{node, {}, {}});
  }

  void add_host(const HostParts& host) {
    PricedHost& priced = host_named(host.node);
    out_.busy[host.node];
    for (const CpuPart& part : host.parts) {
      Part& added = parts_.emplace_back();
      added.host = static_cast<std::size_t>(&priced - out_.hosts.data());
      added.number = priced.parts.size();
      added.part = &part;
      added.inputs = part.initial;
      added.inputs.resize(part.graph.inputs.size());
      PricedPart& made = priced.parts.emplace_back();
      for (std::size_t k = 0; k < added.inputs.size(); ++k) {
        const bool carried = added.inputs[k].present();
        made.inputs.push_back(
            {.port = static_cast<std::uint16_t>(part.first_port + k), .carried = carried});
        if (!carried) ++added.missing;
      }
    }
  }

  void add_clients() {
    PricedClients clients;
    for (std::size_t k = 0; k < request_.outputs; ++k)
      clients.replies.push_back({.port = static_cast<std::uint16_t>(placed_.first_reply + k)});
    Sends sends(request_.steps), initial(request_.steps);
    for (std::size_t k = 0; k < request_.inputs.size(); ++k) {
      sends.add(request_.inputs[k], placed_.sends[k]);
      give(request_.inputs[k], placed_.sends[k]);
    }
    for (const auto& [array, ports] : placed_.initial) {
      initial.add(array, ports);
      give(array, ports);
    }
    clients.sends = sends.take();
    clients.initial = initial.take();
    host_named(request_.clients).clients = std::move(clients);
  }

  void add_stream(const std::string& node, const StreamIn& stream) {
    PricedPart part;
    part.on_cpu = false;
    for (std::size_t k = 0; k < stream.slices.size(); ++k)
      part.inputs.push_back({.port = static_cast<std::uint16_t>(stream.first_port + k),
                             .messages = tokens_in(stream.tokens, request_.steps)});
    const ir::Array array =
        ir::Array::unknown(ir::ElementType::kFloat32, shape_in(stream, request_.steps));
    Sends sends(request_.steps);
    sends.add(array, stream.to);
    part.sends = sends.take();
    host_named(node).parts.push_back(std::move(part));
    give(array, stream.to);
  }

  // An array of this request to the parts that take it.
  void give(const ir::Array& array, const std::vector<PartPort>& ports) {
    for (const PartPort& port : ports) {
      if (port.next_request || port.stream) continue;
      for (std::size_t i = 0; i < parts_.size(); ++i) {
        Part& part = parts_[i];
        const std::size_t first = part.part->first_port;
        if (out_.hosts[part.host].node != port.node || port.port < first ||
            port.port >= first + part.inputs.size())
          continue;
        part.inputs[port.port - first] = array;
        if (--part.missing == 0) ready_.push_back(i);
      }
    }
  }

  Status fire(Part& part) {
    const std::string& node = out_.hosts[part.host].node;
    PricedPart& priced = out_.hosts[part.host].parts[part.number];
    const CpuDevice& device = request_.devices.at(node);
    const Result<ir::Outputs> outputs =
        ir::evaluate(part.part->graph, part.inputs,
                     [&](std::size_t number, const ir::Call& call, const ir::Outputs& made) {
                       const ir::Operator& op = *part.part->graph.nodes[number].kind;
                       priced.work = sum(priced.work, cpu_time(device, op, call, made));
                       out_.work += ir::work_of(op, call, made);
                     });
    if (!outputs) return tl::unexpected(outputs.error());
    Sends sends(request_.steps);
    for (std::size_t k = 0; k < outputs->size(); ++k)
      sends.add((*outputs)[k], part.part->outputs[k]);
    priced.sends = sends.take();
    out_.busy[node] = sum(out_.busy[node], priced.work);
    for (std::size_t k = 0; k < outputs->size(); ++k) give((*outputs)[k], part.part->outputs[k]);
    part.inputs.clear();
    return {};
  }

  const PriceRequest& request_;
  const PlacedGraph& placed_;
  std::vector<Part> parts_;
  std::deque<std::size_t> ready_;  // parts
  PricedGraph out_;
};

}  // namespace

Result<PricedGraph> price_graph(const PriceRequest& request) { return Pricing(request).run(); }

}  // namespace soliton
