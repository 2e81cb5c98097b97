#include "tests/unit/verify/small_graphs.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/base/rng.h"

namespace soliton::verify::test {

using priced::NodeKind;
using priced::Place;
using priced::PricedGraph;

PricedGraph graph_of(const std::vector<Small>& operators, const std::vector<priced::Edge>& edges,
                     std::int64_t fpgas, std::int64_t cpus, std::int64_t memory) {
  PricedGraph out;
  out.classes = {{"fpga", NodeKind::kAccelerator, fpgas, Bytes{memory}},
                 {.prefix = "cpu", .kind = NodeKind::kCpu, .count = cpus}};
  for (const Small& it : operators) {
    const std::size_t number = out.operators.size();
    out.operators.push_back({.id = fmt::format("{}", number),
                             .times = {Duration{it.fpga}, Duration{it.cpu}},
                             .transfer = Duration{it.transfer},
                             .size = Bytes{it.size},
                             .group = number});
  }
  out.edges = edges;
  return out;
}

Places places_of(const std::vector<int>& nodes) {
  Places out;
  for (const int node : nodes)
    out.push_back(node >= 0 ? Place{0, static_cast<std::uint32_t>(node)}
                            : Place{1, static_cast<std::uint32_t>(-node - 1)});
  return out;
}

namespace {

class Generator {
 public:
  Generator(std::uint64_t seed, std::size_t operators)
      : random_(seed, "small priced graphs"), operators_(1 + below(operators)) {}

  PricedGraph make() {
    add_classes();
    for (std::size_t i = 0; i < operators_; ++i) add_operator(i);
    for (std::size_t to = 1; to < operators_; ++to)
      for (std::size_t from = 0; from < to; ++from)
        if (below(100) < edges_percent_) out_.edges.push_back({from, to});
    shuffle_edges();
    return out_;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_.below(next_++, bound); }
  std::int64_t time() { return static_cast<std::int64_t>(below(3) == 0 ? 0 : below(100)); }

  void add_classes() {
    const Bytes memory{static_cast<std::int64_t>(20 + below(100))};
    const auto count = [&] { return static_cast<std::int64_t>(1 + below(3)); };
    out_.classes.push_back({"fpga", NodeKind::kAccelerator, count(), memory});
    if (below(3) > 0)
      out_.classes.push_back({.prefix = "cpu", .kind = NodeKind::kCpu, .count = count()});
    if (below(3) == 0)
      out_.classes.push_back({"small", NodeKind::kAccelerator, 1, Bytes{memory.count / 2}});
  }

  void add_operator(std::size_t number) {
    priced::Operator it{.id = fmt::format("{}", 100 - number)};
    for (std::size_t i = 0; i < out_.classes.size(); ++i)
      it.times.push_back(below(10) == 0 ? std::nullopt : std::optional(Duration{time()}));
    if (!it.times[0] && below(2) == 0) it.times[0] = Duration{time()};
    it.transfer = Duration{time() / 3};
    it.size = Bytes{static_cast<std::int64_t>(below(20))};
    const std::size_t fresh = priced::group_count(out_);
    it.group = number > 0 && below(6) == 0 ? below(fresh) : fresh;
    out_.operators.push_back(it);
  }

  // Nothing may depend on the order in which edges are listed.
  void shuffle_edges() {
    for (std::size_t i = out_.edges.size(); i > 1; --i)
      std::swap(out_.edges[i - 1], out_.edges[below(i)]);
  }

  Random random_;
  std::uint64_t next_ = 0;
  std::size_t operators_;
  std::uint64_t edges_percent_ = 5 + below(50);
  PricedGraph out_;
};

}  // namespace

PricedGraph random_graph(std::uint64_t seed, std::size_t operators) {
  return Generator(seed, operators).make();
}

Places random_places(const PricedGraph& graph, std::uint64_t seed) {
  const Random random(seed, "places");
  std::vector<std::optional<Place>> of_group(priced::group_count(graph));
  Places out;
  for (std::size_t i = 0; i < graph.operators.size(); ++i) {
    std::optional<Place>& place = of_group[graph.operators[i].group];
    if (!place) {
      const auto chosen = static_cast<std::uint32_t>(random.below(2 * i, graph.classes.size()));
      const auto count = static_cast<std::uint64_t>(graph.classes[chosen].count);
      place = Place{chosen, static_cast<std::uint32_t>(random.below(2 * i + 1, count))};
    }
    out.push_back(*place);
  }
  return out;
}

std::string words_of(const PricedGraph& graph) {
  std::string out;
  for (const priced::NodeClass& it : graph.classes)
    out += fmt::format("{} {} of {} bytes; ", it.count, it.prefix, it.memory.count);
  for (const priced::Operator& it : graph.operators) {
    out += fmt::format("\n{}: group {}, {} bytes, transfer {}, times", it.id, it.group,
                       it.size.count, it.transfer.count());
    for (const auto& time : it.times) out += time ? fmt::format(" {}", time->count()) : " -";
  }
  for (const priced::Edge& edge : graph.edges)
    out += fmt::format("\n{} > {}", graph.operators[edge.from].id, graph.operators[edge.to].id);
  return out;
}

}  // namespace soliton::verify::test
