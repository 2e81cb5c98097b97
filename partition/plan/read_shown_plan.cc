#include "partition/plan/read_plan.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

void take(const Json& from, const char* key, std::string& to) {
  if (const auto at = from.find(key); at != from.end() && at->is_string())
    to = at->get<std::string>();
}

void take(const Json& from, const char* key, std::int64_t& to) {
  if (const auto at = from.find(key); at != from.end() && at->is_number_integer())
    to = at->get<std::int64_t>();
}

void take(const Json& from, const char* key, std::vector<std::string>& to) {
  const auto at = from.find(key);
  if (at == from.end() || !at->is_array()) return;
  for (const Json& text : *at)
    if (text.is_string()) to.push_back(text.get<std::string>());
}

// The objects of a list.
template <typename Take>
void each(const Json& from, const char* key, Take take_one) {
  const auto at = from.find(key);
  if (at == from.end() || !at->is_array()) return;
  for (const Json& item : *at)
    if (item.is_object()) take_one(item);
}

Placement placement_of(const Json& json) {
  Placement out;
  take(json, "node", out.node);
  take(json, "device", out.device);
  take(json, "place", out.place);
  take(json, "holds", out.holds);
  each(json, "memory", [&](const Json& use) {
    MemoryUse& memory = out.memory.emplace_back();
    take(use, "memory", memory.memory);
    take(use, "used", memory.used);
    take(use, "capacity", memory.capacity);
  });
  return out;
}

Certificate certificate_of(const Json& plan) {
  Certificate out;
  const auto at = plan.find("certificate");
  if (at == plan.end() || !at->is_object()) return out;
  take(*at, "verdict", out.verdict);
  take(*at, "class", out.plan_class);
  take(*at, "method", out.method);
  take(*at, "cost_model", out.cost_model);
  return out;
}

}  // namespace

Result<ShownPlan> read_shown_plan(std::string_view json) {
  const Json read = Json::parse(json, nullptr, false);
  if (!read.is_object()) return invalid("is damaged, it is not JSON");
  ShownPlan out;
  Plan& plan = out.plan;
  take(read, "model", plan.model);
  take(read, "host", plan.host);
  take(read, "precision", out.precision);
  take(read, "steps", plan.steps);
  take(read, "one_device", plan.one_device);
  take(read, "explanation", plan.explanation);
  plan.certificate = certificate_of(read);
  each(read, "nodes", [&](const Json& node) { plan.placements.push_back(placement_of(node)); });
  each(read, "stages", [&](const Json& stage) {
    PlanStage& it = plan.stages.emplace_back();
    take(stage, "layers", it.layers);
    take(stage, "nodes", it.nodes);
  });
  each(read, "flows", [&](const Json& flow) {
    Flow& it = out.flows.emplace_back();
    take(flow, "from", it.from);
    take(flow, "to", it.to);
    take(flow, "messages", it.messages);
    take(flow, "bytes", it.bytes);
  });
  if (plan.placements.empty()) return invalid("places nothing on nodes");
  return out;
}

}  // namespace soliton
