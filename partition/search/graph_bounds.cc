#include "partition/search/graph_bounds.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>

#include "partition/search/stage_ways.h"

namespace soliton {
namespace {

// Of a value: when its first, and its last vector can be complete.
struct Span {
  Duration first{}, last{};
};

Span later_of(Span a, Span b) { return {std::max(a.first, b.first), std::max(a.last, b.last)}; }

// The results of the model in the order in which readers take them.
std::vector<LayerInput> results_taken(const PartitionRequest& request) {
  const LayerGraph& model = *request.model;
  std::vector<LayerInput> out;
  if (request.ends == nullptr) {
    const std::set<LayerInput> all(model.results.begin(), model.results.end());
    return {all.begin(), all.end()};
  }
  for (const GraphEnds::Reader& reader : request.ends->readers)
    out.push_back(model.results[reader.result]);
  return out;
}

using Port = std::pair<std::string, std::uint16_t>;  // of a node

// Who sends a message.
struct Sender {
  enum Kind : std::uint8_t { kClients, kPart, kResult } kind = kClients;
  std::size_t index = 0;  // a host, or a reader of results
  std::size_t part = 0;
};

// The messages of one request between hosts and FPGAs.
class Senders {
 public:
  Senders(const Lowered& lowered, const std::vector<PricedHost>& hosts) {
    for (const HostPorts::Send& send : lowered.host.sends)
      for (const OutPort::Destination& to : send.destinations)
        ports_[send.source].push_back({to.peer, to.port});
    for (const HostPorts::Take& take : lowered.host.takes)
      to_[{take.host, take.port}].push_back({Sender::kResult, take.reader, 0});
    for (std::size_t h = 0; h < hosts.size(); ++h) {
      if (hosts[h].clients) add(hosts[h].clients->sends, {Sender::kClients, h, 0});
      for (std::size_t p = 0; p < hosts[h].parts.size(); ++p)
        add(hosts[h].parts[p].sends, {Sender::kPart, h, p});
    }
  }

  const std::vector<Sender>& to(const Port& port) { return to_[port]; }
  // The ports of FPGAs that take a source.
  const std::vector<Port>& ports(std::size_t source) { return ports_[source]; }

 private:
  void add(const std::vector<PricedSend>& sends, Sender from) {
    for (const PricedSend& send : sends)
      if (!send.next_request) to_[{send.node, send.port}].push_back(from);
  }

  std::map<Port, std::vector<Sender>> to_;
  std::map<std::size_t, std::vector<Port>> ports_;
};

// The least time of a vector between the clients' host and the node that is nearest for it, or of the part
// of it that each node gets at least. Nothing is claimed of other hosts.
class HostWays {
 public:
  HostWays(const PartitionRequest& request, const NodesView& view, std::size_t nodes)
      : request_(request), view_(view), nodes_(static_cast<std::int64_t>(nodes)) {}

  Duration from(const std::string& host, std::int64_t elements) const {
    return least(host, elements, [&](std::size_t group, std::int64_t part) {
      return view_.distances->message(view_.host_group(), group, part);
    });
  }
  Duration to(const std::string& host, std::int64_t elements) const {
    return least(host, elements, [&](std::size_t group, std::int64_t part) {
      return view_.distances->message(group, view_.host_group(), part);
    });
  }

 private:
  template <typename Message>
  Duration least(const std::string& host, std::int64_t elements, Message message) const {
    if (host != view_.host) return {};
    const std::int64_t part = request_.batch * std::max<std::int64_t>(1, elements / nodes_);
    Duration out = kLongestTime;
    for (std::size_t group = 0; group < view_.groups.size(); ++group)
      out = std::min(out, message(group, part));
    return out;
  }

  const PartitionRequest& request_;
  const NodesView& view_;
  std::int64_t nodes_;
};

// Walks back from the answer. Everything that it meets is needed for the answer.
class Earliest {
 public:
  Earliest(const PartitionRequest& request, const NodesView& view, const Lowered& lowered,
           const std::vector<PricedHost>& hosts, std::size_t nodes)
      : request_(request),
        model_(*request.model),
        view_(view),
        hosts_(hosts),
        nodes_(nodes),
        layers_(model_.layers.size()),
        taken_(results_taken(request)),
        senders_(lowered, hosts),
        ways_(request, view, nodes) {
    forget();
    arrival_ = first_arrival();
    begin_ = sum(arrival_, least_start(view));
    forget();
  }

  // When the first message can be at a device.
  Duration arrival() const { return arrival_; }

  Duration answer() {
    Duration out{};
    for (const PricedHost& host : hosts_)
      if (host.clients)
        for (const PricedInput& reply : host.clients->replies)
          out = std::max(out, arrives({host.node, reply.port}));
    Duration products{};
    for (std::size_t i = 0; i < layers_.size(); ++i)
      if (layers_[i]) products = sum(products, layers_[i]->times.work);
    out = std::max(out, sum(begin_, products / static_cast<std::int64_t>(nodes_)));
    for (std::size_t h = 0; h < hosts_.size(); ++h) {
      Duration work{};
      for (std::size_t p = 0; p < hosts_[h].parts.size(); ++p)
        if (done_[h][p]) work = sum(work, work_of(hosts_[h].parts[p]));
      out = std::max(out, work);
    }
    return out;
  }

  // Whether the answer waits for every layer. REQUIRES: answer() was called.
  bool all_needed() const {
    return std::ranges::all_of(layers_, [](const auto& it) { return it.has_value(); });
  }

 private:
  struct Visited {
    LayerTimes times;
    Span made;
  };

  void forget() {
    done_.clear();
    for (const PricedHost& host : hosts_) done_.emplace_back(host.parts.size());
  }

  // No device has a message sooner. What makes up a vector may be small, so only its way counts.
  Duration first_arrival() {
    Duration out = kLongestTime;
    for (std::size_t source = 0; source < model_.sources.size(); ++source)
      if (model_.sources[source].after == 0) out = std::min(out, source_span(source, 1).first);
    return out >= kLongestTime ? Duration{} : out;
  }

  static Duration work_of(const PricedPart& part) { return part.on_cpu ? part.work : Duration{}; }

  Span source_span(std::size_t source, std::int64_t elements) {
    Duration at{};
    for (const Port& port : senders_.ports(source))
      for (const Sender& sender : senders_.to(port))
        at = std::max(at, sum(leaves(sender), ways_.from(hosts_[sender.index].node, elements)));
    return {at, at};
  }

  Duration leaves(const Sender& sender) {
    switch (sender.kind) {
      case Sender::kClients:
        return {};
      case Sender::kPart:
        return part_done(sender.index, sender.part);
      case Sender::kResult:
        break;
    }
    return value(taken_.at(sender.index)).last;
  }

  Duration arrives(const Port& port) {
    Duration out{};
    for (const Sender& sender : senders_.to(port)) {
      Duration at = leaves(sender);
      if (sender.kind == Sender::kResult)
        at = sum(at, ways_.to(port.first, elements_of(taken_[sender.index])));
      out = std::max(out, at);
    }
    return out;
  }

  std::int64_t elements_of(const LayerInput& input) const {
    return input.from == LayerInput::From::kHost ? model_.sources[input.index].elements
                                                 : layer_output(model_.layers[input.index]);
  }

  Duration part_done(std::size_t host, std::size_t part) {
    if (done_[host][part]) return *done_[host][part];
    const PricedPart& it = hosts_[host].parts[part];
    Duration ready{};
    for (const PricedInput& input : it.inputs)
      if (!input.carried) ready = std::max(ready, arrives({hosts_[host].node, input.port}));
    done_[host][part] = sum(ready, work_of(it));
    return *done_[host][part];
  }

  Span value(const LayerInput& input) {
    if (input.from == LayerInput::From::kHost)
      return source_span(input.index, model_.sources[input.index].elements);
    const Span made = layer(input.index);
    return input.what == LayerInput::What::kEvery ? made : Span{made.last, made.last};
  }

  Span layer(std::size_t index) {
    if (layers_[index]) return layers_[index]->made;
    const Layer& it = model_.layers[index];
    Span in{begin_, begin_};
    for (const LayerInput& input : layer_inputs(it)) in = later_of(in, value(input));
    const LayerTimes times = least_times(request_, view_, index, nodes_);
    const std::int64_t rounds = layer_per_step(it) ? request_.steps : layer_tokens(it);
    Span out{sum(in.first, times.once), {}};
    out.last =
        std::max(sum(in.last, times.once), sum(out.first, soliton::times(times.again, rounds - 1)));
    // States and operands are needed by the first result at the latest.
    for (const LayerInput& input : all_inputs(it)) out = later_of(out, value(input));
    layers_[index] = Visited{times, out};
    return out;
  }

  const PartitionRequest& request_;
  const LayerGraph& model_;
  const NodesView& view_;
  const std::vector<PricedHost>& hosts_;
  std::size_t nodes_;
  Duration arrival_{};
  Duration begin_{};  // no device issues anything before
  std::vector<std::optional<Visited>> layers_;
  std::vector<std::vector<std::optional<Duration>>> done_;  // by host and part
  std::vector<LayerInput> taken_;
  Senders senders_;
  HostWays ways_;
};

}  // namespace

GraphBounds::GraphBounds(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
                         const PlanPlayer& player, std::size_t max_nodes)
    : request_(request), view_(view), occupied_(max_nodes + 1) {
  find_occupied(costs);
  Result<Lowered> lowered = player.lower_plan({{0, request.model->layers.size(), {0}}}, false);
  if (!lowered) return;
  lowered_ = std::move(*lowered);
  hosts_ = player.hosts_of(lowered_);
}

Duration GraphBounds::latency(std::size_t nodes) const {
  if (hosts_.empty()) return {};
  Earliest earliest(request_, view_, lowered_, hosts_, nodes);
  const Duration answer = earliest.answer();
  return earliest.all_needed() ? std::max(answer, sum(earliest.arrival(), occupied_[nodes]))
                               : answer;
}

// A dynamic programme over cuts, for every number of nodes. It plays every run of layers, which of many
// layers pays where throughput is asked for.
void GraphBounds::find_occupied(StageCosts& costs) {
  constexpr std::size_t kLayersMost = 64;
  if (request_.model->layers.size() > kLayersMost && request_.objective != Objective::kThroughput)
    return;
  const std::size_t layers = request_.model->layers.size(), most = occupied_.size() - 1;
  std::vector<std::vector<Duration>> rest(layers + 1,
                                          std::vector<Duration>(most + 1, kLongestTime));
  rest[layers].assign(most + 1, Duration{});
  for (std::size_t first = layers; first-- > 0;)
    for_each_shape(costs, first, layers, most, [&](const StageShape& shape) {
      const FreePlay* stage = costs.least(shape);
      if (stage == nullptr) return;
      for (std::size_t nodes = shape.count; nodes <= most; ++nodes)
        rest[first][nodes] = std::min(
            rest[first][nodes], std::max(stage->occupied, rest[shape.last][nodes - shape.count]));
    });
  for (std::size_t nodes = 0; nodes <= most; ++nodes)
    if (rest[0][nodes] < kLongestTime) occupied_[nodes] = rest[0][nodes];
}

Duration GraphBounds::interval(std::size_t nodes) const {
  Duration products{};
  for (std::size_t layer = 0; layer < request_.model->layers.size(); ++layer)
    products = sum(products, least_times(request_, view_, layer, nodes).work);
  return std::max(occupied_[nodes], products / static_cast<std::int64_t>(nodes));
}

}  // namespace soliton
