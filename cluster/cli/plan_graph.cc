#include "cluster/cli/plan_graph.h"

#include <fmt/format.h>

#include <chrono>
#include <map>

#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/file/shipped.h"
#include "cluster/results/run_folder.h"
#include "cluster/yaml/files.h"
#include "partition/assign/assign.h"
#include "partition/priced/read_priced.h"
#include "protocol/base/message.h"

namespace soliton {
namespace {

constexpr std::size_t kGraphBytesLimit = std::size_t{256} << 20;

Checked<priced::PricedGraph> load(const std::string& file) {
  Diagnostics problems;
  const Result<std::string> path = find_input(file, data_root());
  const Result<std::string> text =
      path ? read_text_file(*path, kGraphBytesLimit) : tl::unexpected<Error>(path.error());
  if (!text) {
    problems.add(text.error());
    return tl::unexpected(std::move(problems));
  }
  std::vector<std::string> warnings;
  Checked<priced::PricedGraph> graph = priced::read_priced(*text, *path, &warnings);
  for (const std::string& it : warnings) message("{}\n", it);
  return graph;
}

// What one node runs.
struct Share {
  std::size_t operators = 0;
  Duration compute{};
  Bytes memory{};
};

std::string text_of(const priced::PricedGraph& graph, const priced::Assignment& plan,
                    const std::string& file) {
  std::map<priced::Place, Share> shares;
  for (std::size_t i = 0; i < graph.operators.size(); ++i) {
    Share& share = shares[plan.places[i]];
    ++share.operators;
    share.compute += *graph.operators[i].times[plan.places[i].node_class];
    share.memory += graph.operators[i].size;
  }
  std::string out = fmt::format(
      "plan: {}, {} operators on {} node{}   objective: {}   {}, {} ({})\n", file,
      graph.operators.size(), shares.size(), shares.size() == 1 ? "" : "s",
      priced::objective_name(plan.objective), to_string(plan.value), plan.verdict, plan.plan_class);
  if (plan.lower_bound.count() > 0)
    out += fmt::format("no plan is below {}\n", to_string(plan.lower_bound));
  out += fmt::format("found by {}\n", plan.method);
  out += fmt::format("{:<8} {:>9}  {:>10}  {}\n", "node", "operators", "compute", "memory");
  for (const auto& [place, share] : shares) {
    const priced::NodeClass& nodes = graph.classes[place.node_class];
    out += fmt::format("{:<8} {:>9}  {:>10}  {}\n", priced::place_name(graph, place),
                       share.operators, to_string(share.compute),
                       nodes.kind == priced::NodeKind::kCpu
                           ? std::string("not counted")
                           : fmt::format("{} of {}", spell(share.memory), spell(nodes.memory)));
  }
  return out;
}

Status write_plan(const std::string& out, const std::string& json) {
  const Result<RunFolder> folder = RunFolder::open({"graph", "", out});
  if (!folder) return tl::unexpected<Error>(folder.error());
  return folder->write("plan.json", json);
}

}  // namespace

int plan_graph(const CommandLine& line, const GraphPlanOptions& options) {
  const Checked<priced::PricedGraph> graph = load(options.graph);
  if (!graph) return report_errors(graph.error());
  const auto begin = std::chrono::steady_clock::now();
  Result<priced::Assignment> plan =
      assignment::find(*graph, *priced::parse_objective(options.objective));
  if (!plan) return report_error({plan.error().code, options.graph + ": " + plan.error().message});
  plan->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  // With the graph, so that it can be checked by itself.
  const std::string json = json_text(priced::planned_json(*graph, *plan), JsonLayout::kRows) + "\n";
  if (!line.out.empty())
    if (const Status written = write_plan(line.out, json); !written)
      return report_error(written.error());
  if (line.json) return printed(print_json(json));
  return line.quiet ? 0 : printed(print_lines(text_of(*graph, *plan, options.graph)));
}

}  // namespace soliton
