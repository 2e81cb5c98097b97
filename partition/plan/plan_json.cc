#include <fmt/format.h>

#include "partition/plan/explain.h"
#include "partition/plan/traffic.h"

namespace soliton {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

template <typename Range, typename Spell>
std::string list(const Range& range, const char* separator, Spell spell) {
  std::string out;
  for (const auto& it : range) {
    if (!out.empty()) out += separator;
    out += spell(it);
  }
  return "[" + out + "]";
}

std::string strings(const std::vector<std::string>& texts) { return list(texts, ", ", quoted); }

std::string memory_json(const MemoryUse& use) {
  return fmt::format(
      R"({{"memory": {}, "used": {}, "capacity": {}, "used_bytes": {}, "capacity_bytes": {}}})",
      quoted(use.memory), use.used, use.capacity, use.used_bytes.count, use.capacity_bytes.count);
}

std::string step_json(const StepReport& it) {
  return fmt::format(
      R"({{"udm_cycles": {}, "sdm_cycles": {:.6g}, "cycles": {:.6g}, "ps": {}, "mvu_cycles": {:.6g}, )"
      R"("tile_cycles": {:.6g}, "macs": {}, "with_exchanges_ps": {}, "limit": {}}})",
      it.udm_cycles, it.sdm_cycles, it.cycles, it.duration.count(), it.mvu_cycles, it.tile_cycles,
      it.macs, it.with_exchanges.count(), quoted(it.limit));
}

std::string placement_json(const Placement& it) {
  return fmt::format(
      "\n    {{\"node\": {}, \"device\": {}, \"place\": {}, \"holds\": {}, \"busy_per_step_ps\": "
      "{},\n"
      "     \"step\": {},\n"
      "     \"memory\": {}}}",
      quoted(it.node), quoted(it.device), quoted(it.place), strings(it.holds),
      it.busy_per_step.count(), step_json(it.step),
      list(it.memory, ",\n                ", memory_json));
}

std::string flow_json(const Flow& it) {
  return fmt::format("\n    {{\"from\": {}, \"to\": {}, \"messages\": {}, \"bytes\": {}}}",
                     quoted(it.from), quoted(it.to), it.messages, it.bytes);
}

std::string certificate_json(const Certificate& it) {
  return fmt::format(
      "{{\"objective\": {}, \"value_ps\": {}, \"lower_bound_ps\": {}, \"nodes_lower_bound\": {}, "
      "\"verdict\": {}, \"class\": "
      "{}, "
      "\"method\": {}, \"cost_model\": {}, \"states\": {}}}",
      quoted(it.objective), it.value.count(), it.lower_bound.count(), it.nodes_bound,
      quoted(it.verdict), quoted(it.plan_class), quoted(it.method), quoted(it.cost_model),
      it.states);
}

}  // namespace

std::string plan_json(const Plan& plan) {
  const Breakdown& path = plan.predicted_path;
  std::string out = "{\n";
  out += fmt::format("  \"model\": {},\n  \"host\": {},\n  \"steps\": {},\n", quoted(plan.model),
                     quoted(plan.host), plan.steps);
  out += fmt::format("  \"certificate\": {},\n", certificate_json(plan.certificate));
  out += fmt::format("  \"predicted_latency_ps\": {},\n  \"predicted_interval_ps\": {},\n",
                     plan.predicted_latency.count(), plan.predicted_interval.count());
  out += fmt::format(
      "  \"predicted_path_ps\": {{\"compute\": {}, \"network\": {}, \"queue\": {}, \"host\": "
      "{}}},\n",
      path.compute.count(), path.network.count(), path.queue.count(), path.host.count());
  out += fmt::format(
      "  \"nodes_used\": {},\n  \"cut_bytes_per_request\": {},\n  \"operations\": {},\n",
      plan.nodes_used, plan.cut_bytes_per_request, plan.operations);
  out += fmt::format("  \"nodes\": {},\n", list(plan.placements, ",", placement_json));
  out += fmt::format("  \"flows\": {},\n", list(flows(plan), ",", flow_json));
  out += fmt::format("  \"one_device\": {},\n  \"explanation\": {}\n}}\n", quoted(plan.one_device),
                     strings(plan.explanation));
  return out;
}

}  // namespace soliton
