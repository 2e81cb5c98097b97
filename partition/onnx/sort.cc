#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_set>

#include "partition/ir/shown_name.h"
#include "partition/onnx/parsed.h"

namespace soliton::onnx_import {

namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
constexpr std::size_t kMaxCycleShown = 20;
// Looking for a similar name costs names x length^2.
constexpr std::size_t kMaxCandidates = 2000;
constexpr std::size_t kMaxCandidateName = 128;

class Sorter {
 public:
  Sorter(const ParsedGraph& graph, const std::vector<std::string>& outputs, const OuterNames* outer)
      : graph_(graph), outputs_(outputs), outer_(outer) {}

  Checked<std::vector<std::size_t>> run() {
    name_everything();
    connect();
    if (!found_.empty()) return tl::unexpected(std::move(found_));
    std::vector<std::size_t> order = sorted();
    if (order.size() < graph_.nodes.size()) report(found_, cycle());
    if (!found_.empty()) return tl::unexpected(std::move(found_));
    const std::vector<bool> needed = needed_nodes(order);
    std::erase_if(order, [&](std::size_t i) { return !needed[i]; });
    return order;
  }

 private:
  const std::string& name(std::size_t i) const { return graph_.nodes[i].name; }

  void name_everything() {
    for (const ParsedInput& input : graph_.inputs)
      if (!producer_.emplace(input.name, kNone).second)
        report(found_, fmt::format("graph input \"{}\" appears twice", shown_name(input.name)));
    std::unordered_set<std::string> names;
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
      if (!names.insert(name(i)).second)
        report(found_, fmt::format("node \"{}\" is defined twice", shown_name(name(i))));
      for (const std::string& output : graph_.nodes[i].outputs) name_output(i, output);
    }
  }

  void name_output(std::size_t i, const std::string& output) {
    if (output.empty()) return;
    if (graph_.constants.contains(output))
      return report(found_, fmt::format("node \"{}\": output \"{}\" is also an initializer",
                                        shown_name(name(i)), shown_name(output)));
    const auto [at, fresh] = producer_.emplace(output, i);
    if (!fresh)
      report(found_, fmt::format("tensor \"{}\" is made twice: by node \"{}\" and by {}",
                                 shown_name(output), shown_name(name(i)),
                                 at->second == kNone
                                     ? "the caller, as a graph input"
                                     : fmt::format("node \"{}\"", shown_name(name(at->second)))));
  }

  void connect() {
    sources_.resize(graph_.nodes.size());
    consumers_.resize(graph_.nodes.size());
    for (std::size_t i = 0; i < graph_.nodes.size(); ++i)
      for (const std::string& input : names_read(graph_.nodes[i])) connect_input(i, input);
    for (const std::string& output : graph_.outputs)
      if (!producer_.contains(output) && !graph_.constants.contains(output) && !outside(output))
        report(found_, fmt::format("no node makes graph output \"{}\"{}", shown_name(output),
                                   hint(output)));
  }

  void connect_input(std::size_t i, const std::string& input) {
    if (input.empty() || graph_.constants.contains(input)) return;
    const auto at = producer_.find(input);
    if (at == producer_.end() && outside(input)) return;
    if (at == producer_.end())
      return report(
          found_,
          fmt::format(
              "node \"{}\": input \"{}\" is not made by any node, initializer or graph input{}",
              shown_name(name(i)), shown_name(input), hint(input)));
    if (at->second == kNone) return;
    sources_[i].push_back(at->second);
    consumers_[at->second].push_back(i);
  }

  bool outside(const std::string& name) const { return outer_ != nullptr && outer_->has(name); }

  std::string hint(const std::string& wanted) const {
    if (wanted.size() > kMaxCandidateName || !found_.empty()) return "";
    std::vector<std::string> candidates;
    const auto offer = [&](const std::string& candidate) {
      if (candidates.size() < kMaxCandidates && candidate.size() <= kMaxCandidateName)
        candidates.push_back(candidate);
    };
    for (const ParsedInput& input : graph_.inputs) offer(input.name);
    for (const ParsedNode& node : graph_.nodes)
      std::for_each(node.outputs.begin(), node.outputs.end(), offer);
    const std::string nearest = nearest_name(wanted, candidates);
    return nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", shown_name(nearest));
  }

  // Kahn's algorithm; of the nodes that are ready, the first in the file.
  std::vector<std::size_t> sorted() {
    waits_for_.resize(graph_.nodes.size());
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t i = 0; i < waits_for_.size(); ++i) {
      waits_for_[i] = sources_[i].size();
      if (waits_for_[i] == 0) ready.push(i);
    }
    std::vector<std::size_t> order;
    while (!ready.empty()) {
      order.push_back(ready.top());
      ready.pop();
      for (const std::size_t consumer : consumers_[order.back()])
        if (--waits_for_[consumer] == 0) ready.push(consumer);
    }
    return order;
  }

  // Every node left over waits for another one left over, so walking backwards comes round.
  std::string cycle() const {
    const auto waiting = [&](std::size_t i) { return waits_for_[i] > 0; };
    std::size_t at = 0;
    while (!waiting(at)) ++at;
    std::vector<std::size_t> path;
    std::vector<std::size_t> position(graph_.nodes.size(), kNone);
    while (position[at] == kNone) {
      position[at] = path.size();
      path.push_back(at);
      at = *std::find_if(sources_[at].begin(), sources_[at].end(), waiting);
    }
    path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(position[at]));
    if (path.size() == 1) return fmt::format("self-loop on node \"{}\"", shown_name(name(at)));
    // The walk went from consumers to producers. Begin where the file does.
    std::reverse(path.begin(), path.end());
    std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
    std::string text = "cycle: ";
    for (std::size_t k = 0; k < std::min(path.size(), kMaxCycleShown); ++k)
      text += shown_name(name(path[k])) + " > ";
    return text + (path.size() > kMaxCycleShown ? "... > " : "") + shown_name(name(path.front()));
  }

  std::vector<bool> needed_nodes(const std::vector<std::size_t>& order) const {
    std::vector<bool> needed(graph_.nodes.size());
    for (const std::string& output : outputs_)
      if (const auto at = producer_.find(output); at != producer_.end() && at->second != kNone)
        needed[at->second] = true;
    for (auto i = order.rbegin(); i != order.rend(); ++i)
      if (needed[*i])
        for (const std::size_t source : sources_[*i]) needed[source] = true;
    return needed;
  }

  const ParsedGraph& graph_;
  const std::vector<std::string>& outputs_;
  const OuterNames* outer_;
  Diagnostics found_;
  std::unordered_map<std::string, std::size_t>
      producer_;  // kNone: a graph input; looked up, never iterated
  std::vector<std::vector<std::size_t>> sources_;
  std::vector<std::vector<std::size_t>> consumers_;
  std::vector<std::size_t> waits_for_;
};

}  // namespace

Checked<std::vector<std::size_t>> sorted_nodes(const ParsedGraph& graph,
                                               const std::vector<std::string>& outputs,
                                               const OuterNames* outer) {
  return Sorter(graph, outputs, outer).run();
}

}  // namespace soliton::onnx_import
