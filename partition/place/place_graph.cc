#include "partition/place/place_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "partition/place/fpga_places.h"
#include "protocol/base/check.h"

namespace soliton {

namespace {

using ir::kAbsent;
using ir::ValueId;
using place::Part;

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kPortsMost = 60'000;  // of 2^16

struct Draft {
  std::size_t host = 0;
  std::vector<std::size_t> nodes;  // of the graph, in order
};
// Operators of one host with as many changes of host on the way to them. An edge between hosts
// raises that number, so parts never wait for each other in a circle.
std::vector<Draft> find_drafts(const PlaceRequest& request) {
  const ir::Graph& graph = *request.graph;
  std::vector<Draft> drafts;
  std::vector<std::size_t> producer(graph.values.size(), kNone);
  std::vector<std::size_t> changes(graph.nodes.size(), 0);
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> draft_of;  // by changes, host
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const ValueId id : graph.nodes[i].inputs) {
      const std::size_t from = id == kAbsent ? kNone : producer[id];
      if (from == kNone) continue;
      const bool moves = request.host_of[from] != request.host_of[i];
      changes[i] = std::max(changes[i], changes[from] + (moves ? 1 : 0));
    }
    for (const ValueId id : graph.nodes[i].outputs)
      if (id != kAbsent) producer[id] = i;
    if (request.host_of[i] == kOnFpgas) continue;
    const auto [at, fresh] = draft_of.try_emplace({changes[i], request.host_of[i]}, drafts.size());
    if (fresh) drafts.push_back({request.host_of[i], {}});
    drafts[at->second].nodes.push_back(i);
  }
  return drafts;
}

std::string name_of(const ir::Graph& graph, const Draft& draft) {
  const std::string& first = graph.nodes[draft.nodes.front()].name;
  const std::string& last = graph.nodes[draft.nodes.back()].name;
  return draft.nodes.size() == 1 ? first : fmt::format("{} to {}", first, last);
}

class Placer {
 public:
  explicit Placer(const PlaceRequest& request)
      : request_(request), graph_(*request.graph), readers_(request.graph->values.size()) {}

  Result<PlacedGraph> run() {
    out_.clients = request_.clients;
    trigger_ = first_of_request();
    if (trigger_ == kAbsent)
      return invalid("no input of the model comes with a request, so that none could start it");
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
      for (const ValueId id : graph_.nodes[i].inputs)
        if (id != kAbsent) readers_[id].push_back(i);
    for (const Draft& draft : find_drafts(request_)) build(draft);
    if (const Status numbered = number_ports(); !numbered) return tl::unexpected(numbered.error());
    connect();
    place::find_fpga_places(request_, parts_, out_);
    collect();
    return std::move(out_);
  }

 private:
  bool carried(ValueId id) const {
    return std::ranges::find(graph_.states, id, &ir::State::input) != graph_.states.end();
  }
  ValueId first_of_request() const {
    for (const ir::Input& input : graph_.inputs)
      if (!carried(input.value)) return input.value;
    return kAbsent;
  }

  bool wanted_outside(ValueId id, const std::vector<bool>& inside) const {
    if (std::ranges::find(graph_.outputs, id) != graph_.outputs.end()) return true;
    for (const ir::State& state : graph_.states)
      if (state.output == id) return true;
    return std::ranges::any_of(readers_[id], [&](std::size_t node) { return !inside[node]; });
  }

  void build(const Draft& draft) {
    Part& made = parts_.emplace_back();
    made.host = draft.host;
    ir::Graph& graph = made.part.graph;
    graph.opset = graph_.opset;
    std::vector<ValueId> local(graph_.values.size(), kAbsent);
    const auto value = [&](ValueId id) {
      if (local[id] != kAbsent) return local[id];
      local[id] = static_cast<ValueId>(graph.values.size());
      graph.values.push_back(graph_.values[id]);
      return local[id];
    };
    const auto take = [&](ValueId id) {
      graph.inputs.emplace_back().value = value(id);
      made.inputs.push_back(id);
    };
    std::vector<bool> inside(graph_.nodes.size());
    for (const std::size_t i : draft.nodes) {
      inside[i] = true;
      ir::Node node = graph_.nodes[i];
      for (ValueId& id : node.inputs) {
        if (id == kAbsent) continue;
        // Not made here and no constant: it comes to a port.
        if (local[id] == kAbsent && !graph_.values[id].constant.present()) take(id);
        id = value(id);
      }
      for (ValueId& id : node.outputs) id = id == kAbsent ? id : value(id);
      graph.nodes.push_back(std::move(node));
    }
    // Only what comes with a request tells a part that there is one: with state alone it would run
    // ahead of them.
    if (std::ranges::all_of(made.inputs, [&](ValueId id) { return carried(id); })) take(trigger_);
    for (const std::size_t i : draft.nodes)
      for (const ValueId id : graph_.nodes[i].outputs)
        if (id != kAbsent && wanted_outside(id, inside)) {
          graph.outputs.push_back(local[id]);
          made.outputs.push_back(id);
        }
    made.part.name = name_of(graph_, draft);
    set_initial(made);
  }

  void set_initial(Part& made) const {
    made.part.initial.resize(made.inputs.size());
    for (const ir::State& state : graph_.states)
      for (std::size_t k = 0; k < made.inputs.size(); ++k)
        if (made.inputs[k] == state.input) made.part.initial[k] = state.initial;
  }

  // The ports of a node: those of its parts one after the other, then the clients', then those for
  // slices of results.
  Status number_ports() {
    std::map<std::size_t, std::size_t> used, numbers;  // by host
    for (Part& part : parts_) {
      std::size_t& next = used[part.host];
      part.number = numbers[part.host]++;
      part.part.first_port = static_cast<std::uint16_t>(next);
      next += part.inputs.size();
      if (next + graph_.outputs.size() > kPortsMost)
        return invalid(fmt::format("{} needs {} ports for arrays; a node has {}",
                                   request_.hosts[part.host], next, kPortsMost));
    }
    for (std::size_t host = 0; host < request_.hosts.size(); ++host) {
      std::size_t& next = used[host];
      if (request_.hosts[host] == request_.clients) {
        out_.first_reply = static_cast<std::uint16_t>(next);
        next += graph_.outputs.size();
      }
      out_.fpgas.first_port[request_.hosts[host]] = static_cast<std::uint16_t>(next);
    }
    return {};
  }

  std::vector<PartPort> consumers(ValueId id, bool next_request) const {
    return place::consumers(request_, parts_, id, next_request);
  }

  void connect() {
    for (Part& part : parts_)
      for (const ValueId id : part.outputs) {
        std::vector<PartPort>& to = part.part.outputs.emplace_back(consumers(id, false));
        for (std::size_t k = 0; k < graph_.outputs.size(); ++k)
          if (graph_.outputs[k] == id)
            to.push_back(
                {request_.clients, static_cast<std::uint16_t>(out_.first_reply + k), false});
        for (const ir::State& state : graph_.states)
          if (state.output == id)
            for (PartPort& port : consumers(state.input, true)) to.push_back(std::move(port));
      }
    for (const ir::Input& input : graph_.inputs) {
      out_.sends.push_back(carried(input.value) ? std::vector<PartPort>()
                                                : consumers(input.value, false));
    }
  }

  void collect() {
    for (std::size_t host = 0; host < request_.hosts.size(); ++host) {
      HostParts held{request_.hosts[host], {}};
      for (Part& part : parts_)
        if (part.host == host) held.parts.push_back(std::move(part.part));
      const bool takes = held.node == request_.clients && !request_.results.empty();
      if (takes || !held.parts.empty()) out_.hosts.push_back(std::move(held));
    }
  }

  const PlaceRequest& request_;
  const ir::Graph& graph_;
  std::vector<std::vector<std::size_t>> readers_;  // by value: the nodes that read it
  ValueId trigger_ = kAbsent;
  std::vector<Part> parts_;
  PlacedGraph out_;
};

}  // namespace

Result<PlacedGraph> place_graph(const PlaceRequest& request) { return Placer(request).run(); }

}  // namespace soliton
