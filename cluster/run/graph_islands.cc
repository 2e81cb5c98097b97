#include "cluster/run/graph_islands.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "partition/ir/shown_name.h"

namespace soliton {
namespace {

bool reads_fpgas(const GraphRun& run, const std::string& node, const CpuPart& part) {
  return std::ranges::any_of(run.placed.fpgas.readers, [&](const FpgaPlaces::Reader& reader) {
    return std::ranges::any_of(reader.to, [&](const PartPort& port) {
      return port.node == node && !port.stream && !port.next_request &&
             port.port >= part.first_port && port.port < part.first_port + part.graph.inputs.size();
    });
  });
}

bool feeds_fpgas(const GraphRun& run, const std::string& node, std::size_t part) {
  return std::ranges::any_of(run.placed.fpgas.sources, [&](const FpgaPlaces::Source& source) {
    return source.origin.kind == ArrayOrigin::Kind::kPart && source.origin.node == node &&
           source.origin.part == part && !source.next_request;
  });
}

// Why an operator is on no FPGA, as a sentence about it.
std::string reason(const GraphRun& run, const std::string& name) {
  for (std::size_t i = 0; i < run.graph.nodes.size(); ++i)
    if (run.graph.nodes[i].name == name)
      return fmt::format("{} ({}) {}", shown_name(name), run.graph.nodes[i].op, run.split.why[i]);
  return shown_name(name);
}

// Products and recurrent cells that could not go to an FPGA, with their reasons.
std::vector<std::string> reasons_of_products(const GraphRun& run) {
  std::vector<std::string> out;
  for (const ir::Node& node : run.graph.nodes)
    for (const char* op : {"MatMul", "Gemm", "GRU", "LSTM", "RNN"})
      if (node.op == op) out.push_back(reason(run, node.name));
  return out;
}

}  // namespace

std::vector<Island> islands_of(const GraphRun& run) {
  std::vector<Island> out;
  for (const HostParts& host : run.placed.hosts)
    for (std::size_t p = 0; p < host.parts.size(); ++p) {
      const CpuPart& part = host.parts[p];
      if (!reads_fpgas(run, host.node, part) || !feeds_fpgas(run, host.node, p)) continue;
      out.push_back({host.node, part.name, part.graph.nodes.size(),
                     reason(run, part.graph.nodes.front().name)});
    }
  return out;
}

std::size_t changes_of(const GraphRun& run) {
  // By value: the changes on the longest way to it, and whether an FPGA makes it.
  std::vector<std::pair<std::size_t, bool>> made(run.graph.values.size());
  std::size_t most = 0;
  for (std::size_t i = 0; i < run.graph.nodes.size(); ++i) {
    const bool fpga = run.split.on_fpga[i];
    std::size_t changes = 0;
    for (const ir::ValueId id : run.graph.nodes[i].inputs)
      if (id != ir::kAbsent && !run.graph.values[id].constant.present())
        changes = std::max(changes, made[id].first + (made[id].second != fpga ? 1 : 0));
    for (const ir::ValueId id : run.graph.nodes[i].outputs)
      if (id != ir::kAbsent) made[id] = {changes, fpga};
  }
  for (const ir::ValueId id : run.graph.outputs)
    most = std::max(most, made[id].first + (made[id].second ? 1 : 0));
  return most;
}

namespace {

// Operators of one kind that are on CPUs for one reason make a line, the first few of them.
std::vector<std::string> why_on_cpus(const GraphRun& run) {
  constexpr std::size_t kMost = 6;
  struct Kept {
    const ir::Node* first = nullptr;
    std::size_t count = 0;
  };
  std::vector<std::pair<std::string, Kept>> kept;  // by the words behind the name
  for (std::size_t i = 0; i < run.graph.nodes.size(); ++i) {
    if (run.split.on_fpga[i]) continue;
    const ir::Node& node = run.graph.nodes[i];
    std::string words = fmt::format("({}) {}", shown_name(node.op), run.split.why[i]);
    auto at = std::ranges::find(kept, words, &std::pair<std::string, Kept>::first);
    if (at == kept.end()) at = kept.insert(at, {std::move(words), {&node, 0}});
    ++at->second.count;
  }
  std::vector<std::string> out;
  for (const auto& [words, it] : kept) {
    if (out.size() == kMost) {
      out.push_back(fmt::format("on a CPU for {} more reasons (soliton model lists all operators)",
                                kept.size() - kMost));
      break;
    }
    const std::string more = it.count == 1 ? "" : fmt::format(", and {} more so", it.count - 1);
    out.push_back(fmt::format("on a CPU: {} {}{}", shown_name(it.first->name), words, more));
  }
  return out;
}

}  // namespace

std::vector<std::string> where_it_runs(const GraphRun& run) {
  const auto fpga = static_cast<std::size_t>(std::ranges::count(run.split.on_fpga, true));
  const std::size_t all = run.graph.nodes.size();
  std::vector<std::string> out;
  if (fpga == 0) {
    std::string line = fmt::format("all {} operators on CPUs", all);
    const std::vector<std::string> reasons = reasons_of_products(run);
    if (!reasons.empty()) line += "; " + reasons.front();
    if (reasons.size() > 1) line += fmt::format(", and {} more", reasons.size() - 1);
    return {line};
  }
  const std::size_t changes = changes_of(run);
  out.push_back(
      fmt::format("{} of {} operators on FPGAs; a request changes at most {} time{} "
                  "between FPGAs and CPUs",
                  fpga, all, changes, changes == 1 ? "" : "s"));
  for (std::string& line : why_on_cpus(run)) out.push_back(std::move(line));
  for (const Island& island : islands_of(run))
    out.push_back(fmt::format("island on {}: {}, {} operator{}; {}", island.node,
                              shown_name(island.part), island.operators,
                              island.operators == 1 ? "" : "s", island.cause));
  return out;
}

}  // namespace soliton
