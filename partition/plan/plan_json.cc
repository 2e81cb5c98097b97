#include <fmt/format.h>

#include "partition/plan/explain.h"
#include "partition/plan/traffic.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

std::string line(const Json& value) { return json_text(value, JsonLayout::kLine); }

// Cycles that are no integers, in six digits.
Json cycles(double value) { return json_spelled(fmt::format("{:.6g}", value)); }

template <typename Range, typename Spell>
std::string list(const Range& range, const char* separator, Spell spell) {
  std::string out;
  for (const auto& it : range) {
    if (!out.empty()) out += separator;
    out += spell(it);
  }
  return "[" + out + "]";
}

std::string memory_json(const MemoryUse& use) {
  return line({{"memory", use.memory},
               {"used", use.used},
               {"capacity", use.capacity},
               {"used_bytes", use.used_bytes.count},
               {"capacity_bytes", use.capacity_bytes.count}});
}

std::string step_json(const StepReport& it) {
  return line({{"udm_cycles", it.udm_cycles},
               {"sdm_cycles", cycles(it.sdm_cycles)},
               {"cycles", cycles(it.cycles)},
               {"ps", it.duration.count()},
               {"mvu_cycles", cycles(it.mvu_cycles)},
               {"tile_cycles", cycles(it.tile_cycles)},
               {"macs", it.macs},
               {"with_exchanges_ps", it.with_exchanges.count()},
               {"limit", it.limit}});
}

// On three lines, as a step and the memories are long.
std::string placement_json(const Placement& it) {
  std::string head = line({{"node", it.node},
                           {"device", it.device},
                           {"place", it.place},
                           {"holds", it.holds},
                           {"busy_per_step_ps", it.busy_per_step.count()}});
  head.pop_back();  // its brace
  return fmt::format("\n    {},\n     \"step\": {},\n     \"memory\": {}}}", head,
                     step_json(it.step), list(it.memory, ",\n                ", memory_json));
}

std::string flow_json(const Flow& it) {
  return "\n    " +
         line({{"from", it.from}, {"to", it.to}, {"messages", it.messages}, {"bytes", it.bytes}});
}

std::string stage_json(const PlanStage& it) {
  Json out{{"layers", it.layers}, {"nodes", it.nodes}};
  for (const StageFlag& flag : kStageFlags) out[std::string(flag.name)] = it.option.*flag.member;
  out["input_nodes"] = it.option.input_nodes;
  return "\n    " + line(out);
}

std::string certificate_json(const Certificate& it) {
  return line({{"objective", it.objective},
               {"value_ps", it.value.count()},
               {"lower_bound_ps", it.lower_bound.count()},
               {"nodes_lower_bound", it.nodes_bound},
               {"verdict", it.verdict},
               {"class", it.plan_class},
               {"method", it.method},
               {"cost_model", it.cost_model},
               {"states", it.states}});
}

std::string path_json(const Breakdown& path) {
  return line({{"compute", path.compute.count()},
               {"network", path.network.count()},
               {"queue", path.queue.count()},
               {"host", path.host.count()}});
}

// Of what is on FPGAs; CPUs compute in fp32.
std::string precision_of(const Plan& plan) {
  return plan.shards.empty() ? "fp32" : plan.shards.front().format.name;
}

}  // namespace

std::string plan_json(const Plan& plan) {
  const std::pair<const char*, std::string> members[] = {
      {"model", line(plan.model)},
      {"host", line(plan.host)},
      {"precision", line(precision_of(plan))},
      {"steps", line(plan.steps)},
      {"certificate", certificate_json(plan.certificate)},
      {"predicted_latency_ps", line(plan.predicted_latency.count())},
      {"predicted_interval_ps", line(plan.predicted_interval.count())},
      {"predicted_path_ps", path_json(plan.predicted_path)},
      {"nodes_used", line(plan.nodes_used)},
      {"cut_bytes_per_request", line(plan.cut_bytes_per_request)},
      {"operations", line(plan.operations)},
      {"stages", list(plan.stages, ",", stage_json)},
      {"nodes", list(plan.placements, ",", placement_json)},
      {"flows", list(flows(plan), ",", flow_json)},
      {"one_device", line(plan.one_device)},
      {"explanation", line(plan.explanation)}};
  std::string out;
  for (const auto& [key, value] : members)
    out += fmt::format("{}  \"{}\": {}", out.empty() ? "{\n" : ",\n", key, value);
  return out + "\n}\n";
}

}  // namespace soliton
