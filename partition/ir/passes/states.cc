#include "partition/ir/passes/states.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "partition/ir/shown_name.h"

namespace soliton::ir {

namespace {

// A state of a recurrent operator: the node, and 1 for the hidden, 2 for the cell state, which is
// also the number of its output. The input is four further on.
using Slot = std::pair<std::size_t, std::size_t>;

bool is_recurrent(const Node& node) {
  return node.op == "LSTM" || node.op == "GRU" || node.op == "RNN";
}

// Operators that only move elements: state passes through them on its way in and out.
bool only_moves(const Node& node) {
  static constexpr std::array kMoves = {"Reshape", "Squeeze", "Unsqueeze", "Transpose",
                                        "Slice",   "Split",   "Gather",    "Identity",
                                        "Concat",  "Flatten", "Cast"};
  return std::ranges::find(kMoves, node.op) != kMoves.end();
}

std::set<Slot> slots_behind(const Graph& graph, ValueId input) {
  std::vector<bool> reached(graph.values.size());
  reached[input] = true;
  std::set<Slot> out;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const auto has = [&](ValueId id) { return id != kAbsent && reached[id]; };
    if (is_recurrent(node))
      for (const std::size_t slot : {1UL, 2UL})
        if (node.inputs.size() > slot + 4 && has(node.inputs[slot + 4])) out.insert({i, slot});
    if (!only_moves(node) || std::ranges::none_of(node.inputs, has)) continue;
    for (const ValueId id : node.outputs)
      if (id != kAbsent) reached[id] = true;
  }
  return out;
}

std::set<Slot> slots_before(const Graph& graph, ValueId output) {
  std::vector<bool> needed(graph.values.size());
  needed[output] = true;
  std::set<Slot> out;
  for (std::size_t i = graph.nodes.size(); i-- > 0;) {
    const Node& node = graph.nodes[i];
    const auto has = [&](ValueId id) { return id != kAbsent && needed[id]; };
    if (is_recurrent(node))
      for (const std::size_t slot : {1UL, 2UL})
        if (node.outputs.size() > slot && has(node.outputs[slot])) out.insert({i, slot});
    if (!only_moves(node) || std::ranges::none_of(node.outputs, has)) continue;
    for (const ValueId id : node.inputs)
      if (id != kAbsent) needed[id] = true;
  }
  return out;
}

// A name without what exporters add to tell old state from new.
std::string stem(std::string name) {
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  static constexpr std::array<std::string_view, 7> kBefore = {
      "initial_", "new_", "next_", "past_", "prev_", "present_", "last_"};
  static constexpr std::array<std::string_view, 9> kAfter = {
      "_input", "_output", "_in", "_out", "_new", "_next", "n", "0", "_"};
  for (const std::string_view mark : kBefore)
    if (name.starts_with(mark) && name.size() > mark.size()) name.erase(0, mark.size());
  for (const std::string_view mark : kAfter)
    if (name.ends_with(mark) && name.size() > mark.size()) name.resize(name.size() - mark.size());
  return name;
}

class Finder {
 public:
  Finder(const Graph& graph, std::vector<std::size_t> inputs)
      : graph_(graph), left_(std::move(inputs)), taken_(graph.outputs.size()) {}

  Checked<std::vector<StatePair>> run() {
    match([&](std::size_t input, std::size_t output) {
      std::set<Slot> a = slots_behind(graph_, graph_.inputs[input].value);
      const std::set<Slot> b = slots_before(graph_, graph_.outputs[output]);
      return !a.empty() && a == b;
    });
    match([&](std::size_t input, std::size_t output) {
      return stem(graph_.name_of(graph_.inputs[input].value)) ==
             stem(graph_.name_of(graph_.outputs[output]));
    });
    match_last();
    Diagnostics found;
    for (const std::size_t input : left_)
      found.add(ErrorCode::kInvalid,
                fmt::format("input \"{}\" has no source, and no output returns it as state: name a "
                            "file for it in workload.input or its value in model.inputs, or write "
                            "model.state: zero to begin every request with zeros",
                            shown_name(graph_.name_of(graph_.inputs[input].value))));
    if (!found.empty()) return tl::unexpected(std::move(found));
    return std::move(pairs_);
  }

 private:
  // Pairs each input left with the first output for which `same` holds.
  template <typename Same>
  void match(Same same) {
    std::erase_if(left_, [&](std::size_t input) {
      for (std::size_t output = 0; output < taken_.size(); ++output) {
        if (taken_[output] || !same(input, output)) continue;
        taken_[output] = true;
        pairs_.push_back({input, output});
        return true;
      }
      return false;
    });
  }

  void match_last() {
    std::optional<std::size_t> free;
    for (std::size_t output = 1; output < taken_.size(); ++output) {
      if (taken_[output]) continue;
      if (free) return;
      free = output;
    }
    // Integers and truth values are settings, such as a number of results, rather than state.
    if (left_.size() != 1 || !free || !is_real(graph_.inputs[left_.front()].type)) return;
    pairs_.push_back({left_.front(), *free});
    left_.clear();
  }

  const Graph& graph_;
  std::vector<std::size_t> left_;
  std::vector<bool> taken_;
  std::vector<StatePair> pairs_;
};

}  // namespace

Checked<std::vector<StatePair>> find_states(const Graph& graph,
                                            const std::vector<std::size_t>& inputs) {
  return Finder(graph, inputs).run();
}

}  // namespace soliton::ir
