// Strongly connected components: Tarjan, SIAM Journal on Computing 1 (2), 1972, without recursion.
#include "cluster/bench/contracted_graph.h"

#include <algorithm>

namespace soliton {
namespace {

constexpr std::size_t kUnseen = SIZE_MAX;

// Components in an order in which each comes after all it points to.
class Components {
 public:
  explicit Components(const std::vector<std::vector<std::size_t>>& points_to)
      : points_to_(points_to),
        number_(points_to.size(), kUnseen),
        low_(points_to.size()),
        open_(points_to.size()) {
    for (std::size_t root = 0; root < points_to.size(); ++root)
      if (number_[root] == kUnseen) visit(root);
  }
  std::vector<std::vector<std::size_t>> take() { return std::move(found_); }

 private:
  struct Visit {
    std::size_t vertex = 0, next = 0;
  };

  void enter(std::size_t vertex) {
    number_[vertex] = low_[vertex] = count_++;
    open_[vertex] = true;
    path_.push_back(vertex);
    visits_.push_back({vertex});
  }

  void visit(std::size_t root) {
    enter(root);
    while (!visits_.empty()) {
      const std::size_t vertex = visits_.back().vertex;
      if (visits_.back().next < points_to_[vertex].size())
        look_at(vertex, points_to_[vertex][visits_.back().next++]);
      else
        leave(vertex);
    }
  }

  void look_at(std::size_t vertex, std::size_t other) {
    if (number_[other] == kUnseen)
      enter(other);
    else if (open_[other])
      low_[vertex] = std::min(low_[vertex], number_[other]);
  }

  void leave(std::size_t vertex) {
    visits_.pop_back();
    if (!visits_.empty()) {
      std::size_t& low = low_[visits_.back().vertex];
      low = std::min(low, low_[vertex]);
    }
    if (low_[vertex] != number_[vertex]) return;
    const auto first = std::ranges::find(path_, vertex);
    for (auto it = first; it != path_.end(); ++it) open_[*it] = false;
    found_.emplace_back(first, path_.end());
    path_.erase(first, path_.end());
  }

  const std::vector<std::vector<std::size_t>>& points_to_;
  std::vector<std::size_t> number_, low_;
  std::vector<bool> open_;
  std::vector<std::size_t> path_;
  std::vector<Visit> visits_;
  std::vector<std::vector<std::size_t>> found_;
  std::size_t count_ = 0;
};

// By group, the groups it reads.
std::vector<std::vector<std::size_t>> group_producers(const priced::PricedGraph& graph) {
  std::vector<std::vector<std::size_t>> out(priced::group_count(graph));
  for (const priced::Edge& edge : graph.edges)
    out[graph.operators[edge.to].group].push_back(graph.operators[edge.from].group);
  return out;
}

void add(GraphUnit& unit, const priced::Operator& it) {
  unit.bytes.count += it.size.count;
  for (std::size_t i = 0; i < it.times.size(); ++i) {
    std::optional<Duration>& time = unit.times[i];
    time = time && it.times[i] ? std::optional(*time + *it.times[i]) : std::nullopt;
  }
}

}  // namespace

ContractedGraph contracted(const priced::PricedGraph& graph) {
  std::vector<std::vector<std::size_t>> groups = Components(group_producers(graph)).take();
  std::vector<std::size_t> unit_of_group(priced::group_count(graph));
  ContractedGraph out;
  for (const std::vector<std::size_t>& component : groups) {
    for (const std::size_t group : component) unit_of_group[group] = out.units.size();
    out.units.push_back({.times = {graph.classes.size(), Duration{}}});
  }
  for (std::size_t i = 0; i < graph.operators.size(); ++i) {
    out.unit_of.push_back(unit_of_group[graph.operators[i].group]);
    GraphUnit& unit = out.units[out.unit_of.back()];
    unit.operators.push_back(i);
    add(unit, graph.operators[i]);
  }
  out.producers.resize(graph.operators.size());
  out.consumers.resize(graph.operators.size());
  for (const priced::Edge& edge : graph.edges) {
    out.producers[edge.to].push_back(edge.from);
    out.consumers[edge.from].push_back(edge.to);
  }
  return out;
}

verify::Places places_of_units(const ContractedGraph& graph, const verify::Places& units) {
  verify::Places out;
  for (const std::size_t unit : graph.unit_of) out.push_back(units[unit]);
  return out;
}

}  // namespace soliton
