#include "partition/plan/read_plan.h"

#include <fmt/format.h>

#include "protocol/json/json.h"

namespace soliton {
namespace {

bool read(const Json& stage, const char* key, std::vector<std::string>& out) {
  const auto at = stage.find(key);
  if (at == stage.end() || !at->is_array()) return false;
  for (const Json& name : *at) {
    if (!name.is_string()) return false;
    out.push_back(name.get<std::string>());
  }
  return true;
}

bool read(const Json& stage, const char* key, bool& out) {
  const auto at = stage.find(key);
  if (at == stage.end() || !at->is_boolean()) return false;
  out = at->get<bool>();
  return true;
}

bool read(const Json& stage, const char* key, std::size_t& out) {
  const auto at = stage.find(key);
  if (at == stage.end() || !at->is_number_unsigned()) return false;
  out = at->get<std::size_t>();
  return true;
}

}  // namespace

Result<std::vector<PlanStage>> read_plan_stages(std::string_view json) {
  const Json plan = Json::parse(json, nullptr, false);
  if (plan.is_discarded()) return invalid("is not JSON");
  const auto stages = plan.is_object() ? plan.find("stages") : plan.end();
  if (stages == plan.end() || !stages->is_array())
    return invalid("has no \"stages\"; `soliton plan --out` writes a plan.json that has them");
  std::vector<PlanStage> out;
  for (const Json& given : *stages) {
    PlanStage& stage = out.emplace_back();
    const bool good = given.is_object() && read(given, "layers", stage.layers) &&
                      read(given, "nodes", stage.nodes) &&
                      read(given, "split_directions", stage.split_directions) &&
                      read(given, "scatter_input", stage.scatter_input) &&
                      read(given, "input_nodes", stage.input_nodes);
    if (!good)
      return invalid(
          fmt::format("stage {} lacks one of layers and nodes (lists of names), split_directions "
                      "and scatter_input (true or false) and input_nodes (a number)",
                      out.size()));
  }
  return out;
}

}  // namespace soliton
