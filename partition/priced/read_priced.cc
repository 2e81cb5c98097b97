#include "partition/priced/read_priced.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "partition/priced/graph_checks.h"
#include "partition/priced/json_fields.h"
#include "protocol/base/suggestion.h"

namespace soliton::priced {
namespace {

using Kind = LocatedJson::Kind;

constexpr std::size_t kSuggestionsMost = 20;  // each looks at all names

// A graph while it is read.
struct Draft {
  PricedGraph graph;
  std::vector<const LocatedJson*> nodes;  // by operator
  std::map<std::string, std::size_t> index_of;
};

class OperatorReader {
 public:
  OperatorReader(const TextPlaces& places, const LocatedJson& root, JsonFields& fields,
                 Draft& draft)
      : places_(places), root_(root), fields_(fields), draft_(draft) {}

  void read() {
    read_classes();
    read_operators();
  }

 private:
  void read_classes() {
    const auto memory = fields_.size(root_, "maxSizePerFPGA", Rounding::kDown, "every accelerator");
    const auto fpgas = fields_.count(root_, "maxFPGAs", "the graph");
    const auto cpus = fields_.count(root_, "maxCPUs", "the graph");
    draft_.graph.classes = {
        {"fpga", NodeKind::kAccelerator, fpgas.value_or(0), Bytes{memory.value_or(0)}},
        {"cpu", NodeKind::kCpu, cpus.value_or(0)}};
    if (fpgas && cpus && *fpgas + *cpus == 0)
      fields_.report(*root_.find("maxFPGAs"), "no usable node: maxFPGAs and maxCPUs are 0");
  }

  void read_operators() {
    const LocatedJson* nodes = fields_.of_kind(root_, "nodes", Kind::kList, "the graph");
    if (nodes == nullptr) return;
    if (nodes->items.empty()) fields_.report(*nodes, "graph has no operators");
    for (const LocatedJson& node : nodes->items) read_operator(node);
  }

  void read_operator(const LocatedJson& node) {
    if (node.kind != Kind::kObject)
      return fields_.report(node,
                            fmt::format("an operator is an object, not {}", kind_name(node.kind)));
    const auto id = fields_.id(node, "id", "an operator");
    if (!id) return;
    const auto [at, fresh] = draft_.index_of.try_emplace(*id, draft_.graph.operators.size());
    if (!fresh)
      return fields_.report(node, fmt::format("operator {} is defined twice (first at line {})",
                                              *id, places_.line(draft_.nodes[at->second]->offset)));
    const std::string what = "operator " + *id;
    Operator& made = draft_.graph.operators.emplace_back();
    draft_.nodes.push_back(&node);
    made.id = *id;
    if (const LocatedJson* name = node.find("name"); name != nullptr) made.name = name->text;
    const bool on_fpga = fields_.flag(node, "supportedOnFpga", what).value_or(false);
    made.times.resize(draft_.graph.classes.size());
    made.times[kCpu] = fields_.time(node, "cpuLatency", what);
    if (on_fpga) made.times[kFpga] = fields_.time(node, "fpgaLatency", what);
    made.size = Bytes{fields_.size(node, "size", Rounding::kUp, what).value_or(0)};
    made.group = group_of(node, what);
    if (node.find("isBackwardNode") != nullptr &&
        fields_.flag(node, "isBackwardNode", what) == true)
      fields_.report(
          *node.find("isBackwardNode"),
          fmt::format("{} is a backward operator; only graphs of inference are planned", what));
  }

  std::size_t group_of(const LocatedJson& node, const std::string& what) {
    const LocatedJson* color = node.find("colorClass");
    if (color == nullptr || color->kind == Kind::kNull) return groups_++;
    if (color->kind != Kind::kNumber && color->kind != Kind::kText)
      fields_.report(*color, fmt::format("{}: \"colorClass\" must be a number or a text", what));
    const auto [at, fresh] = group_of_color_.try_emplace(color->text, groups_);
    if (fresh) ++groups_;
    return at->second;
  }

  const TextPlaces& places_;
  const LocatedJson& root_;
  JsonFields& fields_;
  Draft& draft_;
  std::map<std::string, std::size_t> group_of_color_;
  std::size_t groups_ = 0;
};

class EdgeReader {
 public:
  EdgeReader(const TextPlaces& places, const LocatedJson& root, JsonFields& fields, Draft& draft)
      : places_(places), root_(root), fields_(fields), draft_(draft) {}

  void read() {
    const LocatedJson* edges = fields_.of_kind(root_, "edges", Kind::kList, "the graph");
    if (edges == nullptr) return;
    for (const LocatedJson& edge : edges->items) read_edge(edge);
    const auto order = [](const Edge& a, const Edge& b) {
      return std::pair(a.from, a.to) < std::pair(b.from, b.to);
    };
    const auto same = [](const Edge& a, const Edge& b) { return a.from == b.from && a.to == b.to; };
    std::ranges::sort(draft_.graph.edges, order);
    draft_.graph.edges.erase(
        std::unique(draft_.graph.edges.begin(), draft_.graph.edges.end(), same),
        draft_.graph.edges.end());
    check_cycles(*edges);
  }

 private:
  void read_edge(const LocatedJson& edge) {
    if (edge.kind != Kind::kObject)
      return fields_.report(edge,
                            fmt::format("an edge is an object, not {}", kind_name(edge.kind)));
    const auto from = fields_.id(edge, "sourceId", "an edge");
    const auto to = fields_.id(edge, "destId", "an edge");
    if (!from || !to) return;
    const std::string what = fmt::format("edge {} > {}", *from, *to);
    const auto cost = fields_.time(edge, "cost", what);
    const auto source = find_operator(edge, *from, what), target = find_operator(edge, *to, what);
    if (!source || !target) return;
    if (*source == *target)
      return fields_.report(edge, fmt::format("self-loop on operator {}; remove it, as recurrent "
                                              "edges have no part in a priced graph",
                                              *from));
    if (cost) set_transfer(edge, *source, *cost, what);
    draft_.graph.edges.push_back({*source, *target});
  }

  std::optional<std::size_t> find_operator(const LocatedJson& edge, const std::string& id,
                                           const std::string& what) {
    const auto found = draft_.index_of.find(id);
    if (found != draft_.index_of.end()) return found->second;
    std::string near;
    if (unknown_++ < kSuggestionsMost) {
      std::vector<std::string> names;
      for (const Operator& it : draft_.graph.operators) names.push_back(it.id);
      near = nearest_name(id, names);
    }
    fields_.report(edge, fmt::format("{}: no operator {}{}", what, id,
                                     near.empty() ? "" : "; did you mean " + near + "?"));
    return std::nullopt;
  }

  void set_transfer(const LocatedJson& edge, std::size_t source, Duration cost,
                    const std::string& what) {
    Duration& transfer = draft_.graph.operators[source].transfer;
    const auto [at, fresh] = first_edge_.try_emplace(source, &edge);
    if (fresh)
      transfer = cost;
    else if (transfer != cost)
      fields_.report(edge,
                     fmt::format("{}: cost {} ms, but {} ms at line {}: the transfer of an "
                                 "output costs the same on each of its edges",
                                 what, edge.find("cost")->text, at->second->find("cost")->text,
                                 places_.line(at->second->offset)));
  }

  void check_cycles(const LocatedJson& edges) {
    const std::vector<std::size_t> cycle =
        shortest_cycle(draft_.graph.operators.size(), draft_.graph.edges);
    if (cycle.empty()) return;
    std::string names;
    for (const std::size_t it : cycle) names += draft_.graph.operators[it].id + " > ";
    const std::string &first = draft_.graph.operators[cycle.front()].id,
                      &last = draft_.graph.operators[cycle.back()].id;
    const LocatedJson* closing = &edges;
    for (const LocatedJson& edge : edges.items) {
      const LocatedJson *from = edge.find("sourceId"), *to = edge.find("destId");
      if (from != nullptr && to != nullptr && from->text == last && to->text == first)
        closing = &edge;
    }
    fields_.report(*closing,
                   fmt::format("cycle: {}{}; remove the edge {} > {}, as recurrent edges have no "
                               "part in a priced graph",
                               names, first, last, first));
  }

  const TextPlaces& places_;
  const LocatedJson& root_;
  JsonFields& fields_;
  Draft& draft_;
  std::map<std::size_t, const LocatedJson*> first_edge_;  // by producer
  std::size_t unknown_ = 0;
};

Checked<Draft> read_graph(const TextPlaces& places, const LocatedJson& root) {
  Diagnostics problems;
  JsonFields fields(places, problems);
  Draft draft;
  if (root.kind == Kind::kObject) {
    OperatorReader(places, root, fields, draft).read();
    EdgeReader(places, root, fields, draft).read();
  } else {
    fields.report(root,
                  "a graph is an object with maxSizePerFPGA, maxFPGAs, maxCPUs, nodes and "
                  "edges");
  }
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  return draft;
}

// The members of plan.json beside the graph.
class AnswerReader {
 public:
  AnswerReader(const TextPlaces& places, const LocatedJson& root, const PricedGraph& graph)
      : root_(root), graph_(graph), fields_(places, problems_) {}

  Checked<Assignment> read() {
    Assignment out;
    const std::string what = "the plan";
    const auto objective = fields_.text(root_, "objective", what);
    if (objective && !parse_objective(*objective))
      fields_.report(
          *root_.find("objective"),
          fmt::format("\"{}\" is not an objective; allowed: throughput, latency", *objective));
    else if (objective)
      out.objective = *parse_objective(*objective);
    out.value = fields_.time(root_, "value_ms", what).value_or(Duration{});
    const LocatedJson* bound = root_.find("lower_bound_ms");
    if (bound == nullptr || bound->kind != Kind::kNull)
      out.lower_bound = fields_.time(root_, "lower_bound_ms", what).value_or(Duration{});
    out.verdict = fields_.text(root_, "verdict", what).value_or("");
    out.plan_class = fields_.text(root_, "class", what).value_or("");
    if (root_.find("method") != nullptr)
      out.method = fields_.text(root_, "method", what).value_or("");
    read_places(out);
    if (!problems_.empty()) return tl::unexpected(std::move(problems_));
    return out;
  }

 private:
  void read_places(Assignment& out) {
    const LocatedJson* places = fields_.of_kind(root_, "assignment", Kind::kObject, "the plan");
    if (places == nullptr) return;
    std::map<std::string, std::size_t> index_of;
    for (std::size_t i = 0; i < graph_.operators.size(); ++i) index_of[graph_.operators[i].id] = i;
    std::vector<bool> placed(graph_.operators.size());
    out.places.resize(graph_.operators.size());
    for (std::size_t k = 0; k < places->keys.size(); ++k) {
      const auto found = index_of.find(places->keys[k]);
      if (found == index_of.end()) {
        fields_.report(places->items[k], fmt::format("no operator {}", places->keys[k]));
        continue;
      }
      placed[found->second] = true;
      const std::optional<Place> place = place_of(places->items[k].text);
      if (place)
        out.places[found->second] = *place;
      else
        fields_.report(places->items[k], fmt::format("no node \"{}\"", places->items[k].text));
    }
    for (std::size_t i = 0; i < placed.size(); ++i)
      if (!placed[i])
        fields_.report(*places, fmt::format("operator {} has no node", graph_.operators[i].id));
  }

  std::optional<Place> place_of(const std::string& name) const {
    for (std::size_t c = 0; c < graph_.classes.size(); ++c) {
      const NodeClass& nodes = graph_.classes[c];
      if (!name.starts_with(nodes.prefix)) continue;
      const Result<std::uint64_t> number = parse_unsigned(name.substr(nodes.prefix.size()));
      if (!number || *number >= static_cast<std::uint64_t>(nodes.count)) continue;
      return Place{static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(*number)};
    }
    return std::nullopt;
  }

  const LocatedJson& root_;
  const PricedGraph& graph_;
  Diagnostics problems_;
  JsonFields fields_;
};

}  // namespace

Checked<PricedGraph> read_priced(const std::string& text, const std::string& file,
                                 std::vector<std::string>* warnings) {
  const TextPlaces places(file, text);
  const Checked<LocatedJson> root = parse_located(places);
  if (!root) return tl::unexpected(root.error());
  Checked<Draft> draft = read_graph(places, *root);
  if (!draft) return tl::unexpected(std::move(draft.error()));
  PricedGraph& graph = draft->graph;
  Diagnostics problems;
  const OperatorError error = [&](std::size_t index, const std::string& message) {
    return places.error(draft->nodes[index]->offset, message);
  };
  check_fit(graph, file, error, problems);
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  const NodeClass& fpgas = graph.classes[kFpga];
  if (warnings != nullptr && fpgas.count > 0 && fpgas.memory.count == 0)
    warnings->push_back(
        places
            .error(root->find("maxSizePerFPGA")->offset,
                   "accelerators have memory 0 bytes: they run operators of size 0 only")
            .message);
  return std::move(graph);
}

Checked<PlannedGraph> read_planned(const std::string& text, const std::string& file) {
  const TextPlaces places(file, text);
  const Checked<LocatedJson> root = parse_located(places);
  if (!root) return tl::unexpected(root.error());
  const LocatedJson* inner = root->find("graph");
  if (inner == nullptr) {
    Diagnostics problems;
    problems.add(places.error(root->offset, "not a plan of a priced graph: it has no \"graph\""));
    return tl::unexpected(std::move(problems));
  }
  Checked<Draft> draft = read_graph(places, *inner);
  if (!draft) return tl::unexpected(std::move(draft.error()));
  Checked<Assignment> answer = AnswerReader(places, *root, draft->graph).read();
  if (!answer) return tl::unexpected(std::move(answer.error()));
  return PlannedGraph{std::move(draft->graph), std::move(*answer)};
}

}  // namespace soliton::priced
