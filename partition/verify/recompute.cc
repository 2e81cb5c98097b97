#include "partition/verify/recompute.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "protocol/base/quantity.h"

namespace soliton::verify {
namespace {

using priced::NodeKind;
using priced::Objective;
using priced::Place;
using priced::PricedGraph;

bool on_cpu(const PricedGraph& graph, const Place& place) {
  return graph.classes[place.node_class].kind == NodeKind::kCpu;
}

// What runs in one piece: a node, or, for objective latency, an operator on a CPU.
struct Pieces {
  std::vector<std::size_t> of;  // by operator
  std::vector<std::vector<std::size_t>> operators;
};

Pieces pieces_of(const PricedGraph& graph, Objective objective, const Places& places) {
  Pieces out;
  std::map<Place, std::size_t> nodes;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t fresh = out.operators.size();
    const bool alone = objective == Objective::kLatency && on_cpu(graph, places[i]);
    const std::size_t piece = alone ? fresh : nodes.try_emplace(places[i], fresh).first->second;
    if (piece == fresh) out.operators.emplace_back();
    out.operators[piece].push_back(i);
    out.of.push_back(piece);
  }
  return out;
}

// Pieces in an order in which each comes after all that it waits for. Those in a circle, and those
// that wait for such, are left out.
class Order {
 public:
  Order(const PricedGraph& graph, const Pieces& pieces)
      : waits_for_(pieces.operators.size()), readers_(pieces.operators.size()) {
    for (const priced::Edge& edge : graph.edges) {
      const std::size_t from = pieces.of[edge.from], to = pieces.of[edge.to];
      if (from == to) continue;
      ++waits_for_[to];
      readers_[from].push_back(to);
    }
    for (std::size_t i = 0; i < waits_for_.size(); ++i)
      if (waits_for_[i] == 0) order_.push_back(i);
    for (std::size_t next = 0; next < order_.size(); ++next)
      for (const std::size_t reader : readers_[order_[next]])
        if (--waits_for_[reader] == 0) order_.push_back(reader);
  }

  const std::vector<std::size_t>& order() const { return order_; }
  bool complete() const { return order_.size() == waits_for_.size(); }
  bool left_out(std::size_t piece) const { return waits_for_[piece] > 0; }
  const std::vector<std::size_t>& readers(std::size_t piece) const { return readers_[piece]; }

 private:
  std::vector<std::size_t> waits_for_;  // edges whose producer has not come yet
  std::vector<std::vector<std::size_t>> readers_;
  std::vector<std::size_t> order_;
};

// The producers outside of a piece that it fetches from.
std::vector<std::vector<std::size_t>> producers_of(const PricedGraph& graph, const Pieces& pieces) {
  std::vector<std::vector<std::size_t>> out(pieces.operators.size());
  for (const priced::Edge& edge : graph.edges)
    if (pieces.of[edge.from] != pieces.of[edge.to]) out[pieces.of[edge.to]].push_back(edge.from);
  for (std::vector<std::size_t>& producers : out) {
    std::ranges::sort(producers);
    producers.erase(std::unique(producers.begin(), producers.end()), producers.end());
  }
  return out;
}

// Whether an operator has a reader in another piece.
std::vector<bool> sent_by(const PricedGraph& graph, const Pieces& pieces) {
  std::vector<bool> out(graph.operators.size());
  for (const priced::Edge& edge : graph.edges)
    if (pieces.of[edge.from] != pieces.of[edge.to]) out[edge.from] = true;
  return out;
}

std::vector<NodeUse> uses_of_pieces(const PricedGraph& graph, const Pieces& pieces,
                                    const Places& places) {
  const auto producers = producers_of(graph, pieces);
  const std::vector<bool> sent = sent_by(graph, pieces);
  std::vector<NodeUse> out;
  for (std::size_t piece = 0; piece < pieces.operators.size(); ++piece) {
    NodeUse use{.place = places[pieces.operators[piece].front()]};
    for (const std::size_t i : pieces.operators[piece]) {
      const priced::Operator& it = graph.operators[i];
      use.computing += *it.times[use.place.node_class];
      use.bytes.count += it.size.count;
      if (sent[i] && !on_cpu(graph, use.place)) use.sending += it.transfer;
    }
    if (!on_cpu(graph, use.place))
      for (const std::size_t i : producers[piece]) use.fetching += graph.operators[i].transfer;
    out.push_back(use);
  }
  return out;
}

// A path may pay for the same transfer at many nodes: no sum of a graph bounds it.
Duration later(Duration start, Duration load) {
  return start > Duration::max() - load ? Duration::max() : start + load;
}

std::string words_of_operator(const PricedGraph& graph, std::size_t index) {
  return "operator " + graph.operators[index].id;
}

// Pieces that wait for each other, the first one again at the end.
std::vector<std::size_t> a_circle(const Order& order, std::size_t pieces) {
  std::vector<std::size_t> waits_for(pieces, pieces);  // one that is left out as well
  std::size_t at = pieces;
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    if (!order.left_out(piece)) continue;
    for (const std::size_t reader : order.readers(piece)) waits_for[reader] = piece;
    at = piece;
  }
  std::set<std::size_t> seen;
  while (seen.insert(at).second) at = waits_for[at];
  std::vector<std::size_t> backwards{at};
  for (std::size_t next = waits_for[at]; next != at; next = waits_for[next])
    backwards.push_back(next);
  backwards.push_back(at);
  return {backwards.rbegin(), backwards.rend()};
}

}  // namespace

std::string misplaced(const PricedGraph& graph, const Places& places) {
  if (places.size() != graph.operators.size())
    return fmt::format("{} operators have a place, of {}", places.size(), graph.operators.size());
  std::map<std::size_t, std::size_t> first_of;  // of a group
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Place& place = places[i];
    const std::string who = words_of_operator(graph, i);
    if (place.node_class >= graph.classes.size() ||
        place.node >= graph.classes[place.node_class].count)
      return fmt::format("{} is on a node that does not exist", who);
    if (!graph.operators[i].times[place.node_class])
      return fmt::format("{} is on {}, which cannot run it", who, place_name(graph, place));
    const std::size_t first = first_of.try_emplace(graph.operators[i].group, i).first->second;
    if (places[first] != place)
      return fmt::format("{} is on {}, but {}, of the same group, on {}", who,
                         place_name(graph, place), words_of_operator(graph, first),
                         place_name(graph, places[first]));
  }
  return "";
}

std::vector<NodeUse> uses_of(const PricedGraph& graph, const Places& places) {
  // Objective throughput: a piece is a node.
  std::vector<NodeUse> out =
      uses_of_pieces(graph, pieces_of(graph, Objective::kThroughput, places), places);
  std::ranges::sort(out, {}, &NodeUse::place);
  return out;
}

std::string overfull(const PricedGraph& graph, const std::vector<NodeUse>& uses) {
  for (const NodeUse& use : uses) {
    const std::int64_t memory = graph.classes[use.place.node_class].memory.count;
    if (!on_cpu(graph, use.place) && use.bytes.count > memory)
      return fmt::format("{} holds {} bytes, its memory is {} bytes", place_name(graph, use.place),
                         use.bytes.count, memory);
  }
  return "";
}

std::string circle(const PricedGraph& graph, Objective objective, const Places& places) {
  const Pieces pieces = pieces_of(graph, objective, places);
  const Order order(graph, pieces);
  if (order.complete()) return "";
  std::string out;
  for (const std::size_t piece : a_circle(order, pieces.operators.size())) {
    const std::size_t first = pieces.operators[piece].front();
    const bool alone = objective == Objective::kLatency && on_cpu(graph, places[first]);
    if (!out.empty()) out += " > ";
    out += alone ? words_of_operator(graph, first) : place_name(graph, places[first]);
  }
  return out;
}

std::optional<Duration> value_of(const PricedGraph& graph, Objective objective,
                                 const Places& places) {
  const Pieces pieces = pieces_of(graph, objective, places);
  const std::vector<NodeUse> uses = uses_of_pieces(graph, pieces, places);
  Duration value{};
  if (objective == Objective::kThroughput) {
    for (const NodeUse& use : uses) value = std::max(value, use.load());
    return value;
  }
  const Order order(graph, pieces);
  if (!order.complete()) return std::nullopt;
  std::vector<Duration> start(uses.size());
  for (const std::size_t piece : order.order()) {
    const Duration end = later(start[piece], uses[piece].load());
    value = std::max(value, end);
    for (const std::size_t reader : order.readers(piece))
      start[reader] = std::max(start[reader], end);
  }
  return value;
}

}  // namespace soliton::verify
