#include "partition/plan/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "partition/plan/traffic.h"
#include "protocol/base/text_table.h"

namespace soliton {
namespace {

// The memory that is nearest to its limit.
const MemoryUse& fullest(const Placement& placement) {
  return *std::ranges::max_element(placement.memory, {}, [](const MemoryUse& use) {
    return use.capacity == 0 ? 0.0
                             : static_cast<double>(use.used) / static_cast<double>(use.capacity);
  });
}

const char* unit_of(const MemoryUse& use) {
  if (use.memory == "Dram") return "bytes";
  if (use.memory == "MatrixRf") return "tiles";
  return use.memory == "InstructionMemory" ? "words" : "vectors";
}

// One memory is enough: the fullest decides whether the node could hold more. MatrixRf, the usual
// one, is not named.
std::string memory_words(const Placement& placement) {
  if (placement.memory.empty()) return "";
  const MemoryUse& use = fullest(placement);
  const std::int64_t percent = use.capacity == 0 ? 0 : use.used * 100 / use.capacity;
  const std::string where = use.memory == "MatrixRf" ? "" : " " + use.memory;
  return fmt::format("{}/{} {}{} {} %", use.used, use.capacity, unit_of(use), where, percent);
}

// As many as a line has room for; plan.json names all.
std::string holds_words(const Placement& placement) {
  constexpr std::size_t kRoom = 64;
  const std::vector<std::string>& all = placement.holds;
  std::string out = fmt::format("{}", fmt::join(all, ", "));
  if (out.size() <= kRoom || all.size() < 3) return out;
  return fmt::format("{} … {} ({} in all)", all.front(), all.back(), all.size());
}

// The verdict of the certificate is on the first line, so that nobody reads a plan without it.
std::string headline(const Plan& plan) {
  const Certificate& c = plan.certificate;
  return fmt::format(
      "plan: {} on {} node{}   objective: {}   {} for {} step{}, {} per step; {} ({}, cost model "
      "{})\n",
      plan.model, plan.nodes_used, plan.nodes_used == 1 ? "" : "s", c.objective,
      to_string(plan.predicted_latency), plan.steps, plan.steps == 1 ? "" : "s",
      to_string(plan.predicted_latency / plan.steps), c.verdict, c.plan_class, c.cost_model);
}

std::string node_table(const Plan& plan) {
  std::vector<TextRow> rows{
      {"node", "place", "device", "holds", "memory", "busy/step", "waits/step"}};
  for (const Placement& it : plan.placements) {
    // The mean step of a request. A node that is busy for longer than that waits 0.
    const Duration step = plan.predicted_latency / plan.steps;
    rows.push_back({it.node, it.place, it.device, holds_words(it), memory_words(it),
                    to_string(it.busy_per_step),
                    to_string(std::max(Duration{}, step - it.busy_per_step))});
  }
  return text_table(rows);
}

std::string step_time(const StepReport& step) {
  const std::string alone = to_string(step.duration);
  return step.with_exchanges > step.duration
             ? fmt::format("{}, {} with exchanges", alone, to_string(step.with_exchanges))
             : alone;
}

// One row for neighbours alike.
std::string step_table(const Plan& plan) {
  std::vector<TextRow> rows{{"step", "UDM", "SDM", "modelled", "time", "MVU taken", "limited by"}};
  std::size_t first = 0;
  for (std::size_t i = 0; i < plan.placements.size(); ++i) {
    const StepReport& step = plan.placements[i].step;
    if (i > 0 && step == plan.placements[first].step) {
      rows.back().front() = plan.placements[first].node + " to " + plan.placements[i].node;
      continue;
    }
    first = i;
    const double taken = step.cycles > 0 ? 100 * std::min(1.0, step.mvu_cycles / step.cycles) : 0;
    rows.push_back({plan.placements[i].node, fmt::format("{}", step.udm_cycles),
                    fmt::format("{:.1f}", step.sdm_cycles),
                    fmt::format("{:.1f} cycles", step.cycles), step_time(step),
                    fmt::format("{:.0f} %", taken), step.limit});
  }
  return text_table(rows);
}

std::string cut_line(const Plan& plan, const Topology& topology) {
  std::int64_t messages = 0;
  for (const Flow& flow : flows(plan)) messages += flow.messages;
  const BusyLink link = busiest_link(plan, topology);
  std::string out = fmt::format("cut: {} per request in {} messages",
                                bytes_words(plan.cut_bytes_per_request), messages);
  if (!link.name.empty())
    out += fmt::format("; busiest link {}, {}", link.name, bytes_words(link.bytes));
  return out + "\n";
}

// The headline predicts requests in the middle of a run; other plans are compared by one alone.
std::string value_line(const Plan& plan) {
  const Certificate& c = plan.certificate;
  const std::string alone = to_string(c.value);
  if (c.objective == "throughput" || alone == to_string(plan.predicted_latency)) return "";
  return fmt::format(
      "compared with other plans as {}: a request alone on the cluster, not one in the middle of a "
      "run\n",
      alone);
}

}  // namespace

std::string bytes_words(std::int64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  if (bytes < 1'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string explain(const Plan& plan, const Topology& topology) {
  // Parts on CPUs have no cycles.
  const bool cycles =
      std::ranges::any_of(plan.placements, [](const Placement& p) { return p.step.cycles > 0; });
  std::string out = headline(plan) + node_table(plan) + (cycles ? step_table(plan) : "") +
                    cut_line(plan, topology) + value_line(plan);
  if (!plan.missed.empty()) out += plan.missed + "\n";
  for (const std::string& line : plan.explanation) out += line + "\n";
  if (!plan.one_device.empty()) out += plan.one_device + "\n";
  return out;
}

}  // namespace soliton
