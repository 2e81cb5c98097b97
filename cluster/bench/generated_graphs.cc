#include "cluster/bench/generated_graphs.h"

#include <fmt/format.h>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

using priced::NodeKind;
using priced::PricedGraph;

class Generator {
 public:
  Generator(const char* purpose, std::size_t operators, const GeneratedNodes& nodes)
      : random_(operators, purpose), wanted_(operators) {
    out_.classes.push_back({"fpga", NodeKind::kAccelerator, nodes.fast});
    if (nodes.slow > 0) out_.classes.push_back({"slow", NodeKind::kAccelerator, nodes.slow});
  }

  std::size_t size() const { return out_.operators.size(); }
  bool complete() const { return size() == wanted_; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(
                       random_.below(next_++, static_cast<std::uint64_t>(most - least + 1)));
  }

  // Reads the operators `producers`. REQUIRES: not complete().
  std::size_t add(const std::vector<std::size_t>& producers) {
    const std::size_t number = size();
    const std::int64_t time = between(1'000'000, 100'000'000);  // 1 to 100 us
    priced::Operator it{.id = fmt::format("{}", number), .times = {Duration{time}}};
    if (out_.classes.size() > 1) it.times.emplace_back(Duration{time * between(100, 300) / 100});
    it.transfer = Duration{between(100'000, 20'000'000)};
    it.size = Bytes{between(1'000, 1'000'000)};
    it.group = number;
    bytes_ += it.size.count;
    out_.operators.push_back(std::move(it));
    for (const std::size_t producer : producers) out_.edges.push_back({producer, number});
    return number;
  }

  PricedGraph take() {
    std::int64_t nodes = 0;
    for (const priced::NodeClass& it : out_.classes) nodes += it.count;
    for (priced::NodeClass& it : out_.classes) it.memory = Bytes{bytes_ / nodes * 3 / 2};
    return std::move(out_);
  }

 private:
  Random random_;
  std::uint64_t next_ = 0;
  std::size_t wanted_;
  std::int64_t bytes_ = 0;
  PricedGraph out_;
};

// The last operator of a branch that begins behind `from`.
std::size_t add_branch(Generator& graph, std::size_t from) {
  std::size_t last = from;
  for (std::int64_t left = graph.between(1, 6); left > 0 && !graph.complete(); --left) {
    std::vector<std::size_t> reads{last};
    if (graph.between(1, 4) == 1) {
      reads.push_back(graph.add({}));
      if (graph.complete()) break;
    }
    last = graph.add(reads);
  }
  return last;
}

}  // namespace

PricedGraph backbone(std::size_t operators, const GeneratedNodes& nodes) {
  Generator graph("backbone", operators, nodes);
  graph.add({});
  while (!graph.complete()) {
    const auto before = static_cast<std::int64_t>(graph.size());
    std::vector<std::size_t> reads{graph.size() - 1};
    const std::int64_t back = graph.between(2, 21);
    if (graph.between(1, 10) == 1 && back <= before)
      reads.push_back(static_cast<std::size_t>(before - back));
    graph.add(reads);
  }
  return graph.take();
}

PricedGraph branches(std::size_t operators, const GeneratedNodes& nodes) {
  Generator graph("branches", operators, nodes);
  std::size_t join = graph.add({});
  while (!graph.complete()) {
    std::vector<std::size_t> ends;
    for (std::int64_t left = graph.between(2, 4); left > 0 && !graph.complete(); --left)
      ends.push_back(add_branch(graph, join));
    if (!graph.complete()) join = graph.add(ends);
  }
  return graph.take();
}

}  // namespace soliton
